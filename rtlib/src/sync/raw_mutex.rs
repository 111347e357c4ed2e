//! The mutex below [`Mutex`](super::Mutex): Go's (internal/sync/mutex.go), with deadlines and a bit for poison.
//!
//! One word: four bits and the number of waiters.
//!
//! - *Normal*: who unlocks wakes the first waiter, who competes with newcomers: they run already, so switching is saved. `WOKEN` says that one is on its way, so that no second is woken.
//! - *Starving*: a waiter that was woken and lost, and has waited for longer than a millisecond, sets `STARVING`. From then on the lock is handed to the first waiter, and newcomers
//!   queue. A waiter that gets it ends this when it is the last or has not waited that long.
//!
//! What waiters are counted as: one that queues adds `WAITER`. In normal mode the unlock that wakes one takes it off again and adds a unit to the semaphore; so the
//! waiters are as many as the count and the units together. While the lock is handed over (`STARVING` and not `LOCKED`) there is a unit more, and its taker takes itself off the count.
//! A waiter whose deadline comes leaves by taking off one of either; it does not matter whose: see [`RawMutex::withdraw`].

use core::fmt;

use super::rt::{self, Deadline, Sema};
use crate::shim::{AtomicU32, Ordering, const_unless_loom};

const LOCKED: u32 = 1;
const WOKEN: u32 = 2;
const STARVING: u32 = 4;
const POISONED: u32 = 8;
const WAITER: u32 = 16;

/// A waiter that loses the race for the lock after so long has it handed to it the next time.
const STARVATION_NS: u64 = 1_000_000;

/// A mutex without a value, for [`lock_api`]. It may be unlocked on another goroutine or thread than it was locked on.
///
/// A waiter that has waited for a millisecond and is overtaken gets the lock next: nobody starves.
///
/// ```no_run,standalone_crate
/// type Mutex<T> = lock_api::Mutex<rtlib::sync::raw::RawMutex, T>;
///
/// static TOTAL: Mutex<u64> = Mutex::new(0);
/// *TOTAL.lock() += 1;
/// ```
pub struct RawMutex {
    state: AtomicU32,
    sema: Sema,
}

impl RawMutex {
    const_unless_loom! {
        /// Unlocked.
        #[must_use]
        pub const fn new() -> Self {
            Self {
                state: AtomicU32::new(0),
                sema: Sema::new(),
            }
        }
    }

