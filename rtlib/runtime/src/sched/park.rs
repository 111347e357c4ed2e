//! Blocking and readying goroutines and threads, and the park token.
//!
//! Everything that waits (channels, semaphores, timers, the park token) is built on three functions. [`waiter`] is the caller: its goroutine, or a stand-in on a
//! thread that is none. [`gopark`] blocks it until [`goready`], which is called exactly once for each `gopark`. The *commit* function publishes the waiter (lets the
//! channel's lock go, for example): from then on it may be readied, on any thread.
//!
//! A goroutine that gives way is *left*: the fast path switches to the next goroutine of its P's queue, the slow path to g0; either way the *commit*
//! function runs once nothing of the left goroutine is in use any more, and publishes it. See `sched/mod.rs`.

use core::sync::atomic::Ordering;

use rtlib_abi::api::{GRef, OpaqueG};

use super::find::schedule;
use super::global::{MAIN_STARTED, RUNQSIZE, SCHED};
use super::pick::runqget;
use super::{asleep, deadline, masks, procs, second, shuffle, threads, timers, watcher};
use crate::arch::current::tls;
use crate::gmp::g::{G, Status};
use crate::gmp::m::M;
use crate::gmp::p::P;
use crate::gmp::waitreason::WaitReason;
use crate::gmp::{self, current, switch, this_goroutine};
use crate::libc::dtors;
use crate::os::linux::{futex, nanotime, proc};
use crate::stack::hold;
use crate::{godebug, persistent, trace};

/// Park token: not there, nobody waits.
pub const EMPTY: u8 = 0;
/// Park token: the goroutine or thread waits for it.
const PARKED: u8 = 1;
/// Park token: there.
const NOTIFIED: u8 = 2;

/// Wake-up word of a thread: it does not wait.
const AWAKE: u32 = 0;
/// Wake-up word of a thread: it is to go on.
const WOKEN: u32 = 1;
/// Wake-up word of a thread: it sleeps until somebody wakes it.
const ASLEEP: u32 = 2;
/// Wake-up word of a thread: it sleeps until a deadline at most.
const DOZING: u32 = 3;

/// Every so many rounds the global queue comes first.
pub const GLOBAL_EVERY: u64 = 61;

/// Leaves the running goroutine `gp`; returns when somebody resumes it.
#[inline]
pub fn leave(gp: &'static G, commit: switch::Commit, arg: usize) {
    let mp = gp.mp();
    match next_here(mp) {
        Some(next) => {
            prepare(mp, next);
            // SAFETY: `gp` runs here; `next` came out of our queue, so it is ours, with a saved context; `prepare` has bound it to this M.
            unsafe { switch::goswitch(gp, next, commit, arg) };
        }
        // SAFETY: `gp` runs here.
        None => unsafe { switch::mcall(gp, on_g0, Some(commit), arg) },
    }
}

/// The slow half of `leave`, on g0.
extern "C" fn on_g0(left: &'static G, commit: Option<switch::Commit>, arg: usize) -> ! {
    let mp = left.mp();
    if let Some(commit) = commit {
        commit(left, arg);
    }
    if mp.exiting.load(Ordering::Relaxed) {
        threads::mexit(mp);
    }
    schedule()
}

