//! From Cargo's graph to what matters at run time: the crates that are linked into the program, and who uses whom.
//!
//! What is left out: build-dependencies, proc macros and whatever only they need, dev-dependencies of everything but the root
//! package. What is added: the package's own library as a dependency of its binaries, tests and examples.
//!
//! Invariants of a [`RuntimeGraph`]: it is free of cycles, closed under `deps`, and holds [`CrateId::Main`].
//! Input is untrusted: a dangling id or a cycle is an error, and depth costs no stack.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::model::{Dependency, EdgeKind, Graph, Package, PackageId, TargetKind};

/// The package whose macros mark init functions and variables. Another package on the registry is called like its library.
pub const RTLIB_PACKAGE: &str = "gobuild-rtlib";

/// The library of that package.
pub const RTLIB_CRATE: &str = "rtlib";

/// A crate of the program: a package's library, or the binary itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CrateId {
    /// The library of a package.
    Lib(PackageId),
    /// The root target.
    Main,
}

/// A dependency between crates of the program.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RuntimeDep {
    /// The crate depended on.
    pub id: CrateId,
    /// What the depending code calls it.
    pub extern_name: String,
    /// The feature of the depending package that brings it in, if it is optional.
    pub feature: Option<String>,
    /// Only tests may name it: a dev-dependency, of a program or library that cargo also compiles without `--test`.
    pub test_only: bool,
}

/// A crate of the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuntimeCrate {
    /// Package name.
    pub package: String,
    /// Package version.
    pub version: String,
    /// Where the package comes from; `None` for a path.
    pub source: Option<String>,
    /// Directory of the package's manifest.
    pub manifest_dir: PathBuf,
    /// Crate name, an identifier.
    pub crate_name: String,
    /// The crate's root file.
    pub root_file: PathBuf,
    /// Rust edition.
    pub edition: String,
    /// Enabled features.
    pub features: Vec<String>,
    /// Whether `cfg(test)` holds.
    pub test: bool,
    /// Crates it uses.
    pub deps: Vec<RuntimeDep>,
    /// Whether it can see `rtlib`, directly or through others: only then can it hold inits.
    pub reaches_rtlib: bool,
    /// Whether only dev-dependencies of the root package lead here.
    pub dev_only: bool,
    /// What rustc strips from the paths of this crate's files when it prints them.
    pub stripped_prefix: Option<PathBuf>,
}

impl RuntimeCrate {
    /// A source path of this crate as rustc prints it.
    #[must_use]
    pub fn printed(&self, path: &Path) -> String {
        let prefix = self.stripped_prefix.as_deref();
        let shown = prefix
            .and_then(|prefix| path.strip_prefix(prefix).ok())
            .unwrap_or(path);
        shown.display().to_string()
    }

    /// `name version`, for messages.
    #[must_use]
    pub fn described(&self) -> String {
        format!("{} {}", self.package, self.version)
    }
}

/// The crates of the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuntimeGraph {
    /// All of them; [`CrateId::Main`] is one.
    pub crates: BTreeMap<CrateId, RuntimeCrate>,
    /// What kind of target [`CrateId::Main`] is.
    pub main: TargetKind,
}

impl RuntimeGraph {
    /// Reduces Cargo's graph.
    ///
    /// # Errors
    /// If an id is dangling, or crates depend on each other in a circle.
    pub fn new(graph: &Graph) -> Result<Self, Diagnostics> {
        let mut crates = BTreeMap::from([(CrateId::Main, main_crate(graph)?)]);
        let mut open = vec![CrateId::Main];
        while let Some(id) = open.pop() {
            for dep in crates[&id].deps.clone() {
                if let (CrateId::Lib(package), false) = (&dep.id, crates.contains_key(&dep.id)) {
                    crates.insert(dep.id.clone(), library_crate(graph, package)?);
                    open.push(dep.id);
                }
            }
        }
        reject_cycle(&crates)?;
        let normally = reached_normally(graph, &crates)?;
        let mut runtime = Self {
            crates,
            main: graph.target.kind,
        };
        let reaching = reaching_rtlib(&runtime);
        for (id, one) in &mut runtime.crates {
            one.reaches_rtlib = reaching.contains(id);
            one.dev_only = !normally.contains(id);
        }
        Ok(runtime)
    }

    /// The crates that depend directly on each crate.
    #[must_use]
    pub fn dependents(&self) -> BTreeMap<&CrateId, Vec<&CrateId>> {
        let mut dependents: BTreeMap<&CrateId, Vec<&CrateId>> = BTreeMap::new();
        for (id, one) in &self.crates {
            let used: BTreeSet<&CrateId> = one.deps.iter().map(|dep| &dep.id).collect();
            for dep in used {
                dependents.entry(dep).or_default().push(id);
            }
        }
        dependents
    }
}

