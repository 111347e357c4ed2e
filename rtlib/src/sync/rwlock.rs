//! [`RwLock`] and its guards: std's, on [`RawRwLock`].

use core::cell::UnsafeCell;
use core::fmt;
use core::mem::ManuallyDrop;
use core::ops::{Deref, DerefMut};
use std::sync::{LockResult, TryLockError, TryLockResult};

use super::poison::{self, Panicking};
use super::raw_rwlock::RawRwLock;
use super::rt::Deadline;
use crate::shim::const_unless_loom;

/// A readers-writer lock: `std::sync::RwLock`, for goroutines.
///
/// Any number of readers or one writer. A writer that waits blocks new readers, and readers that wait for a writer go before the next writer: neither side starves. So a goroutine that
/// reads must not lock for reading once more; if a writer comes between, both wait for ever.
///
/// Poison is as std's: a writer that panics leaves it, a reader does not. Guards may be sent to other goroutines.
///
/// ```no_run,standalone_crate
/// use rtlib::sync::RwLock;
///
/// static LIMIT: RwLock<u32> = RwLock::new(10);
///
/// *LIMIT.write().unwrap() += 1;
/// assert_eq!(*LIMIT.read().unwrap(), 11);
/// ```
pub struct RwLock<T: ?Sized> {
    raw: RawRwLock,
    value: UnsafeCell<T>,
}

// SAFETY: the lock can be moved with its value.
unsafe impl<T: ?Sized + Send> Send for RwLock<T> {}
// SAFETY: readers share the value, a writer has it to itself, on any goroutine.
unsafe impl<T: ?Sized + Send + Sync> Sync for RwLock<T> {}

impl<T: ?Sized> std::panic::UnwindSafe for RwLock<T> {}
impl<T: ?Sized> std::panic::RefUnwindSafe for RwLock<T> {}

impl<T> RwLock<T> {
    const_unless_loom! {
        /// An unlocked lock.
        #[must_use]
        pub const fn new(value: T) -> Self {
            Self {
                raw: RawRwLock::new(),
                value: UnsafeCell::new(value),
            }
        }
    }

    /// The value.
    ///
    /// # Errors
    /// The lock is poisoned; the error holds the value.
    pub fn into_inner(self) -> LockResult<T> {
        let poisoned = self.is_poisoned();
        poison::result(self.value.into_inner(), poisoned)
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Locks for reading, blocking the goroutine while somebody writes or waits to.
    ///
    /// # Errors
    /// The lock is poisoned; the error holds the guard.
    ///
    /// # Panics
    /// There are more than half a billion readers.
    #[inline]
    pub fn read(&self) -> LockResult<RwLockReadGuard<'_, T>> {
        self.raw.read(Deadline::NEVER);
        self.read_guard()
    }

    /// Locks for reading if that goes at once.
    ///
    /// # Errors
    /// It does not ([`TryLockError::WouldBlock`]), or the lock is poisoned.
    #[inline]
    pub fn try_read(&self) -> TryLockResult<RwLockReadGuard<'_, T>> {
        poison::try_result(self.raw.try_read().then(|| self.read_guard()))
    }

    /// Locks for writing, blocking the goroutine until the others are done.
    ///
    /// # Errors
    /// The lock is poisoned; the error holds the guard.
    #[inline]
    pub fn write(&self) -> LockResult<RwLockWriteGuard<'_, T>> {
        self.raw.write(Deadline::NEVER);
        self.write_guard()
    }

    /// Locks for writing if that goes at once.
    ///
    /// # Errors
    /// It does not ([`TryLockError::WouldBlock`]), or the lock is poisoned.
    #[inline]
    pub fn try_write(&self) -> TryLockResult<RwLockWriteGuard<'_, T>> {
        poison::try_result(self.raw.try_write().then(|| self.write_guard()))
    }

    /// Whether a writer panicked. May be another answer the next moment if others use the lock.
    #[inline]
    pub fn is_poisoned(&self) -> bool {
        self.raw.poison_bit().is_poisoned()
    }

    /// Says that the value is in order again.
    pub fn clear_poison(&self) {
        self.raw.poison_bit().cure();
    }

    /// The value. A `&mut` reference to the lock needs no locking.
    ///
    /// # Errors
    /// The lock is poisoned; the error holds the reference.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        let poisoned = self.is_poisoned();
        poison::result(self.value.get_mut(), poisoned)
    }

    /// The caller reads.
    #[inline]
    fn read_guard(&self) -> LockResult<RwLockReadGuard<'_, T>> {
        let guard = RwLockReadGuard { lock: self };
        poison::result(guard, self.is_poisoned())
    }

    /// The caller writes.
    #[inline]
    fn write_guard(&self) -> LockResult<RwLockWriteGuard<'_, T>> {
        let guard = RwLockWriteGuard {
            lock: self,
            panicking: Panicking::now(),
        };
        poison::result(guard, self.is_poisoned())
    }
}

impl<T: Default> Default for RwLock<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for RwLock<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("RwLock");
        match self.try_read().map_err(|error| match error {
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

/// The lock, held for reading; dropping it unlocks.
#[must_use = "the lock is unlocked at once if the guard is dropped"]
pub struct RwLockReadGuard<'a, T: ?Sized> {
    lock: &'a RwLock<T>,
}

/// The lock, held for writing; dropping it unlocks.
#[must_use = "the lock is unlocked at once if the guard is dropped"]
pub struct RwLockWriteGuard<'a, T: ?Sized> {
    lock: &'a RwLock<T>,
    panicking: Panicking,
}

impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    /// Goes on reading: no writer comes between.
    pub fn downgrade(guard: Self) -> RwLockReadGuard<'a, T> {
        let guard = ManuallyDrop::new(guard);
        guard.lock.raw.downgrade();
        RwLockReadGuard { lock: guard.lock }
    }
}

impl<T: ?Sized> Deref for RwLockReadGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: held for reading: nobody writes.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T: ?Sized> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: held for writing: nobody else has access.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above, and the guard is borrowed exclusively.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T: ?Sized> Drop for RwLockReadGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.lock.raw.unread();
    }
}

impl<T: ?Sized> Drop for RwLockWriteGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if self.panicking.has_begun() {
            self.lock.raw.poison_bit().poison();
        }
        self.lock.raw.unwrite();
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
