//! Builds the test programs of a suite, by cargo or by the tool. Both build in the same directory: what a suite depends on is compiled once.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::place;
use super::table::Suite;
use crate::files::output;

/// A test program.
pub struct Program {
    /// As cargo calls it: `src/lib.rs`, `tests/mutex.rs`.
    pub name: String,
    pub path: PathBuf,
}

/// Builds them, with these arguments for `cargo test`; with the tool, std's threads are goroutines.
pub fn programs(
    suite: &Suite,
    args: &[&str],
    dir: &Path,
    tool: Option<&Path>,
) -> Result<Vec<Program>, String> {
    let mut command = match tool {
        None => Command::new("cargo"),
        Some(tool) => {
            let mut command = Command::new(tool);
            command.arg("gobuild");
            command
        }
    };
    command
        .arg("test")
        .arg("--no-run")
        .args(args)
        .current_dir(dir)
        .env("CARGO_GOBUILD_STD", "goroutines")
        .env("CARGO_TARGET_DIR", place().join("build"))
        // Hundreds of programs are linked.
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("CARGO_TERM_COLOR", "never")
        .envs(suite.env.iter().copied());
    let Output { status, stderr, .. } = command
        .output()
        .map_err(|error| format!("{command:?}: {error}"))?;
    let said = String::from_utf8_lossy(&stderr);
    if !status.success() {
        return Err(format!("{command:?}: {status}\n{said}"));
    }
    let programs: Vec<Program> = said.lines().filter_map(|line| program(line, dir)).collect();
    if programs.is_empty() {
        return Err(format!("{command:?} names no programs:\n{said}"));
    }
    if let Some(tool) = tool {
        on_goroutines(tool, &programs[0])?;
    }
    Ok(programs)
}

/// The tool's programs must be what we take them for.
fn on_goroutines(tool: &Path, program: &Program) -> Result<(), String> {
    let mut inspect = Command::new(tool);
    inspect.args(["gobuild", "inspect"]).arg(&program.path);
    let said = output(&mut inspect)?;
    let words = |line: &str| line.split_whitespace().eq(["threads", "goroutines"]);
    if said.lines().any(words) {
        return Ok(());
    }
    Err(format!(
        "{}: std's threads are no goroutines:\n{said}",
        program.path.display()
    ))
}

/// A line `Executable unittests src/lib.rs (target/debug/deps/…)`.
fn program(line: &str, dir: &Path) -> Option<Program> {
    let (name, path) = line
        .trim_start()
        .strip_prefix("Executable ")?
        .strip_suffix(')')?
        .rsplit_once(" (")?;
    // Those of std are named by their whole path.
    let name = name.rsplit("/library/std/").next().unwrap_or(name);
    let name = name.strip_prefix("unittests ").unwrap_or(name);
    Some(Program {
        name: name.to_owned(),
        path: dir.join(path),
    })
}
