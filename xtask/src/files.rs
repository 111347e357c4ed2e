//! Files and commands for the chores that make and use packages. Errors are sentences for people.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::workspace::cargo;

/// The version that is being made.
pub fn version_of(package: &str) -> Result<String, String> {
    let id = output(&mut cargo(&["pkgid", "--quiet", "-p", package]))?;
    let version = id.trim().rsplit(['#', '@']).next();
    Ok(version.unwrap_or_default().to_owned())
}

/// Runs for each, and collects what is wrong.
pub fn each<T>(
    all: impl IntoIterator<Item = T>,
    run: impl Fn(T) -> Result<(), String>,
) -> Result<(), Vec<String>> {
    let wrong: Vec<String> = all.into_iter().filter_map(|one| run(one).err()).collect();
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

/// A command's standard output; an error when it fails.
pub fn output(command: &mut Command) -> Result<String, String> {
    let Output {
        status,
        stdout,
        stderr,
    } = command
        .output()
        .map_err(|error| format!("{command:?}: {error}"))?;
    if status.success() {
        return Ok(String::from_utf8_lossy(&stdout).into_owned());
    }
    Err(format!(
        "{command:?}: {status}\n{}",
        String::from_utf8_lossy(&stderr)
    ))
}

/// A file's text.
pub fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Writes a file, and the directories above it.
pub fn write(path: &Path, text: &str) -> Result<(), String> {
    let dir = path.parent().unwrap_or(path);
    fs::create_dir_all(dir)
        .and_then(|()| fs::write(path, text))
        .map_err(|error| format!("{}: {error}", path.display()))
}

/// Copies a tree of sources.
pub fn copy(from: &Path, to: &Path) -> Result<(), String> {
    _ = fs::remove_dir_all(to);
    let parent = to.parent().unwrap_or(to);
    fs::create_dir_all(parent).map_err(|error| format!("{}: {error}", parent.display()))?;
    output(Command::new("cp").arg("-R").arg(from).arg(to)).map(drop)
}
