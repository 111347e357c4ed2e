//! Which of a P's own goroutines runs next. By the P's holder only.
//!
//! 1. `next`, which the goroutine before it has readied: it inherits what is left of that one's slice of time.
//! 2. The ring (ready again, first come, first served) and the list of those that have not run yet (newest first, see `fresh`) in turns, so that neither
//!    starves the other.
//!
//! Nobody is overtaken for ever: a slice ends; in the ring nobody is overtaken at all; of those that have not run yet the oldest has its turn after
//! [`OLDEST_EVERY`] choices, and after a slice of time.

use core::sync::atomic::Ordering;

use super::{shuffle, watcher};
use crate::gmp::g::G;
use crate::gmp::p::P;

/// A slice of time: how long goroutines that ready each other may have the P to themselves while others wait for it. Two that pass a ball may neither starve the
/// rest, however briefly they hold it, nor get more of the P than others who do, however long. By sysmon's clock, which may take twice that to notice.
const SLICE_NS: u64 = 10_000_000;
/// So many choices between ring and list from one turn of the oldest to the next. Seldom enough that trees are walked depth first: with 64, a tree of a million
/// leaves needs 100 MB for stacks instead of 2.
const OLDEST_EVERY: u32 = 1024;

/// Takes a goroutine from a P's queues.
#[inline]
pub fn runqget(pp: &'static P) -> Option<&'static G> {
    if shuffle::is_on() {
        return shuffle::runqget(pp);
    }
    let now = watcher::coarse_now();
    let used = now.wrapping_sub(pp.slice_since.load(Ordering::Relaxed));
    if used < SLICE_NS
        && let Some(next) = pp.runq.get_next()
    {
        return Some(next);
    }
    pp.slice_since.store(now, Ordering::Relaxed);
    from_ring_or_fresh(pp, now).or_else(|| pp.runq.get_next())
}

#[inline(never)]
fn from_ring_or_fresh(pp: &'static P, now: u64) -> Option<&'static G> {
    if pp.fresh.len() == 0 {
        return pp.runq.get();
    }
    let turn = pp.turns.load(Ordering::Relaxed).wrapping_add(1);
    pp.turns.store(turn, Ordering::Relaxed);
    if turn.is_multiple_of(2)
        && let Some(gp) = pp.runq.get()
    {
        return Some(gp);
    }
    let waited = now.wrapping_sub(pp.oldest_had_turn.load(Ordering::Relaxed));
    let fresh = if turn % OLDEST_EVERY == 1 || waited >= SLICE_NS {
        pp.oldest_had_turn.store(now, Ordering::Relaxed);
        pp.fresh.pop_oldest()
    } else {
        pp.fresh.pop_newest()
    };
    fresh.or_else(|| pp.runq.get())
}
