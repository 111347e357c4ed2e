//! Channels on the scheduler: who waits is a goroutine, or the stand-in of a thread.

use core::sync::atomic::{AtomicU32, Ordering};

use super::WaitReason;
use super::env::{Commit, Env, RawLock};
use crate::gmp::g::G;
use crate::lock::Lock;
use crate::lockrank::{Rank, Ranked};
use crate::sched::deadline::gopark_until;
use crate::sched::park;

/// The scheduler.
pub struct Scheduler;

crate::export_channels!(Scheduler);

/// A lock that protects what lies beside it: who waits for a channel, or in a bucket of semaphores.
pub struct Beside;

impl Ranked for Beside {
    const RANK: Rank = Rank::Waiters;
}

impl RawLock for Lock<Beside> {
    #[inline(always)]
    fn new() -> Self {
        Self::new(Beside)
    }

    #[inline(always)]
    fn lock(&self) {
        core::mem::forget(Self::lock(self));
    }

    #[inline(always)]
    unsafe fn unlock(&self) {
        // SAFETY: the caller vouches.
        unsafe { Self::unlock(self) }
    }

    #[inline(always)]
    unsafe fn release(&self) {
        // SAFETY: the caller vouches.
        unsafe { Self::release(self) }
    }
}

impl Env for Scheduler {
    type G = G;
    type Lock = Lock<Beside>;

    #[inline(always)]
    fn waiter() -> &'static G {
        park::waiter()
    }

    #[inline(always)]
    fn arm(me: &'static G) {
        me.select_done.store(0, Ordering::Relaxed);
    }

    #[inline(always)]
    fn win(gp: &'static G) -> bool {
        gp.win_select()
    }

    #[inline(always)]
    fn leave_word(gp: &'static G, word: usize) {
        gp.param.store(word, Ordering::Relaxed);
    }

    #[inline(always)]
    fn word(me: &'static G) -> usize {
        me.param.load(Ordering::Relaxed)
    }

    #[inline(always)]
    fn park(
        me: &'static G,
        why: WaitReason,
        commit: Commit<Self>,
        arg: usize,
        deadline: u64,
    ) -> bool {
        if deadline == u64::MAX {
            // Without the frame of a wait with a timer: what is on a waiter's stack are cache misses for thousands of them.
            park::gopark(me, why, commit, arg);
            return false;
        }
        gopark_until(me, why, commit, arg, deadline)
    }

    #[inline(always)]
    fn waits_on(me: &'static G, what: usize) {
        me.waits_on.store(what, Ordering::Relaxed);
    }

    #[inline(always)]
    fn publish(left: &'static G) {
        park::publish(left);
    }

    #[inline(always)]
    fn ready(gp: &'static G) {
        park::goready(gp);
    }

    fn random() -> u32 {
        match crate::gmp::current() {
            Some(gp) => gp.mp().cheaprand(),
            None => random_of_threads(),
        }
    }

    #[inline(always)]
    fn chance() {
        crate::sched::shuffle::point();
    }
}

/// Weyl's sequence, mixed: threads that are no Ms share one.
fn random_of_threads() -> u32 {
    static STATE: AtomicU32 = AtomicU32::new(0);
    let x = STATE.fetch_add(0x9e37_79b9, Ordering::Relaxed);
    let x = (x ^ (x >> 16)).wrapping_mul(0x7feb_352d);
    x ^ (x >> 15)
}
