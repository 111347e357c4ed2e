//! Goroutines that are blocked for ever.

use core::fmt;
use std::vec::Vec;

use rtlib_abi::leaks::{NO_MEMORY, NO_PROC, THREAD_RUNS};
use rtlib_abi::traceback::{LEAKED, STACK};

use super::snapshot::Snapshot;
use super::stack::Stack;
use crate::sys;

/// The goroutines that are blocked for ever, ordered by id. Such a goroutine waits for a channel, or in a `select`, without a deadline, and no goroutine or thread that can still run has a handle of any of these channels.
///
/// ```no_run,standalone_crate
/// use rtlib::chan;
///
/// let (sender, receiver) = chan::unbounded::<u32>();
/// rtlib::go(move || {
///     let _forgotten = sender; // so the loop never ends
///     receiver.iter().for_each(drop);
/// });
/// // Later, or at the end of a test:
/// for goroutine in rtlib::debug::leaks()? {
///     println!("{goroutine}");
/// }
/// # Ok::<(), rtlib::debug::LeaksError>(())
/// ```
///
/// The search stops all threads by a signal (SIGURG) and reads all memory that the program has written to. That takes about 0.6 seconds for each gigabyte. With `GODEBUG=leaktrace=1` a program does this
/// at its exit.
///
/// # What it does not find
///
/// A goroutine that is reported is blocked for ever, unless a handle is in a place where no pointer can be recognised: not aligned, disguised, or in memory that is shared with other processes or protected. But not every blocked goroutine is
/// found:
///
/// - A handle counts as held while its address is anywhere but on the stack of another goroutine that is blocked for ever: anywhere on the heap, even in memory that was freed, or in a variable that it was moved out of, as long as that
///   function has not returned. So a goroutine may be found late.
/// - Goroutines that wait for locks, for other goroutines or by [`park`](crate::park) are not examined, and the handles that they hold count as held.
///
/// # Errors
/// When there is no answer, for one of the reasons of [`LeaksError`].
pub fn leaks() -> Result<Vec<Snapshot>, LeaksError> {
    let found = sys::leaks::find();
    if found < 0 {
        return Err(LeaksError::from_code(found));
    }
    Ok(collect())
}

/// Not inlined: whoever searches should have a small frame, since what earlier calls left in its unused parts counts as in use.
#[inline(never)]
fn collect() -> Vec<Snapshot> {
    let mut leaked = Vec::new();
    sys::traceback::for_each_goroutine(|record, _| {
        if record.flags & LEAKED != 0 {
            let stack = (record.flags & STACK != 0).then(|| Stack::new(&record.trace));
            leaked.push(Snapshot::new(record, stack));
        }
    });
    leaked.sort_by_key(Snapshot::id);
    leaked
}

/// Why [`leaks`] has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LeaksError {
    /// A thread did not stop within a second: it blocks the signal SIGURG, or the kernel does not let it go.
    ThreadRuns,
    /// `/proc` is not mounted.
    NoProc,
    /// The system does not allow `process_vm_readv(2)`, by which the program reads its own memory.
    Unreadable,
    /// There is no memory for the search.
    NoMemory,
}

impl LeaksError {
    fn from_code(code: rtlib_abi::leaks::Found) -> Self {
        match code {
            THREAD_RUNS => Self::ThreadRuns,
            NO_PROC => Self::NoProc,
            NO_MEMORY => Self::NoMemory,
            _ => Self::Unreadable,
        }
    }
}

impl fmt::Display for LeaksError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot search for leaked goroutines: ")?;
        f.write_str(match self {
            Self::ThreadRuns => "a thread blocks SIGURG and cannot be stopped",
            Self::NoProc => "/proc cannot be read",
            Self::Unreadable => "process_vm_readv(2) is not allowed",
            Self::NoMemory => "no memory for the search",
        })
    }
}

impl core::error::Error for LeaksError {}
