//! The tool that is measured: `cargo-gobuild` of this checkout, optimised.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use crate::error::BenchError;
use crate::{checkout, child};

/// `cargo gobuild`, as cargo would start it.
#[derive(Clone, Debug)]
pub struct Tool {
    path: PathBuf,
}

impl Tool {
    /// Builds it; nothing to do if it is up to date. `GOBUILD_BIN` names one that is built already, as for the tests: an unoptimised one makes the same programs.
    ///
    /// # Errors
    /// When cargo fails.
    pub fn build() -> Result<Self, BenchError> {
        if let Some(path) = env::var_os("GOBUILD_BIN").map(PathBuf::from) {
            return Ok(Self { path });
        }
        let target = checkout::target();
        let mut cargo = checkout::cargo();
        cargo.current_dir(checkout::root());
        cargo.args(["build", "--quiet", "--release", "-p", "cargo-gobuild"]);
        child::output(cargo.arg("--target-dir").arg(&target))?;
        Ok(Self {
            path: target.join("release/cargo-gobuild"),
        })
    }

    /// `cargo gobuild`, started the way a user does: cargo looks it up in PATH.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = checkout::cargo();
        let dir = self.path.parent().map(PathBuf::from);
        let rest = env::var_os("PATH").unwrap_or_default();
        let path = env::join_paths(dir.into_iter().chain(env::split_paths(&rest)));
        command.env("PATH", path.unwrap_or(rest)).arg("gobuild");
        command
    }

    /// The same without cargo in front of it.
    #[must_use]
    pub fn direct(&self) -> Command {
        let mut command = Command::new(&self.path);
        checkout::clean(&mut command);
        command.arg("gobuild");
        command
    }
}
