//! [`Semaphore`]: permits, several at a time, first come first served; as golang.org/x/sync/semaphore and tokio's.
//!
//! One word: the free permits, and [`QUEUED`] while somebody waits. Without it permits are taken and given back with one exchange. With it everything happens under the lock of the queue: nobody
//! gets anything who did not queue, and who gives permits back hands them to those in front, as far as they go.

use core::fmt;
#[cfg(not(loom))]
use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::Arc;
#[cfg(not(loom))]
use std::time::Instant;

use super::mutex::{Mutex, MutexGuard};
use super::rt::{Deadline, Sema, WHY_SEMACQUIRE};
use crate::shim::{AtomicUsize, Ordering, const_unless_loom};

const QUEUED: usize = 1;
const PERMIT: usize = 2;

/// A number of permits that goroutines take, one or several at a time, and give back.
///
/// Waiters are served in the order of arrival. One that wants many permits is not overtaken by others that want few.
///
/// ```no_run,standalone_crate
/// use rtlib::sync::Semaphore;
/// use std::sync::Arc;
///
/// let downloads = Arc::new(Semaphore::new(4));
/// for url in ["a", "b", "c"] {
///     let permit = downloads.acquire_owned(1);
///     rtlib::go(move || {
///         println!("{url}");
///         drop(permit);
///     });
/// }
/// ```
pub struct Semaphore {
    state: AtomicUsize,
    queue: Mutex<Queue>,
}

/// Those who wait, by number, in the order of arrival.
struct Queue {
    waiters: BTreeMap<u64, Arc<Waiter>>,
    last: u64,
}

struct Waiter {
    wants: usize,
    granted: Sema,
}

impl Semaphore {
    /// The most permits that there can be.
    pub const MAX_PERMITS: usize = usize::MAX / PERMIT / 2;

    const_unless_loom! {
        /// A semaphore with so many permits.
        ///
        /// # Panics
        /// More than [`MAX_PERMITS`](Semaphore::MAX_PERMITS).
        #[must_use]
        pub const fn new(permits: usize) -> Self {
            assert!(permits <= Self::MAX_PERMITS, "too many permits");
            Self {
                state: AtomicUsize::new(permits * PERMIT),
                queue: Mutex::new(Queue {
                    waiters: BTreeMap::new(),
                    last: 0,
                }),
            }
        }
    }

