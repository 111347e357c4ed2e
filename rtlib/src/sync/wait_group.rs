//! [`WaitGroup`]: Go's (sync/waitgroup.go).
//!
//! One word: the counter in the upper half, those who wait in the lower. Whoever brings the counter to zero takes the waiters off and gives each a unit.

use core::fmt;
use std::sync::Arc;

use super::rt::{Deadline, Sema, WHY_WAIT_GROUP};
use crate::shim::{AtomicU64, Ordering, const_unless_loom};

const HALF: u32 = 32;

/// Waits until a number of things is done: Go's `sync.WaitGroup`.
///
/// [`go`](WaitGroup::go) starts a goroutine that counts. Or count by hand: [`add`](WaitGroup::add) before something starts, [`done`](WaitGroup::done) when it ends.
///
/// ```no_run,standalone_crate
/// use rtlib::sync::WaitGroup;
/// use std::sync::Arc;
///
/// let group = Arc::new(WaitGroup::new());
/// for i in 0..3 {
///     group.go(move || println!("{i}"));
/// }
/// group.wait();
/// ```
///
/// A group can be used again when all calls of `wait` have returned. For goroutines that borrow, use [`scope`](crate::scope).
pub struct WaitGroup {
    state: AtomicU64,
    zero: Sema,
}

impl WaitGroup {
    const_unless_loom! {
        /// One with a counter of zero.
        #[must_use]
        pub const fn new() -> Self {
            Self {
                state: AtomicU64::new(0),
                zero: Sema::new(),
            }
        }
    }

    /// Adds `delta`, which may be negative, to the counter. When the counter becomes zero, all waiters go on.
    ///
    /// A call that raises the counter from zero must happen before [`wait`](WaitGroup::wait) is called: add before you start the goroutine, not in it.
    ///
    /// # Panics
    /// `sync: negative WaitGroup counter`, or `sync: WaitGroup misuse: Add called concurrently with Wait` where that is noticed.
    pub fn add(&self, delta: i32) {
        // The upper half of `delta` runs out of the word: what is left is two's complement.
        let shifted = (i64::from(delta) << HALF) as u64;
        let now = self
            .state
            .fetch_add(shifted, Ordering::AcqRel)
            .wrapping_add(shifted);
        let counter = (now >> HALF) as i32;
        let waiters = now as u32;
        assert!(counter >= 0, "sync: negative WaitGroup counter");
        assert!(waiters == 0 || delta <= 0 || counter != delta, "{MISUSE}");
        if counter > 0 || waiters == 0 {
            return;
        }
        // Zero, and there are waiters: nobody may change either now.
        let taken = self
            .state
            .compare_exchange(now, 0, Ordering::Relaxed, Ordering::Relaxed);
        assert!(taken.is_ok(), "{MISUSE}");
        for _ in 0..waiters {
            self.zero.release(false);
        }
    }

    /// Takes one off the counter.
    ///
    /// # Panics
    /// `sync: negative WaitGroup counter`.
    pub fn done(&self) {
        self.add(-1);
    }

    /// Blocks until the counter is zero. Everything that happened before the calls that brought it to zero is then visible.
    ///
    /// # Panics
    /// `sync: WaitGroup is reused before previous Wait has returned`.
    pub fn wait(&self) {
        let mut now = self.state.load(Ordering::Acquire);
        while now >> HALF != 0 {
            match self.state.compare_exchange_weak(
                now,
                now + 1,
                Ordering::Relaxed,
                Ordering::Acquire,
            ) {
                Ok(_) => {
                    self.zero.acquire(WHY_WAIT_GROUP, false, Deadline::NEVER);
                    assert!(
                        self.state.load(Ordering::Acquire) == 0,
                        "sync: WaitGroup is reused before previous Wait has returned"
                    );
                    return;
                }
                Err(other) => now = other,
            }
        }
    }

    /// Starts a goroutine that calls `f`, and counts it: Go's `WaitGroup.Go`. It counts as done when `f` returns or calls [`goexit`](crate::goexit()); a panic of `f` ends the
    /// program.
    #[inline(always)]
    pub fn go(self: &Arc<Self>, f: impl FnOnce() + Send + 'static) {
        let group = Arc::clone(self);
        group.add(1);
        crate::go::start_then(f, move || group.done(), 0);
    }
}

const MISUSE: &str = "sync: WaitGroup misuse: Add called concurrently with Wait";

impl Default for WaitGroup {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for WaitGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let now = self.state.load(Ordering::Relaxed);
        f.debug_struct("WaitGroup")
            .field("counter", &((now >> HALF) as i32))
            .field("waiters", &(now as u32))
            .finish()
    }
}
