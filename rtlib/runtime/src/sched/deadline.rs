//! Waiting with a deadline.

use core::sync::atomic::{AtomicBool, Ordering};

use rtlib_abi::api::OpaqueG;

use super::timers::timers_here;
use crate::gmp::g::G;
use crate::gmp::switch::Commit;
use crate::gmp::waitreason::WaitReason;
use crate::sched::park::{gopark, thread_park_until};
use crate::timer::timers::{NEVER, Timer};

/// Whether whoever calls this may wake the waiter: true for one of those who try.
pub type Win = fn(&'static G) -> bool;

/// What the goroutine, its commit and the timer share; on the goroutine's stack.
struct TimedWait {
    me: &'static G,
    deadline: u64,
    commit: Commit,
    arg: usize,
    win: Win,
    expired: AtomicBool,
    timer: Timer,
}

/// As [`gopark`], but wakes when the monotonic clock reaches `deadline` (ns), if nobody else has before. True when the deadline did; the waiter is then still queued
/// where it waits, and takes itself off.
///
/// The caller has set `me.select_done` to 0, and all others wake `me` only after [`G::win_select`].
pub fn gopark_until(
    me: &'static G,
    reason: WaitReason,
    commit: Commit,
    arg: usize,
    deadline: u64,
) -> bool {
    park_until(me, reason, commit, arg, deadline, G::win_select)
}

/// [`gopark_until`] with another word than `select_done` between those who may wake `me`.
pub fn park_until(
    me: &'static G,
    reason: WaitReason,
    commit: Commit,
    arg: usize,
    deadline: u64,
    win: Win,
) -> bool {
    if deadline == NEVER {
        gopark(me, reason, commit, arg);
        return false;
    }
    if me.is_thread() {
        return thread_park_until(me, reason, commit, arg, deadline, win);
    }
    let mut wait = TimedWait {
        me,
        deadline,
        commit,
        arg,
        win,
        expired: AtomicBool::new(false),
        timer: Timer::new(expire, core::ptr::null_mut()),
    };
    wait.timer.arg = (&raw mut wait).cast();
    me.timed.store(true, Ordering::Relaxed);
    gopark(me, reason, timed_commit, (&raw const wait) as usize);
    me.timed.store(false, Ordering::Relaxed);
    if wait.expired.load(Ordering::Acquire) {
        return true;
    }
    wait.timer.stop();
    false
}

/// Sets the timer and publishes the waiter in one step: while the heap is locked the timer cannot fire, and after the inner commit the waiter's stack is not touched
/// any more.
extern "C" fn timed_commit(left: &'static G, wait: usize) {
    // SAFETY: `gopark_until` passes its own variable, and waits until it is woken, which nobody does before the inner commit.
    let wait = unsafe { &*(wait as *const TimedWait) };
    let (commit, arg) = (wait.commit, wait.arg);
    let timers = timers_here();
    let mut held = timers.hold();
    // SAFETY: a new timer; `gopark_until` does not return before it has fired or been stopped.
    unsafe { timers.set_held(&mut held, &wait.timer, wait.deadline) };
    commit(left, arg);
}

/// The timer's callback.
unsafe extern "C" fn expire(wait: *mut u8) -> *const OpaqueG {
    // SAFETY: `gopark_until` does not return before the callback has.
    let wait = unsafe { &*wait.cast::<TimedWait>() };
    if !(wait.win)(wait.me) {
        return core::ptr::null();
    }
    wait.expired.store(true, Ordering::Release);
    core::ptr::from_ref(wait.me).cast()
}
