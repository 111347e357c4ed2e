//! The scheduler in the child of a fork (fork(2) copies the calling thread only): it starts again with one M, if the caller was on one, and with one goroutine, if it was one.
//!
//! Nothing of what the parent's other threads were doing can be trusted, so queues and lists are new, and what was on them is lost: memory of dead goroutines, structs of Ms. Goroutines of the parent stay where they are in memory, since the one
//! that is left may refer to their stacks, but they are no goroutines any more ([`G::forget`]): nobody runs them, lists them or wakes them.

use core::sync::atomic::Ordering;

use crate::gmp::all::ALLMS;
use crate::gmp::g::{G, Status};
use crate::gmp::m::M;
use crate::gmp::{self, this_goroutine};
use crate::os::linux::thread;
use crate::sched::global::{ACTIVATIONS, RUNQSIZE, SCHED, SPIN, Sched};
use crate::sched::{asleep, exhausted, masks, procs, relay, spawn, template, threads, watcher};
use crate::stack::{allgs, arena, hold};
use crate::watch::{reclaim, reports, slow};

/// Starts again.
///
/// # Safety
/// There is one thread, which runs a goroutine or none, on the TLS block that it had before the fork. The timers have been forgotten.
pub unsafe fn restart() {
    let me = this_goroutine();
    let mp = gmp::getg().and_then(|gp| gp.m.get());
    let is_other = |gp: &&G| !me.is_some_and(|me| core::ptr::eq(me, *gp));
    for gp in allgs::all().filter(is_other) {
        if gp.status_acquire().is_alive() {
            gp.forget();
        }
    }
    // SAFETY: the caller vouches.
    unsafe {
        SCHED.renew(Sched::new());
        SPIN.forget();
        RUNQSIZE.store(0, Ordering::Relaxed);
        asleep::forget_threads();
        exhausted::forget();
        threads::forget_called();
        watcher::forget();
        template::forget();
        arena::forget();
        hold::forget();
        reports::forget();
        slow::forget();
        reclaim::forget();
        procs::restart();
        masks::forget(me, mp);
        relay::forget();
    }
    spawn::restart(me);
    asleep::restart_plain(u32::from(gmp::getg().is_none()));
    ALLMS.set(None);
    if let Some(mp) = mp {
        adopt(mp, me);
    }
    ACTIVATIONS.fetch_add(1, Ordering::Relaxed);
}

/// Makes the calling thread's M the only one there is.
fn adopt(mp: &'static M, me: Option<&'static G>) {
    mp.tid.store(thread::gettid(), Ordering::Relaxed);
    mp.alllink.set(None);
    ALLMS.set(Some(mp));
    for link in [&mp.p, &mp.oldp, &mp.nextp] {
        link.set(None);
    }
    mp.pending.set(None);
    mp.park.clear();
    mp.spinning.store(false, Ordering::Relaxed);
    let pp = {
        let mut sched = SCHED.lock();
        sched.mcount = 1;
        sched.mnext = mp.id.load(Ordering::Relaxed) + 1;
        let runs = me.is_some_and(|me| me.status_acquire() == Status::Running);
        runs.then(|| sched.pidleget()).flatten()
    };
    if let Some(me) = me {
        me.held.store(0, Ordering::Relaxed);
    }
    if let Some(pp) = pp {
        procs::acquire(mp, pp);
    }
}