    /// Takes `n` permits, blocking until it is the caller's turn and they are there. Dropping what this returns gives them back.
    ///
    /// Waits for ever if there are never so many.
    pub fn acquire(&self, n: usize) -> SemaphorePermit<'_> {
        self.take(n, Deadline::NEVER);
        SemaphorePermit { semaphore: self, n }
    }

    /// Takes `n` permits if they are there and nobody waits.
    pub fn try_acquire(&self, n: usize) -> Option<SemaphorePermit<'_>> {
        self.try_take(n)
            .then(|| SemaphorePermit { semaphore: self, n })
    }

    /// Takes `n` permits, waiting for at most `timeout`.
    #[cfg(not(loom))]
    pub fn acquire_timeout(&self, n: usize, timeout: Duration) -> Option<SemaphorePermit<'_>> {
        self.take(n, Deadline::after(timeout))
            .then(|| SemaphorePermit { semaphore: self, n })
    }

    /// Takes `n` permits, waiting until `deadline`.
    #[cfg(not(loom))]
    pub fn acquire_deadline(&self, n: usize, deadline: Instant) -> Option<SemaphorePermit<'_>> {
        self.take(n, Deadline::at(deadline))
            .then(|| SemaphorePermit { semaphore: self, n })
    }

    /// [`acquire`](Semaphore::acquire) for permits that go elsewhere: they keep the semaphore alive.
    pub fn acquire_owned(self: &Arc<Self>, n: usize) -> OwnedSemaphorePermit {
        self.take(n, Deadline::NEVER);
        self.owned(n)
    }

    /// [`try_acquire`](Semaphore::try_acquire) for permits that go elsewhere.
    pub fn try_acquire_owned(self: &Arc<Self>, n: usize) -> Option<OwnedSemaphorePermit> {
        self.try_take(n).then(|| self.owned(n))
    }

    /// [`acquire_timeout`](Semaphore::acquire_timeout) for permits that go elsewhere.
    #[cfg(not(loom))]
    pub fn acquire_owned_timeout(
        self: &Arc<Self>,
        n: usize,
        timeout: Duration,
    ) -> Option<OwnedSemaphorePermit> {
        self.take(n, Deadline::after(timeout))
            .then(|| self.owned(n))
    }

    /// Adds permits.
    ///
    /// # Panics
    /// There would be more than [`MAX_PERMITS`](Semaphore::MAX_PERMITS).
    pub fn add_permits(&self, n: usize) {
        let mut now = self.state.load(Ordering::Relaxed);
        while now & QUEUED == 0 {
            match self.state.compare_exchange_weak(
                now,
                Self::plus(now, n),
                Ordering::Release,
                Ordering::Relaxed,
            ) {
                Ok(_) => return,
                Err(other) => now = other,
            }
        }
        self.serve(n);
    }

    /// Permits that are free now.
    pub fn available_permits(&self) -> usize {
        self.state.load(Ordering::Relaxed) / PERMIT
    }

    fn owned(self: &Arc<Self>, n: usize) -> OwnedSemaphorePermit {
        OwnedSemaphorePermit {
            semaphore: Arc::clone(self),
            n,
        }
    }

    /// The word with `n` permits more.
    fn plus(now: usize, n: usize) -> usize {
        let permits = n.checked_add(now / PERMIT);
        assert!(
            permits.is_some_and(|permits| permits <= Self::MAX_PERMITS),
            "too many permits: {n} more than {}",
            now / PERMIT
        );
        now + n * PERMIT
    }

    /// Takes `n` permits if they are there and nobody waits.
    #[inline]
    fn try_take(&self, n: usize) -> bool {
        let mut now = self.state.load(Ordering::Relaxed);
        while now & QUEUED == 0 && now / PERMIT >= n {
            match self.state.compare_exchange_weak(
                now,
                now - n * PERMIT,
                Ordering::Acquire,
                Ordering::Relaxed,
            ) {
                Ok(_) => return true,
                Err(other) => now = other,
            }
        }
        false
    }

    #[inline]
    pub(super) fn take(&self, n: usize, deadline: Deadline) -> bool {
        self.try_take(n) || self.wait_and_take(n, deadline)
    }

    #[cold]
    fn wait_and_take(&self, n: usize, deadline: Deadline) -> bool {
        let Some((number, waiter)) = self.enqueue(n) else {
            return true;
        };
        if waiter.granted.acquire(WHY_SEMACQUIRE, false, deadline) {
            return true;
        }
        let mut queue = self.lock();
        if queue.waiters.remove(&number).is_none() {
            // Served meanwhile.
            return true;
        }
        // Those behind may be content with what there is.
        self.serve_queue(queue, 0);
        false
    }

    /// Queues the caller. None: it has got its permits at once.
    fn enqueue(&self, n: usize) -> Option<(u64, Arc<Waiter>)> {
        let mut queue = self.lock();
        // From here on everybody else comes to this lock.
        let now = self.state.fetch_or(QUEUED, Ordering::Acquire);
        if queue.waiters.is_empty() && now / PERMIT >= n {
            self.state.fetch_sub(n * PERMIT + QUEUED, Ordering::Relaxed);
            return None;
        }
        let waiter = Arc::new(Waiter {
            wants: n,
            granted: Sema::new(),
        });
        queue.last += 1;
        let number = queue.last;
        queue.waiters.insert(number, Arc::clone(&waiter));
        Some((number, waiter))
    }

    #[cold]
    fn serve(&self, n: usize) {
        self.serve_queue(self.lock(), n);
    }

    /// Adds `n` permits and serves those in front as far as that goes.
    fn serve_queue(&self, mut queue: MutexGuard<'_, Queue>, n: usize) {
        let mut now = self.state.load(Ordering::Relaxed);
        if now & QUEUED == 0 {
            // Nobody waits any more, and the word is not ours.
            drop(queue);
            if n != 0 {
                self.add_permits(n);
            }
            return;
        }
        now = Self::plus(now, n);
        let mut served = std::vec::Vec::new();
        while let Some(first) = queue.waiters.first_entry()
            && now / PERMIT >= first.get().wants
        {
            now -= first.get().wants * PERMIT;
            served.push(first.remove());
        }
        if queue.waiters.is_empty() {
            now -= QUEUED;
        }
        self.state.store(now, Ordering::Release);
        drop(queue);
        for waiter in served {
            waiter.granted.release(false);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        // A panic of `plus` leaves the queue as it was.
        self.queue
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Semaphore")
            .field("available_permits", &self.available_permits())
            .finish_non_exhaustive()
    }
}

/// Permits of a [`Semaphore`]; dropping it gives them back, on whatever goroutine that happens.
#[must_use = "the permits are given back at once if this is dropped"]
#[derive(Debug)]
pub struct SemaphorePermit<'a> {
    semaphore: &'a Semaphore,
    n: usize,
}

impl SemaphorePermit<'_> {
    /// How many.
    #[must_use]
    pub fn num_permits(&self) -> usize {
        self.n
    }

    /// Does not give them back: the semaphore has fewer from now on.
    pub fn forget(self) {
        core::mem::forget(self);
    }
}

impl Drop for SemaphorePermit<'_> {
    fn drop(&mut self) {
        self.semaphore.add_permits(self.n);
    }
}

/// Permits of a [`Semaphore`] that they keep alive; dropping it gives them back.
#[must_use = "the permits are given back at once if this is dropped"]
#[derive(Debug)]
pub struct OwnedSemaphorePermit {
    semaphore: Arc<Semaphore>,
    n: usize,
}

impl OwnedSemaphorePermit {
    /// How many.
    #[must_use]
    pub fn num_permits(&self) -> usize {
        self.n
    }

    /// Does not give them back: the semaphore has fewer from now on.
    pub fn forget(mut self) {
        self.n = 0;
    }
}

impl Drop for OwnedSemaphorePermit {
    fn drop(&mut self) {
        self.semaphore.add_permits(self.n);
    }
}
