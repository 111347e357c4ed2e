//! Compares the records of the objects with the declarations of the scan.
//!
//! A record with its declaration is an entry. An init record without one was made by a macro and is believed; a variable without
//! one is refused, because its dependencies are unknown. A declaration without a record is compiled out if a `cfg` stands around
//! it; else it would be lost, and that is an error.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::variables::label_of_record;
use super::{Entries, Entry, MAX_LABELS};
use crate::diagnostic::{Code, Diagnostic, Label};
use crate::graph::{CrateId, RuntimeCrate, RuntimeDep, RuntimeGraph};
use crate::model::{InitKind, Location};
use crate::records::Record;
use crate::scan::{Scan, ScannedCrate, ScannedItem, var_behind_macro};

/// The entries of each crate, as far as scan and objects agree; where they do not, `diagnostics` says so.
pub(super) fn entries(
    graph: &RuntimeGraph,
    scan: &Scan,
    records: &[Record],
    diagnostics: &mut Vec<Diagnostic>,
) -> Entries {
    diagnostics.extend(duplicate_symbols(records));
    let mut by_crate: BTreeMap<&CrateId, Vec<&Record>> = BTreeMap::new();
    for record in records {
        match owner(graph, scan, record) {
            Some(id) => by_crate.entry(id).or_default().push(record),
            None => diagnostics.push(unknown_package(record)),
        }
    }
    let mut entries = Entries::new();
    let none = ScannedCrate::default();
    let mut absent = Vec::new();
    for (id, krate) in &graph.crates {
        let scanned = scan.crates.get(id).unwrap_or(&none);
        let records = by_crate.remove(id).unwrap_or_default();
        if records.is_empty() {
            absent.push((id, scanned));
        } else {
            let found = Matching {
                krate,
                scanned,
                diagnostics,
            }
            .entries(&records);
            entries.insert(id.clone(), found);
        }
    }
    let is_linked = |id: &CrateId| entries.contains_key(id);
    let expected = expected(graph, scan, is_linked);
    absent.retain(|(id, _)| expected.contains(id));
    let not_linked = absent
        .into_iter()
        .filter_map(|(id, scanned)| not_linked(graph, IN_OBJECTS, is_linked, id, scanned));
    diagnostics.extend(not_linked);
    entries
}

/// Warns of the crates that nothing in the source names: rustc would leave them out, and a build would refuse to lose their inits. A name that only a macro's expansion
/// holds is not seen, so they stay in the plan.
pub(super) fn unnamed(graph: &RuntimeGraph, scan: &Scan) -> Vec<Diagnostic> {
    let mut named = BTreeSet::from([&CrateId::Main]);
    let mut open = vec![&CrateId::Main];
    while let Some(id) = open.pop() {
        let Some(scanned) = scan.crates.get(id) else {
            continue;
        };
        for dep in &graph.crates[id].deps {
            if scanned.mentions.contains(&dep.extern_name) && named.insert(&dep.id) {
                open.push(&dep.id);
            }
        }
    }
    let expected = expected(graph, scan, |id| named.contains(id));
    let missing = scan.crates.iter();
    let missing = missing.filter(|(id, _)| expected.contains(id) && !named.contains(id));
    let reports = missing.filter_map(|(id, scanned)| {
        not_linked(graph, IN_SOURCE, |id| named.contains(id), id, scanned)
    });
    reports.map(Diagnostic::into_warning).collect()
}

/// The crates that must be in the program: all, but for a target that chooses among its dependencies. There they are what the target names and what is linked, with
/// all dependencies of these.
fn expected<'a>(
    graph: &'a RuntimeGraph,
    scan: &Scan,
    is_linked: impl Fn(&CrateId) -> bool,
) -> BTreeSet<&'a CrateId> {
    if !graph.main.chooses_dependencies() {
        return graph.crates.keys().collect();
    }
    let names = |dep: &RuntimeDep| {
        let main = scan.crates.get(&CrateId::Main);
        main.is_some_and(|main| main.mentions.contains(&dep.extern_name))
    };
    let chosen = graph.crates[&CrateId::Main].deps.iter();
    let chosen = chosen.filter(|dep| names(dep)).map(|dep| &dep.id);
    let linked = graph.crates.keys().filter(|id| is_linked(id));
    let mut expected = BTreeSet::from([&CrateId::Main]);
    let mut open: Vec<&CrateId> = chosen.chain(linked).collect();
    while let Some(id) = open.pop() {
        if expected.insert(id) {
            open.extend(graph.crates[id].deps.iter().map(|dep| &dep.id));
        }
    }
    expected
}

