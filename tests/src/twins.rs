//! One program built twice: by plain cargo and by the tool. Both share one target directory, so that dependencies are compiled once.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{BUILD, Outcome, run};
use crate::tool;

/// The two executables of one program.
#[derive(Clone, Debug)]
pub struct Twins {
    /// Built by cargo.
    pub plain: PathBuf,
    /// Built by `cargo gobuild`.
    pub gobuild: PathBuf,
}

/// What the twins did with the same arguments, environment and input.
#[derive(Clone, Debug)]
pub struct Both {
    /// The one that cargo built.
    pub plain: Outcome,
    /// The one that the tool built.
    pub gobuild: Outcome,
}

impl Twins {
    /// Builds the executables `names` of the package in `source` with both; `args` are cargo's. They are copied out of `target` into `target/plain` and
    /// `target/gobuild`, since both builds put them in the same place.
    ///
    /// # Panics
    /// If a build fails.
    #[must_use]
    #[track_caller]
    pub fn build(
        source: &Path,
        target: &Path,
        profile: &str,
        names: &[&str],
        args: &[&str],
    ) -> Vec<Self> {
        let dir = if profile == "dev" { "debug" } else { profile };
        let args = [&["build", "--profile", profile], args].concat();
        let built = |mut command: Command, kind: &str| -> Vec<PathBuf> {
            command.args(&args).env("CARGO_TARGET_DIR", target);
            _ = run(&mut command, BUILD).ok();
            let to = target.join(kind).join(dir);
            fs::create_dir_all(&to).expect("create directory");
            let copy = |name: &&str| {
                fs::copy(target.join(dir).join(name), to.join(name)).expect("copy executable");
                to.join(name)
            };
            names.iter().map(copy).collect()
        };
        let plain = built(tool::cargo(source), "plain");
        let gobuild = built(tool::gobuild(source), "gobuild");
        let pairs = plain.into_iter().zip(gobuild);
        pairs
            .map(|(plain, gobuild)| Self { plain, gobuild })
            .collect()
    }

    /// Runs both; `arrange` gets a command for each.
    #[must_use]
    #[track_caller]
    pub fn run(&self, arrange: impl Fn(&mut Command) -> Outcome) -> Both {
        let go = |exe: &Path| {
            let mut command = Command::new(exe);
            tool::clean(&mut command);
            arrange(&mut command)
        };
        Both {
            plain: go(&self.plain),
            gobuild: go(&self.gobuild),
        }
    }
}

impl Both {
    /// Itself, if standard output, standard error and the exit code are the same.
    ///
    /// # Panics
    /// If not, with both reports.
    #[track_caller]
    pub fn same(self) -> Self {
        self.same_after(|text| text)
    }

    /// The same, after `normalise` has been applied to both outputs.
    ///
    /// # Panics
    /// If they differ, with both reports.
    #[track_caller]
    pub fn same_after(self, normalise: impl Fn(String) -> String) -> Self {
        let seen = |outcome: &Outcome| {
            (
                normalise(outcome.out()),
                normalise(outcome.err()),
                outcome.code(),
            )
        };
        assert!(
            seen(&self.plain) == seen(&self.gobuild),
            "they differ\n=== plain: {}\n=== gobuild: {}",
            self.plain.report(),
            self.gobuild.report()
        );
        self
    }
}
