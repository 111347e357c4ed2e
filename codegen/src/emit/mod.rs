//! Object files for the linker: the tables of a [`Plan`] and the two symbols that tie the program to the runtime.
//!
//! | object | defines | refers to |
//! |---|---|---|
//! | `inittask.o` | every `<package>..inittask`, `go:main.inittasks`, `runtime.runtime_inittasks`, `runtime.firstmoduledata`, `runtime.buildinfo`, `runtime.modinfo`, the words of stamps that are set, the note and `.dep-v0` | every init function by its symbol, `_rt0_amd64_linux`, `runtime.mainPC`, `runtime.init.0` |
//! | `mainpc.o` | `runtime.mainPC`, `main.main` | `runtime.main`, `main` |
//! | `gdb.o` | nothing: gdb's commands for goroutines, in a section that is not loaded | |
//!
//! Invariants:
//! - The references to init functions are strong: they force the archive members that define them into the program, and one that is not
//!   defined breaks the link. No init is lost silently.
//! - Equal input gives equal bytes: nothing depends on addresses, hashing order, time or paths of this machine.
//! - Layouts come from [`rtlib_abi::layout`] through `offset_of!`; no offset is written as a number.
//! - The layouts hold absolute addresses in read-only sections, so the objects link into non-relocatable programs (`ET_EXEC`) only;
//!   [`elf::verify`](crate::elf::verify) says so when something made it another kind.
//!
//! Called by the driver after [`crate::plan`], and for `--emit obj` and `--emit mainpc`.

mod error;
mod gdb_script;
mod inittask;
mod main_pc;
mod object_file;
mod strings;
mod structure;
mod symbol_name;

pub use error::EmitError;
pub use main_pc::main_pc;
pub use symbol_name::inittask_symbol;

use crate::buildinfo::BuildInfo;
use crate::model::Plan;

/// What goes into the objects beside the plan.
#[derive(Clone, Debug)]
pub struct EmitConfig {
    /// Embedded as JSON; also says mode, GOAMD64 level and stack size to the runtime.
    pub build_info: BuildInfo,
    /// Words that stamps are read from, and what they say.
    pub stamps: Vec<(String, String)>,
    /// Content of `.dep-v0`, from [`crate::audit::payload`].
    pub dependencies: Vec<u8>,
}

/// The emitted object files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmittedObjects {
    /// `inittask.o`.
    pub inittask: Vec<u8>,
    /// `mainpc.o`.
    pub main_pc: Vec<u8>,
    /// `gdb.o`.
    pub gdb_script: Vec<u8>,
}

impl EmittedObjects {
    /// The file names.
    pub const NAMES: [&str; 3] = ["inittask.o", "mainpc.o", "gdb.o"];

    /// File names and contents, in the order in which they are linked.
    #[must_use]
    pub fn files(&self) -> [(&'static str, &[u8]); 3] {
        let [inittask, main_pc, gdb_script] = Self::NAMES;
        [
            (inittask, &self.inittask),
            (main_pc, &self.main_pc),
            (gdb_script, &self.gdb_script),
        ]
    }
}

/// Emits the objects of a program.
///
/// # Errors
/// When the plan was made without objects (its symbols are unknown), a symbol cannot be linked, two packages share a name, or the
/// configuration has values that the layouts cannot hold.
pub fn objects(plan: &Plan, config: &EmitConfig) -> Result<EmittedObjects, EmitError> {
    Ok(EmittedObjects {
        inittask: inittask::emit(plan, config)?,
        main_pc: main_pc()?,
        gdb_script: gdb_script::gdb_script()?,
    })
}
