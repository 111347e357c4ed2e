//! Stacks of goroutines: capturing them, and writing them as Go does.
//!
//! - `unwind`: the unwinder (libgcc's, which std is linked with), on the own stack, on a parked goroutine's, in a signal handler; `eh_frame`: where it finds its data.
//! - `record`: all that is told of a goroutine; `interrupt`: the stack of one that runs on another thread.
//! - `write`: records as text and `level`: how much of it (`GOTRACEBACK`).
//! - `tell`: for a program that goes on. `dying`: the end of a program; `crash_report`: what it prints, `reporter`: on which thread; `panics`: where a panic came from, once it has been caught.
//! - `api`: the C interface (`rtlib_abi::traceback`).
//!
//! Program counters are recorded here; names, files and lines come from the `rtlib` crate (`symbols`). Programs without `rtlib` have names only: `own_names`, from the program's symbols (`symtab`), made readable by `demangle`.

#[cfg(feature = "object")]
mod api;
#[cfg(feature = "object")]
mod crash_report;
mod demangle;
#[cfg(feature = "object")]
pub mod dying;
#[cfg(feature = "object")]
pub mod eh_frame;
#[cfg(feature = "object")]
pub mod interrupt;
#[cfg(feature = "object")]
pub mod level;
#[cfg(feature = "object")]
mod own_names;
#[cfg(feature = "object")]
pub mod panics;
#[cfg(feature = "object")]
mod profile;
#[cfg(feature = "object")]
pub mod record;
#[cfg(feature = "object")]
pub mod reporter;
#[cfg(feature = "object")]
mod symbols;
mod symtab;
#[cfg(feature = "object")]
pub mod tell;
#[cfg(feature = "object")]
pub mod unwind;
#[cfg(feature = "object")]
mod write;
