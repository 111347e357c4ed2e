//! Deadlock: nobody will ever run again (Go: `checkdead`).
//!
//! That is so when all Ps are idle, no timer is set and *every thread of the process sleeps in the runtime*: idle Ms, Ms that wait for their locked goroutine, threads
//! and goroutines in blocking calls that wait for a channel, a lock or a token ([`super::park`]), and sysmon itself. A thread that is anywhere else (in a system call, in C
//! code, in std's `park`) may wake somebody yet. The kernel says how many threads there are; the runtime knows how many of them sleep in it.
//!
//! Sysmon asks only after a while of complete idleness, and as long as some thread may act it asks again, less and less often. Where /proc is not mounted,
//! deadlocks go unreported.

use core::sync::atomic::{AtomicU64, Ordering};

use super::global::{ACTIVATIONS, RUNQSIZE, SCHED, SPIN};
use super::{procs, spawn, timer};
use crate::fatal;
use crate::os::linux::thread;

/// First pause between two looks, and the longest.
const FIRST_PAUSE_NS: u64 = 10_000_000;
const LONGEST_PAUSE_NS: u64 = 1_000_000_000;

/// Threads that wait in `park::thread_park`: how many (low half), and a count of changes (high half).
static ASLEEP: AtomicU64 = AtomicU64::new(0);
const CHANGE: u64 = 1 << 32;

/// A thread goes to sleep until somebody readies it.
pub fn falls_asleep() {
    ASLEEP.fetch_add(CHANGE + 1, Ordering::SeqCst);
}

/// Somebody has woken a thread that had called `falls_asleep`.
pub fn is_woken() {
    ASLEEP.fetch_add(CHANGE - 1, Ordering::SeqCst);
}

/// A question that may stay open for a while.
pub struct Undecided {
    pause: u64,
}

impl Undecided {
    /// Not asked yet.
    pub fn new() -> Self {
        Self {
            pause: FIRST_PAUSE_NS,
        }
    }

    /// Ends the program if it is deadlocked, provided that no P has been taken since there were so many `activations`. Some: the answer may change without
    /// a P being taken; look again after so many ns.
    pub fn look(&mut self, activations: u64) -> Option<u64> {
        let asleep = ASLEEP.load(Ordering::SeqCst);
        if fatal::panicking() || timer::first().is_some() {
            return None; // an M takes a P when the timer is due
        }
        let threads = thread::count()?;
        if asleep_in_runtime(activations, asleep) != Some(i64::from(threads)) {
            let pause = self.pause;
            self.pause = (pause * 2).min(LONGEST_PAUSE_NS);
            return Some(pause);
        }
        report()
    }
}

/// Threads that sleep in the runtime, sysmon included. None when something has moved meanwhile.
fn asleep_in_runtime(activations: u64, asleep: u64) -> Option<i64> {
    const SYSMON: i64 = 1;
    let sched = SCHED.lock();
    let idle = SPIN.idle() >= procs::live() && RUNQSIZE.load(Ordering::SeqCst) == 0;
    let still = ACTIVATIONS.load(Ordering::Relaxed) == activations
        && ASLEEP.load(Ordering::SeqCst) == asleep;
    let parked = (asleep % CHANGE) as i64;
    let ms = i64::from(sched.nmidle) + i64::from(sched.nmidlelocked);
    (idle && still).then_some(ms + parked + SYSMON)
}

fn report() -> ! {
    if spawn::count() == 0 {
        fatal::deadlock(b"no goroutines (main called runtime.Goexit) - deadlock!");
    }
    fatal::deadlock(b"all goroutines are asleep - deadlock!")
}
