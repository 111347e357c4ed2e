//! Seeing inside a running program: the stacks of its goroutines, what the scheduler does, its memory, how it was built.
//!
//! # Stacks
//!
//! The text is in Go's format, so tools for Go's tracebacks read it:
//!
//! ```text
//! goroutine 7 [chan receive, 2 minutes]:
//! app::worker(...)
//!         /home/me/app/src/main.rs:12 +0x1f
//! created by app::main in goroutine 1
//!         /home/me/app/src/main.rs:30 +0x8c
//! ```
//!
//! The same text comes when the program ends by an unrecovered panic of [`go`](crate::go), a deadlock, a stack overflow, any other fatal error of the runtime, or SIGQUIT (Ctrl-\\).
//! The environment variable `GOTRACEBACK` says how much of it, in Go's words: `none`; `single` (the default), the goroutine that ended the program; `all` goroutines; `system`, with
//! the frames of the runtime and the plumbing of std; `crash`, as `system` and then a core dump (SIGABRT). Numbers as in Go, too. A program that dies by SIGSEGV or SIGBUS does that as
//! any Rust program, but prints where it was if `GOTRACEBACK` is set.
//!
//! # What is needed for names and lines
//!
//! Functions' names come from the symbol table, files and lines from line tables: there are both in debug builds, and in release builds with `debug = "line-tables-only"` in the
//! profile. Without them function names or addresses remain (`strip = true` leaves addresses). Looking names up takes time when it happens for the first time, since the debug information is read then: some
//! ten milliseconds in a small program. Taking a stack takes none of that: some 0.2 µs a frame.
//!
//! Long stacks are kept as their 50 innermost and 50 outermost frames.

mod build_info;
#[cfg(feature = "std")]
mod leaks;
mod max_threads;
mod memory;
#[cfg(feature = "std")]
mod plumbing;
mod sched_stats;
#[cfg(feature = "std")]
mod snapshot;
#[cfg(feature = "std")]
mod stack;
#[cfg(feature = "std")]
mod symbol_table;
#[cfg(feature = "std")]
mod symbols;

pub use crate::sched::num_goroutine;
pub use build_info::{BuildInfo, Package, build_info};
#[cfg(feature = "std")]
pub use leaks::{LeaksError, leaks};
pub use max_threads::set_max_threads;
pub use memory::free_os_memory;
pub use sched_stats::{SchedStats, sched_stats};
#[cfg(feature = "std")]
pub use snapshot::{Snapshot, State, stacks};
#[cfg(feature = "std")]
pub use stack::{Frame, Stack, stack};
#[cfg(feature = "std")]
pub use symbols::Symbol;
