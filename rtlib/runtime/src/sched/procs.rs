//! How many Ps there are: GOMAXPROCS, at the start and at run time, and the extra Ps that compensate for hogs.
//!
//! The world is never stopped. There is a wanted number (`gomaxprocs` + hogs) and a number of live Ps. Growing adds idle Ps. Shrinking takes
//! idle Ps at once, and sets `SURPLUS`: Ps that run retire at their next scheduling point, their queues go to the global one.

use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::global::{MAIN_STARTED, MAX_GOMAXPROCS, SCHED, Sched};
use super::{threads, timers, watcher};
use crate::gmp::all::{ALLP, ALLP_LEN, MAX_PROCS};
use crate::gmp::m::M;
use crate::gmp::p::{P, PStatus};
use crate::libc::malloc;
use crate::link::Link;
use crate::stack::Class;
use crate::{persistent, trace};

static GOMAXPROCS: AtomicU32 = AtomicU32::new(0);
static HOGS: AtomicU32 = AtomicU32::new(0);
static LIVE: AtomicU32 = AtomicU32::new(0);
static SURPLUS: AtomicBool = AtomicBool::new(false);

/// The current setting.
pub fn gomaxprocs() -> u32 {
    GOMAXPROCS.load(Ordering::Relaxed)
}

/// Ps that are marked as held by hogs.
pub fn hogs() -> u32 {
    HOGS.load(Ordering::Relaxed)
}

/// Ps that are not dead.
pub fn live() -> u32 {
    LIVE.load(Ordering::Relaxed)
}

/// Whether a P may not take the fast path: it is marked as a hog, or there are too many.
#[inline]
pub fn must_visit_scheduler(pp: &'static P) -> bool {
    SURPLUS.load(Ordering::Relaxed) || pp.hog.load(Ordering::Relaxed)
}

/// In the child of a fork: as many Ps as there were without those that made up for hogs, all of them new and idle.
///
/// # Safety
/// There is one thread; the timers have been forgotten.
pub unsafe fn restart() {
    for pp in crate::gmp::all::ever_made_ps() {
        let id = pp.id.load(Ordering::Relaxed);
        // SAFETY: zero bytes are a P, all of whose fields are for shared use; nobody uses it now.
        unsafe { core::ptr::from_ref(pp).cast_mut().write_bytes(0, 1) };
        pp.id.store(id, Ordering::Relaxed);
    }
    ALLP_LEN.store(0, Ordering::Relaxed);
    LIVE.store(0, Ordering::Relaxed);
    HOGS.store(0, Ordering::Relaxed);
    balance(&mut SCHED.lock());
}

/// Sets the number of Ps, at least 1. Returns the previous setting.
pub fn procresize(n: u32) -> u32 {
    let n = n.clamp(1, MAX_GOMAXPROCS);
    let old = {
        let mut sched = SCHED.lock();
        let old = GOMAXPROCS.swap(n, Ordering::Relaxed);
        balance(&mut sched);
        old
    };
    timers::leave_dead_ps();
    if MAIN_STARTED.load(Ordering::Relaxed) {
        threads::wakep(true);
    }
    old
}

fn wanted() -> u32 {
    (gomaxprocs() + HOGS.load(Ordering::Relaxed)).min(MAX_PROCS as u32)
}

/// Makes the number of Ps what is wanted, as far as that is possible at once.
fn balance(sched: &mut Sched) {
    while live() < wanted() {
        let pp = new_p(sched);
        sched.pidleput(pp);
    }
    while live() > wanted()
        && let Some(pp) = sched.pidleget()
    {
        bury(sched, pp);
    }
    SURPLUS.store(live() > wanted(), Ordering::Relaxed);
}

/// A live P that nobody has. Under the scheduler lock.
fn new_p(_sched: &mut Sched) -> &'static P {
    LIVE.fetch_add(1, Ordering::Relaxed);
    let len = ALLP_LEN.load(Ordering::Relaxed);
    let dead = ALLP[..len as usize]
        .iter()
        .filter_map(Link::get)
        .find(|pp| pp.is(PStatus::Dead));
    let pp = dead.unwrap_or_else(|| p_number(len));
    // Nobody else's from here on.
    pp.set_status(PStatus::Idle);
    pp
}

