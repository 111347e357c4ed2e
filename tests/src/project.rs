//! Projects in temporary directories, built with the tool under test.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{BUILD, Outcome, run};
use crate::{rtlib, tool};

/// Sources in a temporary directory, which goes away with this.
///
/// Projects share one target directory per `family`; give projects that must not meet different families. The directory of one that depends on `rtlib` begins with that compiled: see [`rtlib`].
pub struct Project {
    dir: tempfile::TempDir,
    target: PathBuf,
}

impl Project {
    /// A directory with nothing but our own Cargo.lock: what is built there uses versions that are here already, whatever was published meanwhile.
    ///
    /// # Panics
    /// If it cannot be made.
    #[must_use]
    pub fn new(family: &str) -> Self {
        let dir = tempfile::Builder::new()
            .prefix("gobuild-")
            .tempdir()
            .expect("temporary directory");
        fs::copy(
            tool::root().join("Cargo.lock"),
            dir.path().join("Cargo.lock"),
        )
        .expect("copy Cargo.lock");
        Self {
            dir,
            target: tool::scratch().join(family),
        }
    }

    /// The same with a target directory of its own inside.
    ///
    /// # Panics
    /// If it cannot be made.
    #[must_use]
    pub fn alone() -> Self {
        let mut project = Self::new("unused");
        project.target = project.dir.path().join("target");
        project
    }

    /// A package `name` with this `src/main.rs`. `dependencies` are lines of its Cargo.toml; `{rtlib}` is replaced by the path of `rtlib`.
    #[must_use]
    pub fn bin(family: &str, name: &str, dependencies: &str, main: &str) -> Self {
        let project = Self::new(family);
        project.package("", name, dependencies);
        project.file("src/main.rs", main);
        project
    }

    /// Adds a package's Cargo.toml in `dir` (relative, empty for the root).
    pub fn package(&self, dir: &str, name: &str, dependencies: &str) {
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\n{dependencies}\n{}",
            if dir.is_empty() {
                "\n[workspace]\n"
            } else {
                ""
            }
        );
        self.file(
            &Path::new(dir).join("Cargo.toml").display().to_string(),
            &manifest,
        );
    }

    /// Writes a file; `{rtlib}` is replaced by the path of `rtlib`.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn file(&self, path: &str, text: &str) {
        if text.contains("{rtlib}") {
            rtlib::compiled_into(&self.target);
        }
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().expect("a file has a directory"))
            .expect("create directory");
        fs::write(
            path,
            text.replace("{rtlib}", &tool::root().join("rtlib").display().to_string()),
        )
        .expect("write file");
    }

    /// Its directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Its target directory.
    #[must_use]
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// `cargo gobuild`, in the project.
    #[must_use]
    pub fn gobuild(&self) -> Command {
        let mut command = tool::gobuild(self.path());
        command.env("CARGO_TARGET_DIR", &self.target);
        command
    }

    /// Plain cargo, in the project.
    #[must_use]
    pub fn cargo(&self) -> Command {
        let mut command = tool::cargo(self.path());
        command.env("CARGO_TARGET_DIR", &self.target);
        command
    }

    /// Builds with the tool and these arguments.
    #[track_caller]
    pub fn build(&self, args: &[&str]) -> Outcome {
        run(self.gobuild().arg("build").args(args), BUILD)
    }

    /// A built executable.
    #[must_use]
    pub fn exe(&self, profile: &str, name: &str) -> PathBuf {
        self.target.join(profile).join(name)
    }

    /// A command for a built executable, in a clean environment.
    #[must_use]
    pub fn program(&self, profile: &str, name: &str) -> Command {
        let mut command = Command::new(self.exe(profile, name));
        tool::clean(&mut command);
        command.current_dir(self.path());
        command
    }
}
