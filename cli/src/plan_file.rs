//! What the subcommand hands to the linker driver and the wrapper, which cargo and rustc start: a file, its path in the environment.
//!
//! The file is named after its content and written whole, so that builds at the same time in one target directory do not disturb
//! each other. Two more variables travel beside it: the target that is being linked, and a hash of all settings, which cargo
//! watches because the wrapper writes it into rustc's dependency information.
//!
//! Compilation caches (sccache) take every variable whose name begins with `CARGO_` for an input of the compiler. So ours do not, and they are the same in
//! every build. Where a wrapper of the user's has cleared the environment they are read from a process above ([`ancestors`]).

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use gobuild_codegen::model::{Graph, Package, PackageId, RootTarget};
use serde::{Deserialize, Serialize};

use crate::ancestors;
use crate::config::Settings;
use crate::files;
use crate::fingerprint::Fingerprint;
use crate::linker::setup::LinkSetup;
use crate::metadata::Member;

/// The variable with the plan file's path.
pub const PLAN_VAR: &str = "GOBUILD_PLAN";
/// The variable with the target that is linked, as JSON.
pub const TARGET_VAR: &str = "GOBUILD_TARGET";
/// The variable with the hash of all settings.
pub const SETTINGS_VAR: &str = "GOBUILD_SETTINGS";
/// The variable with the hash of the values of stamps, for cargo to watch. They are not in [`SETTINGS_VAR`], which is in the names of files.
pub const STAMPS_VAR: &str = "GOBUILD_STAMPS";
/// Raised when the shape of the file changes.
const SCHEMA: u32 = 4;

/// What the subcommand knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanFile {
    /// The resolved packages.
    pub packages: PackageSource,
    /// The packages whose targets may be linked; empty when cargo chooses them.
    pub members: Vec<Member>,
    /// How programs are made, by the directory of their package's manifest.
    pub recipes: Vec<(PathBuf, Recipe)>,
    /// How all other programs are made.
    pub recipe: Recipe,
    /// Where generated files go; `None` = beside the directory of the output.
    pub emit_dir: Option<PathBuf>,
    /// Cargo profile; `None` = as the directory of the output says.
    pub profile: Option<String>,
    /// `rustc --version`
    pub rustc: String,
    /// `rustc --print cfg`
    pub cfg: Vec<String>,
    /// Flags of the user.
    pub flags: Vec<String>,
    /// Directories and what stands for them, when paths are trimmed.
    pub trim: Vec<(PathBuf, String)>,
    /// The user's own wrappers, which ours call.
    pub wrappers: Wrappers,
    /// Whether plain cargo calls the wrapper, too, which knows no settings of ours: then cargo watches where they come from.
    pub is_set_up: bool,
}

/// A plan for a build that plain cargo has started, and what rustc's environment needs so that its linker finds it.
#[derive(Debug)]
pub struct Handed {
    /// The plan.
    pub plan: PlanFile,
    /// Its file.
    pub path: PathBuf,
    /// A directory with this executable, when PATH has none.
    pub bin: Option<PathBuf>,
}

/// Where the resolved packages come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum PackageSource {
    /// They are known.
    Known(Packages),
    /// `cargo install` downloads the package itself, so the driver must ask.
    Ask {
        /// The cargo to ask.
        cargo: OsString,
        /// Whether the package's own lock file counts.
        locked: bool,
        /// Other arguments of `cargo metadata`.
        args: Vec<OsString>,
    },
}

/// Resolved packages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Packages {
    /// Directory of the root manifest.
    pub workspace_root: PathBuf,
    /// All of them.
    pub packages: BTreeMap<PackageId, Package>,
}

impl Packages {
    /// The graph of one target.
    #[must_use]
    pub fn graph(self, target: RootTarget) -> Graph {
        Graph {
            workspace_root: self.workspace_root,
            packages: self.packages,
            target,
        }
    }
}

/// How a program is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipe {
    /// The settings.
    pub settings: Settings,
    /// Who links.
    pub link: LinkSetup,
    /// A hash of the tool and of everything above that changes the output. No path is in it.
    pub marker: String,
}

impl Recipe {
    /// Computes the marker. `tool` is a hash of this tool.
    #[must_use]
    pub fn new(settings: Settings, link: LinkSetup, tool: &str, trim: bool) -> Self {
        let mut hash = Fingerprint::new();
        hash.add(tool);
        hash.add(settings.std.as_str());
        hash.add(settings.malloc.as_str());
        hash.add(settings.stack_size.to_string());
        hash.add(settings.goamd64.as_str());
        hash.add(settings.buildvcs.as_str());
        hash.add(&link.name);
        hash.add(if trim { "trim" } else { "" });
        Self {
            settings,
            link,
            marker: hash.finish(),
        }
    }
}

