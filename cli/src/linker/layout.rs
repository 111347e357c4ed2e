//! Where the generated files of a program lie. Pure: names only, shared by the driver that writes them and the subcommand that shows
//! them.
//!
//! Below the emit directory (`<target-dir>/<profile>/gobuild`): the assembly sources and their objects, the runtime's sources and its object (objects are
//! named after their content), and a directory for each target with its tables and its last link line.

use std::path::{Path, PathBuf};

use gobuild_codegen::model::{RootTarget, TargetKind};

use super::assemble::{self, Job};
use crate::fingerprint::Fingerprint;
use crate::plan_file::Recipe;
use crate::runtime_object;

/// Where the generated files of a program lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The emit directory.
    pub dir: PathBuf,
    /// The target's own directory.
    pub own: PathBuf,
    /// The templates.
    pub jobs: Vec<Job>,
    /// The runtime object.
    pub runtime: PathBuf,
    /// Where the object says that its sources are.
    pub sources: PathBuf,
}

impl Layout {
    /// The layout for a target of `package`.
    #[must_use]
    pub fn new(
        dir: &Path,
        package: &str,
        target: &RootTarget,
        recipe: &Recipe,
        trim: bool,
    ) -> Self {
        let mut hash = Fingerprint::new();
        hash.add_bytes(runtime_object::bytes());
        let sources = if trim {
            Path::new(assemble::TRIMMED)
        } else {
            dir
        };
        if trim {
            hash.add(sources);
        }
        Self {
            dir: dir.into(),
            own: dir
                .join(package)
                .join(format!("{}-{}", kind_name(target.kind), target.name)),
            jobs: assemble::jobs(&recipe.link.compiler, recipe.settings.goamd64, dir, trim),
            runtime: dir.join(format!("runtime-{}.o", hash.finish())),
            sources: sources.into(),
        }
    }

    /// One of the target's own files.
    #[must_use]
    pub fn own(&self, name: &str) -> PathBuf {
        self.own.join(name)
    }

    /// The file with the target's last link line.
    #[must_use]
    pub fn link_args(&self) -> PathBuf {
        self.own("link-args")
    }

    /// The file with the stamps of the target's last program.
    #[must_use]
    pub fn stamps(&self) -> PathBuf {
        self.own("stamps")
    }

    /// The file with the paths of the target's last program and, a line each, of the libraries of crates that it was linked from.
    #[must_use]
    pub fn linked(&self) -> PathBuf {
        self.own("linked")
    }

    /// All objects that come before the user's, in order, with their plain names. `own` are the names of the target's own objects.
    #[must_use]
    pub fn objects(&self, own: &[&str]) -> Vec<(String, PathBuf)> {
        let templates = self
            .jobs
            .iter()
            .map(|job| (job.object_name(), job.object.clone()));
        let own = own.iter().map(|name| ((*name).to_owned(), self.own(name)));
        templates
            .chain(own)
            .chain([("runtime.o".to_owned(), self.runtime.clone())])
            .collect()
    }
}

/// The kind of a target as messages and file names have it.
#[must_use]
pub fn kind_name(kind: TargetKind) -> &'static str {
    match kind {
        TargetKind::Bin => "bin",
        TargetKind::Example => "example",
        TargetKind::Test => "test",
        TargetKind::Bench => "bench",
        TargetKind::LibTest => "lib-test",
        TargetKind::BinTest => "bin-test",
        TargetKind::ExampleTest => "example-test",
    }
}
