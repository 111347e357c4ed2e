//! The linker driver: rustc calls this executable as its linker.
//!
//! | file | what |
//! |---|---|
//! | [`args`] | rustc's link line, read and rewritten (pure) |
//! | [`setup`] | which program links, decided by the subcommand (pure) |
//! | [`run`] | the driver: one call a stage |
//! | [`program`] | what is known of the program: its graph, its plan, its build information |
//! | [`late`] | packages of a crate that `cargo install` downloaded |
//! | [`doctest`] | programs that rustdoc makes |
//! | [`records`] | init records from objects and rlibs |
//! | [`layout`] | where generated files lie (pure) |
//! | [`assemble`] | the templates, assembled and cached |
//! | [`call`] | the linker, called and understood |
//! | `foreign` | who else defines what the runtime defines |
//! | [`noise`] | what linkers say that is no news (pure) |
//! | `revision` | the revision of the source |
//! | `stamps` | which strings are set, and to what (pure) |
//! | `watched` | what cargo watches besides the source |
//! | [`output`] | the temporary output: linked, patched, checked, renamed |
//! | [`error`] | what can go wrong |
//!
//! Invariant: the driver fails before it renames, or not at all. Until then it writes only below the emit directory and in a
//! temporary directory beside the output.

pub mod args;
pub mod assemble;
pub mod call;
pub mod doctest;
pub mod error;
mod foreign;
pub mod late;
pub mod layout;
mod lookups;
pub mod noise;
pub mod output;
pub mod program;
pub mod records;
mod revision;
pub mod run;
pub mod setup;
mod stamps;
mod watched;
