//! What to run next, on g0: Go's `schedule`, `findRunnable`, `stealWork`, `execute`.

use core::sync::atomic::Ordering;

use super::global::{RUNQSIZE, SCHED, SPIN};
use super::park::{global_is_due, prepare};
use super::pick::runqget;
use super::spawn::add;
use super::{ahead, locked, poller, procs, threads, timers};
use crate::gmp::all::allp;
use crate::gmp::g::G;
use crate::gmp::m::M;
use crate::gmp::p::P;
use crate::gmp::{self, switch};
use crate::godebug;
use crate::os::linux::proc;

/// Rounds over all Ps before giving up.
const STEAL_TRIES: u32 = 4;
/// How long a thief waits before it takes a goroutine that its P is about to run next.
const NEXT_GRACE_US: u64 = 3;
/// One round of the scheduler: finds a goroutine and runs it. On g0; its frames are abandoned.
#[unsafe(export_name = "runtime.schedule")]
pub extern "C" fn schedule() -> ! {
    let Some(g0) = gmp::getg() else {
        crate::fatal::throw(b"schedule: no g")
    };
    let mp = g0.mp();
    loop {
        if let Some(gp) = mp.lockedg.get() {
            locked::stoplockedm(mp);
            execute(mp, gp);
        }
        let gp = mp.pending.take().unwrap_or_else(|| find_runnable(mp));
        if mp.is_spinning() {
            reset_spinning(mp);
        }
        if gp.lockedm.get().is_some() {
            locked::startlockedm(mp, gp);
            continue;
        }
        execute(mp, gp);
    }
}

/// Runs a runnable goroutine on this M.
pub fn execute(mp: &'static M, gp: &'static G) -> ! {
    prepare(mp, gp);
    // SAFETY: on g0; the goroutine came from a queue to us alone and `prepare` has bound it.
    unsafe { switch::gogo(gp) }
}

/// Blocks until there is a goroutine to run.
fn find_runnable(mp: &'static M) -> &'static G {
    loop {
        procs::retire_if_surplus(mp);
        let Some(pp) = mp.p.get() else {
            threads::stopm(mp);
            continue;
        };
        timers::run_own(pp);
        if let Some(gp) = global_turn(pp)
            .or_else(|| runqget(pp))
            .or_else(|| from_global(mp, pp))
        {
            return gp;
        }
        if poller::poll() {
            continue;
        }
        if let Some(gp) = spin_and_steal(mp, pp) {
            return gp;
        }
        if mp.is_spinning() && ahead::make_some() {
            continue;
        }
        if let Some(gp) = give_up(mp, pp) {
            return gp;
        }
    }
}

/// Once in a while the global queue comes first, so that two goroutines that keep readying each other do not starve it.
fn global_turn(pp: &'static P) -> Option<&'static G> {
    if global_is_due(pp) {
        SCHED.lock().globrunqget(pp, 1)
    } else {
        None
    }
}

fn from_global(mp: &'static M, pp: &'static P) -> Option<&'static G> {
    if RUNQSIZE.load(Ordering::Relaxed) == 0 {
        return None;
    }
    if godebug::schedmigrate() {
        threads::wakep(true);
        return SCHED.lock().globrunqget_from_elsewhere(mp);
    }
    SCHED.lock().globrunqget(pp, u32::MAX)
}

fn spin_and_steal(mp: &'static M, pp: &'static P) -> Option<&'static G> {
    if !mp.is_spinning() {
        // At most half as many spinners as busy Ps.
        let busy = procs::live().saturating_sub(SPIN.idle()) as i32;
        if 2 * SPIN.spinning() >= busy {
            return None;
        }
        start_spinning(mp);
    }
    steal_work(mp, pp)
}

fn start_spinning(mp: &'static M) {
    mp.spinning.store(true, Ordering::Relaxed);
    SPIN.start();
}

/// The M has found work: it stops spinning, and another starts if it was the last.
fn reset_spinning(mp: &'static M) {
    mp.spinning.store(false, Ordering::Relaxed);
    SPIN.stop();
    threads::wakep(true);
}

fn steal_work(mp: &'static M, pp: &'static P) -> Option<&'static G> {
    for round in 0..STEAL_TRIES {
        let ps = allp();
        let n = ps.len();
        let start = mp.cheaprand() as usize % n;
        for victim in ps.clone().skip(start).chain(ps.take(start)) {
            if core::ptr::eq(victim, pp) || !victim.is_in_use() {
                continue;
            }
            let stolen = steal_from(pp, victim, round == STEAL_TRIES - 1);
            if stolen.is_some() {
                add(&pp.steals);
                return stolen;
            }
        }
    }
    None
}

fn steal_from(pp: &'static P, victim: &'static P, take_last: bool) -> Option<&'static G> {
    if !victim.has_work() {
        return None;
    }
    let others = victim.fresh.pop_oldest_of_several();
    if let stolen @ Some(_) = others.or_else(|| victim.runq.steal_into(&pp.runq, false)) {
        return stolen;
    }
    if !take_last {
        return None;
    }
    // Its P is likely about to run it: taking it at once would make two threads toss one goroutine back and forth.
    if !ahead::make_some() {
        proc::usleep(NEXT_GRACE_US);
    }
    let next = victim.runq.steal_into(&pp.runq, true);
    next.or_else(|| victim.fresh.pop_oldest())
}

/// Lets the P go, looks at all queues once more, sleeps. Some when work came up on the way.
fn give_up(mp: &'static M, pp: &'static P) -> Option<&'static G> {
    if timers::run_all() {
        return None;
    }
    {
        let mut sched = SCHED.lock();
        if let Some(gp) = sched.globrunqget(pp, u32::MAX) {
            return Some(gp);
        }
        procs::release(mp);
        sched.pidleput(pp);
    }
    if mp.is_spinning() {
        mp.spinning.store(false, Ordering::Relaxed);
        SPIN.stop();
        if let Some(pp) = recheck() {
            procs::acquire(mp, pp);
            start_spinning(mp);
            return None;
        }
    }
    threads::stopm_until(mp, timers::first());
    None
}

/// After the last look and before sleeping: work that was submitted while we were counted as spinning is ours to serve. Some: an idle P
/// to serve it with.
fn recheck() -> Option<&'static P> {
    let anything = RUNQSIZE.load(Ordering::SeqCst) != 0 || allp().any(P::has_work);
    if anything {
        SCHED.lock().pidleget()
    } else {
        None
    }
}