/// The next goroutine for the fast path: from this P's own queue, when nothing unusual is to be done.
#[inline]
fn next_here(mp: &'static M) -> Option<&'static G> {
    let pp = mp.pp();
    if mp.lockedg.get().is_some() || procs::must_visit_scheduler(pp) {
        return None;
    }
    if global_is_due(pp) || timers::must_visit_scheduler(pp) {
        return None;
    }
    let next = runqget(pp)?;
    if next.lockedm.get().is_some() {
        mp.pending.set(Some(next));
        return None;
    }
    Some(next)
}

/// Whether it is the global queue's turn and there is something in it.
#[inline]
pub fn global_is_due(pp: &'static P) -> bool {
    pp.schedtick
        .load(Ordering::Relaxed)
        .is_multiple_of(GLOBAL_EVERY)
        && RUNQSIZE.load(Ordering::Relaxed) != 0
}

/// Binds `next` to the M that is about to run it. Waits while somebody holds it.
#[inline]
pub fn prepare(mp: &'static M, next: &'static G) {
    next.set_status(Status::Runnable, Status::Running);
    hold::respect(next);
    trace::started(mp, next);
    next.m.set(Some(mp));
    mp.curg.set(Some(next));
    masks::respect(mp, next);
    mp.pp().tick();
}

/// Puts a runnable goroutine into a P's ring. Holder only.
#[inline]
pub fn runqput(pp: &'static P, gp: &'static G) {
    if let Some(batch) = pp.runq.put(gp) {
        SCHED.lock().globrunqputbatch(&batch);
    }
}

/// Makes a runnable goroutine visible to the scheduler, to run next on this P, and wakes somebody when there is nobody to run what it displaced.
#[inline]
pub fn submit(gp: &'static G, pp: Option<&'static P>) {
    match pp {
        Some(pp) => {
            if let Some(displaced) = pp.runq.put_next(gp) {
                runqput(pp, displaced);
            }
        }
        None => SCHED.lock().globrunqput(gp),
    }
    wake_somebody();
}

/// Makes a goroutine that was just started visible to the scheduler, in the same way.
#[inline]
pub fn submit_fresh(gp: &'static G, pp: &'static P) {
    pp.fresh.push(gp);
    wake_somebody();
}

/// `put_next` and the locks are full barriers. Before runtime.main runs there is one thread.
#[inline]
fn wake_somebody() {
    if MAIN_STARTED.load(Ordering::Relaxed) {
        threads::wakep(true);
    }
}

/// The P of the calling thread, whether it runs a goroutine or g0.
pub fn my_p() -> Option<&'static P> {
    gmp::getg()?.m.get()?.p.get()
}

/// Makes a waiting goroutine runnable.
#[inline]
fn ready(gp: &'static G) {
    trace::readied(gp);
    gp.set_status(Status::Waiting, Status::Runnable);
    submit(gp, my_p());
}

/// The caller, as something that can wait: its goroutine or, on a thread that is none, the thread's stand-in.
#[inline]
pub fn waiter() -> &'static G {
    this_goroutine().unwrap_or_else(thread_g)
}

/// Blocks `me`, which is [`waiter`], until [`goready`].
///
/// `commit(me, arg)` publishes it: it begins with [`publish`] and then lets go of the lock under which the waiter was queued. It runs after the goroutine has been
/// left, on another goroutine's stack or on g0, so it must not block, and it must not touch `me`'s stack after it has let go of the lock. A commit that finds
/// that there is nothing to wait for calls `goready(me)` itself.
#[inline]
pub fn gopark(me: &'static G, reason: WaitReason, commit: switch::Commit, arg: usize) {
    me.waitreason.store(reason as u8, Ordering::Relaxed);
    me.waitsince.store(watcher::coarse_now(), Ordering::Relaxed);
    if me.is_thread() {
        thread_park(me, commit, arg);
    } else {
        trace::stopped(me, trace::Stop::Block);
        leave(me, commit, arg);
    }
}

/// The first thing that a commit function does.
#[inline]
pub fn publish(left: &'static G) {
    if !left.is_thread() {
        left.set_status(Status::Running, Status::Waiting);
    }
}

/// Lets a parked waiter run again. Exactly once for each [`gopark`], after its commit has published it.
#[inline]
pub fn goready(gp: &'static G) {
    if gp.is_thread() {
        thread_ready(gp);
    } else {
        ready(gp);
    }
}

/// As [`goready`], by an M that is about to look into its P's queue: for a goroutine that it finds there alone nobody else is woken. By one without a P: all that it readies run before those that
/// are in the global queue.
pub fn goready_next(gp: &'static G) {
    if gp.is_thread() {
        return thread_ready(gp);
    }
    trace::readied(gp);
    gp.set_status(Status::Waiting, Status::Runnable);
    match my_p() {
        Some(pp) if pp.has_work() || RUNQSIZE.load(Ordering::Relaxed) != 0 => submit(gp, Some(pp)),
        Some(pp) => {
            // The queue is ours and empty: nobody is displaced.
            pp.runq.put_next(gp);
        }
        None => {
            SCHED.lock().globrunqput_ahead(gp);
            wake_somebody();
        }
    }
}

