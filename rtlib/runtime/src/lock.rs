//! The runtime's own mutex: three-state futex lock with a short spin, as Go's `lock2` (runtime/lock_futex.go) and Drepper's "Futexes
//! Are Tricky". Held for a few instructions, never across a goroutine switch, never recursively.
//!
//! In which order locks are taken says `lockrank.rs`; with debug assertions it is checked.
//!
//! It is not built on std or libc: the scheduler holds it while no TLS may be used.

use core::cell::UnsafeCell;
use core::hint::spin_loop;
use core::ops::{Deref, DerefMut};
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use rtlib_abi::layout::MHead;

use crate::arch::current::tls;
#[cfg(debug_assertions)]
use crate::lockrank;
use crate::lockrank::Ranked;
use crate::os::linux::{futex, nanotime, proc};

const UNLOCKED: u32 = 0;
const LOCKED: u32 = 1;
const SLEEPERS: u32 = 2;
const SPINS: u32 = 60;

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

/// Where the calling thread tells that it sleeps for a lock, if it is an M. For sysmon: another P would not make up for such a sleeper, but have one more wait for the same lock.
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
        let awaits_lock = awaits_lock().filter(|_| T::RANK.is_brief());
        let tell = |sleeps| awaits_lock.inspect(|word| word.store(sleeps, Ordering::Relaxed));
        while self.word.swap(SLEEPERS, Ordering::Acquire) != UNLOCKED {
            tell(true);
            futex::wait(&self.word, SLEEPERS, None);
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

    /// Lets go of the lock that the caller's goroutine took and whose guard it forgot: for commit functions.
    ///
    /// # Safety
    /// The lock is held, by nobody who goes on using what it protects.
    #[inline]
    pub unsafe fn unlock(&self) {
        #[cfg(debug_assertions)]
        lockrank::released(self.address());
        if self.word.swap(UNLOCKED, Ordering::Release) == SLEEPERS {
            futex::wake(&self.word, 1);
        }
    }
}

impl<T: Ranked> Drop for Guard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the guard holds the lock, and is gone.
        unsafe { self.0.unlock() }
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
