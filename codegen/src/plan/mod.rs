//! From what the source declares and what the objects hold to the plan of everything that runs before `main`.
//!
//! [`reconcile`] is for a build: the scan proposes, the objects dispose. An init that the source declares for certain but no object
//! holds is an error, never silence. [`plan_from_scan`] is for answers without a build: it believes the scan, and symbols are not
//! known then. Both end in the same ordering.
//!
//! `matching` (records against declarations) -> `entries` -> `variables` (order within a package) and `packages` (names, order
//! between packages). Invariants of the result: see [`Plan`].

mod matching;
mod packages;
#[cfg(test)]
mod tests;
mod variables;

use std::collections::BTreeMap;

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Label};
use crate::graph::{CrateId, RuntimeGraph};
use crate::model::{FnReason, InitKind, Location, Plan, Task, TaskFn};
use crate::records::Record;
use crate::scan::{Mention, Scan, ScannedCrate, ScannedItem};

pub use packages::several_rtlibs;
pub(crate) use packages::task_name_candidates;

/// Makes the plan of a build.
///
/// # Errors
/// If scan and objects disagree beyond `cfg`, if variables refer to each other in a circle, if two functions share a symbol.
pub fn reconcile(
    graph: &RuntimeGraph,
    scan: &Scan,
    records: &[Record],
) -> Result<Plan, Diagnostics> {
    let mut diagnostics = scan.warnings.clone();
    let crates = matching::entries(graph, scan, records, &mut diagnostics);
    finish(graph, crates, diagnostics)
}

/// Makes the plan that a build would probably come to; conditional declarations are in it and say so.
///
/// # Errors
/// If variables refer to each other in a circle.
pub fn plan_from_scan(graph: &RuntimeGraph, scan: &Scan) -> Result<Plan, Diagnostics> {
    let entries = |krate: &ScannedCrate| {
        krate
            .items
            .iter()
            .enumerate()
            .map(|(index, item)| Entry::of_item(item, index))
            .collect()
    };
    let crates = scan
        .crates
        .iter()
        .map(|(id, krate)| (id.clone(), entries(krate)));
    let unseen = scan.crates.values().filter_map(inits_behind_macros);
    let warnings = scan.warnings.iter().cloned().chain(unseen);
    let warnings = warnings.chain(matching::unnamed(graph, scan));
    // Which of them are linked only a build shows.
    let rtlibs = several_rtlibs(graph).map(Diagnostic::into_warning);
    finish(graph, crates.collect(), warnings.chain(rtlibs).collect())
}

/// Without a build nobody can tell what a macro makes.
fn inits_behind_macros(krate: &ScannedCrate) -> Option<Diagnostic> {
    let mut warning = Diagnostic::warning(
        Code::InitBehindMacro,
        "init functions made by macros are missing here",
    );
    let labels = krate.behind_macros.iter().take(MAX_LABELS);
    let labels = labels.map(|label| label.clone().with_message("made by a macro"));
    warning.labels.extend(labels);
    let there = !warning.labels.is_empty();
    there.then(|| warning.help("build the program: the table of a build holds them"))
}

/// How many places one diagnostic shows.
const MAX_LABELS: usize = 5;

/// One function of a package's inittask, before it is ordered.
#[derive(Clone, Debug)]
struct Entry {
    kind: InitKind,
    name: String,
    location: Location,
    symbol: String,
    /// For messages.
    label: Label,
    condition: Option<String>,
    /// Its index in the scan's items; `None` for what only the object shows.
    scanned: Option<usize>,
    references: Vec<EntryReference>,
}

/// A reference to another variable, by its index in the scan's items.
#[derive(Clone, Debug)]
struct EntryReference {
    target: usize,
    via: Vec<Mention>,
    guessed: bool,
}

impl Entry {
    fn of_item(item: &ScannedItem, index: usize) -> Self {
        let references = item.refers_to.iter().map(|reference| EntryReference {
            target: reference.target,
            via: reference.via.clone(),
            guessed: reference.guessed,
        });
        Self {
            kind: item.kind,
            name: item.path(),
            location: item.location().clone(),
            symbol: String::new(),
            label: item.label.clone(),
            condition: item.condition.clone(),
            scanned: Some(index),
            references: references.collect(),
        }
    }

    fn into_fn(self, reason: FnReason) -> TaskFn {
        let reason = match self.condition {
            Some(cfg) => FnReason::Conditional {
                cfg,
                otherwise: Box::new(reason),
            },
            None => reason,
        };
        TaskFn {
            kind: self.kind,
            name: self.name,
            location: self.location,
            symbol: self.symbol,
            reason,
        }
    }
}

type Entries = BTreeMap<CrateId, Vec<Entry>>;

fn finish(
    graph: &RuntimeGraph,
    mut crates: Entries,
    mut diagnostics: Vec<Diagnostic>,
) -> Result<Plan, Diagnostics> {
    crates.retain(|_, entries| !entries.is_empty());
    diagnostics.extend(packages::two_versions(graph, &crates));
    let slots = packages::order(graph, &crates);
    let mut tasks = Vec::new();
    for slot in slots {
        let entries = crates.remove(&slot.id).unwrap_or_default();
        let fns = variables::order(entries, &mut diagnostics);
        let version = graph.crates[&slot.id].version.clone();
        tasks.push(Task {
            package: slot.name,
            version,
            fns,
            reason: slot.reason,
        });
    }
    let warnings = Diagnostics::check(diagnostics)?;
    Ok(Plan { tasks, warnings })
}
