//! One-shot sleep and wake-up on a futex: Go's `note` (runtime/lock_futex.go).
//!
//! Protocol: `clear` before either side uses it; one `sleep`, one `wakeup`, in any order.

use core::sync::atomic::{AtomicU32, Ordering};

use crate::os::linux::{futex, nanotime};

/// See the module's head.
pub struct Note(AtomicU32);

impl Note {
    /// A cleared note.
    pub const fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// Makes it ready for the next round. Nobody may be sleeping or waking.
    pub fn clear(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// Sleeps until `wakeup`.
    pub fn sleep(&self) {
        while self.0.load(Ordering::Acquire) == 0 {
            futex::wait(&self.0, 0, None);
        }
    }

    /// Sleeps until `wakeup`, or for `ns`. Whether it was woken.
    pub fn sleep_for(&self, ns: Option<u64>) -> bool {
        let Some(ns) = ns else {
            self.sleep();
            return true;
        };
        let end = nanotime().saturating_add(ns);
        while self.0.load(Ordering::Acquire) == 0 {
            let left = end.saturating_sub(nanotime());
            if left == 0 {
                return false;
            }
            futex::wait(&self.0, 0, Some(left));
        }
        true
    }

    /// Whether `wakeup` has been called.
    pub fn is_woken(&self) -> bool {
        self.0.load(Ordering::SeqCst) != 0
    }

    /// Wakes the sleeper, now or when it comes.
    pub fn wakeup(&self) {
        self.0.store(1, Ordering::Release);
        futex::wake(&self.0, 1);
    }
}
