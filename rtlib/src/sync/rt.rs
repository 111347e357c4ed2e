//! What the locks need of the runtime, made safe: semaphores, the queue of a condition variable, deadlines, the question whether to spin. Under loom the same on loom's threads
//! (`rt_model.rs`).

use core::ffi::c_void;
use core::time::Duration;
use std::time::Instant;

use rtlib_abi::sync as abi;
use rtlib_abi::time::nanotime;

use crate::deadline;
use crate::shim::{AtomicU32, Ordering};

pub(crate) use rtlib_abi::sync::{
    WHY_BARRIER, WHY_CONDVAR, WHY_MUTEX, WHY_ONCE, WHY_RWLOCK_READ, WHY_RWLOCK_WRITE,
    WHY_SEMACQUIRE, WHY_WAIT_GROUP,
};

/// When to give up.
#[derive(Clone, Copy)]
pub(crate) struct Deadline(u64);

impl Deadline {
    /// It does not come.
    pub(crate) const NEVER: Self = Self(abi::NEVER);

    /// In so much time; never, if that is more than five centuries.
    pub(crate) fn after(time: Duration) -> Self {
        Self(deadline::after(time))
    }

    /// For one who waits for something that is about to happen, unless somebody else is faster.
    pub(super) fn shortly() -> Self {
        Self::after(Duration::from_millis(1))
    }

    /// At this moment.
    pub(crate) fn at(moment: Instant) -> Self {
        Self(deadline::at(moment))
    }
}

/// Measures how long somebody has waited.
pub(super) struct Stopwatch(u64);

impl Stopwatch {
    pub(super) fn start() -> Self {
        Self(nanotime())
    }

    /// Whether it has run for longer than `ns` nanoseconds.
    pub(super) fn is_past(&self, ns: u64) -> bool {
        nanotime().saturating_sub(self.0) > ns
    }
}

/// Whether one who wants a lock that is held, and has spun so often, should spin once more.
pub(super) fn can_spin(times: u32) -> bool {
    // SAFETY: callable from any thread.
    unsafe { abi::can_spin(times) }
}

/// Spins once.
pub(super) fn spin() {
    const PAUSES: u32 = 30;
    for _ in 0..PAUSES {
        core::hint::spin_loop();
    }
}

/// Ends the program: a lock was misused.
#[cold]
pub(super) fn fatal(message: &str) -> ! {
    // SAFETY: a string's bytes are readable for its length.
    unsafe { rtlib_abi::api::throw(message.as_ptr(), message.len()) }
}

/// A counting semaphore, 0 in the beginning. FIFO.
pub(crate) struct Sema(AtomicU32);

impl Sema {
    pub(crate) const fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// Takes a unit, waiting for it; `in_front` of all others, for one who has waited before. False: there was none until the deadline.
    pub(crate) fn acquire(&self, why: u8, in_front: bool, deadline: Deadline) -> bool {
        // SAFETY: the word lives as long as `self`.
        unsafe { abi::semacquire(self.0.as_ptr(), why, in_front, deadline.0) }
    }

    /// Adds a unit; with `handoff` it is the first waiter's, who runs at once.
    pub(crate) fn release(&self, handoff: bool) {
        // SAFETY: as above.
        unsafe { abi::semrelease(self.0.as_ptr(), handoff) }
    }
}

/// The queue of a condition variable. FIFO.
pub(super) struct WaitList {
    /// How many wait, or are about to go on. Its address names the queue.
    waiters: AtomicU32,
}

impl WaitList {
    pub(super) const fn new() -> Self {
        Self {
            waiters: AtomicU32::new(0),
        }
    }

    /// Queues the caller, lets go of the lock with `release`, and blocks until it is notified. False: the deadline came first.
    ///
    /// The caller holds the lock; who notifies has held it since, after it changed what is waited for.
    pub(super) fn wait<F: Fn()>(&self, why: u8, deadline: Deadline, release: &F) -> bool {
        unsafe extern "C" fn call<F: Fn()>(f: *const c_void) {
            // SAFETY: `wait` passes an `F`.
            unsafe { (*f.cast::<F>())() }
        }
        self.waiters.fetch_add(1, Ordering::Relaxed);
        let release = core::ptr::from_ref(release).cast();
        // SAFETY: `call::<F>` fits the argument, an `F` that lives over the call; an `extern "C"` function does not unwind.
        let notified =
            unsafe { abi::notify_wait(self.address(), why, deadline.0, call::<F>, release) };
        self.waiters.fetch_sub(1, Ordering::Relaxed);
        notified
    }

    pub(super) fn notify_one(&self) {
        if self.anybody_waits() {
            // SAFETY: an address is all it takes.
            unsafe { abi::notify_one(self.address()) }
        }
    }

    pub(super) fn notify_all(&self) {
        if self.anybody_waits() {
            // SAFETY: as above.
            unsafe { abi::notify_all(self.address()) }
        }
    }

    fn address(&self) -> usize {
        core::ptr::from_ref(self) as usize
    }

    /// The lock, which both have held, makes the waiter's count visible.
    fn anybody_waits(&self) -> bool {
        self.waiters.load(Ordering::Relaxed) != 0
    }
}