fn package<'a>(graph: &'a Graph, id: &PackageId) -> Result<&'a Package, Diagnostic> {
    graph.packages.get(id).ok_or_else(|| {
        Diagnostic::error(
            Code::UnknownPackage,
            format!(
                "the crate graph names package `{}` but does not describe it",
                id.0
            ),
        )
        .help(
            "delete the `gobuild` directory in the target directory, so that cargo is asked again",
        )
    })
}

fn main_crate(graph: &Graph) -> Result<RuntimeCrate, Diagnostic> {
    let target = &graph.target;
    let owner = package(graph, &target.package)?;
    let mut one = base(graph, owner);
    one.crate_name.clone_from(&target.crate_name);
    one.root_file.clone_from(&target.src_path);
    one.edition.clone_from(&target.edition);
    one.test = target.kind.has_cfg_test();
    one.deps = main_deps(graph, owner, |kind| {
        kind == EdgeKind::Normal || kind == EdgeKind::Dev
    })?;
    Ok(one)
}

fn library_crate(graph: &Graph, id: &PackageId) -> Result<RuntimeCrate, Diagnostic> {
    let owner = package(graph, id)?;
    let mut one = base(graph, owner);
    if let Some(lib) = &owner.lib {
        one.crate_name.clone_from(&lib.crate_name);
        one.root_file.clone_from(&lib.src_path);
        one.edition.clone_from(&lib.edition);
    }
    one.deps = linked_deps(graph, owner, |kind| kind == EdgeKind::Normal)?;
    Ok(one)
}

fn base(graph: &Graph, owner: &Package) -> RuntimeCrate {
    let below_root =
        owner.source.is_none() && owner.manifest_dir.starts_with(&graph.workspace_root);
    RuntimeCrate {
        package: owner.name.clone(),
        version: owner.version.clone(),
        source: owner.source.clone(),
        manifest_dir: owner.manifest_dir.clone(),
        crate_name: String::new(),
        root_file: PathBuf::new(),
        edition: String::new(),
        features: owner.features.clone(),
        test: false,
        deps: Vec::new(),
        reaches_rtlib: false,
        dev_only: false,
        stripped_prefix: below_root.then(|| graph.workspace_root.clone()),
    }
}

/// What the root target uses: dependencies of the kinds that `wanted` admits and the target sees, and its package's library.
fn main_deps(
    graph: &Graph,
    owner: &Package,
    wanted: impl Fn(EdgeKind) -> bool,
) -> Result<Vec<RuntimeDep>, Diagnostic> {
    let kind = graph.target.kind;
    let visible = |edge| wanted(edge) && (edge != EdgeKind::Dev || kind.sees_dev_dependencies());
    let mut deps = linked_deps(graph, owner, visible)?;
    let own_lib = owner
        .lib
        .as_ref()
        .filter(|lib| !lib.proc_macro && kind != TargetKind::LibTest);
    if let Some(lib) = own_lib {
        deps.push(RuntimeDep {
            id: CrateId::Lib(owner.id.clone()),
            extern_name: lib.crate_name.clone(),
            feature: None,
            test_only: false,
        });
    }
    Ok(sorted(deps))
}

fn linked_deps(
    graph: &Graph,
    owner: &Package,
    wanted: impl Fn(EdgeKind) -> bool,
) -> Result<Vec<RuntimeDep>, Diagnostic> {
    let unit_tests = matches!(graph.target.kind, TargetKind::LibTest | TargetKind::BinTest);
    let mut deps = Vec::new();
    for Dependency {
        id,
        extern_name,
        kind,
        feature,
    } in &owner.deps
    {
        let linked = package(graph, id)?
            .lib
            .as_ref()
            .is_some_and(|lib| !lib.proc_macro);
        if linked && wanted(*kind) {
            deps.push(RuntimeDep {
                id: CrateId::Lib(id.clone()),
                extern_name: extern_name.clone(),
                feature: feature.clone(),
                test_only: unit_tests && *kind == EdgeKind::Dev,
            });
        }
    }
    Ok(sorted(deps))
}

/// Each dependency once. What tests alone may name comes last, and gives way to the same dependency of another kind.
fn sorted(mut deps: Vec<RuntimeDep>) -> Vec<RuntimeDep> {
    deps.sort();
    deps.dedup_by(|one, kept| {
        (&one.id, &one.extern_name, &one.feature) == (&kept.id, &kept.extern_name, &kept.feature)
    });
    deps
}

