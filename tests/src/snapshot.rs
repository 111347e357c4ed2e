//! Expected messages in files: `tests/snapshots/NAME.txt`. `GOBUILD_BLESS=1` (or `cargo xtask bless`) rewrites them.

use std::env;
use std::fs;
use std::path::PathBuf;

use crate::project::Project;
use crate::tool;

/// What cargo says about its own progress, which depends on what is compiled already.
const PROGRESS: [&str; 7] = [
    "Compiling",
    "Checking",
    "Finished",
    "Locking",
    "Updating",
    "Blocking",
    "Adding",
];

/// Compares `text` with the snapshot.
///
/// # Panics
/// If they differ, or the snapshot cannot be written.
#[track_caller]
pub fn check(name: &str, text: &str) {
    let path = path(name);
    if env::var_os("GOBUILD_BLESS").is_some() {
        fs::create_dir_all(path.parent().expect("a file has a directory"))
            .expect("create directory");
        fs::write(&path, text).expect("write snapshot");
        return;
    }
    let expect = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        expect == text,
        "{} differs (`cargo xtask bless` accepts it)\n=== expected\n{expect}\n=== found\n{text}",
        path.display()
    );
}

fn path(name: &str) -> PathBuf {
    tool::root()
        .join("tests/snapshots")
        .join(name)
        .with_extension("txt")
}

/// A message of a project without what differs from run to run: directories, and cargo's progress.
#[must_use]
pub fn normalise(text: &str, project: &Project) -> String {
    let mut text = text.to_owned();
    for (path, name) in [
        (project.path().canonicalize().ok(), "$DIR"),
        (Some(project.target().to_path_buf()), "$TARGET"),
        (Some(tool::root().to_path_buf()), "$ROOT"),
    ] {
        if let Some(path) = path {
            text = text.replace(&path.display().to_string(), name);
        }
    }
    let is_progress = |line: &&str| {
        let word = line.split_whitespace().next().unwrap_or_default();
        line.starts_with(' ') && PROGRESS.contains(&word)
    };
    let lines: Vec<&str> = text.lines().filter(|line| !is_progress(line)).collect();
    lines.join("\n") + "\n"
}
