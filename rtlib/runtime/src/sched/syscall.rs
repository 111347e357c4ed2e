//! Calls that block the thread: `rtlib::blocking` (Go: `entersyscall`, `exitsyscall`).
//!
//! # The P is given up lazily
//!
//! `entersyscall` marks the P with [`PStatus::Syscall`] and lets go of it; nothing else happens. From then on the P belongs to whoever changes
//! that word: `exitsyscall`, most of the time, or `sysmon`, when the call lasts and others want the P. So a short call costs a few stores and one
//! compare-and-swap.
//!
//! # Coming back
//!
//! Who comes back and finds the P gone takes an idle one, or that of anybody who is in a call. So where every goroutine makes calls, a server with a goroutine for each client, the
//! P goes to whichever thread the kernel runs, and no thread sleeps or is woken but by the kernel's own doing. Go hands Ps from thread to thread instead: a thread that was
//! given a P and has not come to run yet keeps all others from running.
//!
//! Who finds no P either queues up in the global queue. Those who wait come first: whoever takes a P that is not its own any more goes to the end of the queue and lets its head run,
//! on the same thread. Who gets its own P back gives way when others have waited for [`SLICE_NS`]. And who is about to block for long calls a thread for those who wait
//! ([`threads::call_one`]), since sysmon comes later; whether that is so the thread tells by its last call.
//!
//! # What the goroutine is meanwhile
//!
//! A thread. Its status is [`Status::Syscall`]: it keeps its M and its identity, but has no P, so [`current`] is none and the whole runtime serves it as it serves
//! threads that are no goroutines: it waits on a futex (`park::gopark`), what it readies or starts goes to the global queue.

use core::ptr;
use core::sync::atomic::{AtomicU64, Ordering};

use super::find::{execute, schedule};
use super::global::{RUNQSIZE, SCHED, SPIN};
use super::slow::{self, What};
use super::{exhausted, park, procs, shuffle, threads};
use crate::gmp::all::allp;
use crate::gmp::g::{G, Status};
use crate::gmp::m::M;
use crate::gmp::p::{P, PStatus};
use crate::gmp::{current, switch, this_goroutine};
use crate::os::linux::{nanotime, proc};
use crate::trace;

/// So long a goroutine may keep its P in however many short calls while others wait for it.
const SLICE_NS: u64 = 1_000_000;
/// A call that takes longer has blocked its thread: to wake another one costs less.
const BLOCKS_NS: u64 = 20_000;
/// Times that a thread lets those before it run, who may be about to let a P go, before it sleeps.
const YIELDS: u32 = 2;

/// Ps that others got from calls that block, since the start.
pub static HANDED_OFF: AtomicU64 = AtomicU64::new(0);

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
    if slow::are_timed() || others_wait(pp) {
        note_beginning(mp, pp);
    }
    true
}

/// As [`entersyscall`], for a call that may last without end: the P goes to somebody else at once, and is not left to sysmon (Go: `entersyscallblock`).
pub fn entersyscallblock() -> bool {
    let Some(pp) = current().map(|gp| gp.mp().pp()) else {
        return false;
    };
    let entered = entersyscall();
    if entered && pp.claim(PStatus::Syscall) {
        pp.m.set(None);
        HANDED_OFF.fetch_add(1, Ordering::Relaxed);
        threads::hand_off(pp);
    }
    entered
}

/// Calls `f`, which may wait in the kernel but not for goroutines. On a goroutine its P is free for others meanwhile.
#[inline]
pub fn without_p<T>(what: What, f: impl FnOnce() -> T) -> T {
    between(entersyscall(), what, f)
}

/// As [`without_p`], for what may last without end: others have the P at once.
#[inline]
pub fn without_p_at_once<T>(what: What, f: impl FnOnce() -> T) -> T {
    between(entersyscallblock(), what, f)
}

#[inline]
fn between<T>(entered: bool, what: What, f: impl FnOnce() -> T) -> T {
    let done = f();
    if entered {
        let took = exit();
        if took != 0 {
            slow::ended(&what, took);
        }
    }
    done
}

/// In a call, while goroutines wait, or calls are timed.
#[cold]
fn note_beginning(mp: &'static M, pp: &'static P) {
    mp.entered.store(nanotime(), Ordering::Relaxed);
    if others_wait(pp) && mp.blocks.load(Ordering::Relaxed) && !shuffle::is_on() {
        threads::call_one();
    }
}

