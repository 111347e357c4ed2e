//! The only file that knows cargo's JSON: `cargo metadata` in, [`Workspace`] out.
//!
//! What cargo prints on standard error goes to the user as it is. The JSON is trusted as far as cargo is, yet never indexed:
//! what is missing is an error or left out.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use cargo_metadata::{DependencyKind, Edition, Metadata, TargetKind as CargoKind};
use gobuild_codegen::model::{Dependency, EdgeKind, LibTarget, Package, PackageId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The resolved workspace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Workspace {
    /// Directory of the root manifest.
    pub root: PathBuf,
    /// Where cargo puts what it builds.
    pub target_dir: PathBuf,
    /// Where cargo puts what only it needs: the same, unless `build.build-dir` says otherwise.
    pub build_dir: PathBuf,
    /// The workspace's own packages.
    pub members: Vec<Member>,
    /// What cargo builds in this directory when no package is named.
    pub default_members: Vec<PackageId>,
    /// All packages, of members and dependencies, on the one supported target.
    pub packages: BTreeMap<PackageId, Package>,
    /// `workspace.metadata.gobuild`.
    pub metadata: Value,
}

/// A package of the workspace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// Cargo's id of it.
    pub id: PackageId,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its manifest.
    pub manifest_path: PathBuf,
    /// `default-run`.
    pub default_run: Option<String>,
    /// Its targets, build scripts left out.
    pub targets: Vec<Target>,
    /// `package.metadata.gobuild`.
    pub metadata: Value,
    /// What cargo tells the package's programs through `CARGO_PKG_*`, for `run`.
    pub environment: Vec<(String, String)>,
}

/// A target of a member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Its kind.
    pub kind: MemberTargetKind,
    /// Its name in the manifest.
    pub name: String,
    /// Its root file.
    pub src_path: PathBuf,
    /// Rust edition.
    pub edition: String,
    /// Features without which it is not built.
    pub required_features: Vec<String>,
    /// `test = true`
    pub test: bool,
}

impl Target {
    /// The crate name that rustc gets.
    #[must_use]
    pub fn crate_name(&self) -> String {
        self.name.replace('-', "_")
    }
}

/// The kind of a member's target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MemberTargetKind {
    /// A library of any crate type.
    Lib,
    /// A proc macro.
    ProcMacro,
    /// A binary.
    Bin,
    /// An example that is a program.
    Example,
    /// An integration test.
    Test,
    /// A benchmark.
    Bench,
}

impl Workspace {
    /// The member with this id.
    #[must_use]
    pub fn member(&self, id: &PackageId) -> Option<&Member> {
        self.members.iter().find(|member| member.id == *id)
    }

    /// The manifests that the user can change: those of members and path dependencies.
    pub fn path_manifests(&self) -> impl Iterator<Item = PathBuf> {
        self.packages
            .values()
            .filter(|package| package.source.is_none())
            .map(|package| package.manifest_dir.join("Cargo.toml"))
    }
}

