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

/// The directories of all workspaces besides the main one: examples, fuzz targets, benchmarks, the tests' fixtures.
pub fn others() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = ["fuzz", "benches"]
        .iter()
        .map(|dir| root().join(dir))
        .filter(|dir| dir.join("Cargo.toml").is_file())
        .collect();
    for parent in ["examples", "tests/fixtures"] {
        let entries = std::fs::read_dir(root().join(parent));
        let dirs = entries
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path());
        found.extend(dirs.filter(|dir| dir.join("Cargo.toml").is_file()));
    }
    found.sort();
    found
}

/// A workspace's directory as the names of steps have it.
pub fn shown(dir: &Path) -> String {
    dir.strip_prefix(root())
        .unwrap_or(dir)
        .display()
        .to_string()
}