/// As [`goready_next`], but behind those that the caller's P has.
pub fn goready_behind(gp: &'static G) {
    if gp.is_thread() {
        return thread_ready(gp);
    }
    trace::readied(gp);
    gp.set_status(Status::Waiting, Status::Runnable);
    match my_p() {
        Some(pp) => runqput(pp, gp),
        None => SCHED.lock().globrunqput_ahead(gp),
    }
    threads::wakep(false);
}

#[cold]
fn thread_park(me: &'static G, commit: switch::Commit, arg: usize) {
    commit(me, arg);
    let woken = || me.wake.load(Ordering::Acquire) == WOKEN;
    if me
        .wake
        .compare_exchange(AWAKE, ASLEEP, Ordering::AcqRel, Ordering::Acquire)
        .is_ok()
    {
        second::expect_idleness();
        asleep::falls_asleep();
        while !woken() {
            futex::wait(&me.wake, ASLEEP, None);
        }
    }
    me.wake.store(AWAKE, Ordering::Relaxed);
}

/// [`gopark`] for a thread, with a deadline: see `deadline::gopark_until`.
#[cold]
pub fn thread_park_until(
    me: &'static G,
    reason: WaitReason,
    commit: switch::Commit,
    arg: usize,
    deadline: u64,
    win: deadline::Win,
) -> bool {
    me.waitreason.store(reason as u8, Ordering::Relaxed);
    me.waitsince.store(watcher::coarse_now(), Ordering::Relaxed);
    commit(me, arg);
    let mut expired = false;
    if me
        .wake
        .compare_exchange(AWAKE, DOZING, Ordering::AcqRel, Ordering::Acquire)
        .is_ok()
    {
        expired = doze(me, deadline, win);
    }
    me.wake.store(AWAKE, Ordering::Relaxed);
    expired
}

/// Sleeps until woken (false) or until the deadline won (true).
fn doze(me: &'static G, deadline: u64, win: deadline::Win) -> bool {
    let mut limit = Some(deadline);
    while me.wake.load(Ordering::Acquire) != WOKEN {
        let left = limit.map(|deadline| deadline.saturating_sub(nanotime()));
        if left != Some(0) {
            futex::wait(&me.wake, DOZING, left);
        } else if win(me) {
            return true;
        } else {
            limit = None; // somebody has won the right to wake us, and is about to
        }
    }
    false
}

#[cold]
fn thread_ready(gp: &'static G) {
    let was = gp.wake.swap(WOKEN, Ordering::AcqRel);
    if was == ASLEEP {
        asleep::is_woken();
    }
    if was != AWAKE {
        futex::wake(&gp.wake, 1);
    }
}

/// Runs the goroutine that the caller has just readied, in the caller's place (Go: `goyield`). On a thread: nothing.
pub fn run_readied() {
    if let Some(gp) = current() {
        trace::stopped(gp, trace::Stop::Yield);
        leave(gp, gosched_commit, 0);
    }
}

/// Go's Gosched: to the tail of the queue.
#[unsafe(export_name = "runtime.Gosched")]
pub extern "C" fn gosched() {
    match current() {
        Some(gp) => _ = give_way(gp),
        None => proc::osyield(),
    }
}

/// The same for the running goroutine. False if there was nobody to give way to.
pub fn give_way(gp: &'static G) -> bool {
    let pp = gp.mp().pp();
    if pp.runq.is_empty_to_owner()
        && pp.fresh.len() == 0
        && RUNQSIZE.load(Ordering::Relaxed) == 0
        && !procs::must_visit_scheduler(pp)
        && !timers::must_visit_scheduler(pp)
    {
        pp.tick();
        return false;
    }
    trace::stopped(gp, trace::Stop::Yield);
    leave(gp, gosched_commit, 0);
    true
}

extern "C" fn gosched_commit(gp: &'static G, _arg: usize) {
    gp.set_status(Status::Running, Status::Runnable);
    match my_p() {
        Some(pp) if !godebug::schedmigrate() => runqput(pp, gp),
        _ => SCHED.lock().globrunqput(gp),
    }
    shuffle::gave_way();
}

