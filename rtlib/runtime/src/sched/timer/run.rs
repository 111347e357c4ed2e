//! Who looks at the timers, and when: see `super`.

use core::sync::atomic::{Ordering, fence};

use super::timers::Timers;
use crate::os::linux::nanotime;
use crate::sched::g::G;
use crate::sched::global::{ALLP, SPIN, allp};
use crate::sched::p::P;
use crate::sched::park::{goready, goready_behind, my_p};
use crate::sched::threads;

/// Rounds of the fast path between two looks at the clock.
const LOOK_EVERY: u64 = 16;
/// Sysmon leaves timers that are late by less than this to the Ps.
const SLACK_NS: u64 = 100_000;

/// Where the caller's timers are: with its P, or with the first P if it has none.
pub(super) fn timers_here() -> &'static Timers {
    match my_p().or_else(|| ALLP[0].get_acquire()) {
        Some(pp) => &pp.timers,
        None => crate::fatal::throw(b"timers before the first P"),
    }
}

/// After setting a timer: somebody must look at it in time, which a P that is busy with something else may not.
pub(super) fn watch() {
    if my_p().is_none() || SPIN.idle() != 0 {
        threads::wakep(false);
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

/// Sysmon: runs what nobody else has run for a while.
pub fn run_overdue(now: u64) -> bool {
    let late = now.saturating_sub(SLACK_NS);
    first().is_some_and(|first| first <= late) && run_until(now)
}

fn run_until(now: u64) -> bool {
    allp()
        .filter(|pp| pp.timers.first().is_some_and(|first| first <= now))
        .fold(false, |ran, pp| run(&pp.timers, now) | ran)
}

/// Runs what is due. True when something was. Whom the first one wakes runs next, the others after it, in the order of their deadlines.
fn run(timers: &Timers, now: u64) -> bool {
    let mut ran = false;
    while let Some(timer) = timers.take_due(now) {
        // A periodic timer does not stay with a P that is dead, and no longer looked at when it has none.
        let woken = timer.fire(now, timers_here);
        // SAFETY: callbacks return a G of ours or null; Gs are never freed.
        if let Some(gp) = unsafe { woken.cast::<G>().as_ref() } {
            let ready = if ran { goready_behind } else { goready };
            ready(gp);
        }
        ran = true;
    }
    ran
}

/// The earliest deadline of all.
pub fn first() -> Option<u64> {
    fence(Ordering::SeqCst);
    allp()
        .filter_map(|pp| pp.timers.first_after_barrier())
        .min()
}
