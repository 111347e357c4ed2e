//! Writing files so that nobody ever sees half of one.
//!
//! Modes are what the umask leaves of 0666 and 0777, as with everything that cargo writes, so that a target directory can be shared.
//! They are given when a file is made, never changed afterwards: some file systems refuse that.

use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::{NamedTempFile, TempDir};

/// The tag that keeps backup programs out of a target directory, as cargo writes it.
const CACHEDIR_TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n\
    # This file is a cache directory tag created by cargo.\n\
    # For information about cache directory tags see https://bford.info/cachedir/\n";

/// Writes a whole file, creating its directory: to a temporary file beside it, then renamed over it.
///
/// # Errors
/// As for any write; the old file is then untouched and the temporary one gone.
pub fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    let dir = path
        .parent()
        .filter(|dir| !dir.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    fs::create_dir_all(dir)?;
    let mut file = temporary_file(dir, "")?;
    file.write_all(content)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// A temporary file in `dir` that may take the place of another.
///
/// # Errors
/// As for any new file.
pub fn temporary_file(dir: &Path, suffix: &str) -> io::Result<NamedTempFile> {
    tempfile::Builder::new()
        .suffix(suffix)
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(dir)
}

/// A temporary directory in `dir`, which whoever may write there may remove.
///
/// # Errors
/// As for any new directory.
pub fn temporary_dir(dir: &Path, prefix: &str) -> io::Result<TempDir> {
    tempfile::Builder::new()
        .prefix(prefix)
        .permissions(Permissions::from_mode(0o777))
        .tempdir_in(dir)
}

/// The same, unless the file has this content already.
///
/// # Errors
/// As [`write_whole`].
pub fn write_if_changed(path: &Path, content: &[u8]) -> io::Result<()> {
    match fs::read(path) {
        Ok(old) if old == content => Ok(()),
        _ => write_whole(path, content),
    }
}

/// Creates a target directory as cargo does, tag included: cargo only tags directories that it creates itself.
///
/// # Errors
/// As for any directory.
pub fn create_target_dir(dir: &Path) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(dir)?;
    write_whole(&dir.join("CACHEDIR.TAG"), CACHEDIR_TAG.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_replaced_whole_and_nothing_else_is_left() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let path = dir.path().join("a/b");
        write_whole(&path, b"one").expect("writes");
        write_if_changed(&path, b"two").expect("writes");
        assert_eq!(fs::read(&path).expect("reads"), b"two");
        assert_eq!(
            fs::read_dir(dir.path().join("a")).expect("lists").count(),
            1
        );
    }

    #[test]
    fn unchanged_content_is_not_written_again() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let path = dir.path().join("x");
        write_whole(&path, b"same").expect("writes");
        let inode = |path: &Path| {
            std::os::unix::fs::MetadataExt::ino(&fs::metadata(path).expect("is there"))
        };
        let before = inode(&path);
        write_if_changed(&path, b"same").expect("writes");
        assert_eq!(inode(&path), before);
    }

    #[test]
    fn a_write_that_fails_leaves_the_old_file() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let blocked = dir.path().join("file/below");
        fs::write(dir.path().join("file"), "old").expect("writes");
        assert!(write_whole(&blocked, b"new").is_err());
        assert_eq!(fs::read(dir.path().join("file")).expect("reads"), b"old");
    }

    #[test]
    fn a_new_target_directory_is_tagged() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let target = dir.path().join("target");
        create_target_dir(&target).expect("creates");
        assert!(
            fs::read_to_string(target.join("CACHEDIR.TAG"))
                .expect("reads")
                .starts_with("Signature: 8a477f")
        );
    }
}
