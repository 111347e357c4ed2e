//! Where things are, and an environment for children that does not depend on who runs the benchmark.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Settings of whoever runs the benchmark, and of the cargo that runs this program, that must not reach what is measured.
const FOREIGN: [&str; 12] = [
    "RUSTFLAGS",
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_INCREMENTAL",
    "CARGO_MANIFEST_DIR",
    "GODEBUG",
    "GOGC",
    "GOMEMLIMIT",
    "GOMAXPROCS",
    "GOAMD64",
    "GOFLAGS",
];
/// The same, by the beginning of their names.
const FOREIGN_FAMILIES: [&str; 5] = [
    "CARGO_BUILD_",
    "CARGO_GOBUILD",
    "CARGO_PKG_",
    "CARGO_PROFILE_",
    "CARGO_TARGET_",
];

/// The checkout.
#[must_use]
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("the harness is two directories below the checkout")
}

/// Cargo's target directory for this workspace.
#[must_use]
pub fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Where everything that the benchmark makes is kept for its next run.
#[must_use]
pub fn scratch() -> PathBuf {
    target().join("gobuild-bench")
}

/// The sources of the programs that are measured.
#[must_use]
pub fn programs() -> PathBuf {
    root().join("benches/programs")
}

/// Takes from a command what must not reach it.
pub fn clean(command: &mut Command) {
    for name in FOREIGN {
        command.env_remove(name);
    }
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if FOREIGN_FAMILIES
            .iter()
            .any(|family| text.starts_with(family))
        {
            command.env_remove(&name);
        }
    }
}

/// Plain cargo: the executable itself, not rustup's proxy, whose cost is none of cargo's.
#[must_use]
pub fn cargo() -> Command {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    clean(&mut command);
    command
}
