//! [`Mutex`] and its guard: std's, on [`RawMutex`].

use core::cell::UnsafeCell;
use core::fmt;
use core::ops::{Deref, DerefMut};
use std::sync::{LockResult, TryLockError, TryLockResult};

use super::poison::{self, Panicking};
use super::raw_mutex::RawMutex;
use super::rt::{Deadline, WHY_MUTEX};
use crate::shim::const_unless_loom;

/// A mutual exclusion lock: `std::sync::Mutex`, for goroutines.
///
/// A goroutine that waits for it lets other goroutines run. No waiter starves: one that has waited for a millisecond, and is then overtaken by a newcomer, gets the lock next.
/// Plain threads may use it as well.
///
/// Poison is as std's: a panic while the lock is held makes [`lock`](Mutex::lock) return an error, which holds the guard.
///
/// The guard is `Send` if the value is, unlike std's: the lock belongs to whoever holds the guard, not to a thread, so it may be unlocked on another goroutine.
///
/// ```no_run,standalone_crate
/// use rtlib::sync::Mutex;
///
/// static NAMES: Mutex<Vec<&str>> = Mutex::new(Vec::new());
///
/// let other = rtlib::spawn(|| NAMES.lock().unwrap().push("Gopher"));
/// NAMES.lock().unwrap().push("Ferris");
/// other.join().unwrap();
/// assert_eq!(NAMES.lock().unwrap().len(), 2);
/// ```
pub struct Mutex<T: ?Sized> {
    raw: RawMutex,
    value: UnsafeCell<T>,
}

// SAFETY: the lock hands the value to one holder at a time, on any goroutine.
unsafe impl<T: ?Sized + Send> Send for Mutex<T> {}
// SAFETY: as above; two never see the value at once, so it need not be `Sync`.
unsafe impl<T: ?Sized + Send> Sync for Mutex<T> {}

impl<T: ?Sized> std::panic::UnwindSafe for Mutex<T> {}
impl<T: ?Sized> std::panic::RefUnwindSafe for Mutex<T> {}

impl<T> Mutex<T> {
    const_unless_loom! {
        /// An unlocked mutex.
        #[must_use]
        pub const fn new(value: T) -> Self {
            Self {
                raw: RawMutex::new(),
                value: UnsafeCell::new(value),
            }
        }
    }

    /// The value.
    ///
    /// # Errors
    /// The mutex is poisoned; the error holds the value.
    pub fn into_inner(self) -> LockResult<T> {
        let poisoned = self.raw.is_poisoned();
        poison::result(self.value.into_inner(), poisoned)
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Takes the lock, blocking the goroutine until it is free.
    ///
    /// A goroutine that holds the lock already would wait for itself: a deadlock.
    ///
    /// # Errors
    /// The mutex is poisoned; the error holds the guard.
    #[inline]
    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        self.raw.acquire(WHY_MUTEX, Deadline::NEVER);
        self.guard()
    }

    /// Takes the lock if it is free.
    ///
    /// # Errors
    /// It is not ([`TryLockError::WouldBlock`]), or the mutex is poisoned.
    #[inline]
    pub fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        poison::try_result(self.raw.try_acquire().then(|| self.guard()))
    }

    /// Whether a holder panicked. May be another answer the next moment if others use the mutex.
    #[inline]
    pub fn is_poisoned(&self) -> bool {
        self.raw.is_poisoned()
    }

    /// Says that the value is in order again.
    pub fn clear_poison(&self) {
        self.raw.cure();
    }

    /// The value. A `&mut` reference to the mutex needs no lock.
    ///
    /// # Errors
    /// The mutex is poisoned; the error holds the reference.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        let poisoned = self.raw.is_poisoned();
        poison::result(self.value.get_mut(), poisoned)
    }

    /// The caller has the lock.
    #[inline]
    fn guard(&self) -> LockResult<MutexGuard<'_, T>> {
        let guard = MutexGuard {
            mutex: self,
            panicking: Panicking::now(),
        };
        poison::result(guard, self.raw.is_poisoned())
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for Mutex<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Mutex");
        match self.try_lock().map_err(|error| match error {
            TryLockError::Poisoned(error) => Some(error.into_inner()),
            TryLockError::WouldBlock => None,
        }) {
            Ok(guard) | Err(Some(guard)) => out.field("data", &&*guard),
            Err(None) => out.field("data", &format_args!("<locked>")),
        };
        out.field("poisoned", &self.is_poisoned())
            .finish_non_exhaustive()
    }
}

/// The lock, held; dropping it unlocks, on whatever goroutine that happens.
#[must_use = "the mutex is unlocked at once if the guard is dropped"]
pub struct MutexGuard<'a, T: ?Sized> {
    mutex: &'a Mutex<T>,
    panicking: Panicking,
}

// SAFETY: a shared guard gives shared access to the value, no more.
unsafe impl<T: ?Sized + Sync> Sync for MutexGuard<'_, T> {}

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    /// The lock that is held.
    pub(super) fn raw(&self) -> &'a RawMutex {
        &self.mutex.raw
    }

    /// The guard again, after the lock was let go of and taken once more.
    pub(super) fn checked(self) -> LockResult<Self> {
        let poisoned = self.mutex.is_poisoned();
        poison::result(self, poisoned)
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the lock is held.
        unsafe { &*self.mutex.value.get() }
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the lock is held, and the guard is borrowed exclusively.
        unsafe { &mut *self.mutex.value.get() }
    }
}

impl<T: ?Sized> Drop for MutexGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if self.panicking.has_begun() {
            self.mutex.raw.poison();
        }
        self.mutex.raw.release();
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
