//! The templates, rendered and assembled: real files, so that gdb shows them, kept between builds under a hash of all that they
//! are made of.
//!
//! An object is used again only if it is the one that was written: its hash lies beside it. A compiler that claims success without
//! having written an object is found at once.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use gobuild_templates::{Config, GoAmd64, render};
use object::{Object, ObjectSymbol};

use super::error::LinkError;
use crate::files;
use crate::fingerprint::Fingerprint;

/// What stands for the directory of the sources when paths are trimmed.
pub(super) const TRIMMED: &str = "/gobuild";

/// One file to assemble.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// The source, absolute.
    pub source: PathBuf,
    /// Its text.
    pub text: String,
    /// The object, absolute.
    pub object: PathBuf,
    flags: Vec<OsString>,
    compiler: PathBuf,
}

/// What must be assembled for a program. Pure: nothing is written.
#[must_use]
pub fn jobs(compiler: &Path, goamd64: GoAmd64, dir: &Path, trim: bool) -> Vec<Job> {
    let mut flags: Vec<OsString> = vec!["-c".into(), "-g".into()];
    if trim {
        flags.push(format!("-fdebug-prefix-map={}={TRIMMED}", dir.display()).into());
    }
    let job = |source: gobuild_templates::Source| {
        let mut hash = Fingerprint::new();
        hash.add(&source.text);
        hash.add(compiler);
        hash.add(dir);
        flags.iter().for_each(|flag| hash.add(flag));
        let stem = source.name.trim_end_matches(".s");
        Job {
            source: dir.join(source.name),
            object: dir.join(format!("{stem}-{}.o", hash.finish())),
            text: source.text,
            flags: flags.clone(),
            compiler: compiler.to_path_buf(),
        }
    };
    render(&Config { goamd64 }).into_iter().map(job).collect()
}

impl Job {
    /// The object's name without its hash.
    #[must_use]
    pub fn object_name(&self) -> String {
        self.source
            .with_extension("o")
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    }

    /// The command, writing to `object`.
    #[must_use]
    pub fn command_line(&self, object: &Path) -> Vec<OsString> {
        let mut line = vec![self.compiler.clone().into_os_string()];
        line.extend(self.flags.iter().cloned());
        line.extend([self.source.clone().into(), "-o".into(), object.into()]);
        line
    }

    /// Assembles, unless it was done before. `tell` gets the command.
    ///
    /// # Errors
    /// When a file cannot be written or the compiler fails.
    pub fn run(&self, dir: &Path, tell: impl Fn(&[OsString])) -> Result<(), LinkError> {
        let write = |path: &Path, source: io::Error| LinkError::Write {
            path: path.into(),
            source,
        };
        files::write_if_changed(&self.source, self.text.as_bytes())
            .map_err(|error| write(&self.source, error))?;
        if self.is_done() {
            return Ok(());
        }
        let temporary =
            files::temporary_file(dir, ".o").map_err(|error| write(&self.object, error))?;
        let line = self.command_line(temporary.path());
        tell(&line);
        let (program, args) = line
            .split_first()
            .expect("a command line begins with its program");
        let output = Command::new(program).args(args).current_dir(dir).output();
        self.check(output)?;
        // The compiler may have put another file into the place of the one that we opened.
        let made = std::fs::read(temporary.path()).unwrap_or_default();
        if !self.is_assembled(&made) {
            return Err(LinkError::NoObject {
                source_file: self.source.clone(),
                compiler: self.compiler.clone(),
            });
        }
        temporary
            .persist(&self.object)
            .map_err(|error| write(&self.object, error.error))?;
        let sum = self.sum_path();
        files::write_whole(&sum, sum_of(&made).as_bytes()).map_err(|error| write(&sum, error))
    }

    /// Whether the object of an earlier build is there, whole.
    fn is_done(&self) -> bool {
        let sum = std::fs::read(self.sum_path());
        let object = std::fs::read(&self.object);
        matches!((sum, object), (Ok(sum), Ok(object)) if sum == sum_of(&object).as_bytes())
    }

    /// The file with the object's hash.
    fn sum_path(&self) -> PathBuf {
        self.object.with_extension("sum")
    }

    /// Whether this is an object with all global symbols of the source.
    fn is_assembled(&self, content: &[u8]) -> bool {
        let Ok(file) = object::File::parse(content) else {
            return false;
        };
        let globals = self
            .text
            .lines()
            .filter_map(|line| line.trim().strip_prefix(".globl"))
            .map(str::trim);
        let mut missing = globals.filter(|name| {
            !file
                .symbols()
                .any(|symbol| symbol.is_definition() && symbol.name() == Ok(*name))
        });
        file.kind() == object::ObjectKind::Relocatable && missing.next().is_none()
    }

    fn check(&self, output: io::Result<Output>) -> Result<(), LinkError> {
        let output = output.map_err(|source| LinkError::Start {
            program: self.compiler.clone(),
            source,
        })?;
        if output.status.success() {
            return Ok(());
        }
        Err(LinkError::Assemble {
            source_file: self.source.clone(),
            compiler: self.compiler.clone(),
            status: output.status,
            said: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        })
    }
}

fn sum_of(content: &[u8]) -> String {
    let mut hash = Fingerprint::new();
    hash.add_bytes(content);
    hash.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_named_after_all_that_they_are_made_of() {
        let object = |compiler: &str, level, dir: &str, trim| {
            jobs(Path::new(compiler), level, Path::new(dir), trim)
                .remove(1)
                .object
        };
        let base = object("cc", GoAmd64::V1, "/d", false);
        assert_eq!(base, object("cc", GoAmd64::V1, "/d", false));
        let others = [
            object("clang", GoAmd64::V1, "/d", false),
            object("cc", GoAmd64::V2, "/d", false),
            object("cc", GoAmd64::V1, "/d", true),
        ];
        assert!(
            others.iter().all(|other| *other != base),
            "{base:?} {others:?}"
        );
    }

    #[test]
    fn trimming_maps_the_directory_away() {
        let line = |trim| {
            jobs(Path::new("cc"), GoAmd64::V1, Path::new("/d"), trim)[0]
                .command_line(Path::new("/d/x.o"))
        };
        assert_eq!(
            line(false),
            ["cc", "-c", "-g", "/d/rt0_linux_amd64.s", "-o", "/d/x.o"]
        );
        assert!(line(true).contains(&"-fdebug-prefix-map=/d=/gobuild".into()));
    }

    #[test]
    fn a_compiler_that_is_not_there_is_named_and_nothing_is_left() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let job = jobs(Path::new("/no/such/cc"), GoAmd64::V1, dir.path(), false).remove(0);
        let error = job.run(dir.path(), |_| ()).expect_err("cannot be started");
        assert!(
            matches!(&error, LinkError::Start { program, .. } if program == Path::new("/no/such/cc"))
        );
        let left: Vec<_> = std::fs::read_dir(dir.path())
            .expect("lists")
            .flatten()
            .map(|e| e.file_name())
            .collect();
        assert_eq!(left, ["rt0_linux_amd64.s"]);
    }
}
