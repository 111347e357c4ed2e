//! Deadlock: nobody will ever run again (Go: `checkdead`).
//!
//! That is so when all Ps are idle, no timer is set, nobody waits for a descriptor, and *every thread of the process sleeps in the runtime*: idle Ms, Ms that wait for their locked goroutine, threads
//! and goroutines in blocking calls that wait for a channel, a lock or a token (`park`), and sysmon itself. A thread that is anywhere else (in a system call, in C
//! code, in std's `park`) may wake somebody yet. The kernel says how many threads there are; the runtime knows how many of them sleep in it.
//!
//! Nor is a program deadlocked that handles a signal: the handler may wake somebody. Go waits there, too, once os/signal is in use.
//!
//! Sysmon asks only after a while of complete idleness. As long as some thread that the runtime knows of (an M, or one that `pthread_create` made, see `hooks/create.rs`) does not sleep in it, the
//! answer can only change by that thread's going to sleep, or ending: sysmon is woken for that ([`listen_no_more`]) and does not ask again before. When all those sleep and the kernel counts more, threads
//! that are ending or that were made by clone(2) itself, it asks again, less and less often.
//!
//! The kernel's count is in /proc. Where that is not mounted libc's takes its place, which lacks threads made by clone(2) itself.

use core::sync::atomic::Ordering;

use crate::libc::ffi;
use crate::os::linux::{proc, thread};
use crate::sched::asleep::{ASLEEP, CHANGE, LISTENS, NOBODY, listen_no_more, plain};
use crate::sched::global::{ACTIVATIONS, RUNQSIZE, SCHED, SPIN, Sched};
use crate::sched::{poller, procs, spawn, timers};
use crate::{fatal, signal};

/// First pause between two looks; each is twice as long as the one before.
const FIRST_PAUSE_NS: u64 = 10_000_000;

/// A question that may stay open for a while.
pub struct Undecided {
    pause: u64,
}

/// When there may be another answer although no P has been taken.
#[derive(Clone, Copy)]
pub enum Again {
    /// Never.
    Never,
    /// When a thread goes to sleep or ends, for which sysmon is woken.
    WhenWoken,
    /// Nobody knows when: look again after so many ns.
    In(u64),
}

impl Again {
    /// See [`Again::In`].
    pub fn look_again_in(self) -> Option<u64> {
        match self {
            Self::In(pause) => Some(pause),
            Self::Never | Self::WhenWoken => None,
        }
    }

    /// False when what sysmon was to be woken for has happened already. Under the scheduler lock.
    pub fn stands(self) -> bool {
        !matches!(self, Self::WhenWoken) || LISTENS.load(Ordering::SeqCst) != NOBODY
    }
}

impl Undecided {
    /// Not asked yet.
    pub fn new() -> Self {
        Self {
            pause: FIRST_PAUSE_NS,
        }
    }

    /// Ends the program if it is deadlocked, provided that no P has been taken since there were so many `activations`.
    pub fn look(&mut self, activations: u64) -> Again {
        if fatal::panicking() || timers::first().is_some() || poller::anybody_waits() {
            return Again::Never; // an M takes a P when the timer is due, or the descriptor has something
        }
        let asleep = ASLEEP.load(Ordering::SeqCst);
        if listen(asleep) {
            return Again::WhenWoken;
        }
        // SAFETY: an integer that libc changes atomically.
        let of_libc = || unsafe { ffi::__nptl_nthreads.load(Ordering::SeqCst) };
        let threads = thread::count().unwrap_or_else(of_libc);
        if asleep_in_runtime(activations, asleep) == Some(i64::from(threads)) {
            if signal::is_awaited() {
                return Again::Never; // its handler may wake somebody
            }
            report();
        }
        let pause = self.pause;
        self.pause = pause.saturating_mul(2);
        Again::In(pause)
    }
}

/// If threads that the runtime knows of do not sleep in it, has sysmon woken when that changes. `asleep` is what [`ASLEEP`] was.
fn listen(asleep: u64) -> bool {
    let sched = SCHED.lock();
    let others = plain();
    let awake = i64::from(sched.mcount) + i64::from(others) - sleepers(&sched, asleep);
    if awake <= 0 {
        return false;
    }
    LISTENS.store(asleep % CHANGE + awake as u64, Ordering::SeqCst);
    // Whoever has gone to sleep or ended before that has not seen it.
    let still = ASLEEP.load(Ordering::SeqCst) == asleep && plain() == others;
    if !still {
        listen_no_more();
    }
    still
}

/// Threads that sleep in the runtime, sysmon included.
fn sleepers(sched: &Sched, asleep: u64) -> i64 {
    const SYSMON: i64 = 1;
    let parked = (asleep % CHANGE) as i64;
    i64::from(sched.nmidle) + i64::from(sched.nmidlelocked) + parked + SYSMON
}

/// The same, if nobody runs goroutines and nothing has moved meanwhile.
fn asleep_in_runtime(activations: u64, asleep: u64) -> Option<i64> {
    let sched = SCHED.lock();
    let idle = SPIN.idle() >= procs::live() && RUNQSIZE.load(Ordering::SeqCst) == 0;
    let still = ACTIVATIONS.load(Ordering::Relaxed) == activations
        && ASLEEP.load(Ordering::SeqCst) == asleep;
    (idle && still).then(|| sleepers(&sched, asleep))
}

fn report() -> ! {
    if spawn::count() == 0 {
        if spawn::ends_with_last_thread() {
            proc::exit_group(0);
        }
        fatal::deadlock(b"no goroutines (main called runtime.Goexit) - deadlock!");
    }
    fatal::deadlock(b"all goroutines are asleep - deadlock!")
}
