//! The fixture `testprog`: one binary with many programs, each by its name, built in both profiles.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use crate::process::{BUILD, Outcome, run};
use crate::{tool, toolchain};

/// The executables: dev, release. Built at the first call.
///
/// # Panics
/// If they do not build.
pub fn executables() -> &'static [PathBuf; 2] {
    static BUILT: OnceLock<[PathBuf; 2]> = OnceLock::new();
    BUILT.get_or_init(|| {
        let source = tool::root().join("tests/fixtures/testprog");
        let target = tool::scratch().join("testprog");
        [("dev", "debug"), ("release", "release")].map(|(profile, dir)| {
            let mut build = tool::gobuild(&source);
            build.args(["build", "--locked", "--profile", profile]);
            _ = run(build.env("CARGO_TARGET_DIR", &target), BUILD).ok();
            let exe = target.join(dir).join("testprog");
            toolchain::prove(&exe, "testprog");
            exe
        })
    })
}

/// Runs a program by its name and arguments, with these variables added to a clean environment.
pub fn start(exe: &Path, line: &str, env: &[(&str, &str)], limit: Duration) -> Outcome {
    let mut command = Command::new(exe);
    tool::clean(&mut command);
    command
        .args(line.split_whitespace())
        .envs(env.iter().copied());
    run(&mut command, limit)
}
