//! No more threads: as many as `rtlib::debug::set_max_threads` allows, or the system refuses them.
//!
//! A P that no M can be had for goes to the idle list, and its goroutines to the global queue ([`leave`]): they wait until an M comes back from a call, goes idle or ends. The program goes on with
//! fewer threads. Meanwhile sysmon tries again, and judges: when nobody has run for a while and every thread of the process waits in the kernel for another one of the same process, nobody ever
//! will, and the program ends. A thread that reads, sleeps or computes may come back yet.

use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::global::{RUNQSIZE, SCHED, Sched};
use super::{threads, timers};
use crate::fatal;
use crate::gmp::all::{MAX_MCOUNT, allp, ever_made_ps};
use crate::gmp::g::G;
use crate::gmp::m::M;
use crate::gmp::p::P;
use crate::os::linux::thread;
use crate::signal;
use crate::watch::sysmon;

/// Sysmon tries again after so long, since nobody tells it that the system would give a thread again.
const RETRY_NS: u64 = 10_000_000;
/// Nobody has run for so long: time to look whether anybody ever will, and again after twice that.
const STILL_NS: u64 = 500_000_000;

static LIMIT: AtomicU32 = AtomicU32::new(MAX_MCOUNT);
/// Why the system refused the last thread, as errno; 0 when it is to be asked again.
static REFUSED: AtomicU32 = AtomicU32::new(0);
/// A P was left without an M, and goroutines may wait for that.
static SHORT: AtomicBool = AtomicBool::new(false);

/// See `rtlib_abi::watch::set_max_threads`.
#[unsafe(export_name = "runtime/debug.setMaxThreads")]
extern "C" fn set_max_threads(limit: u32) -> u32 {
    LIMIT.swap(limit.max(1), Ordering::Relaxed)
}

/// Whether another thread may be made.
pub fn may_make(sched: &Sched) -> bool {
    sched.mcount < LIMIT.load(Ordering::Relaxed) && REFUSED.load(Ordering::Relaxed) == 0
}

/// Whether goroutines wait for want of a thread, at a glance.
pub fn is_short() -> bool {
    SHORT.load(Ordering::Relaxed)
}

/// There is no M for this P, which nobody holds.
pub fn leave(sched: &mut Sched, pp: &'static P) {
    pp.hand_over(|gp| sched.globrunqput(gp));
    sched.pidleput(pp);
    SHORT.store(true, Ordering::Relaxed);
}

/// The same because the system refuses what an M needs.
pub fn leave_for(sched: &mut Sched, pp: &'static P, errno: u32) {
    REFUSED.store(errno, Ordering::Relaxed);
    leave(sched, pp);
}

/// A P for an M that goes idle, when some was left while goroutines wait.
pub fn left_over(sched: &mut Sched) -> Option<&'static P> {
    (is_short() && sched.runq.len() != 0)
        .then(|| sched.pidleget())
        .flatten()
}

/// The system refused the thread of `mp`, which was to run goroutines with `pp`.
pub fn refused(mp: &'static M, pp: &'static P, errno: u32) {
    let mut sched = SCHED.lock();
    sched.mbury(mp);
    leave_for(&mut sched, pp, errno);
}

/// In the child of a fork: the system may have threads for it.
pub fn forget() {
    REFUSED.store(0, Ordering::Relaxed);
    SHORT.store(false, Ordering::Relaxed);
}

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
        all &= tid == sysmon::tid()
            || thread::call_of(tid).is_some_and(|call| call.waits_for_another());
    });
    read.is_ok() && all
}

fn report(errno: u32) -> ! {
    let (threads, waiting) = {
        let sched = SCHED.lock();
        (sched.mcount, sched.runq.first().map_or(0, G::id))
    };
    if errno == 0 {
        fatal::thread_exhaustion(LIMIT.load(Ordering::Relaxed), waiting)
    }
    fatal::threads_refused(threads, errno, waiting)
}
