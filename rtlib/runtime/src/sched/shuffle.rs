//! `GODEBUG=schedseed=N`: the scheduler makes random choices where any choice is right, so that tests see interleavings that are rare otherwise.
//!
//! With it the next goroutine is any of those that are runnable here, and operations on channels, starting and waking goroutines are places where others may run first. The random numbers come
//! from the seed alone: with `GOMAXPROCS=1` the same seed gives the same interleaving, as long as the program does not depend on time. For this, no extra P is added for goroutines that
//! compute for long ([`decides_alone`]), and no memory is reclaimed in the background. With more Ps a seed only varies what the threads' timing leaves open.

use core::sync::atomic::Ordering;

use super::global::{RUNQSIZE, SCHED};
use super::{park, procs, threads};
use crate::gmp::current;
use crate::gmp::g::G;
use crate::gmp::p::P;
pub use crate::random::is_seeded as is_on;
use crate::random::seeded as random;
use crate::trace;

/// How often a place where others may run first is one where they do: once in so many times.
const RARITY: u32 = 4;
/// Elements of the ring that may be passed over.
const REACH: u32 = 16;

/// A place where others may run first. On a goroutine that holds no lock of the runtime; elsewhere nothing.
#[inline]
pub fn point() {
    if is_on() {
        point_slow();
    }
}

#[cold]
fn point_slow() {
    let Some(gp) = current().filter(|gp| gp.lockedm.get().is_none()) else {
        return;
    };
    if random().is_multiple_of(RARITY) {
        trace::stopped(gp, trace::Stop::Yield);
        park::leave(gp, park::to_global_queue, 0);
    }
}

/// Whether the same seed is to give the same interleaving.
pub fn decides_alone() -> bool {
    is_on() && procs::gomaxprocs() == 1
}

/// A goroutine that gave way has just been queued. Those who looked for work before have found nothing, and what runs in its place may wait for it without an end: usually an extra P runs that in the
/// end, but not where seeds decide.
#[inline]
pub fn gave_way() {
    if is_on() {
        threads::wakep(false);
    }
}

/// Takes any goroutine of a P's queues and the global one, where those are whom [`point`] has stopped. By the P's holder.
#[cold]
pub fn runqget(pp: &'static P) -> Option<&'static G> {
    if RUNQSIZE.load(Ordering::Relaxed) != 0 && random().is_multiple_of(RARITY) {
        let gp = SCHED.lock().globrunqget(pp, 1);
        if gp.is_some() {
            return gp;
        }
    }
    if let Some(next) = pp.runq.get_next() {
        park::runqput(pp, next);
    }
    for _ in 0..random() % (pp.runq.len().min(REACH) + 1) {
        if let Some(gp) = pp.runq.get() {
            park::runqput(pp, gp);
        }
    }
    let fresh = || match random() % 2 {
        0 => pp.fresh.pop_newest(),
        _ => pp.fresh.pop_oldest(),
    };
    match random() % 2 {
        0 => fresh().or_else(|| pp.runq.get()),
        _ => pp.runq.get().or_else(fresh),
    }
}
