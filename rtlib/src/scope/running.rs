//! How many goroutines of a scope are left, and the wait for the last one.
//!
//! One word: twice the number, plus [`WAITING`] once the owner waits. The owner is the goroutine or thread that made the scope; it alone waits, once, as the last thing it
//! does with the scope. From then on only goroutines that are running themselves start more of them, so the number never leaves zero again.
//!
//! The scope lies on the owner's stack. Whoever brings the number to zero must not touch it afterwards: see [`Running::end`].

use core::ptr::NonNull;

use crate::event::Event;
use crate::shim::{AtomicUsize, Ordering};

const WAITING: usize = 1;
const ONE: usize = 2;

/// See the module's head.
pub(super) struct Running<E> {
    state: AtomicUsize,
    none_left: E,
}

impl<E: Event> Running<E> {
    /// None yet; the caller is the owner.
    pub(super) fn new() -> Self {
        Self {
            state: AtomicUsize::new(0),
            none_left: E::new(),
        }
    }

    /// Counts one more. Called by the owner before it waits, or by a goroutine that is counted.
    pub(super) fn begin(&self) {
        self.state.fetch_add(ONE, Ordering::Relaxed);
    }

    /// Counts one less; everything that the goroutine did happens before the owner's `wait` returns. As soon as the number is zero the owner may free `this`, hence
    /// the pointer: a reference as argument would promise that it outlives the call.
    ///
    /// # Safety
    /// The caller was counted by `begin` and is no more from now on; `this` is alive until then.
    pub(super) unsafe fn end(this: NonNull<Self>) {
        // SAFETY: alive before the number falls, and not touched after that.
        let before = unsafe { this.as_ref().state.fetch_sub(ONE, Ordering::AcqRel) };
        if before == (ONE | WAITING) {
            // SAFETY: an owner that waits does so until the event is set; it is set here alone, since the number never leaves zero again.
            unsafe {
                let none_left = &raw mut (*this.as_ptr()).none_left;
                E::set(NonNull::new_unchecked(none_left));
            }
        }
    }

    /// The number, which may be another one already.
    pub(super) fn count(&self) -> usize {
        self.state.load(Ordering::Relaxed) / ONE
    }

    /// Blocks until the number is zero. Called by the owner, once.
    pub(super) fn wait(&self) {
        if self.state.fetch_or(WAITING, Ordering::Acquire) != 0 {
            self.none_left.wait();
        }
    }
}

#[cfg(test)]
#[path = "running_tests.rs"]
mod tests;
