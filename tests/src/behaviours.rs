//! The fixture `go_behaviours`: one binary with many programs, each of which has a twin in Go.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::process::{BUILD, run};
use crate::tool;

/// Where it is; the programs in Go are below, in `go`.
#[must_use]
pub fn fixture() -> PathBuf {
    tool::root().join("tests/fixtures/go_behaviours")
}

/// The executable, in the release profile. Built at the first call. Without arguments it prints the names of its programs.
///
/// # Panics
/// If it does not build.
pub fn executable() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let target = tool::scratch().join("go_behaviours");
        let mut build = tool::gobuild(&fixture());
        build.args(["build", "--locked", "--release"]);
        _ = run(build.env("CARGO_TARGET_DIR", &target), BUILD).ok();
        target.join("release/go_behaviours")
    })
}
