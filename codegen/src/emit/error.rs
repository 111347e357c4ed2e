//! Why objects cannot be emitted.

use crate::buildinfo::BuildInfoError;
use crate::model::Location;

/// Why objects cannot be emitted.
#[derive(Debug, thiserror::Error)]
pub enum EmitError {
    /// The plan has no symbol for a function: it was made from the scan alone.
    #[error("{location}: the symbol of `{name}` is not known before the program is built")]
    NoSymbol {
        /// Rust path of the function.
        name: String,
        /// Where it is declared.
        location: Location,
    },
    /// A symbol that no linker would take as it stands.
    #[error("{location}: `{name}` has the symbol `{}`, which cannot be linked", symbol.escape_debug())]
    BadSymbol {
        /// Rust path of the function.
        name: String,
        /// Where it is declared.
        location: Location,
        /// The symbol.
        symbol: String,
    },
    /// Two tasks of one name would define one symbol twice.
    #[error("two packages of the program are both called `{package}`")]
    SamePackage {
        /// Their name in the plan.
        package: String,
    },
    /// The stack size is not a whole number of pages.
    #[error("the stack size {0} is not a multiple of 4096")]
    StackSize(u64),
    /// More than a 32-bit count of something.
    #[error(
        "package `{package}` has {count} init functions and variables; the table has room for {}",
        u32::MAX
    )]
    TooManyFunctions {
        /// The package.
        package: String,
        /// How many it has.
        count: usize,
    },
    /// The build information.
    #[error(transparent)]
    BuildInfo(#[from] BuildInfoError),
    /// The object writer refused.
    #[error("the object file `{file}` cannot be written; this is a bug in cargo-gobuild")]
    Write {
        /// Which object.
        file: &'static str,
        /// What it said.
        #[source]
        source: object::write::Error,
    },
}
