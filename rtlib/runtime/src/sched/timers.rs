//! Who looks at the timers, and when: see `super`.

use core::sync::atomic::{Ordering, fence};

use super::second;
use crate::gmp::all::{ALLP, allp, ever_made_ps};
use crate::gmp::g::G;
use crate::gmp::p::{P, PStatus};
use crate::os::linux::{nanotime, proc};
use crate::sched::global::{SCHED, SPIN};
use crate::sched::park::{goready_behind, goready_next, my_p};
use crate::sched::{exhausted, threads};
use crate::timer::timers::Timers;

/// Rounds of the fast path between two looks at the clock.
const LOOK_EVERY: u64 = 16;
/// How many timers a P runs in one look: fewer than run between two looks, so that those that they wake do not pile up. They run while what the timer has touched is in
/// the cache, and in the order of their deadlines, which a run queue that overflows could not keep.
const BATCH: usize = LOOK_EVERY as usize / 2;
/// Sysmon does not mind timers that are late by less than this.
const SLACK_NS: u64 = 100_000;

/// Where the caller's timers are: with its P, or with the first P if it has none.
pub fn timers_here() -> &'static Timers {
    match my_p().or_else(|| ALLP[0].get_acquire()) {
        Some(pp) => &pp.timers,
        None => super::second::too_early(),
    }
}

/// After setting a timer of somebody who goes on running: others must look at it in time.
pub fn watch(when: u64) {
    second::expect_idleness();
    let nobody_will = || !SCHED.lock().somebody_wakes_by(when);
    if (my_p().is_none() || SPIN.idle() != 0) && nobody_will() {
        threads::wakep(true);
    }
}

/// In the fast path: whether the P should visit the scheduler for its timers.
#[inline]
pub fn must_visit_scheduler(pp: &'static P) -> bool {
    pp.timers.first().is_some()
        && pp
            .schedtick
            .load(Ordering::Relaxed)
            .is_multiple_of(LOOK_EVERY)
        && is_due(&pp.timers)
}

/// Whether the first is due. Reads the clock only when there is one.
#[inline]
fn is_due(timers: &Timers) -> bool {
    timers.first().is_some_and(|first| first <= nanotime())
}

/// Runs the P's timers that are due. True when there were some.
#[inline]
pub fn run_own(pp: &'static P) -> bool {
    is_due(&pp.timers) && run(&pp.timers, nanotime())
}

/// Runs what is due anywhere. True when there was something.
pub fn run_all() -> bool {
    first().is_some_and(|first| {
        let now = nanotime();
        first <= now && run_until(now)
    })
}

fn run_until(now: u64) -> bool {
    allp()
        .filter(|pp| is_due_at(pp, now))
        .fold(false, |ran, pp| run(&pp.timers, now) | ran)
}

/// Sysmon: whether a timer waits for a P that does not come.
pub fn are_overdue(now: u64) -> bool {
    let late = now.saturating_sub(SLACK_NS);
    allp().any(|pp| is_due_at(pp, late))
}

/// Sysmon: runs timers that nobody may come to run, and wakes somebody for those that an idle P could. True when it ran some.
pub fn see_to_overdue(now: u64) -> bool {
    let late = now.saturating_sub(SLACK_NS);
    let mut ran = false;
    for pp in allp().filter(|pp| is_due_at(pp, late)) {
        if pp.is(PStatus::Dead) || pp.hog.load(Ordering::Relaxed) || exhausted::is_short() {
            ran |= run(&pp.timers, now);
        } else if SPIN.idle() != 0 && !SCHED.lock().somebody_wakes_by(now) {
            threads::wakep(true);
        }
    }
    ran
}

fn is_due_at(pp: &P, now: u64) -> bool {
    pp.timers.first().is_some_and(|first| first <= now)
}

/// After Ps have died: their timers go to a living one. What is set meanwhile, or given to one that dies as well, stays until somebody looks at all.
pub fn leave_dead_ps() {
    let has_timers = |pp: &&P| pp.is(PStatus::Dead) && pp.timers.first().is_some();
    for dead in allp().filter(has_timers) {
        let living = |pp: &&P| !pp.is(PStatus::Dead) && !core::ptr::eq(*pp, dead);
        if let Some(heir) = allp().find(living) {
            dead.timers.move_to(&heir.timers);
        }
    }
}

/// Runs what is due, [`BATCH`] at most. True when something was. Whom the first one wakes runs next, the others after it, in the order of their deadlines.
fn run(timers: &Timers, now: u64) -> bool {
    let mut ready: fn(&'static G) = goready_next;
    let mut ran = false;
    for timer in core::iter::from_fn(|| timers.take_due(now)).take(BATCH) {
        // A periodic timer does not stay with a P that is dead, and no longer looked at when it has none.
        let woken = timer.fire(now, timers_here);
        timers.fired();
        // SAFETY: callbacks return a G of ours or null; Gs are never freed.
        if let Some(gp) = unsafe { woken.cast::<G>().as_ref() } {
            ready(gp);
        }
        ready = goready_behind;
        ran = true;
    }
    ran
}

/// Before a fork: keeps all timers as they are, and returns of how many Ps. None if that was not to be had within so many ns: the caller may have interrupted somebody who changes some.
pub fn keep_all(ns: u64) -> Option<usize> {
    let deadline = nanotime() + ns;
    loop {
        let kept = ever_made_ps().take_while(|pp| pp.timers.try_keep()).count();
        if kept == ever_made_ps().count() {
            return Some(kept);
        }
        let_go(kept);
        if nanotime() >= deadline {
            return None;
        }
        proc::osyield();
    }
}

/// Ends what [`keep_all`] began.
pub fn let_go(kept: usize) {
    for pp in ever_made_ps().take(kept) {
        // SAFETY: `keep_all` has kept these.
        unsafe { pp.timers.let_go() };
    }
}

/// The same in the child: none is set any more.
pub fn forget(kept: usize) {
    for pp in ever_made_ps().take(kept) {
        // SAFETY: as above.
        unsafe { pp.timers.forget() };
    }
}

/// The earliest deadline of all.
pub fn first() -> Option<u64> {
    fence(Ordering::SeqCst);
    allp()
        .filter_map(|pp| pp.timers.first_after_barrier())
        .min()
}
