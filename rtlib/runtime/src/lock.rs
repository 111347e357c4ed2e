//! The runtime's own mutex: a futex lock with a short spin, as Go's `lock2` (runtime/lock_futex.go) and Drepper's "Futexes
//! Are Tricky". Held for a few instructions, never across a goroutine switch, never recursively.
//!
//! # Letting go without an atomic instruction
//!
//! Whoever lets go must learn of sleepers. An atomic exchange tells, and costs as much as taking the lock. So there are two bytes: the lowest says that the lock is held, the next that somebody may sleep.
//! [`release`](Lock::release) stores to the one and then loads the other, two plain instructions that the processor may reorder:
//!
//! ```text
//! release                          lock_slow
//!   held = 0      (store buffer)     sleepers = 1
//!   if sleepers: wake one            membarrier: all store buffers are drained
//!                                    if held: sleep
//! ```
//!
//! The barrier that is missing on the left is on the right, for all threads: after it either the store is visible and the lock is found free, or the load on the left comes after it and sees the sleeper. It is the
//! rare side that pays, and only whoever raises the flag. Without membarrier(2), and until the process has registered for it, letting go is an exchange, which is always right: [`unlock`](Lock::unlock).
//!
//! After `held = 0` the lock may be somebody else's, and gone with what it protects. `release` reads it once more; so it is for those who know that the lock lives on.
//!
//! In which order locks are taken says `lockrank.rs`; with debug assertions it is checked.
//!
//! It is not built on std or libc: the scheduler holds it while no TLS may be used.

use core::cell::UnsafeCell;
use core::hint::spin_loop;
use core::ops::{Deref, DerefMut};
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use rtlib_abi::layout::MHead;

use crate::arch::current as arch;
use crate::arch::current::tls;
#[cfg(debug_assertions)]
use crate::lockrank;
use crate::lockrank::Ranked;
use crate::os::linux::{futex, membarrier, nanotime, proc};

const UNLOCKED: u32 = 0;
/// In the lowest byte.
const LOCKED: u32 = 1;
/// In the next one: somebody may sleep until the lock is free.
const SLEEPERS: u32 = 1 << 8;
const SPINS: u32 = 60;
/// How long a sleeper sleeps that could not have a barrier executed.
const UNSURE_NS: u64 = 1_000_000;

/// Whether sleepers execute a barrier for all threads, so that [`Lock::release`] needs none.
static IS_PAIRED: AtomicBool = AtomicBool::new(false);

/// From now on: yes once the process has registered for membarrier(2), no in the child of a fork, which has one thread.
pub fn pair_with_membarrier(yes: bool) {
    IS_PAIRED.store(yes, Ordering::SeqCst);
}

/// How long a dying program waits for something that whoever has it holds for a moment only, unless he is interrupted for ever: the dying thread may be the one. In ns.
pub const DYING_PATIENCE_NS: u64 = 500_000_000;

/// A dying program's patience with a lock: once it has waited in vain it does not wait again.
pub struct Patience {
    is_exhausted: AtomicBool,
}

impl Patience {
    /// Not tried yet.
    pub const fn new() -> Self {
        Self {
            is_exhausted: AtomicBool::new(false),
        }
    }

    /// Takes the lock; None if somebody has it who does not give it back.
    pub fn lock<'a, T: Ranked>(&self, lock: &'a Lock<T>) -> Option<Guard<'a, T>> {
        let is_exhausted = self.is_exhausted.load(Ordering::Relaxed);
        let guard = lock.lock_within(if is_exhausted { 0 } else { DYING_PATIENCE_NS });
        if guard.is_none() {
            self.is_exhausted.store(true, Ordering::Relaxed);
        }
        guard
    }
}

/// A value behind a lock.
pub struct Lock<T> {
    word: AtomicU32,
    value: UnsafeCell<T>,
}

// SAFETY: the lock hands the value to one thread at a time.
unsafe impl<T: Send> Sync for Lock<T> {}

/// Where the calling thread tells that it sleeps for a lock, if it is an M. For sysmon: another P would not help while it sleeps, but have one more wait for the same lock.
#[cold]
fn awaits_lock() -> Option<&'static AtomicBool> {
    // SAFETY: the running goroutine, or null; Gs and Ms are never freed, and the M of a G that runs is set.
    let mp = unsafe { tls::g().as_ref() }?.m as *const MHead;
    // SAFETY: likewise.
    unsafe { mp.as_ref() }.map(|mp| &mp.awaits_lock)
}

/// The lock, held.
pub struct Guard<'a, T: Ranked>(&'a Lock<T>);

impl<T> Lock<T> {
    /// Unlocked.
    pub const fn new(value: T) -> Self {
        Self {
            word: AtomicU32::new(UNLOCKED),
            value: UnsafeCell::new(value),
        }
    }

    /// Another value, not locked, whatever the lock was: for the child of a fork, in which whoever had it is not there.
    ///
    /// # Safety
    /// There is one thread, and it does not use the value.
    pub unsafe fn renew(&self, value: T) {
        self.word.store(UNLOCKED, Ordering::Relaxed);
        // SAFETY: the caller vouches. The old value may be half changed, so it is not dropped.
        unsafe { self.value.get().write(value) };
    }

