//! Timers: a heap of deadlines for each P (Go: runtime/time.go), and waiting with a deadline (`park`).
//!
//! - `timers`: a timer, and the timers of a P; `heap`: deadlines in order, on an `array`; `run`: who looks at them when; `park`: `gopark_until`; `api`: the C interface.
//!
//! # Who runs them
//!
//! - A P looks at its own timers whenever it visits the scheduler, and in the fast path of a switch every 16 rounds: a look is a load as long as nothing is set, else a
//!   read of the clock.
//! - Whoever is about to give up its P looks at those of all Ps, dead ones included. When a P dies its timers move to
//!   another (`leave_dead_ps`), but nothing depends on that.
//! - One of the idle Ms, the one that went to sleep with the earliest deadline, sleeps only until then (`Sched::timer_m`).
//! - Timers that are late because all Ps are held are work that waits: sysmon adds extra Ps for the hogs (`retake`), and runs the timers of hogs' Ps and of dead ones itself, since those
//!   who have another P may never be idle. Whom they wake runs before those that wait in the global queue: these may be hogs, too, and each takes 10 ms to be known for one.
//!
//! Each of them runs a few at a time, and comes back.
//!
//! # Who owns a timer
//!
//! Whoever sets it; it may lie on a stack. `stop` returns when the callback does not run and will not run any more, so what the callback uses may go
//! away after that. The word `state` says who may touch the rest:
//!
//! ```text
//!   IDLE --set--> SET (in the heap `owner`, under its lock) --due--> FIRING (no lock; callback runs) --> IDLE, or SET again when it is periodic
//!                  |                                                   |
//!                  +--stop--> IDLE                                     +--stop--> ENDING --callback has returned--> IDLE
//! ```
//!
//! Lock order: a channel's or semaphore's lock, then a heap's (of two, the one with the lower address first), then the scheduler's. Callbacks run without any lock; they do not block, and run on g0 or on a thread that is no M,
//! so they use no thread-locals.

mod array;
mod heap;
#[cfg(all(test, loom))]
mod loom_tests;
#[cfg(any(feature = "object", all(loom, test)))]
pub mod timers;

#[cfg(feature = "object")]
pub use timers::Timers;
