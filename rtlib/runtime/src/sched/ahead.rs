//! Stacks that are made before anybody needs them, by Ms with a P that have found nothing to run.
//!
//! A new stack is mostly the kernel's work: a fresh page and its guard cost several times what the scheduler does for a goroutine in all its life. A goroutine that starts many others, faster than others end, does that for all of them, while
//! other Ps, which only have the goroutines to run, wait for it. So they do their share of it: whoever starts goroutines says how many stacks it needed ([`needed`]), and an M that would nap or go to sleep makes as many
//! ([`make_some`]), for the next ones.
//!
//! What is made in vain is bounded by [`MOST`] and given back like all stacks that nobody needs (`reclaim`).

use core::sync::atomic::{AtomicU32, Ordering};

use super::global::{SCHED, SPIN};
use super::procs;
use super::spawn::make_stack;
use crate::stack::{Class, arena};

/// How many are made at a time. Whoever becomes runnable meanwhile may have to wait for that, some 30 µs.
const BATCH: u32 = arena::MAX_AHEAD;
/// Most that are made for what was needed in the past.
const MOST: u32 = 64;

/// Stacks that were needed and not made up for.
static NEEDED: AtomicU32 = AtomicU32::new(0);

/// Somebody needed stacks of the default class that no goroutine had left to him.
pub fn needed(count: u32) {
    if NEEDED.load(Ordering::Relaxed) < MOST {
        NEEDED.fetch_add(count, Ordering::Relaxed);
    }
}

fn claim_need() -> bool {
    let less = |needed: u32| needed.checked_sub(BATCH);
    NEEDED
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
        .is_ok()
}

/// Makes stacks, if some are needed and somebody else runs who may start goroutines. False when there was nothing to do. With a P, on g0.
pub fn make_some() -> bool {
    let somebody_runs = SPIN.idle() + 1 < procs::live();
    if !somebody_runs || !claim_need() {
        return false;
    }
    let class = Class::for_size(0);
    let places = arena::take_spare(class, BATCH);
    if let Some(places) = places {
        places.iter().for_each(make_stack);
        SCHED.lock().gfree[class.index()].push_chain(places);
    }
    places.is_some()
}
