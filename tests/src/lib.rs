//! What the end-to-end tests share: the tool under test, temporary projects, and children with a time limit.
//!
//! - [`tool`]: builds `cargo-gobuild` once; [`toolchain`]: what cargo and compiler the tests build with; [`project`]: sources in a temporary directory, built with it; [`rtlib`]: compiled once for most of them;
//! - [`twins`]: a program built by plain cargo and by the tool;
//! - [`redact`]: what differs in outputs from run to run; [`files`]: what builds leave on the disk;
//! - [`documents`]: the blocks in the documents; [`session`]: those that are run;
//! - [`process`]: running children; [`server`]: those that serve; [`seeds`]: random choices; [`go`]: the Go toolchain, the oracle; [`sccache`]: a compilation cache; [`readelf`], [`gdb`]: other people's tools;
//!
//! - [`testprog`], [`behaviours`]: the fixtures with many small programs; [`crates`]: those around other people's crates; [`examples`]: those for readers.
//!
//! A test never sleeps to wait for something and never skips in silence: what it needs is there or it fails and says what to install.

pub mod behaviours;
pub mod crates;
pub mod documents;
pub mod examples;
pub mod files;
pub mod gdb;
pub mod go;
pub mod lsp;
pub mod perfetto;
pub mod process;
pub mod project;
pub mod readelf;
pub mod redact;
pub mod rtlib;
pub mod sccache;
pub mod seeds;
pub mod server;
pub mod session;
pub mod testprog;
pub mod tool;
pub mod toolchain;
pub mod twins;
