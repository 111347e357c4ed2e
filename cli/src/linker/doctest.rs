//! Doctests: rustdoc compiles each as a program of its own, which no target of the manifest describes.
//!
//! A doctest may name some of its package's crates and not others, and has no init functions of its own. So its graph has an empty
//! root file and holds only those direct dependencies that rustc put on the line: no init is missed in a crate that is not there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use gobuild_codegen::model::{EdgeKind, Graph, PackageId, RootTarget, TargetKind};

use super::args::LinkLine;
use super::error::LinkError;
use super::records::crate_name;
use crate::files;
use crate::metadata::Member;

/// The root file of every doctest, for the scan.
const ROOT_FILE: &str = "doctest.rs";

/// The target that stands for a doctest of the package in `manifest_dir`.
///
/// # Errors
/// When no member is there, or the root file cannot be written.
pub fn target(
    members: &[Member],
    manifest_dir: &Path,
    emit_dir: &Path,
) -> Result<RootTarget, LinkError> {
    let member = members
        .iter()
        .find(|member| member.manifest_path.parent() == Some(manifest_dir));
    let member = member.ok_or_else(|| LinkError::UnknownPackage {
        dir: manifest_dir.into(),
    })?;
    let root = emit_dir.join(ROOT_FILE);
    files::write_if_changed(&root, b"").map_err(|source| LinkError::Write {
        path: root.clone(),
        source,
    })?;
    Ok(RootTarget {
        package: member.id.clone(),
        kind: TargetKind::Test,
        name: "doctest".into(),
        crate_name: "rust_out".into(),
        src_path: root,
        edition: "2024".into(),
    })
}

/// Takes the direct dependencies out of the graph that are not on the line. What the package's own library needs stays when that
/// is on the line, as in any other program.
pub fn prune(graph: &mut Graph, line: &LinkLine) {
    let linked: BTreeSet<&str> = line.inputs().filter_map(crate_name).collect();
    let names: BTreeMap<&PackageId, bool> = graph
        .packages
        .iter()
        .map(|(id, package)| {
            (
                id,
                package
                    .lib
                    .as_ref()
                    .is_some_and(|lib| linked.contains(lib.crate_name.as_str())),
            )
        })
        .collect();
    let is_linked = |id: &PackageId| names.get(id).copied().unwrap_or(false);
    let own = is_linked(&graph.target.package);
    let Some(mut package) = graph.packages.get(&graph.target.package).cloned() else {
        return;
    };
    package
        .deps
        .retain(|dep| is_linked(&dep.id) || (own && dep.kind == EdgeKind::Normal));
    package.lib = package.lib.filter(|_| own);
    graph.packages.insert(package.id.clone(), package);
}

#[cfg(test)]
mod tests {
    use gobuild_codegen::model::{Dependency, LibTarget, Package};

    use super::*;

    fn package(name: &str, deps: &[(&str, EdgeKind)]) -> (PackageId, Package) {
        let id = |name: &str| PackageId(name.into());
        let package = Package {
            id: id(name),
            name: name.into(),
            version: "1.0.0".into(),
            source: None,
            manifest_dir: Path::new("/w").join(name),
            lib: Some(LibTarget {
                crate_name: name.into(),
                src_path: Path::new("/w").join(name).join("src/lib.rs"),
                edition: "2024".into(),
                proc_macro: false,
            }),
            features: Vec::new(),
            deps: deps
                .iter()
                .map(|(to, kind)| Dependency {
                    id: id(to),
                    extern_name: (*to).into(),
                    kind: *kind,
                    feature: None,
                })
                .collect(),
        };
        (id(name), package)
    }

    fn left(line: &str) -> (bool, Vec<String>) {
        let target = RootTarget {
            package: PackageId("own".into()),
            kind: TargetKind::Test,
            name: "doctest".into(),
            crate_name: "rust_out".into(),
            src_path: "/e/doctest.rs".into(),
            edition: "2024".into(),
        };
        let packages = [
            package("own", &[("used", EdgeKind::Normal), ("dev", EdgeKind::Dev)]),
            package("used", &[]),
            package("dev", &[]),
        ];
        let mut graph = Graph {
            workspace_root: "/w".into(),
            packages: packages.into(),
            target,
        };
        let line = line.split_whitespace().map(Into::into).collect();
        prune(&mut graph, &LinkLine::parse(line).expect("a link line"));
        let own = &graph.packages[&PackageId("own".into())];
        (
            own.lib.is_some(),
            own.deps.iter().map(|dep| dep.id.0.clone()).collect(),
        )
    }

    #[test]
    fn only_what_is_linked_stays() {
        assert_eq!(
            left("a.o /d/libown-1.rlib /d/libdev-1.rlib -o x"),
            (true, vec!["used".into(), "dev".into()])
        );
        assert_eq!(
            left("a.o /d/libown-1.rlib -o x"),
            (true, vec!["used".into()])
        );
        assert_eq!(
            left("a.o /d/libdev-1.rlib -o x"),
            (false, vec!["dev".into()])
        );
        assert_eq!(left("a.o -o x"), (false, Vec::new()));
    }

    #[test]
    fn a_doctest_of_an_unknown_package_is_an_error() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let error = target(&[], Path::new("/w/x"), dir.path()).expect_err("no member");
        assert!(matches!(error, LinkError::UnknownPackage { .. }));
    }
}
