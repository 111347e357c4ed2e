//! The programs in `examples`, built.

use std::path::PathBuf;
use std::process::Command;

use crate::process::{BUILD, run};
use crate::{rtlib, tool};

/// Where an example's sources are.
#[must_use]
pub fn example(name: &str) -> PathBuf {
    tool::root().join("examples").join(name)
}

/// A target directory that the tests keep. All examples share it.
fn target() -> PathBuf {
    rtlib::target("examples")
}

/// `cargo gobuild COMMAND` of an example.
#[must_use]
pub fn gobuild(name: &str, command: &[&str]) -> Command {
    let mut gobuild = tool::gobuild(&example(name));
    gobuild.args(command).env("CARGO_TARGET_DIR", target());
    gobuild
}

/// A command for an example's executable, built if need be.
///
/// # Panics
/// If it does not build.
#[must_use]
#[track_caller]
pub fn program(name: &str) -> Command {
    _ = run(&mut gobuild(name, &["build", "-q"]), BUILD).ok();
    let mut program = Command::new(target().join("debug").join(name));
    tool::clean(&mut program);
    program
}