fn duplicate_symbols(records: &[Record]) -> Vec<Diagnostic> {
    let mut seen: BTreeMap<&str, &Record> = BTreeMap::new();
    let mut errors = Vec::new();
    for record in records {
        if let Some(first) = seen.insert(&record.symbol, record) {
            let message = format!(
                "`{}` and `{}` have the same symbol `{}`",
                path(first),
                path(record),
                record.symbol
            );
            let error = Diagnostic::error(Code::DuplicateSymbol, message)
                .label(label_of_record(&location(record)))
                .label(label_of_record(&location(first)))
                .help("rename one of them; if both are the same function, its crate is linked twice: `cargo tree -d` shows it");
            errors.push(error);
        }
    }
    errors
}

/// The crate that a record comes from. Its names may fit several crates: a package's library and binary often share them, a
/// library's unit tests are linked with the library when a dev-dependency uses it, and one version may come from two sources. Then `cfg(test)`
/// decides, and after it the source: that with the declaration, of several the one whose path is most like the record's.
fn owner<'a>(graph: &'a RuntimeGraph, scan: &Scan, record: &Record) -> Option<&'a CrateId> {
    let fits = |krate: &RuntimeCrate| {
        krate.package == record.package
            && krate.version == record.version
            && krate.crate_name == record.crate_name
    };
    let named = || graph.crates.iter().filter(|(_, krate)| fits(krate));
    let agrees = |krate: &RuntimeCrate| krate.test == record.test;
    let any_agrees = named().any(|(_, krate)| agrees(krate));
    let candidates = named().filter(|(_, krate)| !any_agrees || agrees(krate));
    let likeness = |(id, krate): (&'a CrateId, &RuntimeCrate)| {
        let scanned = scan.crates.get(id);
        let items = scanned.into_iter().flat_map(|scanned| &scanned.items);
        let files = scanned.into_iter().flat_map(|scanned| &scanned.files);
        let declared = items
            .filter(|item| is_same(krate, item, record))
            .map(|item| common_end(&item.location().file, &record.file));
        let there = files
            .filter(|file| is_same_file(krate, file, &record.file))
            .map(|file| common_end(file, &record.file));
        (declared.max(), there.max())
    };
    let ranked = candidates.map(|candidate| (likeness(candidate), candidate.0));
    // The first of equals, as the graph has them.
    let best = ranked.reduce(|best, next| if next.0 > best.0 { next } else { best });
    best.map(|(_, id)| id)
}

/// How many characters two paths have in common at their ends; equal ones are more alike than any others.
fn common_end(one: &str, other: &str) -> usize {
    if one == other {
        return usize::MAX;
    }
    let pairs = one.bytes().rev().zip(other.bytes().rev());
    pairs.take_while(|(one, other)| one == other).count()
}

fn unknown_package(record: &Record) -> Diagnostic {
    let message = format!(
        "an object holds `{}` of package `{} {}` (crate `{}`), which is not part of the program's crate graph",
        path(record),
        record.package,
        record.version,
        record.crate_name
    );
    Diagnostic::error(Code::UnknownPackage, message)
        .label(label_of_record(&location(record)))
        .help("build again; if that does not help, `cargo clean` removes objects of earlier builds")
}

fn path(record: &Record) -> String {
    format!("{}::{}", record.module, record.name)
}

fn location(record: &Record) -> Location {
    Location {
        file: record.file.clone(),
        line: record.line,
        column: record.column,
    }
}

