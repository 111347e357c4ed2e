//! `GODEBUG=schedseed=N`: the scheduler makes random choices where any choice is right, so that tests see interleavings that are rare otherwise.
//!
//! With it the next goroutine is any of those that are runnable here, and operations on channels, starting and waking goroutines are places where others may run first. The random numbers come
//! from the seed alone: with `GOMAXPROCS=1` the same seed gives the same interleaving, as long as the program does not depend on time. For this, nobody makes up for goroutines that
//! compute for long, and no memory is reclaimed in the background. With more Ps a seed only varies what the threads' timing leaves open.

use core::sync::atomic::{AtomicU64, Ordering};

use super::global::{RUNQSIZE, SCHED};
use super::{park, threads};
use crate::gmp::current;
use crate::gmp::g::G;
use crate::gmp::p::P;
use crate::godebug;
use crate::random::mix;
use crate::trace;

/// How often a place where others may run first is one where they do: once in so many times.
const RARITY: u32 = 4;
/// Elements of the ring that may be passed over.
const REACH: u32 = 16;

static STATE: AtomicU64 = AtomicU64::new(0);

/// Whether choices are random.
#[inline]
pub fn is_on() -> bool {
    godebug::schedseed() != 0
}

/// The next number of the seed's sequence (splitmix64). With several Ps two threads may get the same one, which does no harm.
pub fn random() -> u32 {
    let seed = u64::from(godebug::schedseed());
    let state = STATE
        .load(Ordering::Relaxed)
        .wrapping_add(0x9e37_79b9_7f4a_7c15);
    STATE.store(state, Ordering::Relaxed);
    (mix(state ^ (seed << 32)) >> 16) as u32
}

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

/// A goroutine that gave way has just been queued. Those who looked for work before have found nothing, and what runs in its place may wait for it without an end: usually somebody makes up for that in the
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
