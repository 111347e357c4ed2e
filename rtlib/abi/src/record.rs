//! The record that `#[rtlib::init]` and `#[rtlib::var]` leave in the object file, section
//! [`RECORD_SECTION`](crate::symbol::RECORD_SECTION).
//!
//! A record is plain bytes without relocations, so that it survives every kind of LTO and can be read from an rlib member
//! without linking it:
//!
//! ```text
//! MAGIC (8 bytes) | length of the body, u32 LE | body
//! body = fields in the order of `Field`, separated by one 0 byte (none at the end)
//! ```
//!
//! Records stand one after the other without padding (the static has alignment 1). A reader must treat them as hostile
//! input: check the magic, the length, that there are exactly [`FIELDS`] fields, UTF-8 and the numbers.

/// The first 8 bytes of a record; the last one is the ABI version.
pub const MAGIC: [u8; 8] = *b"gobinit\x01";

/// Bytes before the body.
pub const HEADER_LEN: usize = 12;

/// How many fields a body has.
pub const FIELDS: usize = 11;

/// The position of each field in the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Field {
    /// `init` or `var`.
    Kind = 0,
    /// Cargo package name (`CARGO_PKG_NAME`).
    Package = 1,
    /// Cargo package version (`CARGO_PKG_VERSION`).
    Version = 2,
    /// Crate name (`CARGO_CRATE_NAME`): tells a package's lib from its bins and tests.
    Crate = 3,
    /// `module_path!()`, beginning with the crate name.
    Module = 4,
    /// The Rust name of the function or static.
    Name = 5,
    /// `file!()`: as rustc prints it, relative to the workspace root for workspace members.
    File = 6,
    /// Line of the item's name, decimal, from 1.
    Line = 7,
    /// Column of the item's name, decimal, from 1.
    Column = 8,
    /// The exported symbol of the generated `extern "C" fn()` that runs it.
    Symbol = 9,
    /// `true` when `cfg(test)` held, else `false`: tells a library's unit tests from the library, which a dev-dependency may link
    /// beside them.
    Test = 10,
}

/// `Field::Kind` of an init function.
pub const KIND_INIT: &str = "init";
/// `Field::Kind` of a package variable.
pub const KIND_VAR: &str = "var";

/// `Field::Kind` of a string that is set when the program is linked. Such records have a section of their own, [`STAMP_SECTION`](crate::symbol::STAMP_SECTION), and the symbol is not a
/// function: it is a word that holds the address of a [`Str`](crate::layout::Str), defined weakly by the macro, with the default, and by the tool, where a value is set.
pub const KIND_STAMP: &str = "stamp";

/// Builds a record from its body at compile time; called by the expansion of the macros.
///
/// `N` must be `HEADER_LEN + body.len()`.
///
/// # Panics
/// At compile time, when `N` does not fit the body.
#[must_use]
pub const fn encode<const N: usize>(body: &str) -> [u8; N] {
    let body = body.as_bytes();
    assert!(N == HEADER_LEN + body.len(), "record length");
    let mut out = [0; N];
    let mut i = 0;
    while i < MAGIC.len() {
        out[i] = MAGIC[i];
        i += 1;
    }
    let len = (body.len() as u32).to_le_bytes();
    let mut i = 0;
    while i < 4 {
        out[MAGIC.len() + i] = len[i];
        i += 1;
    }
    let mut i = 0;
    while i < body.len() {
        out[HEADER_LEN + i] = body[i];
        i += 1;
    }
    out
}
