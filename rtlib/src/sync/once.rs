//! [`Once`]: std's, on a semaphore.
//!
//! One word: what has happened, and while the function runs, how many wait for it. Whoever ends the run takes that number with the same exchange that says
//! how it ended, and gives each of them a unit; they look again.

use core::fmt;

use super::rt::{Deadline, Sema, WHY_ONCE};
use crate::shim::{AtomicU32, Ordering, const_unless_loom};

const INCOMPLETE: u32 = 0;
const RUNNING: u32 = 1;
const COMPLETE: u32 = 2;
const POISONED: u32 = 3;
/// The bits of these.
const WHAT: u32 = 3;
const WAITER: u32 = 4;

/// Runs a function once: `std::sync::Once`, for goroutines.
///
/// ```no_run,standalone_crate
/// use rtlib::sync::Once;
///
/// static START: Once = Once::new();
///
/// START.call_once(|| println!("the first one is here"));
/// ```
pub struct Once {
    state: AtomicU32,
    ended: Sema,
}

/// What a function that [`call_once_force`](Once::call_once_force) calls is told.
#[derive(Debug)]
pub struct OnceState {
    poisoned: bool,
}

impl OnceState {
    /// Whether an earlier function panicked.
    #[must_use]
    pub fn is_poisoned(&self) -> bool {
        self.poisoned
    }
}

impl Once {
    const_unless_loom! {
        /// One that has not run.
        #[must_use]
        pub const fn new() -> Self {
            Self {
                state: AtomicU32::new(INCOMPLETE),
                ended: Sema::new(),
            }
        }
    }

    /// Calls `f` unless that, or another function, was called here before; waits for one that is being called. When this returns, one has been called, and all that it did is visible.
    ///
    /// Calling it again from within `f` waits for itself: a deadlock.
    ///
    /// # Panics
    /// An earlier function panicked.
    #[inline]
    #[track_caller]
    pub fn call_once(&self, f: impl FnOnce()) {
        if !self.is_completed() {
            self.call(false, |_| f());
        }
    }

    /// As [`call_once`](Once::call_once), but also calls `f` when an earlier function panicked, and tells it so.
    #[inline]
    pub fn call_once_force(&self, f: impl FnOnce(&OnceState)) {
        if !self.is_completed() {
            self.call(true, f);
        }
    }

    /// Whether a function has been called and has returned.
    #[inline]
    pub fn is_completed(&self) -> bool {
        self.state.load(Ordering::Acquire) == COMPLETE
    }

    /// Blocks until a function has been called, by somebody else.
    ///
    /// # Panics
    /// It panicked.
    #[track_caller]
    pub fn wait(&self) {
        if !self.wait_for_end(false) {
            panic_because_poisoned();
        }
    }

    /// As [`wait`](Once::wait), but waits for one that does not panic.
    pub fn wait_force(&self) {
        self.wait_for_end(true);
    }

    #[cold]
    #[track_caller]
    fn call(&self, even_if_poisoned: bool, f: impl FnOnce(&OnceState)) {
        loop {
            let now = self.state.load(Ordering::Acquire);
            match now & WHAT {
                COMPLETE => return,
                POISONED if !even_if_poisoned => panic_because_poisoned(),
                RUNNING => self.queue(now),
                what => {
                    // Those who wait for the first call are counted already.
                    if self.replace(now, now - what + RUNNING) {
                        let run = Run {
                            once: self,
                            ended_as: POISONED,
                        };
                        return run.call(f, what == POISONED);
                    }
                }
            }
        }
    }

    /// True when a function has returned, false when one has panicked.
    fn wait_for_end(&self, even_if_poisoned: bool) -> bool {
        loop {
            let now = self.state.load(Ordering::Acquire);
            match now & WHAT {
                COMPLETE => return true,
                POISONED if !even_if_poisoned => return false,
                _ => self.queue(now),
            }
        }
    }

    /// Waits for the end of a run, unless the state is another one by now.
    fn queue(&self, now: u32) {
        if self.replace(now, now + WAITER) {
            self.ended.acquire(WHY_ONCE, false, Deadline::NEVER);
        }
    }

    fn replace(&self, now: u32, next: u32) -> bool {
        self.state
            .compare_exchange(now, next, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }
}

/// The run of a function: its end is told to those who wait, whatever it is.
struct Run<'a> {
    once: &'a Once,
    ended_as: u32,
}

impl Run<'_> {
    fn call(mut self, f: impl FnOnce(&OnceState), poisoned: bool) {
        f(&OnceState { poisoned });
        self.ended_as = COMPLETE;
    }
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        let before = self.once.state.swap(self.ended_as, Ordering::AcqRel);
        for _ in 0..before / WAITER {
            self.once.ended.release(false);
        }
    }
}

#[cold]
#[track_caller]
fn panic_because_poisoned() -> ! {
    panic!("the function of a `Once` panicked when it was called first");
}

impl Default for Once {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Once")
            .field("completed", &self.is_completed())
            .finish_non_exhaustive()
    }
}
