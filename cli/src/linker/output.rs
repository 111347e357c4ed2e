//! The output of a link, temporary until it is proven: a directory beside the real output, in which the linker writes.
//!
//! A directory and not a file, because linkers make temporary files of their own beside their output. Dropping it removes all.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use gobuild_codegen::elf::{self, ElfError, Lookups, VerifyError};
use object::ReadCache;
use tempfile::TempDir;

use super::error::LinkError;
use crate::files;
use crate::runtime_object;

/// In the name of every temporary directory.
const INFIX: &str = ".gobuild-";

/// A temporary output.
#[derive(Debug)]
pub struct Output {
    dir: TempDir,
    path: PathBuf,
    real: PathBuf,
}

impl Output {
    /// A temporary place for `real`. What a killed driver left behind is removed: cargo's lock on the directory sees to it that
    /// nobody else is linking this output now.
    ///
    /// # Errors
    /// When the directory cannot be made.
    pub fn beside(real: &Path) -> Result<Self, LinkError> {
        let name = real.file_name().unwrap_or_default();
        let parent = real
            .parent()
            .filter(|dir| !dir.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        let prefix = format!(".{}{INFIX}", name.to_string_lossy());
        remove_leftovers(parent, &prefix);
        let dir = files::temporary_dir(parent, &prefix).map_err(|source| LinkError::Write {
            path: parent.into(),
            source,
        })?;
        Ok(Self {
            path: dir.path().join(name),
            dir,
            real: real.into(),
        })
    }

    /// Where to link to.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A directory for temporary files.
    #[must_use]
    pub fn scratch(&self) -> &Path {
        self.dir.path()
    }

    /// Patches and checks what was linked.
    ///
    /// # Errors
    /// When it is not what was promised.
    pub fn finish(&self) -> Result<(), LinkError> {
        let read = |source| LinkError::Read {
            path: self.path.clone(),
            source,
        };
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&self.path)
            .map_err(read)?;
        let patch_error = |source: ElfError| LinkError::Patch {
            path: self.real.clone(),
            source,
        };
        for patch in elf::patches(&ReadCache::new(&file))
            .map_err(|error| self.explained(&file, error, patch_error))?
        {
            file.write_all_at(&patch.bytes, patch.offset)
                .map_err(|source| LinkError::Write {
                    path: self.path.clone(),
                    source,
                })?;
        }
        elf::verify(&ReadCache::new(&file)).map_err(|source| LinkError::Verify {
            path: self.real.clone(),
            source,
        })
    }

    /// The first of these functions whose wrap in it is not the runtime's.
    ///
    /// # Errors
    /// When its symbols cannot be read.
    pub fn foreign_wrap(
        &self,
        functions: &[&'static str],
    ) -> Result<Option<&'static str>, LinkError> {
        let file = File::open(&self.path).map_err(|source| LinkError::Read {
            path: self.path.clone(),
            source,
        })?;
        elf::foreign_wrap(&ReadCache::new(file), runtime_object::bytes(), functions).map_err(
            |source| LinkError::Verify {
                path: self.real.clone(),
                source: source.into(),
            },
        )
    }

    /// The lookups of names in it. A program whose symbols cannot be read has none to tell of.
    #[must_use]
    pub fn lookups(&self) -> Lookups {
        let file = File::open(&self.path);
        file.ok()
            .and_then(|file| elf::lookups(&ReadCache::new(file)).ok())
            .unwrap_or_default()
    }

    /// A file of the wrong kind is better explained by what is wrong with its kind.
    fn explained(
        &self,
        file: &File,
        error: ElfError,
        otherwise: impl Fn(ElfError) -> LinkError,
    ) -> LinkError {
        match elf::verify(&ReadCache::new(file)) {
            Err(
                source @ (VerifyError::Dynamic
                | VerifyError::PositionIndependent
                | VerifyError::Type(_)),
            ) => LinkError::Verify {
                path: self.real.clone(),
                source,
            },
            _ => otherwise(error),
        }
    }

    /// Puts the program in its place.
    ///
    /// # Errors
    /// When it cannot be renamed.
    pub fn persist(self) -> Result<(), LinkError> {
        std::fs::rename(&self.path, &self.real).map_err(|source| LinkError::Write {
            path: self.real.clone(),
            source,
        })
    }
}

fn remove_leftovers(parent: &Path, prefix: &str) {
    for entry in std::fs::read_dir(parent).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(prefix) {
            // Whoever cannot remove it cannot link either, and hears of it then.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let entries = fs::read_dir(dir).expect("lists").flatten();
        entries
            .map(|e| e.file_name().to_string_lossy().into_owned())
            .collect()
    }

    #[test]
    fn nothing_is_left_of_an_output_that_is_not_persisted() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let output = Output::beside(&dir.path().join("app")).expect("makes a directory");
        fs::write(output.path(), "half").expect("writes");
        fs::write(output.scratch().join("app.tmp123"), "half").expect("writes");
        drop(output);
        assert!(names(dir.path()).is_empty());
    }

    #[test]
    fn a_persisted_output_replaces_the_old_one() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let real = dir.path().join("app");
        fs::write(&real, "old").expect("writes");
        let output = Output::beside(&real).expect("makes a directory");
        fs::write(output.path(), "new").expect("writes");
        output.persist().expect("renames");
        assert_eq!(fs::read(&real).expect("reads"), b"new");
        assert_eq!(names(dir.path()), ["app"]);
    }

    #[test]
    fn leftovers_of_a_killed_driver_are_removed() {
        let dir = tempfile::tempdir().expect("temporary directory");
        fs::create_dir(dir.path().join(".app.gobuild-dead")).expect("creates");
        fs::create_dir(dir.path().join(".other.gobuild-live")).expect("creates");
        drop(Output::beside(&dir.path().join("app")).expect("makes a directory"));
        assert_eq!(names(dir.path()), [".other.gobuild-live"]);
    }

    #[test]
    fn a_file_that_is_no_program_is_refused() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let output = Output::beside(&dir.path().join("app")).expect("makes a directory");
        fs::write(output.path(), "#!/bin/sh\n").expect("writes");
        assert!(matches!(output.finish(), Err(LinkError::Patch { .. })));
    }
}