/// Why there is no metadata.
#[derive(Debug, thiserror::Error)]
pub enum MetadataError {
    /// Cargo cannot be started.
    #[error("cannot run `{program}`", program = program.to_string_lossy())]
    Spawn {
        /// What was started.
        program: OsString,
        /// Why it was not.
        source: std::io::Error,
    },
    /// Cargo failed and has said why.
    #[error("`cargo metadata` failed: {0}")]
    Cargo(ExitStatus),
    /// Cargo printed something else.
    #[error("cannot read what `cargo metadata` printed")]
    Json(#[from] serde_json::Error),
    /// No resolved graph.
    #[error("`cargo metadata` printed no resolved dependency graph")]
    NoResolve,
}

/// A `cargo metadata` that runs while other things are done.
#[derive(Debug)]
pub struct Pending(std::process::Child);

/// Starts `cargo metadata` with `args` in `dir`, with `env` beside the environment.
///
/// # Errors
/// When cargo cannot be started.
pub fn start(
    cargo: &OsString,
    dir: &Path,
    args: Vec<OsString>,
    env: &[(&str, &str)],
) -> Result<Pending, MetadataError> {
    let child = Command::new(cargo)
        .args([
            "metadata",
            "--format-version",
            "1",
            "--filter-platform",
            crate::TARGET,
        ])
        .args(args)
        .envs(env.iter().copied())
        .current_dir(dir)
        .stdout(Stdio::piped())
        .spawn();
    child.map(Pending).map_err(|source| MetadataError::Spawn {
        program: cargo.clone(),
        source,
    })
}

impl Pending {
    /// Waits for cargo and reads what it printed.
    ///
    /// # Errors
    /// When cargo failed or printed something unexpected.
    pub fn finish(self) -> Result<Workspace, MetadataError> {
        let output = self
            .0
            .wait_with_output()
            .map_err(|source| MetadataError::Spawn {
                program: "cargo metadata".into(),
                source,
            })?;
        if !output.status.success() {
            return Err(MetadataError::Cargo(output.status));
        }
        workspace(read(&output.stdout)?)
    }
}

/// What cargo printed. An edition that the reader does not know, of a nightly or of the future, counts as the newest that is certain: all that
/// matters here is whether it is 2015.
fn read(json: &[u8]) -> Result<Metadata, serde_json::Error> {
    const NEWEST: &str = "2024";
    serde_json::from_slice(json).or_else(|error| {
        let mut metadata: Value = serde_json::from_slice(json)?;
        let mut replaced = false;
        let packages = metadata.get_mut("packages").and_then(Value::as_array_mut);
        for package in packages.into_iter().flatten() {
            let mut each = |holder: &mut Value| {
                let edition = holder
                    .get_mut("edition")
                    .filter(|edition| edition.is_string());
                if let Some(edition) = edition
                    && serde_json::from_value::<Edition>(edition.clone()).is_err()
                {
                    *edition = NEWEST.into();
                    replaced = true;
                }
            };
            each(package);
            let targets = package.get_mut("targets").and_then(Value::as_array_mut);
            targets.into_iter().flatten().for_each(each);
        }
        if !replaced {
            return Err(error);
        }
        serde_json::from_value(metadata)
    })
}

fn workspace(metadata: Metadata) -> Result<Workspace, MetadataError> {
    let resolve = metadata.resolve.as_ref().ok_or(MetadataError::NoResolve)?;
    let nodes: BTreeMap<_, _> = resolve.nodes.iter().map(|node| (&node.id, node)).collect();
    let packages = metadata
        .packages
        .iter()
        .filter_map(|package| Some(self::package(package, nodes.get(&package.id)?)))
        .map(|package| (package.id.clone(), package))
        .collect();
    let is_member =
        |package: &&cargo_metadata::Package| metadata.workspace_members.contains(&package.id);
    Ok(Workspace {
        root: metadata.workspace_root.clone().into(),
        target_dir: metadata.target_directory.clone().into(),
        build_dir: metadata
            .build_directory
            .clone()
            .unwrap_or_else(|| metadata.target_directory.clone())
            .into(),
        members: metadata
            .packages
            .iter()
            .filter(is_member)
            .map(member)
            .collect(),
        default_members: metadata.workspace_default_members.iter().map(id).collect(),
        packages,
        metadata: gobuild_table(&metadata.workspace_metadata),
    })
}

fn id(id: &cargo_metadata::PackageId) -> PackageId {
    PackageId(id.repr.clone())
}

fn gobuild_table(metadata: &Value) -> Value {
    metadata.get("gobuild").cloned().unwrap_or_default()
}

fn package(package: &cargo_metadata::Package, node: &cargo_metadata::Node) -> Package {
    Package {
        id: id(&package.id),
        name: package.name.to_string(),
        version: package.version.to_string(),
        source: package.source.as_ref().map(|source| source.repr.clone()),
        manifest_dir: package
            .manifest_path
            .parent()
            .map(PathBuf::from)
            .unwrap_or_default(),
        lib: package.targets.iter().find_map(library),
        features: node.features.iter().map(ToString::to_string).collect(),
        deps: node
            .deps
            .iter()
            .flat_map(|dep| dependencies(package, node, dep))
            .collect(),
    }
}

fn library(target: &cargo_metadata::Target) -> Option<LibTarget> {
    let proc_macro = match kind(target)? {
        MemberTargetKind::Lib => false,
        MemberTargetKind::ProcMacro => true,
        _ => return None,
    };
    Some(LibTarget {
        crate_name: target.name.replace('-', "_"),
        src_path: target.src_path.clone().into(),
        edition: target.edition.to_string(),
        proc_macro,
    })
}

fn dependencies<'a>(
    package: &'a cargo_metadata::Package,
    node: &'a cargo_metadata::Node,
    dep: &'a cargo_metadata::NodeDep,
) -> impl Iterator<Item = Dependency> + 'a {
    let mut kinds: Vec<_> = dep
        .dep_kinds
        .iter()
        .filter_map(|info| edge(info.kind))
        .collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds.into_iter().map(|kind| Dependency {
        id: id(&dep.pkg),
        extern_name: dep.name.clone(),
        kind,
        feature: feature(package, node, &dep.name),
    })
}

/// The enabled feature that brings in an optional dependency, which the package calls so. What another feature enables counts less than one that names it.
fn feature(
    package: &cargo_metadata::Package,
    node: &cargo_metadata::Node,
    extern_name: &str,
) -> Option<String> {
    let keys = package.dependencies.iter().filter(|dep| dep.optional);
    let mut keys = keys.map(|dep| dep.rename.as_ref().unwrap_or(&dep.name));
    let key = keys.find(|key| key.replace('-', "_") == extern_name)?;
    let (implicit, through) = (format!("dep:{key}"), format!("{key}/"));
    let brings = |feature: &&String| {
        let enables = package.features.get(*feature).into_iter().flatten();
        enables
            .clone()
            .any(|what| *what == implicit || what == key || what.starts_with(&through))
    };
    let enabled: Vec<String> = node.features.iter().map(ToString::to_string).collect();
    enabled.iter().find(brings).cloned()
}

