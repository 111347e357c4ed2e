//! The packages of a crate that `cargo install` downloaded: only the driver can ask for them, once the crate is there.
//!
//! `cargo install` without `--locked` ignores the lock file that a registry crate brings along. To see the same versions, cargo
//! is asked in a directory of links to the crate's files, the lock file left out. Of configuration only that of the user's cargo home
//! counts, not what the crate brings along.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use gobuild_codegen::model::{Graph, RootTarget};
use tempfile::TempDir;

use super::error::LinkError;
use crate::metadata;
use crate::plan_file::Packages;

/// `cargo install` does not hold back versions for the sake of the crate's own `rust-version`.
const AS_INSTALL: [(&str, &str); 1] = [("CARGO_RESOLVER_INCOMPATIBLE_RUST_VERSIONS", "allow")];

/// Asks cargo for the packages of the crate in `manifest_dir`, and puts its target into their graph.
///
/// # Errors
/// When cargo cannot be asked or does not know the crate.
pub fn graph(
    cargo: &OsString,
    locked: bool,
    args: &[OsString],
    mut target: RootTarget,
    manifest_dir: &Path,
) -> Result<Graph, LinkError> {
    let from_registry = manifest_dir
        .components()
        .any(|part| part.as_os_str() == "registry");
    let linked = match from_registry && !locked {
        true => Some(
            links_without_lock(manifest_dir).map_err(|source| LinkError::Read {
                path: manifest_dir.into(),
                source,
            })?,
        ),
        false => None,
    };
    let dir = linked.as_ref().map_or(manifest_dir, |links| links.path());
    let mut args = args.to_vec();
    args.extend(["--manifest-path".into(), dir.join("Cargo.toml").into()]);
    args.push("--quiet".into());
    let mut workspace = metadata::start(cargo, Path::new("/"), args, &AS_INSTALL)?.finish()?;
    let package = workspace
        .packages
        .values_mut()
        .find(|package| package.manifest_dir == dir);
    let package = package.ok_or_else(|| LinkError::UnknownPackage {
        dir: manifest_dir.into(),
    })?;
    package.manifest_dir = manifest_dir.into();
    if let Some(lib) = &mut package.lib {
        lib.src_path = lib
            .src_path
            .strip_prefix(dir)
            .map_or(lib.src_path.clone(), |below| manifest_dir.join(below));
    }
    target.package = package.id.clone();
    let workspace_root = if dir == workspace.root {
        manifest_dir.into()
    } else {
        workspace.root
    };
    Ok(Packages {
        workspace_root,
        packages: workspace.packages,
    }
    .graph(target))
}

fn links_without_lock(dir: &Path) -> io::Result<TempDir> {
    let links = tempfile::Builder::new().prefix("gobuild-").tempdir()?;
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_name() != "Cargo.lock" && entry.file_name() != ".cargo" {
            std::os::unix::fs::symlink(entry.path(), links.path().join(entry.file_name()))?;
        }
    }
    Ok(links)
}
