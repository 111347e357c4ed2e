//! No more threads (`sched::exhausted`): sysmon tries again, and judges. When nobody has run for a while and every thread of the process waits in the kernel for another one of the same process, nobody ever
//! will, and the program ends. A thread that reads, sleeps or computes may come back yet.

use core::sync::atomic::Ordering;

use crate::gmp::all::{allp, ever_made_ps};
use crate::gmp::g::G;
use crate::gmp::p::P;
use crate::os::linux::thread;
use crate::sched::exhausted::{LIMIT, REFUSED, SHORT, is_short};
use crate::sched::global::{RUNQSIZE, SCHED};
use crate::sched::{threads, timers, watcher};
use crate::{fatal, signal};

/// Sysmon tries again after so long, since nobody tells it that the system would give a thread again.
const RETRY_NS: u64 = 10_000_000;
/// Nobody has run for so long: time to look whether anybody ever will, and again after twice that.
const STILL_NS: u64 = 500_000_000;

/// What sysmon remembers.
pub struct Watch {
    next: u64,
    /// Rounds of all Ps when they were counted last, since when it is that number, and how long it is to stay before threads are looked at.
    rounds: u64,
    since: u64,
    patience: u64,
}

impl Watch {
    /// At the start.
    pub fn new() -> Self {
        Self {
            next: 0,
            rounds: 0,
            since: 0,
            patience: STILL_NS,
        }
    }

    /// On sysmon: tries again when it is time, and ends the program when nobody can go on. True as long as goroutines wait for want of a thread.
    pub fn look(&mut self, now: u64) -> bool {
        if !is_short() {
            return false;
        }
        let work_waits = RUNQSIZE.load(Ordering::Relaxed) != 0 || allp().any(P::has_work);
        // Timers that nobody can run are sysmon's as long as this holds.
        if !work_waits && !timers::are_overdue(now) {
            SHORT.store(false, Ordering::Relaxed);
            return false;
        }
        if now < self.next {
            return true;
        }
        self.next = now + RETRY_NS;
        let errno = REFUSED.swap(0, Ordering::Relaxed);
        threads::wakep(true);
        let rounds = ever_made_ps().map(P::rounds).fold(0, u64::wrapping_add);
        if rounds != self.rounds {
            (self.rounds, self.since, self.patience) = (rounds, now, STILL_NS);
        } else if now.saturating_sub(self.since) >= self.patience {
            // A timer may send to a channel that a thread waits for.
            if work_waits && timers::first().is_none() && all_wait_for_each_other() {
                report(errno);
            }
            self.patience *= 2;
        }
        true
    }
}

/// Whether every thread but sysmon waits on a futex of this process, without a deadline. False when that cannot be read.
fn all_wait_for_each_other() -> bool {
    let mut all = !signal::is_awaited(); // a handler may wake somebody
    let read = thread::for_each(|tid| {
        all &= tid == watcher::tid()
            || thread::call_of(tid).is_some_and(|call| call.waits_for_another());
    });
    read.is_ok() && all
}

fn report(errno: u32) -> ! {
    let (made, waiting) = {
        let sched = SCHED.lock();
        (sched.mcount, sched.runq.first().map_or(0, G::id))
    };
    if errno == 0 {
        fatal::thread_exhaustion(LIMIT.load(Ordering::Relaxed), waiting)
    }
    fatal::threads_refused(made, errno, waiting, threads::is_there_room_for_a_stack)
}
