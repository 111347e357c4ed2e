//! Where things are in this checkout, and cargo commands for it.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The checkout.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask is a directory of the workspace")
}

/// Cargo's target directory.
pub fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Cargo, in the checkout.
pub fn cargo(args: &[&str]) -> Command {
    // The variable `CARGO` names a toolchain's own cargo, which does not understand `+nightly`.
    let mut command = Command::new("cargo");
    command.args(args).current_dir(root());
    command
}

/// Cargo for a workspace of its own below the checkout.
pub fn cargo_in(dir: &Path, args: &[&str]) -> Command {
    let mut command = cargo(args);
    command.current_dir(dir);
    command
}

/// The directories of all workspaces besides the main one: fuzz targets, examples, the programs that are measured, the tests' fixtures.
pub fn others() -> Vec<PathBuf> {
    let mut found = vec![root().join("fuzz"), root().join("benches/programs")];
    for parent in ["examples", "benches/programs", "tests/fixtures"] {
        let entries = std::fs::read_dir(root().join(parent));
        found.extend(
            entries
                .into_iter()
                .flatten()
                .flatten()
                .map(|entry| entry.path()),
        );
    }
    found.retain(|dir| has_workspace(dir));
    found.sort();
    found
}

/// Whether a directory's manifest starts a workspace; members of one are reached through it.
fn has_workspace(dir: &Path) -> bool {
    let manifest = std::fs::read_to_string(dir.join("Cargo.toml"));
    manifest.is_ok_and(|text| text.lines().any(|line| line.trim() == "[workspace]"))
}

/// A workspace's directory as the names of steps have it.
pub fn shown(dir: &Path) -> String {
    dir.strip_prefix(root())
        .unwrap_or(dir)
        .display()
        .to_string()
}