/// The user's own wrappers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wrappers {
    /// `RUSTC_WRAPPER`
    pub rustc: Option<PathBuf>,
    /// `RUSTC_WORKSPACE_WRAPPER`
    pub workspace: Option<PathBuf>,
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanFileError {
    /// The variable is not set: rustc was not started through the subcommand.
    #[error("the environment variable {0} is not set")]
    Missing(&'static str),
    /// The file cannot be read.
    #[error("cannot read the plan file {path}", path = path.display())]
    Read {
        /// Its path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not what this version writes.
    #[error("the plan file {path} was not written by this version of cargo-gobuild", path = path.display())]
    Shape {
        /// Its path.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The file cannot be written.
    #[error("cannot write the plan file {path}", path = path.display())]
    Write {
        /// Its path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The plan cannot become JSON: a path that is not UTF-8.
    #[error("a path of this build is not UTF-8, which the plan file cannot hold")]
    Encode(#[source] serde_json::Error),
    /// The target variable does not hold a target.
    #[error("the environment variable {TARGET_VAR} does not describe a target")]
    Target(#[source] serde_json::Error),
}

impl PlanFileError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Missing(_) => Some(
                "cargo-gobuild links only what `cargo gobuild` builds; use that instead of calling rustc or cargo rustc",
            ),
            Self::Read { .. } | Self::Shape { .. } | Self::Target(_) => {
                Some("start the build through `cargo gobuild` again")
            }
            Self::Write { .. } => Some(
                "check the permissions and the free space of the target directory, or choose another with --target-dir",
            ),
            Self::Encode(_) => {
                Some("move the project, the target directory or the linker to a path in UTF-8")
            }
        }
    }
}

impl PlanFile {
    /// Writes the plan into `dir` and gives its path.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, dir: &Path) -> Result<PathBuf, PlanFileError> {
        let (path, text) = self.encoded(dir)?;
        match files::write_if_changed(&path, &text) {
            Ok(()) => Ok(path),
            Err(source) => Err(PlanFileError::Write { path, source }),
        }
    }

    /// The path that [`write`](Self::write) would give.
    ///
    /// # Errors
    /// When a path in the plan is not UTF-8.
    pub fn path(&self, dir: &Path) -> Result<PathBuf, PlanFileError> {
        Ok(self.encoded(dir)?.0)
    }

    fn encoded(&self, dir: &Path) -> Result<(PathBuf, Vec<u8>), PlanFileError> {
        let text = serde_json::to_vec(&(SCHEMA, self)).map_err(PlanFileError::Encode)?;
        let mut hash = Fingerprint::new();
        hash.add_bytes(&text);
        Ok((dir.join(format!("plan-{}.json", hash.finish())), text))
    }

    /// Reads the plan that the environment, or that of a process above, names.
    ///
    /// # Errors
    /// When there is none, or it is not ours.
    pub fn from_env() -> Result<Self, PlanFileError> {
        let path = ancestors::var(PLAN_VAR)
            .map(PathBuf::from)
            .ok_or(PlanFileError::Missing(PLAN_VAR))?;
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(source) => return Err(PlanFileError::Read { path, source }),
        };
        match serde_json::from_slice::<(u32, Self)>(&text) {
            Ok((SCHEMA, plan)) => Ok(plan),
            Ok((other, _)) => {
                let source =
                    serde::de::Error::custom(format!("schema {other} instead of {SCHEMA}"));
                Err(PlanFileError::Shape { path, source })
            }
            Err(source) => Err(PlanFileError::Shape { path, source }),
        }
    }

    /// How programs of the package in this directory are made.
    #[must_use]
    pub fn recipe_for(&self, manifest_dir: &Path) -> &Recipe {
        let own = self.recipes.iter().find(|(dir, _)| dir == manifest_dir);
        own.map_or(&self.recipe, |(_, recipe)| recipe)
    }

    /// The directory of a member's manifest.
    #[must_use]
    pub fn dir_of(&self, package: &PackageId) -> Option<&Path> {
        let member = self.members.iter().find(|member| member.id == *package);
        member?.manifest_path.parent()
    }

    /// A hash of the values of all stamps; empty if there are none.
    #[must_use]
    pub fn stamps_hash(&self) -> String {
        let recipes = self.recipes.iter().map(|(_, recipe)| recipe);
        let recipes = recipes.chain([&self.recipe]);
        let stamps: BTreeSet<_> = recipes.flat_map(|one| &one.settings.stamps).collect();
        if stamps.is_empty() {
            return String::new();
        }
        let mut hash = Fingerprint::new();
        for (name, set) in stamps {
            hash.add(name);
            hash.add(&set.value);
            hash.add(set.must.to_string());
        }
        hash.finish()
    }

    /// A hash of all markers: changes when anything that changes an output changes.
    #[must_use]
    pub fn settings_hash(&self) -> String {
        let mut hash = Fingerprint::new();
        hash.add(&self.recipe.marker);
        for (_, recipe) in &self.recipes {
            hash.add(&recipe.marker);
        }
        hash.finish()
    }
}

/// The target that the environment, or that of a process above, names.
///
/// # Errors
/// When it names none.
pub fn target_from_env() -> Result<RootTarget, PlanFileError> {
    let text = ancestors::var(TARGET_VAR).ok_or(PlanFileError::Missing(TARGET_VAR))?;
    serde_json::from_slice(text.as_bytes()).map_err(PlanFileError::Target)
}

/// The value for [`TARGET_VAR`].
///
/// # Errors
/// When a path is not UTF-8.
pub fn target_to_env(target: &RootTarget) -> Result<String, PlanFileError> {
    serde_json::to_string(target).map_err(PlanFileError::Encode)
}
