//! The order between packages, what traces call them, and why each stands where it stands.

use std::collections::{BTreeMap, BTreeSet};

use rtlib_abi::symbol::{INITTASK_SUFFIX, MAIN_PACKAGE, RUNTIME_PACKAGE};

use super::Entries;
use crate::diagnostic::{Code, Diagnostic};
use crate::graph::{CrateId, RTLIB_PACKAGE, RuntimeCrate, RuntimeGraph};
use crate::model::TaskReason;
use crate::order;

/// A package's place in the plan.
pub(super) struct Slot {
    pub(super) id: CrateId,
    pub(super) name: String,
    pub(super) reason: TaskReason,
}

/// The packages that have entries, in the order in which they run.
pub(super) fn order(graph: &RuntimeGraph, crates: &Entries) -> Vec<Slot> {
    let ids: Vec<&CrateId> = graph.crates.keys().collect();
    let names = names(graph, crates);
    let name = |node: usize| {
        names
            .get(ids[node])
            .cloned()
            .unwrap_or_else(|| graph.crates[ids[node]].package.clone())
    };
    let keys: Vec<String> = (0..ids.len())
        .map(|node| name(node) + INITTASK_SUFFIX)
        .collect();
    let index: BTreeMap<&CrateId, usize> = ids.iter().enumerate().map(|(i, id)| (*id, i)).collect();
    let needed = |id: &CrateId| {
        graph.crates[id]
            .deps
            .iter()
            .map(|dep| index[&dep.id])
            .collect()
    };
    let has_entries = |node: usize| crates.contains_key(ids[node]);
    let dependencies = only_bearing(ids.iter().map(|id| needed(id)).collect(), has_entries);
    let steps = order::schedule(&keys, &dependencies, |node| {
        has_entries(node) && *ids[node] != CrateId::Main
    });
    let position: BTreeMap<usize, usize> = steps
        .iter()
        .enumerate()
        .map(|(at, step)| (step.node, at))
        .collect();
    let slot = |step: order::Step| {
        let reason = match ids[step.node] {
            CrateId::Main => TaskReason::Main,
            CrateId::Lib(_) => {
                let mut after = nearest(step.node, &dependencies, has_entries);
                after.sort_by_key(|node| position[node]);
                let named = |nodes: Vec<usize>| nodes.into_iter().map(name).collect();
                TaskReason::Package {
                    after: named(after),
                    before_by_name: named(step.rivals),
                }
            }
        };
        Slot {
            id: ids[step.node].clone(),
            name: name(step.node),
            reason,
        }
    };
    steps
        .into_iter()
        .filter(|step| has_entries(step.node))
        .map(slot)
        .collect()
}

/// Without the edges to packages that have no entries and none below them. Go's compiler writes no inittask for such a
/// package, so nothing waits for it: `a -> empty` is as ready as `b` from the start. A package without entries that has
/// some below it does take part, and constrains the order.
fn only_bearing(
    mut dependencies: Vec<BTreeSet<usize>>,
    has_entries: impl Fn(usize) -> bool,
) -> Vec<BTreeSet<usize>> {
    let no_keys = vec![(); dependencies.len()];
    let mut bearing = BTreeSet::new();
    for step in order::schedule(&no_keys, &dependencies, |_| false) {
        let below = dependencies[step.node]
            .iter()
            .any(|needed| bearing.contains(needed));
        if below || has_entries(step.node) {
            bearing.insert(step.node);
        }
    }
    for needed in &mut dependencies {
        needed.retain(|node| bearing.contains(node));
    }
    dependencies
}

/// The nearest nodes with entries below a node.
fn nearest(
    node: usize,
    dependencies: &[BTreeSet<usize>],
    has_entries: impl Fn(usize) -> bool,
) -> Vec<usize> {
    let mut found = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut open: Vec<usize> = dependencies[node].iter().copied().collect();
    while let Some(next) = open.pop() {
        if has_entries(next) {
            found.insert(next);
        } else if seen.insert(next) {
            open.extend(&dependencies[next]);
        }
    }
    found.into_iter().collect()
}

