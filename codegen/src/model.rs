//! The data that every stage of the tool shares: the crate graph that goes in, the plan that comes out.
//!
//! Plain data, no behaviour beyond printing. The subcommand fills a [`Graph`] from `cargo metadata`; [`crate::graph`] reduces it,
//! [`crate::plan`] makes a [`Plan`] of it, and `emit` and `report` only read that plan.
//!
//! Invariants of a [`Plan`]: tasks are in the order in which they run, dependencies first, `main` last; no task is empty; a
//! task's functions are in the order in which they run, variables before init functions; task names are unique.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::diagnostic::Diagnostic;

/// Cargo's opaque package id. Only equality and order mean anything.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PackageId(pub String);

/// Which table of the manifest a dependency comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum EdgeKind {
    /// `[dependencies]`
    Normal,
    /// `[dev-dependencies]`
    Dev,
    /// `[build-dependencies]`
    Build,
}

/// One resolved dependency of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dependency {
    /// The package it resolves to.
    pub id: PackageId,
    /// The name the depending code uses for the crate: `foo_bar`, or what a rename made of it.
    pub extern_name: String,
    /// The table it comes from. A package that stands in two tables is two dependencies.
    pub kind: EdgeKind,
    /// The enabled feature that brings it in, if it is optional.
    pub feature: Option<String>,
}

/// The library target of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LibTarget {
    /// The crate name: an identifier.
    pub crate_name: String,
    /// Absolute path of the crate root.
    pub src_path: PathBuf,
    /// `2015`, `2018`, `2021`, `2024`.
    pub edition: String,
    /// A proc macro runs inside the compiler, never in the program.
    pub proc_macro: bool,
}

/// One package of the resolved graph.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// Cargo's id of it.
    pub id: PackageId,
    /// Name in the manifest.
    pub name: String,
    /// Version in the manifest.
    pub version: String,
    /// Where it comes from (`registry+…`, `git+…`); `None` for a path.
    pub source: Option<String>,
    /// Absolute path of the directory with the manifest.
    pub manifest_dir: PathBuf,
    /// The library, if the package has one.
    pub lib: Option<LibTarget>,
    /// Enabled features.
    pub features: Vec<String>,
    /// Resolved dependencies.
    pub deps: Vec<Dependency>,
}

/// What kind of target is being built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TargetKind {
    /// `src/main.rs`, `src/bin/*`
    Bin,
    /// `examples/*`
    Example,
    /// `tests/*`
    Test,
    /// `benches/*`
    Bench,
    /// The unit tests of the package's library: the library itself, compiled with `--test`.
    LibTest,
    /// The unit tests of a binary: the binary, compiled with `--test`.
    BinTest,
    /// The unit tests of an example: the example, compiled with `--test`.
    ExampleTest,
}

impl TargetKind {
    /// Whether `cfg(test)` holds in the target itself.
    #[must_use]
    pub fn has_cfg_test(self) -> bool {
        !matches!(self, Self::Bin | Self::Example)
    }

    /// Whether the target is a product, which names the revision of its source in its build information.
    #[must_use]
    pub fn names_revision(self) -> bool {
        matches!(self, Self::Bin | Self::Example)
    }

    /// Whether the target sees the package's dev-dependencies.
    #[must_use]
    pub fn sees_dev_dependencies(self) -> bool {
        !matches!(self, Self::Bin)
    }

    /// Whether the target is made of what it names: cargo gives each file of `tests/` and `benches/` the package's library and all
    /// dependencies, whether it uses them or not. One that only starts the package's programs uses none.
    #[must_use]
    pub fn chooses_dependencies(self) -> bool {
        matches!(self, Self::Test | Self::Bench)
    }
}

/// The one target that becomes a binary: the package `main` of the program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootTarget {
    /// The package it belongs to.
    pub package: PackageId,
    /// Its kind.
    pub kind: TargetKind,
    /// Its name in the manifest.
    pub name: String,
    /// Its crate name: an identifier.
    pub crate_name: String,
    /// Absolute path of its root file.
    pub src_path: PathBuf,
    /// `2015`, `2018`, `2021`, `2024`.
    pub edition: String,
}