fn edge(kind: DependencyKind) -> Option<EdgeKind> {
    match kind {
        DependencyKind::Normal => Some(EdgeKind::Normal),
        DependencyKind::Development => Some(EdgeKind::Dev),
        DependencyKind::Build => Some(EdgeKind::Build),
        _ => None,
    }
}

fn member(package: &cargo_metadata::Package) -> Member {
    Member {
        id: id(&package.id),
        name: package.name.to_string(),
        version: package.version.to_string(),
        manifest_path: package.manifest_path.clone().into(),
        default_run: package.default_run.clone(),
        targets: package.targets.iter().filter_map(target).collect(),
        metadata: gobuild_table(&package.metadata),
        environment: environment(package),
    }
}

fn target(target: &cargo_metadata::Target) -> Option<Target> {
    Some(Target {
        kind: kind(target)?,
        name: target.name.clone(),
        src_path: target.src_path.clone().into(),
        edition: target.edition.to_string(),
        required_features: target.required_features.clone(),
        test: target.test,
    })
}

fn kind(target: &cargo_metadata::Target) -> Option<MemberTargetKind> {
    Some(match target.kind.first()? {
        CargoKind::Bin => MemberTargetKind::Bin,
        CargoKind::Example if target.crate_types.contains(&cargo_metadata::CrateType::Bin) => {
            MemberTargetKind::Example
        }
        CargoKind::Test => MemberTargetKind::Test,
        CargoKind::Bench => MemberTargetKind::Bench,
        CargoKind::ProcMacro => MemberTargetKind::ProcMacro,
        CargoKind::Lib
        | CargoKind::RLib
        | CargoKind::DyLib
        | CargoKind::CDyLib
        | CargoKind::StaticLib => MemberTargetKind::Lib,
        _ => return None,
    })
}

fn environment(package: &cargo_metadata::Package) -> Vec<(String, String)> {
    let version = &package.version;
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let path = |value: &Option<cargo_metadata::camino::Utf8PathBuf>| {
        value.as_ref().map(ToString::to_string).unwrap_or_default()
    };
    let dir = package
        .manifest_path
        .parent()
        .map(ToString::to_string)
        .unwrap_or_default();
    [
        ("CARGO_MANIFEST_DIR", dir),
        ("CARGO_MANIFEST_PATH", package.manifest_path.to_string()),
        ("CARGO_PKG_NAME", package.name.to_string()),
        ("CARGO_PKG_VERSION", version.to_string()),
        ("CARGO_PKG_VERSION_MAJOR", version.major.to_string()),
        ("CARGO_PKG_VERSION_MINOR", version.minor.to_string()),
        ("CARGO_PKG_VERSION_PATCH", version.patch.to_string()),
        ("CARGO_PKG_VERSION_PRE", version.pre.to_string()),
        ("CARGO_PKG_AUTHORS", package.authors.join(":")),
        ("CARGO_PKG_DESCRIPTION", text(&package.description)),
        ("CARGO_PKG_HOMEPAGE", text(&package.homepage)),
        ("CARGO_PKG_REPOSITORY", text(&package.repository)),
        ("CARGO_PKG_LICENSE", text(&package.license)),
        ("CARGO_PKG_LICENSE_FILE", path(&package.license_file)),
        ("CARGO_PKG_README", path(&package.readme)),
        (
            "CARGO_PKG_RUST_VERSION",
            package
                .rust_version
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
        ),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(edition: &str) -> String {
        format!(
            r#"{{"version":1,"workspace_root":"/a","target_directory":"/a/target","workspace_members":["a"],"workspace_default_members":["a"],
            "resolve":{{"root":"a","nodes":[{{"id":"a","dependencies":[],"deps":[],"features":[]}}]}},
            "packages":[{{"name":"a","version":"0.1.0","id":"a","source":null,"dependencies":[],"features":{{}},"manifest_path":"/a/Cargo.toml","edition":{edition},
            "targets":[{{"name":"a","kind":["bin"],"crate_types":["bin"],"src_path":"/a/src/main.rs","edition":{edition}}}]}}]}}"#
        )
    }

    #[test]
    fn editions_of_the_future_are_read() {
        for (edition, expect) in [
            ("\"2015\"", "2015"),
            ("\"2024\"", "2024"),
            ("\"future\"", "2024"),
            ("\"2099\"", "2024"),
        ] {
            let metadata = read(printed(edition).as_bytes()).expect("it can be read");
            let workspace = workspace(metadata).expect("it is resolved");
            assert_eq!(workspace.members[0].targets[0].edition, expect);
        }
    }

    #[test]
    fn other_surprises_are_errors() {
        for json in [&*printed("7"), "[]", "{}", "{\"packages\":7}", "x"] {
            assert!(read(json.as_bytes()).is_err(), "{json}");
        }
    }
}
