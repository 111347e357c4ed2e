//! Stacks of goroutines that have been parked for long: `bgscavenge`.
//!
//! A goroutine that once was deep keeps the pages it touched. When it has been parked for [`LONG_NS`], those wholly below its stack pointer, where nothing is that anybody wants
//! to know, are given back. The goroutine must not be resumed meanwhile, so it is held (`hold`), a few dozen at a time.
//!
//! One that is parked on a stack of somebody else's (`stacker::grow`, a coroutine) is left alone: what it has in use of its own stack is not known. Such a stack may also lie in the goroutine's own (an array of a function that is still running): then the frames
//! do not lie one above the other, which is looked at before anything is given back.
//!
//! Each parking is looked at once (`G.scavenged`). The main goroutine is left alone: it is on the process stack.

use core::sync::atomic::{AtomicU64, Ordering};

use crate::gmp::g::{G, Status};
use crate::gmp::is_main;
use crate::link::Link;
use crate::os::linux::{mem, nanotime};
use crate::sched::spawn;
use crate::stack::allgs;
use crate::stack::hold::Held;
use crate::traceback::unwind;

/// Parked for longer than this is long; also the time from one round to the next.
pub const LONG_NS: u64 = 5_000_000_000;
/// Goroutines that are held at a time.
const BATCH: usize = 32;

/// How far to look for candidates at a time.
const LOOKED_AT: usize = 1024;

/// Where the running round goes on; none when it is through. Or where it would have gone on: that goroutine may have ended since.
static CURSOR: Link<G> = Link::none();
/// How often others than the workers had begun to run when sysmon looked last, and when it first saw that number, ns.
static RUNS: AtomicU64 = AtomicU64::new(0);
/// See `RUNS`.
static SINCE: AtomicU64 = AtomicU64::new(0);
/// What `RUNS` was, plus one, when a round began that found everybody parked for long or looked at before: while it stands there is nothing to find. 0 for no round.
static DONE: AtomicU64 = AtomicU64::new(0);
/// When the last round began, ns; 0 for none.
static BEGAN: AtomicU64 = AtomicU64::new(0);

/// Sysmon has seen that others than the workers have begun to run so often.
pub fn see_runs(now: u64, runs: u64) {
    if SINCE.load(Ordering::Relaxed) == 0 || RUNS.load(Ordering::Relaxed) != runs {
        RUNS.store(runs, Ordering::Relaxed);
        SINCE.store(now, Ordering::Relaxed);
    }
    if BEGAN.load(Ordering::Relaxed) == 0 {
        BEGAN.store(now, Ordering::Relaxed);
    }
}

/// When the next round is to begin, ns: [`LONG_NS`] after the last one. None when it would find nothing.
pub fn due() -> Option<u64> {
    let last = last_due()?;
    Some(last.min(BEGAN.load(Ordering::Relaxed) + LONG_NS))
}

/// When a round is to begin if nobody runs any more: then all that are parked will have been for [`LONG_NS`], and no other round is needed. None when that has been.
pub fn last_due() -> Option<u64> {
    let has_been = DONE.load(Ordering::Relaxed) == RUNS.load(Ordering::Relaxed).wrapping_add(1);
    (!has_been && spawn::count() > 1).then(|| SINCE.load(Ordering::Relaxed) + LONG_NS)
}

/// Whether a round has begun that is not through.
pub fn in_progress() -> bool {
    CURSOR.get_acquire().is_some()
}

/// In the child of a fork: no round has begun.
pub fn forget() {
    CURSOR.set(None);
}

/// Begins a round that is [`due`]. On sysmon.
pub fn begin_round(now: u64) {
    if now.saturating_sub(SINCE.load(Ordering::Relaxed)) >= LONG_NS {
        let runs = RUNS.load(Ordering::Relaxed);
        DONE.store(runs.wrapping_add(1), Ordering::Relaxed);
    }
    BEGAN.store(now, Ordering::Relaxed);
    CURSOR.set_release(first_candidate(now.saturating_sub(LONG_NS)));
}

/// Where a round must begin: it needs no worker when there are few goroutines and nothing to do for any.
fn first_candidate(parked_before: u64) -> Option<&'static G> {
    let mut all = allgs::all();
    let candidate = |gp: &&'static G| is_candidate(gp, parked_before);
    let found = all.by_ref().take(LOOKED_AT).find(candidate);
    found.or_else(|| all.next())
}

/// Goes on with the round as long as `may`. On the worker.
pub fn go_on(may: impl Fn() -> bool) {
    let parked_before = nanotime().saturating_sub(LONG_NS);
    let mut next = CURSOR.get_acquire();
    while let Some(first) = next
        && may()
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
    if end > lo && mem::some_resident(lo, end - lo) {
        // SAFETY: the goroutine is held, so its context is saved and its stack is ours, and [lo, end) is in it. Below the stack pointer of a saved context nothing is in use (`switch`), if the frames in use are
        // all above. When giving back fails the memory is just kept.
        let _ = unsafe { unwind::is_in_one_piece(gp).then(|| mem::give_back(lo, end - lo)) };
    }
    let since = gp.waitsince.load(Ordering::Relaxed);
    gp.scavenged.store(mark(since), Ordering::Relaxed);
}
