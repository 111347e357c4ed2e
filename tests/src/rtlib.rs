//! `rtlib` with all that it needs, compiled once, in cargo's `dev` profile: target directories begin as copies of that, so that what is compiled in each of them is the test's own.
//!
//! Cargo knows a unit by its package, features, profile and flags, not by the target directory, and takes what it finds there for its own. Whoever builds with other flags or in another profile finds
//! nothing that fits, and compiles all of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::process::{BUILD, RUN, run};
use crate::tool;

/// A target directory for programs that depend on it, which later runs find again.
///
/// # Panics
/// If it cannot be made.
#[must_use]
pub fn target(family: &str) -> PathBuf {
    let target = tool::scratch().join(family);
    compiled_into(&target);
    target
}

/// Makes a target directory that holds it. One that is there already stays as it is.
///
/// # Panics
/// If it cannot be built or copied.
pub fn compiled_into(target: &Path) {
    if !target.exists() {
        copy(compiled(), target);
    }
}

/// Makes a target directory that holds what another one does.
///
/// # Panics
/// If it cannot be copied.
pub fn copy(from: &Path, target: &Path) {
    let parent = target.parent().expect("a directory in a directory");
    fs::create_dir_all(parent).expect("create directory");
    let place = tempfile::tempdir_in(parent).expect("temporary directory");
    let copied = place.path().join("target");
    let mut copy = Command::new("cp");
    // With the times of the files: cargo looks at them.
    copy.arg("-a").arg(from).arg(&copied);
    _ = run(&mut copy, RUN).ok();
    // Another test may have been faster; cargo may be at work in its directory.
    if let Err(error) = fs::rename(&copied, target) {
        assert!(target.is_dir(), "{}: {error}", target.display());
    }
}

/// The target directory that is copied, brought up to date at the first call. Nobody else builds in it.
fn compiled() -> &'static Path {
    static COMPILED: OnceLock<PathBuf> = OnceLock::new();
    COMPILED.get_or_init(|| {
        let target = tool::scratch().join("rtlib");
        let project = tempfile::tempdir().expect("temporary directory");
        let rtlib = tool::root().join("rtlib");
        let manifest = format!(
            "[package]\nname = \"needs-rtlib\"\nedition = \"2024\"\n[dependencies]\ngobuild-rtlib = {{ path = {rtlib:?} }}\n"
        );
        let in_project = |name: &str| project.path().join(name);
        fs::create_dir(in_project("src")).expect("create directory");
        fs::write(in_project("src/lib.rs"), "").expect("write file");
        fs::write(in_project("Cargo.toml"), manifest).expect("write file");
        fs::copy(tool::root().join("Cargo.lock"), in_project("Cargo.lock")).expect("copy Cargo.lock");
        let mut build = tool::cargo(project.path());
        build.args(["build", "--quiet", "-p", "gobuild-rtlib"]);
        _ = run(build.env("CARGO_TARGET_DIR", &target), BUILD).ok();
        target
    })
}
