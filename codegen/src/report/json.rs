//! `--emit inittask-json`: the plan for programs.
//!
//! The schema is the structures below; [`SCHEMA_VERSION`] rises when a field changes its meaning or goes. New fields may come
//! without that.

use rtlib_abi::symbol::INITTASK_SUFFIX;
use serde::Serialize;

use crate::model::{FnReason, InitKind, Plan, Reference, Task, TaskFn, TaskReason};

/// The version of the schema.
pub const SCHEMA_VERSION: u32 = 1;

/// The plan as indented JSON with a newline at the end.
#[must_use]
pub fn json(plan: &Plan) -> String {
    let document = Document {
        schema_version: SCHEMA_VERSION,
        tasks: plan
            .tasks
            .iter()
            .enumerate()
            .map(|(at, task)| JsonTask::new(at + 1, task))
            .collect(),
        warnings: plan.warnings.iter().map(ToString::to_string).collect(),
    };
    let text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text + "\n"
}

#[derive(Serialize)]
struct Document {
    schema_version: u32,
    /// In the order in which they run.
    tasks: Vec<JsonTask>,
    /// As they are printed.
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct JsonTask {
    /// From 1.
    position: usize,
    package: String,
    version: String,
    /// The inittask's symbol.
    symbol: String,
    /// The nearest packages with inits that it depends on.
    after: Vec<String>,
    /// Packages that were ready as well and come later by name.
    before_by_name: Vec<String>,
    /// The reason in words.
    reason: String,
    /// In the order in which they run.
    functions: Vec<JsonFn>,
}

#[derive(Serialize)]
struct JsonFn {
    /// From 1, within the task.
    position: usize,
    kind: InitKind,
    name: String,
    /// `null` without a build.
    symbol: Option<String>,
    file: String,
    line: u32,
    column: u32,
    /// The variables that a variable's initialiser refers to.
    refers_to: Vec<JsonReference>,
    /// The `cfg` that only a build decides; `null` if there is none.
    condition: Option<String>,
    /// The reason in words.
    reason: String,
}

#[derive(Serialize)]
struct JsonReference {
    name: String,
    /// The functions, constants and statics between the two.
    via: Vec<String>,
}

impl JsonTask {
    fn new(position: usize, task: &Task) -> Self {
        let (after, before_by_name) = match &task.reason {
            TaskReason::Package {
                after,
                before_by_name,
            } => (after.clone(), before_by_name.clone()),
            TaskReason::Main => (Vec::new(), Vec::new()),
        };
        Self {
            position,
            package: task.package.clone(),
            version: task.version.clone(),
            symbol: format!("{}{INITTASK_SUFFIX}", task.package),
            after,
            before_by_name,
            reason: task.reason.to_string(),
            functions: task
                .fns
                .iter()
                .enumerate()
                .map(|(at, one)| JsonFn::new(at + 1, one))
                .collect(),
        }
    }
}

impl JsonFn {
    fn new(position: usize, one: &TaskFn) -> Self {
        let (condition, reason) = match &one.reason {
            FnReason::Conditional { cfg, otherwise } => (Some(cfg.clone()), &**otherwise),
            reason => (None, reason),
        };
        let refers_to = match reason {
            FnReason::Var { refers_to } => refers_to.iter().map(JsonReference::new).collect(),
            FnReason::Init | FnReason::InitBehindMacro | FnReason::Conditional { .. } => Vec::new(),
        };
        Self {
            position,
            kind: one.kind,
            name: one.name.clone(),
            symbol: (!one.symbol.is_empty()).then(|| one.symbol.clone()),
            file: one.location.file.clone(),
            line: one.location.line,
            column: one.location.column,
            refers_to,
            condition,
            reason: one.reason.to_string(),
        }
    }
}

impl JsonReference {
    fn new(reference: &Reference) -> Self {
        Self {
            name: reference.name.clone(),
            via: reference.via.clone(),
        }
    }
}
