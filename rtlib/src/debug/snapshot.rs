//! All goroutines at one moment.

use core::fmt;
use core::time::Duration;
use std::boxed::Box;
use std::vec::Vec;

use rtlib_abi::traceback::{LEAKED, LOCKED, NO_M, Record, STACK};

use super::stack::Stack;
use super::symbols::{self, Symbol};
use crate::sys::traceback as sys;

/// What a goroutine does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// It waits for its turn.
    Runnable,
    /// It runs.
    Running,
    /// It is in [`blocking`](crate::blocking).
    Blocking,
    /// It is blocked, for this reason: Go's words, such as `chan receive`.
    Waiting(&'static str),
}

/// A goroutine at one moment: see [`stacks`].
///
/// [`Display`](fmt::Display) writes it as tracebacks do.
#[derive(Clone)]
pub struct Snapshot {
    /// Without its trace.
    record: Box<Record>,
    stack: Option<Stack>,
}

/// All goroutines, by their ids, with their stacks.
///
/// The program goes on meanwhile, so this is not one moment for all of them; but each goroutine that does not run is held for some microseconds, so its stack and its state fit.
/// A goroutine that runs on another thread is interrupted by a signal (SIGURG). It has no stack here if its thread does not answer within a second, because it has blocked that signal or the system does not let it run.
///
/// ```no_run,standalone_crate
/// for goroutine in rtlib::debug::stacks() {
///     println!("{goroutine}");
/// }
/// ```
#[must_use]
pub fn stacks() -> Vec<Snapshot> {
    let mut all = Vec::new();
    let own = Stack::new(&sys::callers());
    sys::for_each_goroutine(|record, is_me| {
        let stack = if is_me {
            Some(own.clone())
        } else {
            (record.flags & STACK != 0).then(|| Stack::new(&record.trace))
        };
        all.push(Snapshot::new(record, stack));
    });
    all.sort_by_key(Snapshot::id);
    all
}

impl Snapshot {
    pub(super) fn new(record: &Record, stack: Option<Stack>) -> Self {
        Self {
            record: Box::new(*record),
            stack,
        }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.record.goid
    }

    /// What it does.
    #[must_use]
    pub fn state(&self) -> State {
        match sys::text(self.record.status) {
            "runnable" => State::Runnable,
            "syscall" => State::Blocking,
            "waiting" => State::Waiting(sys::text(self.record.reason)),
            _ => State::Running,
        }
    }

    /// How long it has been waiting, to some milliseconds.
    #[must_use]
    pub fn waited(&self) -> Option<Duration> {
        matches!(self.state(), State::Waiting(_)).then(|| Duration::from_nanos(self.record.waited))
    }

    /// Whether it is tied to its thread.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.record.flags & LOCKED != 0
    }

    /// Whether the last call of [`leaks`](super::leaks) has found that it is blocked for ever.
    #[must_use]
    pub fn is_leaked(&self) -> bool {
        self.record.flags & LEAKED != 0
    }

    /// The number of the thread that runs it.
    #[must_use]
    pub fn thread(&self) -> Option<u64> {
        Some(self.record.m).filter(|m| *m != NO_M)
    }

    /// The goroutine that started it; `None` for the main goroutine, and if a thread did that is none.
    #[must_use]
    pub fn creator(&self) -> Option<u64> {
        Some(self.record.parent_goid).filter(|id| *id != 0)
    }

    /// Where it was started: the functions at that call, the innermost inlined one first. Empty for the main goroutine.
    #[must_use]
    pub fn created_at(&self) -> Vec<Symbol> {
        match self.record.gopc {
            0 => Vec::new(),
            pc => symbols::resolve(pc).to_vec(),
        }
    }

    /// Its stack, if it could be had.
    #[must_use]
    pub fn stack(&self) -> Option<&Stack> {
        self.stack.as_ref()
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("id", &self.id())
            .field("state", &self.state())
            .field("waited", &self.waited())
            .field("stack", &self.stack)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut record = *self.record;
        if let Some(stack) = &self.stack {
            record.trace = stack.trace();
            record.flags |= STACK;
        }
        sys::write_record(&record, f)
    }
}