/// Whether a record's file is a file of the scan. Equal as a rule; `--remap-path-prefix` changes what stands in front of the
/// path within the package.
fn is_same_file(krate: &RuntimeCrate, scanned: &str, recorded: &str) -> bool {
    let package = krate.printed(&krate.manifest_dir);
    let within = scanned
        .strip_prefix(&package)
        .map(|rest| rest.trim_start_matches('/'));
    let within = within.unwrap_or_else(|| scanned.rsplit('/').next().unwrap_or(scanned));
    let remapped = recorded
        .strip_suffix(within)
        .is_some_and(|front| front.is_empty() || front.ends_with('/'));
    scanned == recorded || remapped
}

fn is_same_declaration(item: &ScannedItem, record: &Record) -> bool {
    item.kind == record.kind && item.module == record.module && item.name == record.name
}

fn is_same(krate: &RuntimeCrate, item: &ScannedItem, record: &Record) -> bool {
    is_same_declaration(item, record)
        && item.location().line == record.line
        && is_same_file(krate, &item.location().file, &record.file)
}

struct Matching<'a> {
    krate: &'a RuntimeCrate,
    scanned: &'a ScannedCrate,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl Matching<'_> {
    fn entries(mut self, records: &[&Record]) -> Vec<Entry> {
        let mut entries = Vec::new();
        let mut matched = BTreeSet::new();
        for record in records {
            let same: Vec<usize> = self.indices(|item| is_same_declaration(item, record));
            let exact = same
                .iter()
                .copied()
                .find(|index| is_same(self.krate, &self.scanned.items[*index], record));
            let certain = same
                .iter()
                .copied()
                .find(|index| self.scanned.items[*index].condition.is_none());
            match (exact, certain) {
                (Some(index), _) => {
                    matched.insert(index);
                    entries.push(declared(record, &self.scanned.items[index], index));
                }
                (None, Some(index)) => {
                    matched.insert(index);
                    self.diagnostics
                        .push(stale(record, &self.scanned.items[index]));
                }
                (None, None) => entries.extend(self.behind_macro(record)),
            }
        }
        for index in self.indices(|item| item.condition.is_none()) {
            if !matched.contains(&index) {
                self.diagnostics
                    .push(lost(self.krate, &self.scanned.items[index]));
            }
        }
        entries
    }

    fn indices(&self, wanted: impl Fn(&ScannedItem) -> bool) -> Vec<usize> {
        let items = self.scanned.items.iter().enumerate();
        items
            .filter(|(_, item)| wanted(item))
            .map(|(index, _)| index)
            .collect()
    }

    /// What the scan does not see: made by a macro, or declared where the scan does not look.
    fn behind_macro(&mut self, record: &Record) -> Option<Entry> {
        let label = label_of_record(&location(record));
        if record.kind == InitKind::Var {
            let mut error = var_behind_macro(label);
            error.message = format!("package variable `{}` is made by a macro", path(record));
            self.diagnostics
                .push(error.help("if no macro makes it, write the attribute as `#[rtlib::var]`"));
            return None;
        }
        Some(Entry {
            kind: record.kind,
            name: path(record),
            location: location(record),
            symbol: record.symbol.clone(),
            label,
            condition: None,
            scanned: None,
            references: Vec::new(),
        })
    }
}

fn declared(record: &Record, item: &ScannedItem, index: usize) -> Entry {
    Entry {
        location: location(record),
        symbol: record.symbol.clone(),
        condition: None,
        ..Entry::of_item(item, index)
    }
}

fn stale(record: &Record, item: &ScannedItem) -> Diagnostic {
    let message = format!(
        "the object of `{}` was compiled from a different version of the source",
        item.path()
    );
    Diagnostic::error(Code::StaleObject, message)
        .label(item.label.clone().with_message("the source has it here"))
        .label(Label::without_source(location(record), ""))
        .note(format!("the object says {}", location(record)))
        .help("build again; if that does not help, `cargo clean` removes the stale object")
}

fn lost(krate: &RuntimeCrate, item: &ScannedItem) -> Diagnostic {
    let message = format!(
        "{} `{}` would be lost: it is in the source, but in no object of the program",
        described(item.kind),
        item.path()
    );
    Diagnostic::error(Code::InitLost, message)
        .label(item.label.clone().with_message("declared here"))
        .note(format!(
            "other inits of package `{}` are there",
            krate.described()
        ))
        .help("build again; if that does not help, `cargo clean` removes stale objects")
        .help("if it is compiled out on purpose, put a `#[cfg(…)]` on it or on its module")
}