/// The P behind the last one of those in use: an old one or a new one.
fn p_number(id: u32) -> &'static P {
    let place = &ALLP[id as usize];
    let pp = place.get().unwrap_or_else(|| {
        // SAFETY: zero bytes are a P: null links, numbers, false.
        let pp: &'static P = unsafe { persistent::alloc() };
        pp.id.store(id, Ordering::Relaxed);
        place.set_release(Some(pp));
        pp
    });
    ALLP_LEN.store(id + 1, Ordering::Release);
    pp
}

/// Empties a P and puts it among the dead.
fn bury(sched: &mut Sched, pp: &'static P) {
    pp.hand_over(|gp| sched.globrunqput(gp));
    pp.gfree.drain(&mut sched.gfree[Class::for_size(0).index()]);
    malloc::flush(&pp.mcache);
    pp.set_status(PStatus::Dead);
    LIVE.fetch_sub(1, Ordering::Relaxed);
    drop_dead_tail();
}

/// Shortens the list of all Ps to the last one that is not dead or still has timers, so that thieves do not visit graves.
fn drop_dead_tail() {
    let mut len = ALLP_LEN.load(Ordering::Relaxed);
    while len > 1
        && let Some(last) = ALLP[len as usize - 1].get()
        && last.is(PStatus::Dead)
        && last.timers.first_after_barrier().is_none()
    {
        len -= 1;
    }
    ALLP_LEN.store(len, Ordering::Release);
}

/// At a scheduling point: the M's P retires when there are too many. On g0.
pub fn retire_if_surplus(mp: &'static M) {
    let Some(pp) = mp.p.get() else { return };
    if !must_visit_scheduler(pp) {
        return;
    }
    let retired = {
        let mut sched = SCHED.lock();
        no_longer_a_hog(&mut sched, pp);
        let surplus = live() > wanted();
        if surplus {
            trace::released(mp, pp);
            mp.p.set(None);
            pp.m.set(None);
            bury(&mut sched, pp);
            SURPLUS.store(live() > wanted(), Ordering::Relaxed);
        }
        surplus
    };
    if retired {
        timers::leave_dead_ps();
        if mp.is_spinning() {
            mp.spinning.store(false, Ordering::Relaxed);
            super::global::SPIN.stop();
        }
        threads::wakep(true);
    }
}

fn no_longer_a_hog(sched: &mut Sched, pp: &'static P) {
    if pp.hog.swap(false, Ordering::Relaxed) {
        HOGS.fetch_sub(1, Ordering::Relaxed);
        balance(sched);
        watcher::wake();
    }
}

/// Sysmon: marks `pp` as held by a hog and returns an extra P, which runs the others; None when there are enough.
pub fn compensate(pp: &'static P) -> Option<&'static P> {
    let mut sched = SCHED.lock();
    if live() >= MAX_PROCS as u32
        || !pp.is(PStatus::Running)
        || pp.hog.swap(true, Ordering::Relaxed)
    {
        return None;
    }
    HOGS.fetch_add(1, Ordering::Relaxed);
    (live() < wanted()).then(|| new_p(&mut sched))
}

/// The same for a hog that nobody waits for yet: the other P is put on the idle list.
pub fn compensate_in_advance(pp: &'static P) {
    if let Some(extra) = compensate(pp) {
        SCHED.lock().pidleput(extra);
    }
}

/// Gives a P to an M.
pub fn acquire(mp: &'static M, pp: &'static P) {
    trace::acquired(mp, pp);
    mp.p.set(Some(pp));
    pp.m.set(Some(mp));
    pp.set_status(PStatus::Running);
}

/// A P that goes to the idle list is no hog's. Under the scheduler lock.
pub fn forget_hog(pp: &'static P) {
    if pp.hog.swap(false, Ordering::Relaxed) {
        HOGS.fetch_sub(1, Ordering::Relaxed);
        SURPLUS.store(live() > wanted(), Ordering::Relaxed);
    }
}

/// Takes the P from its M.
pub fn release(mp: &'static M) -> &'static P {
    let pp = mp.pp();
    trace::released(mp, pp);
    mp.p.set(None);
    pp.m.set(None);
    pp.set_status(PStatus::Idle);
    pp
}
