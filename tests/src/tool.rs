//! The tool under test: `cargo-gobuild`, built once from this checkout.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::process::{BUILD, run};
use crate::toolchain;

/// Settings of whoever runs the tests that must not reach the projects they build. What these are built with is asked for by other variables: see [`toolchain`].
const FOREIGN: [&str; 13] = [
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
    "CARGO_TARGET_DIR",
    "CARGO_BUILD_TARGET",
    "CARGO_MANIFEST_DIR",
    "GODEBUG",
    "GOMAXPROCS",
    "GOTRACEBACK",
    "GOAMD64",
    "RUST_BACKTRACE",
    "RUST_LOG",
];

/// The checkout.
#[must_use]
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ is in the workspace")
}

/// Where the tests may leave what later runs with the same toolchain can use again.
#[must_use]
pub fn scratch() -> PathBuf {
    root().join(format!("target/gobuild-tests{}", toolchain::label()))
}

/// The executable: `GOBUILD_BIN`, or what `cargo build -p cargo-gobuild` makes.
///
/// # Panics
/// If it cannot be built.
#[must_use]
pub fn cargo_gobuild() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| match env::var_os("GOBUILD_BIN") {
        Some(path) => PathBuf::from(path),
        None => build(&[], &target()),
    })
}

/// PATH of somebody who has installed the tool.
///
/// # Panics
/// As [`cargo_gobuild`].
#[must_use]
pub fn path_with_it() -> OsString {
    let dir = cargo_gobuild().parent().expect("a directory").to_path_buf();
    let usual = env::var_os("PATH").unwrap_or_default();
    let dirs = std::iter::once(dir).chain(env::split_paths(&usual));
    env::join_paths(dirs).expect("a path")
}

/// A tool whose programs have a runtime that checks itself, and whose system calls fail when `RTLIB_FAULTS` says so (`rtlib/runtime/src/os/linux/faults.rs`): `GOBUILD_FAULTY_BIN`, or
/// what is built with the features for that.
///
/// # Panics
/// If it cannot be built.
#[must_use]
pub fn faulty() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| match env::var_os("GOBUILD_FAULTY_BIN") {
        Some(path) => PathBuf::from(path),
        None => {
            let features = ["--features", "checked,faults"];
            build(&features, &target().join("faulty-tool"))
        }
    })
}

fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

fn build(features: &[&str], target: &Path) -> PathBuf {
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["build", "--quiet", "-p", "cargo-gobuild"])
        .args(features)
        .arg("--target-dir")
        .arg(target)
        .current_dir(root());
    _ = run(&mut cargo, BUILD).ok();
    target.join("debug/cargo-gobuild")
}

/// A command for the tool, as a user with a clean environment would start it.
#[must_use]
pub fn gobuild(dir: &Path) -> Command {
    gobuild_by(cargo_gobuild(), dir)
}

/// The same for another tool.
#[must_use]
pub fn gobuild_by(tool: &Path, dir: &Path) -> Command {
    let mut command = Command::new(tool);
    command.arg("gobuild").current_dir(dir);
    clean(&mut command);
    toolchain::choose(&mut command);
    command
}

/// A command for plain cargo, likewise.
#[must_use]
pub fn cargo(dir: &Path) -> Command {
    let mut command = Command::new(toolchain::cargo());
    command.current_dir(dir);
    clean(&mut command);
    toolchain::choose(&mut command);
    command
}

/// Takes away what must not reach a project.
pub fn clean(command: &mut Command) {
    for name in FOREIGN {
        command.env_remove(name);
    }
    for (name, _) in env::vars_os() {
        let ours = name
            .to_str()
            .is_some_and(|n| n.starts_with("CARGO_GOBUILD") || n.starts_with("CARGO_PROFILE"));
        if ours {
            command.env_remove(name);
        }
    }
}
