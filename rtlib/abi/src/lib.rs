//! What the two halves of gobuild agree on: the code generator (`gobuild-codegen`) and the runtime (`rtlib`).
//!
//! Everything here is data: symbol names, section names, `repr(C)` layouts and the ABI version. There is no code that
//! allocates, no I/O and no dependency, so that the tool (host, std) and the runtime (`no_std`) see the same bytes.
//!
//! Layouts are for ELF64 little endian; every pointer is 8 bytes in the file and absolute after linking.
//!
//! Whoever changes a layout or a name here raises [`ABI_VERSION`] and, with it, [`symbol::ABI`]: a program whose `rtlib`
//! crate and whose `cargo-gobuild` disagree then fails to link instead of failing at run time.
#![no_std]

pub mod api;
pub mod calls;
pub mod chan;
pub mod code;
pub mod goexit;
pub mod layout;
pub mod leaks;
pub mod plumbing;
pub mod record;
pub mod symbol;
pub mod sync;
pub mod time;
pub mod traceback;
pub mod watch;

/// The version of every layout and name in this crate.
pub const ABI_VERSION: u32 = 1;

/// Where this package's sources are: `cargo-gobuild` compiles the runtime's object from them. `None` there.
pub const MANIFEST_DIR: Option<&str> = option_env!("CARGO_MANIFEST_DIR");