/// Takes away, again and again, crates whose dependencies are all gone; what cannot be taken away contains a cycle.
fn reject_cycle(crates: &BTreeMap<CrateId, RuntimeCrate>) -> Result<(), Diagnostic> {
    let mut left: BTreeMap<&CrateId, BTreeSet<&CrateId>> = crates
        .iter()
        .map(|(id, one)| (id, one.deps.iter().map(|dep| &dep.id).collect()))
        .collect();
    let mut users: BTreeMap<&CrateId, Vec<&CrateId>> = BTreeMap::new();
    for (id, deps) in &left {
        for dep in deps {
            users.entry(dep).or_default().push(id);
        }
    }
    let mut ready: Vec<&CrateId> = left
        .iter()
        .filter(|(_, deps)| deps.is_empty())
        .map(|(id, _)| *id)
        .collect();
    while let Some(done) = ready.pop() {
        left.remove(done);
        for user in users.get(done).into_iter().flatten() {
            if let Some(deps) = left.get_mut(user) {
                deps.remove(done);
                if deps.is_empty() {
                    ready.push(user);
                }
            }
        }
    }
    match left.keys().next() {
        None => Ok(()),
        Some(start) => Err(cycle_error(crates, &left, start)),
    }
}

fn cycle_error(
    crates: &BTreeMap<CrateId, RuntimeCrate>,
    left: &BTreeMap<&CrateId, BTreeSet<&CrateId>>,
    start: &CrateId,
) -> Diagnostic {
    let mut walk: Vec<&CrateId> = Vec::new();
    let mut here = start;
    while !walk.contains(&here) {
        walk.push(here);
        here = left[here].first().copied().unwrap_or(here);
    }
    let begin = walk.iter().position(|id| *id == here).unwrap_or(0);
    let circle = walk[begin..].iter().chain([&here]);
    let names: Vec<String> = circle
        .map(|id| format!("`{}`", crates[*id].described()))
        .collect();
    let mut error = Diagnostic::error(
        Code::DependencyCycle,
        format!(
            "packages depend on each other in a circle: {}",
            names.join(" -> ")
        ),
    );
    for pair in names.windows(2) {
        error = error.note(format!("{} depends on {}", pair[0], pair[1]));
    }
    error.help("remove one of these dependencies, or move what both need into a package of its own")
}

/// The crates from which `rtlib` can be reached, itself excluded.
fn reaching_rtlib(graph: &RuntimeGraph) -> BTreeSet<CrateId> {
    let dependents = graph.dependents();
    let is_rtlib = |id: &&CrateId| graph.crates[*id].package == RTLIB_PACKAGE;
    let mut open: Vec<&CrateId> = graph.crates.keys().filter(is_rtlib).collect();
    let mut reaching = BTreeSet::new();
    while let Some(id) = open.pop() {
        for user in dependents.get(id).into_iter().flatten() {
            if reaching.insert((*user).clone()) {
                open.push(user);
            }
        }
    }
    reaching
}

