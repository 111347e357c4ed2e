//! [`Condvar`]: std's, on a queue of the runtime.

use core::fmt;
#[cfg(not(loom))]
use core::time::Duration;
use std::sync::LockResult;

use super::mutex::MutexGuard;
use super::raw_mutex::RawMutex;
use super::rt::{Deadline, WHY_CONDVAR, WHY_MUTEX, WaitList};
use crate::shim::const_unless_loom;

/// A condition variable: `std::sync::Condvar`, for goroutines.
///
/// Waiters are notified in the order of arrival. A notification reaches every call of `wait` that came before it, and is not lost. Still, wait in a loop or with
/// [`wait_while`](Condvar::wait_while): after the notification another goroutine may take the lock first.
///
/// Unlike std's, it may be used with different mutexes, one after the other or at once.
///
/// ```no_run,standalone_crate
/// use rtlib::sync::{Condvar, Mutex};
///
/// static READY: Mutex<bool> = Mutex::new(false);
/// static CHANGED: Condvar = Condvar::new();
///
/// rtlib::go(|| {
///     *READY.lock().unwrap() = true;
///     CHANGED.notify_one();
/// });
/// let ready = CHANGED.wait_while(READY.lock().unwrap(), |ready| !*ready).unwrap();
/// assert!(*ready);
/// ```
pub struct Condvar {
    list: WaitList,
}

/// Whether a wait with a timeout ended because of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    /// Whether the time was over before somebody notified the caller.
    #[must_use]
    pub fn timed_out(&self) -> bool {
        self.0
    }
}

impl Condvar {
    const_unless_loom! {
        /// A condition variable without waiters.
        #[must_use]
        pub const fn new() -> Self {
            Self {
                list: WaitList::new(),
            }
        }
    }

    /// Lets go of the lock, blocks until somebody notifies the caller, and takes the lock again.
    ///
    /// # Errors
    /// The mutex is poisoned; the error holds the guard.
    pub fn wait<'a, T: ?Sized>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        self.wait_because(guard, WHY_CONDVAR).checked()
    }

    /// Waits as long as `condition` is true of the value.
    ///
    /// # Errors
    /// The mutex is poisoned; the error holds the guard.
    pub fn wait_while<'a, T: ?Sized>(
        &self,
        mut guard: MutexGuard<'a, T>,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> LockResult<MutexGuard<'a, T>> {
        while condition(&mut guard) {
            guard = self.wait(guard)?;
        }
        Ok(guard)
    }

    /// Waits for a notification, for at most `timeout`.
    ///
    /// # Errors
    /// The mutex is poisoned; the error holds the guard and the result.
    #[cfg(not(loom))]
    pub fn wait_timeout<'a, T: ?Sized>(
        &self,
        guard: MutexGuard<'a, T>,
        timeout: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        self.wait_until(guard, Deadline::after(timeout))
    }

    /// Waits as long as `condition` is true of the value, for at most `timeout`. When it has timed out the condition is still true.
    ///
    /// # Errors
    /// The mutex is poisoned; the error holds the guard and the result.
    #[cfg(not(loom))]
    pub fn wait_timeout_while<'a, T: ?Sized>(
        &self,
        mut guard: MutexGuard<'a, T>,
        timeout: Duration,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        let deadline = Deadline::after(timeout);
        let mut result = WaitTimeoutResult(false);
        while condition(&mut guard) {
            if result.timed_out() {
                return Ok((guard, result));
            }
            (guard, result) = self.wait_until(guard, deadline)?;
        }
        Ok((guard, WaitTimeoutResult(false)))
    }

    /// Wakes the waiter that has waited longest.
    pub fn notify_one(&self) {
        self.list.notify_one();
    }

    /// Wakes all waiters.
    pub fn notify_all(&self) {
        self.list.notify_all();
    }

    #[cfg(not(loom))]
    fn wait_until<'a, T: ?Sized>(
        &self,
        guard: MutexGuard<'a, T>,
        deadline: Deadline,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        let notified = self.wait_raw(guard.raw(), WHY_CONDVAR, deadline);
        let result = WaitTimeoutResult(!notified);
        match guard.checked() {
            Ok(guard) => Ok((guard, result)),
            Err(error) => Err(std::sync::PoisonError::new((error.into_inner(), result))),
        }
    }

    /// [`wait`](Condvar::wait) for a reason of the caller's; says nothing about poison.
    pub(super) fn wait_because<'a, T: ?Sized>(
        &self,
        guard: MutexGuard<'a, T>,
        why: u8,
    ) -> MutexGuard<'a, T> {
        self.wait_raw(guard.raw(), why, Deadline::NEVER);
        guard
    }

    /// Waits with the lock below a guard, which the caller holds, and holds again afterwards. True when notified.
    fn wait_raw(&self, mutex: &RawMutex, why: u8, deadline: Deadline) -> bool {
        let notified = self.list.wait(why, deadline, &|| mutex.release());
        mutex.acquire(WHY_MUTEX, Deadline::NEVER);
        notified
    }
}

impl Default for Condvar {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Condvar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condvar").finish_non_exhaustive()
    }
}