    #[cfg(debug_assertions)]
    fn address(&self) -> usize {
        core::ptr::from_ref(self) as usize
    }
}

impl<T: Ranked> Lock<T> {
    /// Takes the lock.
    #[inline]
    pub fn lock(&self) -> Guard<'_, T> {
        #[cfg(debug_assertions)]
        lockrank::acquiring(self.address(), T::RANK);
        if !self.take() {
            self.lock_slow();
        }
        self.guard()
    }

    /// Takes the lock if it is free; in any order, since it does not wait.
    pub fn try_lock(&self) -> Option<Guard<'_, T>> {
        self.take().then(|| self.guard())
    }

    /// Takes the lock if it becomes free within so many ns; in any order, since it does not wait for ever. For the ends of a program: whoever holds the lock may never go on.
    pub fn lock_within(&self, ns: u64) -> Option<Guard<'_, T>> {
        const PAUSE_US: u64 = 200;
        let deadline = nanotime().saturating_add(ns);
        loop {
            if let Some(guard) = self.try_lock() {
                return Some(guard);
            }
            if nanotime() >= deadline {
                return None;
            }
            proc::usleep(PAUSE_US);
        }
    }

    /// May fail for a moment after somebody has let go of a lock for which another one sleeps.
    #[inline]
    fn take(&self) -> bool {
        self.word
            .compare_exchange(UNLOCKED, LOCKED, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }

    /// The caller has the lock.
    #[inline]
    fn guard(&self) -> Guard<'_, T> {
        #[cfg(debug_assertions)]
        lockrank::acquired(self.address(), T::RANK);
        Guard(self)
    }

    #[cold]
    fn lock_slow(&self) {
        for _ in 0..SPINS {
            if self.word.load(Ordering::Relaxed) == UNLOCKED && self.take() {
                return;
            }
            spin_loop();
        }
        const BOTH: u32 = LOCKED | SLEEPERS;
        let awaits_lock = awaits_lock().filter(|_| T::RANK.is_brief());
        let tell = |sleeps| awaits_lock.inspect(|word| word.store(sleeps, Ordering::Relaxed));
        loop {
            // A lock that is taken here keeps the flag: others may sleep.
            let before = self.word.fetch_or(BOTH, Ordering::SeqCst);
            if before & LOCKED == 0 {
                break;
            }
            // Whoever raised the flag before has looked again after a barrier, or will.
            let raised = before & SLEEPERS == 0 && IS_PAIRED.load(Ordering::SeqCst);
            let mut limit = None;
            if raised {
                // Somebody may have forbidden the call meanwhile (seccomp): then a wake-up may be missed.
                limit = membarrier::expedited().err().map(|_| UNSURE_NS);
                if self.word.fetch_or(BOTH, Ordering::SeqCst) & LOCKED == 0 {
                    break;
                }
            }
            tell(true);
            futex::wait(&self.word, BOTH, limit);
        }
        tell(false);
    }

    /// The lock that the caller took, whose guard it forgot.
    ///
    /// # Safety
    /// As [`unlock`](Self::unlock).
    pub unsafe fn taken(&self) -> Guard<'_, T> {
        Guard(self)
    }

    /// Lets go of the lock that the caller's goroutine took and whose guard it forgot: for commit functions, after which the goroutine may go on and free the lock.
    ///
    /// # Safety
    /// The lock is held, by nobody who goes on using what it protects.
    #[inline]
    pub unsafe fn unlock(&self) {
        #[cfg(debug_assertions)]
        lockrank::released(self.address());
        if self.word.swap(UNLOCKED, Ordering::Release) & SLEEPERS != 0 {
            futex::wake(&self.word, 1);
        }
    }

    /// The same, cheaper.
    ///
    /// # Safety
    /// As [`unlock`](Self::unlock), and nobody frees the lock before this returns.
    #[inline]
    pub unsafe fn release(&self) {
        if cfg!(miri) || !IS_PAIRED.load(Ordering::Relaxed) {
            // SAFETY: the caller vouches.
            return unsafe { self.unlock() };
        }
        #[cfg(debug_assertions)]
        lockrank::released(self.address());
        // SAFETY: the word of this lock.
        if unsafe { arch::clear_byte_and_load_next(self.word.as_ptr().cast()) } != 0 {
            self.wake_sleeper();
        }
    }

    /// The lock may be another one's by now. Whoever is woken raises the flag again.
    #[cold]
    fn wake_sleeper(&self) {
        self.word.fetch_and(!SLEEPERS, Ordering::Relaxed);
        futex::wake(&self.word, 1);
    }
}

impl<T: Ranked> Drop for Guard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the guard holds the lock, and is gone; what it borrows is still there.
        unsafe { self.0.release() }
    }
}

impl<T: Ranked> Deref for Guard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: the lock is held.
        unsafe { &*self.0.value.get() }
    }
}

impl<T: Ranked> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the lock is held.
        unsafe { &mut *self.0.value.get() }
    }
}