fn described(kind: InitKind) -> &'static str {
    match kind {
        InitKind::Init => "init function",
        InitKind::Var => "package variable",
    }
}

/// How it is known that a crate is not linked.
const IN_OBJECTS: &str = "no object of the program holds an init of crate";
const IN_SOURCE: &str = "nothing in the source names crate";

/// All inits of a crate are missing: rustc leaves out crates that nothing names.
fn not_linked(
    graph: &RuntimeGraph,
    why: &str,
    is_linked: impl Fn(&CrateId) -> bool,
    id: &CrateId,
    scanned: &ScannedCrate,
) -> Option<Diagnostic> {
    let certain: Vec<&ScannedItem> = scanned
        .items
        .iter()
        .filter(|item| item.condition.is_none())
        .collect();
    if certain.is_empty() {
        return None;
    }
    let krate = &graph.crates[id];
    let what = match certain.as_slice() {
        [only] => format!("{} `{}`", described(only.kind), only.path()),
        all => format!("{} inits of package `{}`", all.len(), krate.described()),
    };
    let message = format!("{what} would be lost: {why} `{}`", krate.crate_name);
    let mut report = if krate.dev_only {
        Diagnostic::warning(
            Code::CrateNotLinked,
            message.replace("would be lost", "will not run"),
        )
    } else {
        Diagnostic::error(Code::InitLost, message)
    };
    let labels = certain
        .iter()
        .take(MAX_LABELS)
        .map(|item| item.label.clone().with_message("declared here"));
    report.labels.extend(labels);
    Some(match id {
        CrateId::Main => {
            report.help("build again; if that does not help, `cargo clean` removes stale objects")
        }
        CrateId::Lib(_) => report
            .note("rustc leaves out a crate that nothing in the source names")
            .help(how_to_name(graph, is_linked, id)),
    })
}

/// What to write so that rustc takes the crate in. A user that is linked must name it; where none is known to be, each crate on the
/// way from the program must name the next.
fn how_to_name(graph: &RuntimeGraph, is_linked: impl Fn(&CrateId) -> bool, id: &CrateId) -> String {
    let steps: Vec<String> = way_to(graph, is_linked, id)
        .iter()
        .map(|(file, dep)| {
            let name = &dep.extern_name;
            let condition = match &dep.feature {
                Some(feature) => format!("#[cfg(feature = \"{feature}\")] "),
                None if dep.test_only => "#[cfg(test)] ".to_owned(),
                None => String::new(),
            };
            format!("`{condition}use {name} as _;` to {file}")
        })
        .collect();
    if steps.is_empty() {
        return "remove the dependency".to_owned();
    }
    format!("add {}, or remove the dependency", steps.join(" and "))
}

/// The shortest way to a crate from one that is linked: for each step the file that must name the next crate, and its name there.
fn way_to<'a>(
    graph: &'a RuntimeGraph,
    is_linked: impl Fn(&CrateId) -> bool,
    id: &CrateId,
) -> Vec<(String, &'a RuntimeDep)> {
    let dependents = graph.dependents();
    let mut towards: BTreeMap<&CrateId, &CrateId> = BTreeMap::new();
    let mut open = VecDeque::from([id]);
    while let Some(used) = open.pop_front() {
        if used != id && (*used == CrateId::Main || is_linked(used)) {
            return steps(graph, &towards, used);
        }
        for user in dependents.get(used).into_iter().flatten() {
            if *user != id && !towards.contains_key(user) {
                towards.insert(user, used);
                open.push_back(user);
            }
        }
    }
    Vec::new()
}

fn steps<'a>(
    graph: &'a RuntimeGraph,
    towards: &BTreeMap<&CrateId, &CrateId>,
    start: &CrateId,
) -> Vec<(String, &'a RuntimeDep)> {
    let mut here = start;
    let mut steps = Vec::new();
    while let Some(next) = towards.get(here) {
        let user = &graph.crates[here];
        let dep = user.deps.iter().find(|dep| dep.id == **next);
        steps.extend(dep.map(|dep| (user.printed(&user.root_file), dep)));
        here = next;
    }
    steps
}
