//! The scan: which init functions and package variables the source declares, and what the variables refer to.
//!
//! `load` (files and modules) -> `tree` (names) -> `find` (declarations) -> `deps` over `refs` (references). Helpers: `cfg`
//! (conditional compilation), `attributes` (attributes in raw tokens), `handles` (contexts that are cancelled at once), `nesting` and `outline` (what is given to the parser), `resolve` (what a path leads to).
//!
//! The scan proposes, the objects dispose: what it finds is compared with the records by [`crate::plan`], so it may be generous
//! where it cannot know (an undecided `cfg`) and leaves to rustc what only rustc can judge (syntax errors inside function bodies).
//!
//! Invariants: no file is read but through the provider; crates that cannot see rtlib are not read at all; results are sorted by
//! place, so equal sources give equal results. Parsing runs on a thread with a stack made for it (`nesting`).

mod attributes;
mod cfg;
mod deps;
mod find;
mod handles;
mod load;
mod nesting;
mod outline;
mod refs;
mod resolve;
#[cfg(test)]
mod tests;
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::thread;

pub use cfg::Cfg;

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Label};
use crate::graph::{CrateId, RTLIB_PACKAGE, RuntimeCrate, RuntimeGraph};
use crate::model::{InitKind, Location};
use crate::source::SourceProvider;

pub(crate) use find::var_behind_macro;

/// What the sources of a program declare.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// The crates that were scanned.
    pub crates: BTreeMap<CrateId, ScannedCrate>,
    /// What the user should know of crates of their own.
    pub warnings: Vec<Diagnostic>,
}

/// What the sources of one crate declare.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScannedCrate {
    /// Init functions and package variables, by file path (byte by byte), then by position.
    pub items: Vec<ScannedItem>,
    /// The crate's files as rustc prints them.
    pub files: BTreeSet<String>,
    /// Places where an `init` attribute stands inside a macro.
    pub behind_macros: Vec<Label>,
    /// The crates that its source names, as it calls them, wherever the name stands.
    pub mentions: BTreeSet<String>,
}

/// One declaration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScannedItem {
    /// Init function or variable.
    pub kind: InitKind,
    /// The module, as `module_path!()` has it.
    pub module: String,
    /// The name of the function or static.
    pub name: String,
    /// Where the name stands.
    pub label: Label,
    /// The `cfg`s whose truth the scan does not know.
    pub condition: Option<String>,
    /// The variables that a variable's initialiser refers to.
    pub refers_to: Vec<VarReference>,
}

impl ScannedItem {
    /// The full Rust path.
    #[must_use]
    pub fn path(&self) -> String {
        format!("{}::{}", self.module, self.name)
    }

    /// Where the name stands.
    #[must_use]
    pub fn location(&self) -> &Location {
        &self.label.location
    }
}

/// That a variable's initialiser refers to a variable, possibly itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VarReference {
    /// Index in [`ScannedCrate::items`].
    pub target: usize,
    /// The functions, constants, statics and methods between the two.
    pub via: Vec<Mention>,
    /// Whether it rests on a guess about which method is called or what a macro does with a name.
    pub guessed: bool,
}

/// Something that a chain of references goes through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// Full Rust path.
    pub name: String,
    /// Where it is declared.
    pub location: Location,
}

/// Scans all crates of a program that can see rtlib.
///
/// # Errors
/// Everything that is wrong with the declarations, in all crates.
pub fn scan(
    graph: &RuntimeGraph,
    cfg: &Cfg,
    sources: &dyn SourceProvider,
) -> Result<Scan, Diagnostics> {
    let builder = thread::Builder::new()
        .name("scan".into())
        .stack_size(nesting::STACK_SIZE);
    thread::scope(|scope| {
        let handle = builder
            .spawn_scoped(scope, || scan_all(graph, cfg, sources))
            .map_err(|error| {
                Diagnostic::error(
                    Code::NoThread,
                    format!("cannot start a thread to scan the sources: {error}"),
                )
                .help("raise the limit on memory or processes (`ulimit -v`, `ulimit -u`)")
            })?;
        match handle.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

fn scan_all(
    graph: &RuntimeGraph,
    cfg: &Cfg,
    sources: &dyn SourceProvider,
) -> Result<Scan, Diagnostics> {
    let mut scan = Scan::default();
    let mut diagnostics = Vec::new();
    for (id, krate) in graph.crates.iter().filter(|(_, krate)| krate.reaches_rtlib) {
        let scanned = scan_crate(graph, krate, cfg, sources, &mut diagnostics);
        scan.crates.insert(id.clone(), scanned);
    }
    scan.warnings = Diagnostics::check(diagnostics)?;
    Ok(scan)
}

fn scan_crate(
    graph: &RuntimeGraph,
    krate: &RuntimeCrate,
    cfg: &Cfg,
    sources: &dyn SourceProvider,
    diagnostics: &mut Vec<Diagnostic>,
) -> ScannedCrate {
    let cfg = cfg.of_crate(&krate.features, krate.test);
    let mut loaded = load::load(krate, &cfg, sources);
    diagnostics.append(&mut loaded.errors);
    let tree = tree::Tree::build(krate, &loaded);
    let names = names(graph, krate);
    let findings = find::find(&tree, &cfg, &names);
    diagnostics.extend(findings.errors);
    if krate.source.is_none() && krate.package != RTLIB_PACKAGE {
        diagnostics.extend(handles::dropped_at_once(&tree, &cfg, &names));
    }
    let references = deps::between(&tree, &cfg, &findings.found, diagnostics);
    let item = |(found, refers_to): (find::Found, _)| ScannedItem {
        kind: found.kind,
        module: loaded.modules[found.module].path.clone(),
        name: found.name,
        label: found.label,
        condition: found.condition,
        refers_to,
    };
    ScannedCrate {
        items: findings
            .found
            .into_iter()
            .zip(references)
            .map(item)
            .collect(),
        files: loaded
            .files
            .iter()
            .map(|file| file.printed.clone())
            .collect(),
        behind_macros: findings.behind_macros,
        mentions: loaded.mentions.clone(),
    }
}

fn names(graph: &RuntimeGraph, krate: &RuntimeCrate) -> find::Names {
    let mut names = find::Names::default();
    for dep in &krate.deps {
        let name = dep.extern_name.clone();
        match graph.crates.get(&dep.id) {
            Some(to) if to.package == RTLIB_PACKAGE => _ = names.rtlib.insert(name),
            Some(to) if to.reaches_rtlib => _ = names.reaching.insert(name),
            _ => {}
        }
    }
    names
}
