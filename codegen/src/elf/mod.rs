//! Linked programs: patched after the link ([`patches`]), checked ([`verify`], [`foreign_wrap`]), and read back ([`inspect`]).
//!
//! Everything starts at the `.note.gobuild` note, which is found through the program headers; symbols and section headers only add
//! names, so stripped programs can be read as well.
//!
//! Invariants:
//! - Every byte is hostile. Offsets and lengths are checked, counts are limited, and the bytes read in one call are limited by the size of the
//!   file; nothing recurses and nothing panics. The fuzz target `elf` and property tests hold this.
//! - No I/O: pass a byte slice, or a [`object::ReadCache`] over an open file when it is large. A cache remembers what it read, so take a new
//!   one after writing the patches.

mod bytes;
mod error;
mod image;
mod inspect;
mod inspection;
mod lookups;
mod note;
mod patch;
mod symbols;
mod table;
mod verify;
mod wraps;

pub use error::{ElfError, Format, Machine};
pub use inspect::inspect;
pub use inspection::{
    Address, Dependency, INSPECTION_SCHEMA, InitFunction, InitTask, Inspection, Location, MainPc,
};
pub use lookups::{Lookups, lookups};
pub use patch::{Patch, patches};
pub use verify::{VerifyError, verify};
pub use wraps::foreign_wrap;
