//! The pure core of `cargo gobuild`: from a crate graph and source text to an ordered plan, object files and checked ELF patches.
//!
//! Data flows one way: [`graph`] -> [`scan`] -> [`plan`] (which orders) -> emitted objects -> ELF.
//!
//! Invariant: nothing here opens a file, starts a process or reads the environment. Source text comes through
//! [`source::SourceProvider`], objects and binaries as bytes. All of them are untrusted: bad input gives a typed error, never a panic.
#![forbid(unsafe_code)]

pub mod audit;
pub mod blocking;
pub mod buildinfo;
pub mod diagnostic;
pub mod elf;
pub mod emit;
pub mod graph;
pub mod model;
mod order;
pub mod plan;
pub mod records;
pub mod report;
pub mod scan;
pub mod source;

#[cfg(test)]
mod testing;