    /// Takes the lock, waiting for it; false: not before the deadline. `why` is what stacks show.
    #[inline]
    pub(super) fn acquire(&self, why: u8, deadline: Deadline) -> bool {
        self.state
            .compare_exchange(0, LOCKED, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
            || self.acquire_slow(why, deadline)
    }

    /// Takes the lock if it is free.
    #[inline]
    pub(super) fn try_acquire(&self) -> bool {
        let mut now = self.state.load(Ordering::Relaxed);
        while now & (LOCKED | STARVING) == 0 {
            match self.state.compare_exchange_weak(
                now,
                now | LOCKED,
                Ordering::Acquire,
                Ordering::Relaxed,
            ) {
                Ok(_) => return true,
                Err(other) => now = other,
            }
        }
        false
    }

    /// Lets go of the lock.
    #[inline]
    pub(super) fn release(&self) {
        let before = self.state.fetch_sub(LOCKED, Ordering::Release);
        if before != LOCKED {
            self.release_slow(before);
        }
    }

    /// Whether nothing is left of those who used it, a unit too many for example.
    #[cfg(all(test, loom))]
    pub(super) fn is_as_new(&self) -> bool {
        self.state.load(Ordering::Relaxed) == 0 && self.sema.units_left() == 0
    }

    /// Whether somebody has it.
    pub(super) fn is_held(&self) -> bool {
        self.state.load(Ordering::Relaxed) & (LOCKED | STARVING) != 0
    }

    /// Whether [`RawMutex::poison`] was called since the last [`RawMutex::cure`]. What counts is the order of locking.
    #[inline]
    pub(super) fn is_poisoned(&self) -> bool {
        self.state.load(Ordering::Relaxed) & POISONED != 0
    }

    pub(super) fn poison(&self) {
        self.state.fetch_or(POISONED, Ordering::Relaxed);
    }

    pub(super) fn cure(&self) {
        self.state.fetch_and(!POISONED, Ordering::Relaxed);
    }

    #[cold]
    fn acquire_slow(&self, why: u8, deadline: Deadline) -> bool {
        let (mut waiting, mut starving) = (None, false);
        let (mut woken, mut too_late) = (false, false);
        let mut spins = 0;
        let mut now = self.state.load(Ordering::Relaxed);
        loop {
            if now & (LOCKED | STARVING) == LOCKED && rt::can_spin(spins) {
                woken = woken || self.claim_wake_up(now);
                rt::spin();
                spins += 1;
                now = self.state.load(Ordering::Relaxed);
                continue;
            }
            let free = now & (LOCKED | STARVING) == 0;
            let wanted = next_state(now, starving, woken);
            if let Err(other) =
                self.state
                    .compare_exchange_weak(now, wanted, Ordering::Acquire, Ordering::Relaxed)
            {
                now = other;
                continue;
            }
            if free {
                return true;
            }
            let in_front = waiting.is_some();
            let waited = waiting.get_or_insert_with(rt::Stopwatch::start);
            let mut deadline = deadline;
            while !self.sema.acquire(why, in_front, deadline) {
                if self.withdraw() {
                    return false;
                }
                // There is a unit, or will be at once.
                deadline = Deadline::shortly();
                too_late = true;
            }
            starving = starving || waited.is_past(STARVATION_NS);
            now = self.state.load(Ordering::Relaxed);
            if now & STARVING != 0 {
                self.take_over(starving);
                return true;
            }
            if too_late {
                return self.last_try();
            }
            (woken, spins) = (true, 0);
        }
    }

    /// One who spins is awake: nobody else needs to be woken.
    fn claim_wake_up(&self, now: u32) -> bool {
        now & WOKEN == 0
            && now >= WAITER
            && self
                .state
                .compare_exchange(now, now | WOKEN, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }

    /// The lock was handed to the caller, who is counted still. The last one, or one who has not waited that long, ends the starving mode.
    fn take_over(&self, starving: bool) {
        let mut now = self.state.load(Ordering::Relaxed);
        loop {
            if now & (LOCKED | WOKEN) != 0 || now < WAITER {
                rt::fatal("sync: inconsistent mutex state");
            }
            let last = now / WAITER == 1;
            let ends = if last || !starving { STARVING } else { 0 };
            match self.state.compare_exchange_weak(
                now,
                now - WAITER - ends + LOCKED,
                Ordering::Acquire,
                Ordering::Relaxed,
            ) {
                Ok(_) => return,
                Err(other) => now = other,
            }
        }
    }

    /// The caller's deadline came: takes one off the waiters that are counted. False when it must take a unit instead, because none are, or because the lock is being handed to the
    /// only one.
    fn withdraw(&self) -> bool {
        let mut now = self.state.load(Ordering::Relaxed);
        loop {
            let waiters = now / WAITER;
            let handed_over = now & (LOCKED | STARVING) == STARVING;
            if waiters == 0 || (waiters == 1 && handed_over) {
                return false;
            }
            // The last one leaves no starving mutex behind.
            let ends = if waiters == 1 { now & STARVING } else { 0 };
            match self.state.compare_exchange_weak(
                now,
                now - WAITER - ends,
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => return true,
                Err(other) => now = other,
            }
        }
    }

    /// For one who was woken and has no time left: takes the lock if it is free, else gives back the right to be the one who is awake.
    fn last_try(&self) -> bool {
        let mut now = self.state.load(Ordering::Relaxed);
        loop {
            let free = now & (LOCKED | STARVING) == 0;
            let taken = if free { now | LOCKED } else { now };
            match self.state.compare_exchange_weak(
                now,
                taken & !WOKEN,
                Ordering::Acquire,
                Ordering::Relaxed,
            ) {
                Ok(_) => return free,
                Err(other) => now = other,
            }
        }
    }

    #[cold]
    fn release_slow(&self, before: u32) {
        if before & LOCKED == 0 {
            rt::fatal("sync: unlock of unlocked mutex");
        }
        let mut now = before - LOCKED;
        if now & STARVING != 0 {
            self.sema.release(true);
            return;
        }
        while now >= WAITER && now & (LOCKED | WOKEN | STARVING) == 0 {
            match self.state.compare_exchange_weak(
                now,
                (now - WAITER) | WOKEN,
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => {
                    self.sema.release(false);
                    return;
                }
                Err(other) => now = other,
            }
        }
    }
}

/// The state after somebody took the lock or, where that cannot be, counted itself as a waiter. A starving waiter makes a held mutex starving; one that was woken is not on its way any more.
fn next_state(now: u32, starving: bool, woken: bool) -> u32 {
    let mut next = now;
    if now & STARVING == 0 {
        next |= LOCKED;
    }
    if now & (LOCKED | STARVING) != 0 {
        next += WAITER;
    }
    if starving && now & LOCKED != 0 {
        next |= STARVING;
    }
    if woken {
        next &= !WOKEN;
    }
    next
}

impl Default for RawMutex {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for RawMutex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawMutex")
            .field("locked", &self.is_held())
            .finish_non_exhaustive()
    }
}