/// What traces call each crate that has entries. The name alone if that is unambiguous among them.
fn names(graph: &RuntimeGraph, crates: &Entries) -> BTreeMap<CrateId, String> {
    let candidates: BTreeMap<&CrateId, [String; 3]> = crates
        .keys()
        .map(|id| (id, task_name_candidates(graph, id)))
        .collect();
    let unique = |name: &String| {
        candidates
            .values()
            .filter(|other| other.contains(name))
            .count()
            == 1
    };
    let reserved = |name: &String| [MAIN_PACKAGE, RUNTIME_PACKAGE].contains(&name.as_str());
    let chosen = |(id, [plain, versioned, full]): (&&CrateId, &[String; 3])| {
        let name = if **id == CrateId::Main || unique(plain) && !reserved(plain) {
            plain
        } else if unique(versioned) {
            versioned
        } else {
            full
        };
        ((*id).clone(), name.clone())
    };
    candidates.iter().map(chosen).collect()
}

/// What a crate may be called in a plan, from the shortest to the one that is never ambiguous.
pub(crate) fn task_name_candidates(graph: &RuntimeGraph, id: &CrateId) -> [String; 3] {
    let krate = &graph.crates[id];
    if *id == CrateId::Main {
        return [
            MAIN_PACKAGE.to_owned(),
            MAIN_PACKAGE.to_owned(),
            MAIN_PACKAGE.to_owned(),
        ];
    }
    let versioned = format!("{}@{}", krate.package, krate.version);
    let full = format!("{versioned}#{}", origin(krate));
    [krate.package.clone(), versioned, full]
}

/// The error when the program would have more than one `rtlib`: there is one runtime, and what one `rtlib` makes (a goexit's payload, a
/// channel's type) the other does not know.
#[must_use]
pub fn several_rtlibs(graph: &RuntimeGraph) -> Option<Diagnostic> {
    let all = graph.crates.values();
    let all: Vec<&RuntimeCrate> = all.filter(|one| one.package == RTLIB_PACKAGE).collect();
    let named = |one: &&RuntimeCrate| format!("{} ({})", one.version, origin(one));
    let several: Vec<String> = all.iter().map(named).collect();
    (several.len() > 1).then(|| {
        Diagnostic::error(
            Code::TwoRtlibs,
            format!("the program has more than one `{RTLIB_PACKAGE}`: {}", several.join(", ")),
        )
        .note("a program has one runtime, and what one of them makes is unknown to the others")
        .help(format!(
            "`cargo tree -d` shows which package needs which `{RTLIB_PACKAGE}`; make them use one version and one source, or use `[patch]` in the workspace's Cargo.toml"
        ))
    })
}

/// A warning for each package of which several versions with entries are linked: they do not share their registries.
pub(super) fn two_versions(graph: &RuntimeGraph, crates: &Entries) -> Vec<Diagnostic> {
    let mut by_package: BTreeMap<&str, Vec<(&RuntimeCrate, &CrateId)>> = BTreeMap::new();
    for id in crates.keys().filter(|id| **id != CrateId::Main) {
        let krate = &graph.crates[id];
        by_package
            .entry(&krate.package)
            .or_default()
            .push((krate, id));
    }
    by_package.retain(|_, versions| versions.len() > 1);
    by_package
        .values_mut()
        .for_each(|versions| versions.sort_by_key(|(krate, _)| &krate.version));
    by_package
        .into_iter()
        .map(|(package, versions)| two_versions_of(package, &versions, crates))
        .collect()
}

/// A version, with its source where the number does not tell it from another.
fn instance(krate: &RuntimeCrate, versions: &[(&RuntimeCrate, &CrateId)]) -> String {
    let same = |(other, _): &&(&RuntimeCrate, &CrateId)| other.version == krate.version;
    if versions.iter().filter(same).count() == 1 {
        krate.version.clone()
    } else {
        format!("{} ({})", krate.version, origin(krate))
    }
}

fn origin(krate: &RuntimeCrate) -> String {
    krate
        .source
        .clone()
        .unwrap_or_else(|| krate.printed(&krate.manifest_dir))
}

fn two_versions_of(
    package: &str,
    versions: &[(&RuntimeCrate, &CrateId)],
    crates: &Entries,
) -> Diagnostic {
    let numbers: Vec<String> = versions
        .iter()
        .map(|(krate, _)| instance(krate, versions))
        .collect();
    let message = format!(
        "several versions of package `{package}` with inits are linked: {}",
        numbers.join(", ")
    );
    let mut warning = Diagnostic::warning(Code::TwoVersions, message);
    for (krate, id) in versions {
        let first = crates[*id].first().map(|entry| entry.label.clone());
        warning.labels.extend(
            first.map(|label| {
                label.with_message(format!("in version {}", instance(krate, versions)))
            }),
        );
    }
    warning
        .note("each runs its own inits and has its own statics: what registers with one is not seen by the other")
        .help(format!("`cargo tree -d` shows which package needs which `{package}`; make them use one version"))
}
