//! The dependency list in cargo-auditable's format, for `cargo audit bin`, Trivy, Syft and the like.
//!
//! The list is cargo-auditable's format revision 1: proc macros and what only they need count as build dependencies. Packages are those
//! that the root target reaches; dev-dependencies count for targets that see them, because they are then linked in.
//!
//! Invariants: equal graphs give equal bytes; the list has one root and no cycle (readers refuse others).

use std::collections::{BTreeMap, BTreeSet};

use auditable_serde::{DependencyKind, Package as Listed, Source, VersionInfo};
use miniz_oxide::deflate::compress_to_vec_zlib;

use crate::model::{EdgeKind, Graph, Package, PackageId};

/// cargo-auditable's name for "proc macros are build dependencies".
const FORMAT: u32 = 1;
/// zlib level: the list is small, so the smallest result costs nothing.
const LEVEL: u8 = 9;

/// Why the list cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The graph does not have a package that it refers to.
    #[error("the crate graph has no package `{0}`, but refers to it")]
    Unknown(String),
    /// A version that is not one.
    #[error("package `{package}` has the version `{version}`, which is not a semantic version")]
    Version {
        /// The package.
        package: String,
        /// Its version.
        version: String,
        /// What is wrong with it.
        #[source]
        source: semver::Error,
    },
    /// The list does not become JSON.
    #[error("the dependency list cannot be written as JSON")]
    Json(#[from] serde_json::Error),
}

/// The content of `.dep-v0`: the list as JSON, compressed with zlib.
///
/// # Errors
/// When the graph is not whole or a version is not a semantic version.
pub fn payload(graph: &Graph) -> Result<Vec<u8>, AuditError> {
    Ok(compress_to_vec_zlib(
        &serde_json::to_vec(&version_info(graph)?)?,
        LEVEL,
    ))
}

/// The list itself.
///
/// # Errors
/// As [`payload`].
pub fn version_info(graph: &Graph) -> Result<VersionInfo, AuditError> {
    let kinds = reach(graph)?;
    let mut packages = kinds
        .keys()
        .map(|id| find(graph, id))
        .collect::<Result<Vec<_>, _>>()?;
    packages.sort_by(|a, b| (&a.name, &a.version, &a.id).cmp(&(&b.name, &b.version, &b.id)));
    let index: BTreeMap<&PackageId, usize> = packages
        .iter()
        .enumerate()
        .map(|(i, package)| (&package.id, i))
        .collect();
    let listed = packages.iter().map(|package| {
        Ok(Listed {
            name: package.name.clone(),
            version: version(package)?,
            source: source(package.source.as_deref()),
            kind: kinds[&package.id],
            dependencies: dependencies(graph, package, &index),
            root: package.id == graph.target.package,
        })
    });
    Ok(VersionInfo {
        packages: listed.collect::<Result<_, AuditError>>()?,
        format: FORMAT,
    })
}

fn find<'a>(graph: &'a Graph, id: &PackageId) -> Result<&'a Package, AuditError> {
    graph
        .packages
        .get(id)
        .ok_or_else(|| AuditError::Unknown(id.0.clone()))
}

/// Every package that the root target needs, and whether it is part of the program or only of its build.
fn reach(graph: &Graph) -> Result<BTreeMap<PackageId, DependencyKind>, AuditError> {
    let mut kinds: BTreeMap<PackageId, DependencyKind> = BTreeMap::new();
    let mut todo = vec![(graph.target.package.clone(), DependencyKind::Runtime)];
    while let Some((id, kind)) = todo.pop() {
        if kinds.get(&id).is_some_and(|&known| known >= kind) {
            continue;
        }
        let package = find(graph, &id)?;
        for (dependency, edge) in edges(graph, package) {
            let proc_macro = find(graph, dependency)?
                .lib
                .as_ref()
                .is_some_and(|lib| lib.proc_macro);
            let of_edge = if edge == EdgeKind::Build || proc_macro {
                DependencyKind::Build
            } else {
                kind
            };
            todo.push((dependency.clone(), of_edge));
        }
        kinds.insert(id, kind);
    }
    Ok(kinds)
}

/// The edges of a package that count: dev-dependencies of the root alone, and none back to the root, which only dev-dependencies have.
fn edges<'a>(
    graph: &'a Graph,
    package: &'a Package,
) -> impl Iterator<Item = (&'a PackageId, EdgeKind)> {
    let root = &graph.target.package;
    let dev = package.id == *root && graph.target.kind.sees_dev_dependencies();
    let counts = move |kind| kind != EdgeKind::Dev || dev;
    package
        .deps
        .iter()
        .filter(move |edge| counts(edge.kind) && edge.id != *root)
        .map(|edge| (&edge.id, edge.kind))
}

fn dependencies(
    graph: &Graph,
    package: &Package,
    index: &BTreeMap<&PackageId, usize>,
) -> Vec<usize> {
    let unique: BTreeSet<usize> = edges(graph, package)
        .filter_map(|(id, _)| index.get(id).copied())
        .collect();
    unique.into_iter().collect()
}

fn version(package: &Package) -> Result<semver::Version, AuditError> {
    package
        .version
        .parse()
        .map_err(|source| AuditError::Version {
            package: package.name.clone(),
            version: package.version.clone(),
            source,
        })
}

fn source(source: Option<&str>) -> Source {
    match source {
        None => Source::Local,
        Some(url) if is_crates_io(url) => Source::CratesIo,
        Some(url) => match url.split_once('+') {
            Some(("git", _)) => Source::Git,
            Some(("registry" | "sparse", _)) => Source::Registry,
            Some((other, _)) => Source::Other(other.to_owned()),
            None => Source::Other("unknown".to_owned()),
        },
    }
}

fn is_crates_io(url: &str) -> bool {
    matches!(
        url,
        "registry+https://github.com/rust-lang/crates.io-index" | "sparse+https://index.crates.io/"
    )
}