/// Commit: to the tail of the global queue.
pub extern "C" fn to_global_queue(gp: &'static G, _arg: usize) {
    gp.set_status(Status::Running, Status::Runnable);
    SCHED.lock().globrunqput(gp);
    shuffle::gave_way();
}

/// Waits for the caller's token and takes it.
#[unsafe(export_name = "runtime.park")]
extern "C" fn park() {
    let me = waiter();
    if !take_token(me) {
        gopark(me, WaitReason::Park, park_commit, 0);
        me.park.swap(EMPTY, Ordering::Acquire);
    }
}

/// As [`park`], until a deadline at most: see `rtlib_abi::time::park_until`.
#[unsafe(export_name = "runtime.parkUntil")]
extern "C" fn park_until(deadline: u64) {
    // Of those who give the token and the deadline one takes the word from PARKED to something else.
    fn win(gp: &'static G) -> bool {
        gp.park
            .compare_exchange(PARKED, EMPTY, Ordering::AcqRel, Ordering::Relaxed)
            .is_ok()
    }
    let me = waiter();
    if !take_token(me) && !deadline::park_until(me, WaitReason::Park, park_commit, 0, deadline, win)
    {
        me.park.swap(EMPTY, Ordering::Acquire);
    }
}

fn take_token(me: &'static G) -> bool {
    me.park
        .compare_exchange(NOTIFIED, EMPTY, Ordering::Acquire, Ordering::Relaxed)
        .is_ok()
}

extern "C" fn park_commit(gp: &'static G, _arg: usize) {
    publish(gp);
    if gp
        .park
        .compare_exchange(EMPTY, PARKED, Ordering::AcqRel, Ordering::Acquire)
        .is_err()
    {
        goready(gp); // the token came between
    }
}

/// Gives a goroutine or parked thread its token.
#[unsafe(export_name = "runtime.unpark")]
extern "C" fn unpark(gref: GRef) {
    // SAFETY: a GRef comes from this runtime; Gs are never freed.
    let Some(gp) = (unsafe { gref.g.cast::<G>().as_ref() }) else {
        return;
    };
    if gp.id() != gref.goid {
        return; // dead, perhaps somebody else by now; a token too many would only be a spurious wake-up
    }
    if gp.park.swap(NOTIFIED, Ordering::AcqRel) == PARKED {
        goready(gp);
        shuffle::point();
    }
}

/// The calling goroutine or, on a thread that is none, its stand-in: something that can be unparked.
#[unsafe(export_name = "runtime.getgref")]
extern "C" fn getgref() -> GRef {
    // The handler may have interrupted whoever holds the lock under which stand-ins are.
    if tls::handlers() != 0 && this_goroutine().is_none() {
        return GRef {
            g: core::ptr::null(),
            goid: 0,
        };
    }
    let gp = waiter();
    GRef {
        g: core::ptr::from_ref(gp).cast::<OpaqueG>(),
        goid: gp.id(),
    }
}

/// The stand-in G of a thread that runs no goroutines: only the words of waiting are used. Unparkers may hold it for ever, so it is never freed; when
/// the thread ends another may have it (a late token is then a spurious wake-up).
fn thread_g() -> &'static G {
    let word = tls::thread_g() as *const G;
    // SAFETY: the word is null or was set below.
    if let Some(gp) = unsafe { word.as_ref() } {
        return gp;
    }
    let unused = SCHED.lock().thread_gs.pop();
    // SAFETY: zero bytes are a G: null links, numbers.
    let gp: &'static G = unused.unwrap_or_else(|| unsafe { persistent::alloc() });
    gp.stand_in();
    gp.park.store(EMPTY, Ordering::Relaxed);
    tls::set_thread_g(core::ptr::from_ref(gp) as usize);
    dtors::at_exit(release_thread_g, core::ptr::from_ref(gp).cast_mut().cast());
    gp
}

unsafe extern "C" fn release_thread_g(gp: *mut core::ffi::c_void) {
    tls::set_thread_g(0);
    // SAFETY: registered by `thread_g` with its G.
    SCHED.lock().thread_gs.push(unsafe { &*gp.cast::<G>() });
}