/// The resolved crate graph and the target that is built of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Graph {
    /// Absolute path of the workspace root: rustc prints paths of workspace members relative to it.
    pub workspace_root: PathBuf,
    /// All packages, unrelated ones included.
    pub packages: BTreeMap<PackageId, Package>,
    /// What is built.
    pub target: RootTarget,
}

/// What a function of an inittask does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InitKind {
    /// Runs a function marked `#[rtlib::init]`.
    Init,
    /// Runs the initialiser of a static marked `#[rtlib::var]`.
    Var,
}

impl fmt::Display for InitKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Init => "init",
            Self::Var => "var",
        })
    }
}

/// A place in a source file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Location {
    /// The file as rustc prints it: relative to the workspace root for path packages below it, else absolute.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// In characters, from 1.
    pub column: u32,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// Everything that runs before `main`, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// One per package that has something to run.
    pub tasks: Vec<Task>,
    /// What the user should know although the plan stands.
    pub warnings: Vec<Diagnostic>,
}

/// One package's inittask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// The package as traces print it: `main`, a Cargo package's name, or `name@version` where the name alone is ambiguous.
    pub package: String,
    /// Version of the Cargo package.
    pub version: String,
    /// What it runs, in order; never empty.
    pub fns: Vec<TaskFn>,
    /// Why the task stands where it stands.
    pub reason: TaskReason,
}

/// One function of an inittask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskFn {
    /// Init function or variable.
    pub kind: InitKind,
    /// Full Rust path, the crate's name first: `config::sub::load`.
    pub name: String,
    /// Where its name stands.
    pub location: Location,
    /// The exported symbol of the generated `extern "C" fn()`; empty in a plan made without objects.
    pub symbol: String,
    /// Why it stands where it stands.
    pub reason: FnReason,
}

/// Why a task stands where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskReason {
    /// A library package: it ran as soon as its dependencies had, before the others that were ready then.
    Package {
        /// The nearest packages with inits that it depends on, directly or through packages without inits.
        after: Vec<String>,
        /// Packages with inits that were ready at the same time and come later by name.
        before_by_name: Vec<String>,
    },
    /// The binary: always last.
    Main,
}

/// Why a function stands where it stands in its task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FnReason {
    /// A variable: as early as the file order and the variables it refers to allow.
    Var {
        /// The variables its initialiser refers to.
        refers_to: Vec<Reference>,
    },
    /// An init function: after all variables, by file and position.
    Init,
    /// An init function whose source the scan does not see; its position comes from the object.
    InitBehindMacro,
    /// In source under a `cfg` whose truth only a build can tell.
    Conditional {
        /// The condition, as written.
        cfg: String,
        /// Why it stands there if it is compiled in.
        otherwise: Box<FnReason>,
    },
}

/// That a variable's initialiser refers to another variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Full Rust path of the variable referred to.
    pub name: String,
    /// The functions, constants and statics between the two, in order; empty when it is mentioned directly.
    pub via: Vec<String>,
}

impl fmt::Display for TaskReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Main => f.write_str("the program itself: after all packages"),
            Self::Package {
                after,
                before_by_name,
            } => {
                match after.as_slice() {
                    [] => f.write_str("depends on no package with inits")?,
                    after => write!(f, "depends on {}", after.join(", "))?,
                }
                match before_by_name.as_slice() {
                    [] => Ok(()),
                    later => write!(f, "; by name before {}", later.join(", ")),
                }
            }
        }
    }
}

impl fmt::Display for FnReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Var { refers_to } if refers_to.is_empty() => {
                f.write_str("variable: refers to no other, by file and position")
            }
            Self::Var { refers_to } => {
                f.write_str("variable: refers to ")?;
                for (i, reference) in refers_to.iter().enumerate() {
                    let comma = if i == 0 { "" } else { ", " };
                    write!(f, "{comma}{reference}")?;
                }
                Ok(())
            }
            Self::Init => f.write_str("init function: after the variables, by file and position"),
            Self::InitBehindMacro => f.write_str(
                "init function made by a macro: after the variables, by the object's file and line",
            ),
            Self::Conditional { cfg, otherwise } => write!(f, "{otherwise}; only if {cfg}"),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        match self.via.as_slice() {
            [] => Ok(()),
            via => write!(f, " (through {})", via.join(", ")),
        }
    }
}
