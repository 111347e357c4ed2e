//! Goroutines that are blocked for ever: on channels that nobody else knows. What Go's goroutine leak profile is, for a language without a garbage collector.
//!
//! # What is searched
//!
//! A *candidate* is a goroutine that waits without a deadline for a channel, in a `select`, or for nothing that can come (`never()`, no arms). Only who has a handle of one of its channels can
//! wake it. In memory a handle is the channel's address plus one. So all threads are stopped (`world`) and all memory of the process is searched for such words (`memory`, `mark`), except for the
//! stacks of candidates. (On the stacks of threads the address itself counts, too: the compiler may have kept only that.) Where one is found, the goroutines that wait for that channel may be woken: they are no candidates any more, and their stacks are searched as well, and so on. Who is left has
//! leaked: every handle that could wake one of them is on the stacks of others of them.
//!
//! # What can be relied on
//!
//! There are no false alarms, as long as handles are where words are: aligned, in memory that is writable, private and mapped, and not disguised. Leaks are missed, since all memory counts as in use: the
//! heap as a whole, whoever a block belongs to and whether it is free or not, and what a function has moved away, until its stack frame is gone. See `docs/leaks.md`.
//!
//! Pointers to a candidate's stack count as handles, too: to what lies there, say by a goroutine of a scope that borrows it.

mod mark;
mod memory;
mod world;

use rtlib_abi::leaks::{Found, NO_MEMORY, NO_PROC, THREAD_RUNS, UNREADABLE};

use crate::arch::current::unwind::with_registers_on_stack;
use crate::gmp::g::G;
use crate::libc::ffi;
use crate::stack::allgs;
use crate::traceback::record::{self, Haste};
use crate::traceback::tell;
use crate::{godebug, process};

pub use world::{forget, let_nobody_stop, stop_here};

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// A thread could not be stopped: it blocks SIGURG.
    ThreadRuns,
    /// /proc could not be read.
    NoProc,
    /// The process's own memory could not be read.
    Unreadable,
    /// No memory for the search.
    NoMemory,
}

/// Searches; the G's of those that were found say so (`G.leaked`). How many there are.
///
/// Call [`clear_stack`] first, and this from a function that is not inlined, so that the frames of the search are where that has been.
fn find() -> Result<usize, Error> {
    let mut found = Err(Error::NoMemory);
    with_registers_on_stack(&mut |sp| {
        found = world::stop().and_then(|stopped| mark::search(&stopped, sp));
    });
    clear_stack();
    found
}

/// Overwrites what is left below the caller's frame: before a search, handles that the program's functions have moved; after it, addresses of channels, which the next search could take for the program's.
#[inline(never)]
fn clear_stack() {
    const DEPTH: usize = 12 << 10;
    core::hint::black_box(&mut [0_u8; DEPTH]);
}

/// See `rtlib_abi::leaks::find`.
#[unsafe(export_name = "runtime.findleaks")]
extern "C" fn find_c() -> Found {
    clear_stack();
    answer()
}

#[inline(never)]
fn answer() -> Found {
    match find() {
        Ok(count) => count as Found,
        Err(Error::ThreadRuns) => THREAD_RUNS,
        Err(Error::NoProc) => NO_PROC,
        Err(Error::Unreadable) => UNREADABLE,
        Err(Error::NoMemory) => NO_MEMORY,
    }
}

/// For `GODEBUG=leaktrace=1`: the program is to report at its exit. In the boot.
pub fn report_at_exit_if_wanted() {
    if godebug::leaktrace() {
        // SAFETY: libc's function and a function that may run at any time. The first to be registered, so the last to run. There is room.
        let _ = unsafe { ffi::atexit(report) };
    }
}

extern "C" fn report() {
    if process::is_forked() {
        return;
    }
    clear_stack();
    find_and_tell();
}

#[inline(never)]
fn find_and_tell() {
    match find() {
        Ok(0) => {}
        Ok(1) => crate::print!("LEAK 1 goroutine is blocked for ever\n"),
        Ok(count) => crate::print!("LEAK {count} goroutines are blocked for ever\n"),
        Err(error) => crate::print!("LEAK cannot tell: {}\n", reason(error)),
    }
    allgs::all().filter(|gp| gp.is_leaked()).for_each(tell_of);
}

/// Not inlined: whoever searches should have a small frame, since what earlier calls left in its unused parts counts as in use.
#[inline(never)]
fn tell_of(gp: &'static G) {
    let mut records = [record::EMPTY];
    record::capture(&[gp], &mut records, None, Haste::None);
    if records[0].goid != 0 {
        tell::recorded(&records[0]);
    }
}

fn reason(error: Error) -> &'static str {
    match error {
        Error::ThreadRuns => "a thread blocks SIGURG and cannot be stopped",
        Error::NoProc => "/proc cannot be read",
        Error::Unreadable => "process_vm_readv(2) is not allowed",
        Error::NoMemory => "no memory for the search",
    }
}
