//! Looking at what builds leave on the disk.

use std::fs;
use std::path::{Path, PathBuf};

/// Everything below a directory, directories too; nothing when it is not there.
#[must_use]
pub fn below(dir: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        all.push(entry.path());
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            all.extend(below(&entry.path()));
        }
    }
    all
}
