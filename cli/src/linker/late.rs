//! The packages of a crate that `cargo install` downloaded: only the driver can ask for them, once the crate is there.
//!
//! `cargo install` without `--locked` ignores the lock file that a registry crate brings along. To see the same versions, cargo
//! is asked in a directory of links to the crate's files, the lock file left out. It lies among the generated files, in a place of the
//! target's own, so what a killed driver left there is found and removed. Of configuration only that of the user's cargo home counts, not
//! what the crate brings along.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::{fs, io};

use gobuild_codegen::model::{Graph, RootTarget};

use super::error::LinkError;
use super::layout::kind_name;
use crate::files;
use crate::metadata;
use crate::plan_file::Packages;

/// `cargo install` does not hold back versions for the sake of the crate's own `rust-version`.
const AS_INSTALL: [(&str, &str); 1] = [("CARGO_RESOLVER_INCOMPATIBLE_RUST_VERSIONS", "allow")];

/// Asks cargo for the packages of the crate in `manifest_dir`, and puts its target into their graph. `dir` is for generated files.
///
/// # Errors
/// When cargo cannot be asked or does not know the crate.
pub fn graph(
    cargo: &OsString,
    locked: bool,
    args: &[OsString],
    mut target: RootTarget,
    manifest_dir: &Path,
    dir: &Path,
) -> Result<Graph, LinkError> {
    let from_registry = manifest_dir
        .components()
        .any(|part| part.as_os_str() == "registry");
    let linked = match from_registry && !locked {
        true => {
            Some(
                Links::make(manifest_dir, dir, &target).map_err(|source| LinkError::Read {
                    path: manifest_dir.into(),
                    source,
                })?,
            )
        }
        false => None,
    };
    let dir = linked.as_ref().map_or(manifest_dir, |links| &links.0);
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

/// A directory of links, which goes away with this.
struct Links(PathBuf);

impl Links {
    /// Links to what is in `from`, in a directory below `dir` that is the target's own.
    fn make(from: &Path, dir: &Path, target: &RootTarget) -> io::Result<Self> {
        let name = format!(".{}-{}.packages", kind_name(target.kind), target.name);
        let links = Self(dir.join(name));
        links.remove();
        fs::create_dir_all(&links.0)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            let name = entry.file_name();
            if name == "Cargo.toml" {
                let manifest = alone(&fs::read_to_string(entry.path())?);
                files::write_whole(&links.0.join(name), manifest.as_bytes())?;
            } else if name != "Cargo.lock" && name != ".cargo" {
                std::os::unix::fs::symlink(entry.path(), links.0.join(name))?;
            }
        }
        Ok(links)
    }

    fn remove(&self) {
        // As a rule nothing is there, and what cannot be removed is in the way of the next that is made.
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Drop for Links {
    fn drop(&mut self) {
        self.remove();
    }
}

/// A manifest as that of a workspace of its own: there may be another one above the directory.
fn alone(manifest: &str) -> String {
    let table = manifest.parse::<toml::Table>().unwrap_or_default();
    match table.contains_key("workspace") {
        true => manifest.to_owned(),
        false => format!("{manifest}\n[workspace]\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_leave_the_lock_out_and_replace_what_was_left() {
        let scratch = tempfile::tempdir().expect("temporary directory");
        let (from, to) = (scratch.path().join("from"), scratch.path().join("to"));
        fs::create_dir_all(from.join("src")).expect("creates");
        for name in ["Cargo.toml", "Cargo.lock", "src/main.rs"] {
            fs::write(from.join(name), "").expect("writes");
        }
        let target = RootTarget {
            package: gobuild_codegen::model::PackageId("x".into()),
            kind: gobuild_codegen::model::TargetKind::Bin,
            name: "x".into(),
            crate_name: "x".into(),
            src_path: from.join("src/main.rs"),
            edition: "2024".into(),
        };
        let left = to.join(".bin-x.packages/left");
        fs::create_dir_all(&left).expect("creates");
        let links = Links::make(&from, &to, &target).expect("links");
        assert!(!left.exists() && !links.0.join("Cargo.lock").exists());
        assert!(links.0.join("src/main.rs").is_file());
        drop(links);
        assert_eq!(fs::read_dir(&to).expect("lists").count(), 0);
    }

    #[test]
    fn a_manifest_is_made_a_workspace_of_its_own() {
        assert_eq!(
            alone("[package]\nname = \"x\""),
            "[package]\nname = \"x\"\n[workspace]\n"
        );
        assert_eq!(alone("[workspace]\n"), "[workspace]\n");
    }
}
