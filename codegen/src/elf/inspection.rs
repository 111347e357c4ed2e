//! What `inspect` finds, as plain data: the shape of `cargo gobuild inspect --format json`.
//!
//! Whoever changes the meaning of a field raises [`INSPECTION_SCHEMA`].

use std::fmt;

use serde::{Serialize, Serializer};

use crate::buildinfo::{BuildInfo, Mode};
use crate::model::InitKind;

/// The version of the JSON's shape.
pub const INSPECTION_SCHEMA: u32 = 1;

/// Everything that a program says about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Inspection {
    /// [`INSPECTION_SCHEMA`].
    pub schema: u32,
    /// Version of the tables in the program.
    pub abi_version: u32,
    /// What the program stands on.
    pub mode: Mode,
    /// Whether the patch step finished.
    pub patched: bool,
    /// Where the kernel enters it.
    pub entry: Location,
    /// `runtime.mainPC`.
    pub main_pc: MainPc,
    /// The linker's build id in hexadecimal digits.
    pub build_id: Option<String>,
    /// How it was built.
    pub build_info: BuildInfo,
    /// What runs before `main`, in this order.
    pub inittasks: Vec<InitTask>,
    /// The embedded dependency list; `None` when the program has no section headers any more.
    pub dependencies: Option<Vec<Dependency>>,
}

/// An address in the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(pub u64);

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// An address and what the symbol table calls it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Location {
    /// The address.
    pub address: Address,
    /// The symbol there; `None` in a stripped program.
    pub symbol: Option<String>,
}

/// The read-only word from which the main goroutine starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct MainPc {
    /// Where it is.
    pub address: Address,
    /// The function it holds.
    pub function: Location,
}

/// The inittask of one package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct InitTask {
    /// From 1.
    pub position: u32,
    /// Package as traces print it.
    pub package: String,
    /// Its version.
    pub version: String,
    /// Whether it belongs to the runtime, whose tasks run before all others.
    pub runtime: bool,
    /// The task's words in memory.
    pub table: Location,
    /// What it runs, in this order.
    pub functions: Vec<InitFunction>,
}

/// One function of an inittask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct InitFunction {
    /// Init function or variable.
    pub kind: InitKind,
    /// Full Rust path.
    pub name: String,
    /// Source file; `None` for the runtime's own.
    pub file: Option<String>,
    /// Line, from 1; `None` when unknown.
    pub line: Option<u32>,
    /// The code that runs it.
    pub code: Location,
}

/// One package of the embedded dependency list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Dependency {
    /// Cargo package name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// `crates.io`, `registry`, `git`, `local`.
    pub source: String,
    /// Needed to build the program, but no part of it.
    pub build_only: bool,
    /// The package that the program is a target of.
    pub root: bool,
}
