//! Calls that block the thread: `rtlib::blocking` (Go: `entersyscall`, `exitsyscall`).
//!
//! # The P is given up lazily
//!
//! `entersyscall` marks the P with [`PStatus::Syscall`] and lets go of it; nothing else happens. From then on the P belongs to whoever changes
//! that word: `exitsyscall`, most of the time, or `sysmon`, when the call lasts and others want the P. So a short call costs a few stores and one
//! compare-and-swap. Who comes back and finds the P gone takes an idle one, or queues up as any goroutine.
//!
//! # What the goroutine is meanwhile
//!
//! A thread. Its status is [`Status::Syscall`]: it keeps its M and its identity, but has no P, so [`current`] is none and the whole runtime serves it as it serves
//! threads that are no goroutines: it waits on a futex (`park::gopark`), what it readies or starts goes to the global queue.

use core::sync::atomic::Ordering;

use super::find::{execute, schedule};
use super::g::{G, Status};
use super::global::SCHED;
use super::m::M;
use super::p::{P, PStatus};
use super::{current, procs, this_goroutine};
use crate::arch::current::switch;
use crate::trace;

/// See `rtlib_abi::watch::entersyscall`.
#[unsafe(export_name = "runtime.entersyscall")]
pub extern "C" fn entersyscall() -> bool {
    let Some(gp) = current() else { return false };
    let mp = gp.mp();
    let pp = mp.pp();
    trace::stopped(gp, trace::Stop::Syscall);
    mp.oldp.set(Some(pp));
    mp.p.set(None);
    gp.set_status(Status::Running, Status::Syscall);
    pp.set_status(PStatus::Syscall);
    true
}

/// See `rtlib_abi::watch::exitsyscall`.
#[unsafe(export_name = "runtime.exitsyscall")]
pub extern "C" fn exitsyscall() {
    let Some(gp) = this_goroutine().filter(|gp| gp.is_thread()) else {
        return;
    };
    let mp = gp.mp();
    match mp.oldp.take() {
        Some(old) if old.claim(PStatus::Syscall) => resume(gp, mp, old),
        _ => without_old_p(gp, mp),
    }
}

#[inline]
fn resume(gp: &'static G, mp: &'static M, pp: &'static P) {
    procs::acquire(mp, pp);
    let ticks = pp.syscalltick.load(Ordering::Relaxed);
    pp.syscalltick
        .store(ticks.wrapping_add(1), Ordering::Relaxed);
    gp.set_status(Status::Syscall, Status::Running);
    trace::started(mp, gp);
}

#[cold]
fn without_old_p(gp: &'static G, mp: &'static M) {
    let idle = SCHED.lock().pidleget();
    match idle {
        Some(pp) => resume(gp, mp, pp),
        // SAFETY: `gp` runs here.
        None => unsafe { switch::mcall(gp, queue_up, None, 0) },
    }
}

/// On g0: the goroutine waits for a P in the global queue, the M for work.
extern "C" fn queue_up(left: &'static G, _commit: Option<switch::Commit>, _arg: usize) -> ! {
    let mp = left.mp();
    trace::readied(left);
    left.set_status(Status::Syscall, Status::Runnable);
    let idle = {
        let mut sched = SCHED.lock();
        let idle = sched.pidleget();
        if idle.is_none() {
            sched.globrunqput(left);
        }
        idle
    };
    if let Some(pp) = idle {
        procs::acquire(mp, pp);
        execute(mp, left);
    }
    schedule()
}