/// At the end of a call whose beginning was noted: how long it took, ns.
#[cold]
fn learn(mp: &'static M, entered: u64) -> u64 {
    mp.entered.store(0, Ordering::Relaxed);
    let took = nanotime().saturating_sub(entered);
    mp.blocks.store(took > BLOCKS_NS, Ordering::Relaxed);
    took
}

/// See `rtlib_abi::watch::exitsyscall`.
#[unsafe(export_name = "runtime.exitsyscall")]
pub extern "C" fn exitsyscall() {
    let took = exit();
    if took != 0 {
        slow::ended(&What::Blocking, took);
    }
}

/// At the end of a goroutine: it need not be told that it was in a call.
pub fn end_call() {
    exit();
}

/// Back from the call. How long it took, ns, if its beginning was noted; else 0.
#[inline]
fn exit() -> u64 {
    let Some(gp) = this_goroutine().filter(|gp| gp.is_thread()) else {
        return 0;
    };
    let mp = gp.mp();
    let entered = mp.entered.load(Ordering::Relaxed);
    let took = if entered == 0 { 0 } else { learn(mp, entered) };
    match mp.oldp.take() {
        Some(old) if old.claim(PStatus::Syscall) => {
            let is_own = old.m.get().is_some_and(|last| ptr::eq(last, mp));
            resume(gp, mp, old);
            if others_wait(old) || procs::must_visit_scheduler(old) {
                let_others_run(gp, old, is_own);
            }
        }
        _ => without_old_p(gp, mp),
    }
    took
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

/// Whether a goroutine waits that this P could run, at a glance.
#[inline]
fn others_wait(pp: &'static P) -> bool {
    RUNQSIZE.load(Ordering::Relaxed) != 0 || pp.has_work()
}

/// Back from a call while others wait: a scheduling point, unless the P is the goroutine's own and they have not waited for long.
#[cold]
fn let_others_run(gp: &'static G, pp: &'static P, is_own: bool) {
    if is_own && !procs::must_visit_scheduler(pp) {
        if shuffle::is_on() {
            return shuffle::point();
        }
        let now = nanotime();
        let tick = pp.schedtick.load(Ordering::Relaxed);
        if pp.waited_for_tick.swap(tick, Ordering::Relaxed) != tick {
            pp.waited_for_since.store(now, Ordering::Relaxed);
        }
        let waited = now.saturating_sub(pp.waited_for_since.load(Ordering::Relaxed));
        if waited < SLICE_NS {
            return;
        }
    }
    trace::stopped(gp, trace::Stop::Yield);
    park::leave(gp, park::to_global_queue, 0);
}

#[cold]
fn without_old_p(gp: &'static G, mp: &'static M) {
    if let Some(pp) = idle_p() {
        resume(gp, mp, pp);
        if exhausted::is_short() && others_wait(pp) {
            let_others_run(gp, pp, false);
        }
    } else if let Some(pp) = p_of_another() {
        resume(gp, mp, pp);
        if others_wait(pp) {
            let_others_run(gp, pp, false);
        }
    } else {
        // SAFETY: `gp` runs here.
        unsafe { switch::mcall(gp, queue_up, None, 0) }
    }
}

fn idle_p() -> Option<&'static P> {
    if SPIN.idle() == 0 {
        return None;
    }
    SCHED.lock().pidleget()
}

/// Takes the P of somebody who is in a call.
pub fn p_of_another() -> Option<&'static P> {
    allp().find(|pp| pp.is(PStatus::Syscall) && pp.claim(PStatus::Syscall))
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
    if let Some(pp) = p_for_those_who_wait() {
        procs::acquire(mp, pp);
    }
    schedule()
}

/// A P of somebody who is in a call, or is about to be: most of those who hold a P have only lost the CPU, to us.
fn p_for_those_who_wait() -> Option<&'static P> {
    for _ in 0..YIELDS {
        if RUNQSIZE.load(Ordering::Relaxed) == 0 {
            return None;
        }
        if let found @ Some(_) = p_of_another() {
            return found;
        }
        proc::osyield();
    }
    (RUNQSIZE.load(Ordering::Relaxed) != 0)
        .then(p_of_another)
        .flatten()
}