/// The crates that are reached without a dev-dependency of the root package.
fn reached_normally(
    graph: &Graph,
    crates: &BTreeMap<CrateId, RuntimeCrate>,
) -> Result<BTreeSet<CrateId>, Diagnostic> {
    let owner = package(graph, &graph.target.package)?;
    let normal = main_deps(graph, owner, |kind| kind == EdgeKind::Normal)?;
    let mut open: Vec<&CrateId> = normal.iter().map(|dep| &dep.id).collect();
    let mut reached = BTreeSet::from([CrateId::Main]);
    while let Some(id) = open.pop() {
        if reached.insert(id.clone()) {
            open.extend(crates[id].deps.iter().map(|dep| &dep.id));
        }
    }
    Ok(reached)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{GraphBuilder, lib};
    use snapbox::data::Inline;
    use snapbox::{IntoData, assert_data_eq, str};

    fn listed(graph: &RuntimeGraph) -> String {
        let mut out = String::new();
        for (id, one) in &graph.crates {
            let name = match id {
                CrateId::Main => "main",
                CrateId::Lib(_) => &one.package,
            };
            let deps: Vec<&str> = one
                .deps
                .iter()
                .map(|dep| dep.extern_name.as_str())
                .collect();
            let rtlib = if one.reaches_rtlib { " rtlib" } else { "" };
            let dev = if one.dev_only { " dev" } else { "" };
            out.push_str(&format!("{name}: {deps:?}{rtlib}{dev}\n"));
        }
        out
    }

    fn check(graph: &Graph, expect: Inline) {
        let text = match RuntimeGraph::new(graph) {
            Ok(graph) => listed(&graph),
            Err(errors) => errors.to_string(),
        };
        assert_data_eq!(text, expect.raw());
    }

    #[test]
    fn build_dependencies_and_proc_macros_are_left_out() {
        let graph = GraphBuilder::new()
            .package(
                "app",
                &[
                    ("macros", EdgeKind::Normal),
                    ("cc", EdgeKind::Build),
                    ("log", EdgeKind::Normal),
                ],
            )
            .package("log", &[("cfg", EdgeKind::Normal)])
            .package("cfg", &[])
            .package("cc", &[])
            .package("syn", &[])
            .proc_macro("macros", &[("syn", EdgeKind::Normal)])
            .bin("app");
        check(
            &graph,
            str![[r#"
app: ["log"]
cfg: []
log: ["cfg"]
main: ["app", "log"]

"#]],
        );
    }

    #[test]
    fn only_tests_of_the_root_see_dev_dependencies() {
        let builder = GraphBuilder::new()
            .package(
                "app",
                &[("helper", EdgeKind::Dev), ("log", EdgeKind::Normal)],
            )
            .package("log", &[("unused", EdgeKind::Dev)])
            .package("unused", &[])
            .package(
                "helper",
                &[("app", EdgeKind::Normal), (RTLIB_PACKAGE, EdgeKind::Normal)],
            )
            .package(RTLIB_PACKAGE, &[]);
        check(
            &builder.clone().bin("app"),
            str![[r#"
app: ["log"]
log: []
main: ["app", "log"]

"#]],
        );
        check(
            &builder.target("app", TargetKind::LibTest),
            str![[r#"
app: ["log"] dev
gobuild-rtlib: [] dev
helper: ["app", "rtlib"] rtlib dev
log: []
main: ["helper", "log"] rtlib

"#]],
        );
    }

    #[test]
    fn a_cycle_is_printed_as_a_chain() {
        let graph = GraphBuilder::new()
            .package("app", &[("a", EdgeKind::Normal)])
            .package("a", &[("b", EdgeKind::Normal)])
            .package("b", &[("c", EdgeKind::Normal)])
            .package("c", &[("a", EdgeKind::Normal)])
            .bin("app");
        check(
            &graph,
            str![[r#"
error[dependency-cycle]: packages depend on each other in a circle: `a 1.0.0` -> `b 1.0.0` -> `c 1.0.0` -> `a 1.0.0`
 |
 = note: `a 1.0.0` depends on `b 1.0.0`
 = note: `b 1.0.0` depends on `c 1.0.0`
 = note: `c 1.0.0` depends on `a 1.0.0`
 = help: remove one of these dependencies, or move what both need into a package of its own
"#]],
        );
    }

    #[test]
    fn a_dangling_id_is_an_error() {
        let graph = GraphBuilder::new()
            .package("app", &[("gone", EdgeKind::Normal)])
            .bin("app");
        check(
            &graph,
            str![[r#"
error[unknown-package]: the crate graph names package `path+file:///ws/gone#1.0.0` but does not describe it
 |
 = help: delete the `gobuild` directory in the target directory, so that cargo is asked again
"#]],
        );
    }

    #[test]
    fn depth_costs_no_stack() {
        let mut builder = GraphBuilder::new().package("p0", &[]);
        for i in 1..20_000 {
            builder = builder.package(
                &format!("p{i}"),
                &[(&format!("p{}", i - 1), EdgeKind::Normal)],
            );
        }
        let graph = RuntimeGraph::new(&builder.bin("p19999")).expect("no cycle");
        assert_eq!(graph.crates.len(), 20_001);
    }

    #[test]
    fn paths_are_printed_as_rustc_prints_them() {
        let mut graph = GraphBuilder::new()
            .package("app", &[("far", EdgeKind::Normal)])
            .package("far", &[])
            .bin("app");
        graph.packages.get_mut(&lib("far")).expect("there").source =
            Some("registry+https://example.org".into());
        let graph = RuntimeGraph::new(&graph).expect("no cycle");
        let printed = |id: &CrateId| graph.crates[id].printed(&graph.crates[id].root_file);
        assert_eq!(printed(&CrateId::Main), "app/src/main.rs");
        assert_eq!(printed(&CrateId::Lib(lib("far"))), "/ws/far/src/lib.rs");
    }
}
