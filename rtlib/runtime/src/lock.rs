//! The runtime's own mutex: three-state futex lock with a short spin, as Go's `lock2` (runtime/lock_futex.go) and Drepper's "Futexes
//! Are Tricky". Held for a few instructions, never across a goroutine switch, never recursively.
//!
//! It is not built on std or libc: the scheduler holds it while no TLS may be used.

use core::cell::UnsafeCell;
use core::hint::spin_loop;
use core::ops::{Deref, DerefMut};
use core::sync::atomic::{AtomicU32, Ordering};

use crate::os::linux::futex;

const UNLOCKED: u32 = 0;
const LOCKED: u32 = 1;
const SLEEPERS: u32 = 2;
const SPINS: u32 = 60;

/// A value behind a lock.
pub struct Lock<T> {
    word: AtomicU32,
    value: UnsafeCell<T>,
}

// SAFETY: the lock hands the value to one thread at a time.
unsafe impl<T: Send> Sync for Lock<T> {}

/// The lock, held.
pub struct Guard<'a, T>(&'a Lock<T>);

impl<T> Lock<T> {
    /// Unlocked.
    pub const fn new(value: T) -> Self {
        Self {
            word: AtomicU32::new(UNLOCKED),
            value: UnsafeCell::new(value),
        }
    }

    /// Takes the lock.
    #[inline]
    pub fn lock(&self) -> Guard<'_, T> {
        if self
            .word
            .compare_exchange(UNLOCKED, LOCKED, Ordering::Acquire, Ordering::Relaxed)
            .is_err()
        {
            self.lock_slow();
        }
        Guard(self)
    }

    /// Takes the lock if it is free.
    pub fn try_lock(&self) -> Option<Guard<'_, T>> {
        self.word
            .compare_exchange(UNLOCKED, LOCKED, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
            .then_some(Guard(self))
    }

    #[cold]
    fn lock_slow(&self) {
        for _ in 0..SPINS {
            if self.word.load(Ordering::Relaxed) == UNLOCKED
                && self
                    .word
                    .compare_exchange(UNLOCKED, LOCKED, Ordering::Acquire, Ordering::Relaxed)
                    .is_ok()
            {
                return;
            }
            spin_loop();
        }
        while self.word.swap(SLEEPERS, Ordering::Acquire) != UNLOCKED {
            futex::wait(&self.word, SLEEPERS, None);
        }
    }
}

impl<T> Lock<T> {
    /// Lets go of the lock that the caller's goroutine took and whose guard it forgot: for commit functions.
    ///
    /// # Safety
    /// The lock is held, by nobody who goes on using what it protects.
    #[inline]
    pub unsafe fn unlock(&self) {
        if self.word.swap(UNLOCKED, Ordering::Release) == SLEEPERS {
            futex::wake(&self.word, 1);
        }
    }
}

impl<T> Drop for Guard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the guard holds the lock, and is gone.
        unsafe { self.0.unlock() }
    }
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: the lock is held.
        unsafe { &*self.0.value.get() }
    }
}

impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the lock is held.
        unsafe { &mut *self.0.value.get() }
    }
}
