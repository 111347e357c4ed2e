//! Fuzz targets for what reads untrusted bytes, in two forms.
//!
//! - With cargo-fuzz (nightly): `cargo fuzz run elf`. Good seeds: `cargo run --bin elf -- --seeds fuzz/corpus/elf` first.
//! - On stable: `cargo run --release --bin elf -- 120` mutates the seeds for 120 seconds, in the same way each time; `cargo test` does so
//!   for a moment. See [`stable`].
//!
//! A target is a function of bytes that panics when a promise is broken, and a function that makes seeds. Each has a module.

#![forbid(unsafe_code)]

pub mod elf;
pub mod names;
pub mod scan;
pub mod stable;
