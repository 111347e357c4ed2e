//! Builders of test input, shared by the unit tests of the core stages.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::graph::{RTLIB_CRATE, RTLIB_PACKAGE};
use crate::model::{
    Dependency, EdgeKind, Graph, LibTarget, Package, PackageId, RootTarget, TargetKind,
};

/// The id that [`GraphBuilder`] gives a package.
pub(crate) fn lib(name: &str) -> PackageId {
    PackageId(format!("path+file:///ws/{name}#1.0.0"))
}

/// What the library of a package is called.
fn crate_name(package: &str) -> String {
    match package {
        RTLIB_PACKAGE => RTLIB_CRATE.into(),
        other => other.replace('-', "_"),
    }
}

/// Builds a graph of path packages below `/ws`, each with a library at `/ws/<name>/src/lib.rs`.
#[derive(Clone, Default)]
pub(crate) struct GraphBuilder {
    packages: BTreeMap<PackageId, Package>,
}

impl GraphBuilder {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn package(self, name: &str, deps: &[(&str, EdgeKind)]) -> Self {
        self.add(name, deps, false)
    }

    pub(crate) fn proc_macro(self, name: &str, deps: &[(&str, EdgeKind)]) -> Self {
        self.add(name, deps, true)
    }

    fn add(mut self, name: &str, deps: &[(&str, EdgeKind)], proc_macro: bool) -> Self {
        let deps = deps
            .iter()
            .map(|(to, kind)| Dependency {
                id: lib(to),
                extern_name: crate_name(to),
                kind: *kind,
                feature: None,
            })
            .collect();
        let manifest_dir = PathBuf::from(format!("/ws/{name}"));
        let package = Package {
            id: lib(name),
            name: name.into(),
            version: "1.0.0".into(),
            source: None,
            lib: Some(LibTarget {
                crate_name: crate_name(name),
                src_path: manifest_dir.join("src/lib.rs"),
                edition: "2024".into(),
                proc_macro,
            }),
            manifest_dir,
            features: Vec::new(),
            deps,
        };
        self.packages.insert(package.id.clone(), package);
        self
    }

    /// The graph of a binary `src/main.rs` of the package.
    pub(crate) fn bin(self, name: &str) -> Graph {
        self.target(name, TargetKind::Bin)
    }

    pub(crate) fn target(self, name: &str, kind: TargetKind) -> Graph {
        let file = if kind == TargetKind::LibTest {
            "lib.rs"
        } else {
            "main.rs"
        };
        Graph {
            workspace_root: PathBuf::from("/ws"),
            packages: self.packages,
            target: RootTarget {
                package: lib(name),
                kind,
                name: name.into(),
                crate_name: name.replace('-', "_"),
                src_path: PathBuf::from(format!("/ws/{name}/src/{file}")),
                edition: "2024".into(),
            },
        }
    }
}
