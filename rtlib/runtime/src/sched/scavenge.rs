//! Stacks of goroutines that have been parked for long: `bgscavenge`.
//!
//! A goroutine that once was deep keeps the pages it touched. When it has been parked for [`LONG_NS`], those wholly below its stack pointer, where nothing is that anybody wants
//! to know, are given back. The goroutine must not be resumed meanwhile, so it is held (`hold`), a few dozen at a time.
//!
//! One that is parked on a stack of somebody else's (`stacker::grow`, a coroutine) is left alone: what it has in use of its own stack is not known.
//!
//! Each parking is looked at once (`G.scavenged`). The main goroutine is left alone: it is on the process stack.

use core::sync::atomic::{AtomicU64, Ordering};

use super::g::{G, Status};
use super::global::ACTIVATIONS;
use super::hold::Held;
use super::{allgs, is_main, spawn};
use crate::link::Link;
use crate::os::linux::{mem, nanotime};

/// Parked for longer than this is long; also the time from one round to the next.
pub const LONG_NS: u64 = 5_000_000_000;
/// Goroutines that are held at a time.
const BATCH: usize = 32;

/// Where the running round goes on; none when it is through. Or where it would have gone on: that goroutine may have ended since.
static CURSOR: Link<G> = Link::none();
/// What [`ACTIVATIONS`] was when the last round began: a process in which nobody has run since needs no other.
static SEEN: AtomicU64 = AtomicU64::new(0);

/// Whether a round is due that could find something: somebody has run since the last one began.
pub fn is_wanted() -> bool {
    in_progress()
        || (SEEN.load(Ordering::Relaxed) != ACTIVATIONS.load(Ordering::Relaxed)
            && spawn::count() > 1)
}

/// Whether a round has begun that is not through.
pub fn in_progress() -> bool {
    CURSOR.get_acquire().is_some()
}

/// Begins a round. On sysmon.
pub fn begin_round() {
    SEEN.store(ACTIVATIONS.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    CURSOR.set_release(allgs::all().next());
}

/// Goes on with the round until `end`. On the worker.
pub fn go_on(end: u64) {
    let parked_before = nanotime().saturating_sub(LONG_NS);
    let mut next = CURSOR.get_acquire();
    while let Some(first) = next
        && nanotime() < end
    {
        next = batch(first, parked_before);
    }
    CURSOR.set_release(next);
}

/// All of it at once, however short a goroutine has been parked.
pub fn everything() {
    let mut next = allgs::all().next();
    while let Some(first) = next {
        next = batch(first, u64::MAX);
    }
}

/// Takes the next candidates of all Gs from this one on; returns where to go on.
fn batch(first: &'static G, parked_before: u64) -> Option<&'static G> {
    /// How far to look for candidates at a time.
    const LOOKED_AT: usize = 1024;
    let mut rest = allgs::from(first);
    let (mut found, mut len) = ([first; BATCH], 0);
    let candidates = rest
        .by_ref()
        .take(LOOKED_AT)
        .filter(|gp| is_candidate(gp, parked_before));
    for (place, gp) in found.iter_mut().zip(candidates) {
        *place = gp;
        len += 1;
    }
    if len > 0 {
        let held = Held::new(&found[..len]);
        held.parked()
            .filter(|(gp, status)| *status == Status::Waiting && is_candidate(gp, parked_before))
            .for_each(|(gp, _)| give_back_below(gp));
    }
    rest.next()
}

fn is_candidate(gp: &'static G, parked_before: u64) -> bool {
    let since = gp.waitsince.load(Ordering::Relaxed);
    gp.status() == Status::Waiting as u32
        && since < parked_before
        && gp.scavenged.load(Ordering::Relaxed) != mark(since)
        && !is_main(gp)
}

/// What `G.scavenged` is for a parking that began then.
fn mark(since: u64) -> u64 {
    since | 1
}

/// Gives back the pages below the stack pointer of a goroutine that is held, if that is on its own stack.
fn give_back_below(gp: &'static G) {
    let lo = gp.stack_lo.load(Ordering::Relaxed);
    let end = gp.sp_on_own_stack().map_or(lo, |sp| sp & !(mem::PAGE - 1));
    if end > lo {
        // SAFETY: the goroutine is held, so its stack is ours, and [lo, end) is in it; below the stack pointer of a saved context nothing is in use (`switch`). When it fails
        // the memory is just kept.
        let _ = unsafe { mem::give_back(lo, end - lo) };
    }
    let since = gp.waitsince.load(Ordering::Relaxed);
    gp.scavenged.store(mark(since), Ordering::Relaxed);
}
