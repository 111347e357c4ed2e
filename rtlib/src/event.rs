//! A one-shot event in place, for one who waits: how joins and scopes block.
//!
//! It has nothing to do with the park token, so a wait takes nobody's token and ends for no other reason. Who waits, and how, is the type: [`Joining`] in programs,
//! something of their own in the models of those who use it.

use core::ptr::NonNull;
use core::sync::atomic::AtomicUsize;

use rtlib_abi::sync as abi;

/// See the module's head.
pub(crate) trait Event: Sync {
    /// Not set.
    fn new() -> Self;

    /// Blocks until it is set. Once at most. What happened before it was set happens before this returns.
    fn wait(&self);

    /// Sets it. Once at most.
    ///
    /// # Safety
    /// The event lives until it is set; it may be gone before this returns.
    unsafe fn set(this: NonNull<Self>);
}

/// The runtime's; stacks show "join".
pub(crate) struct Joining(AtomicUsize);

impl Event for Joining {
    fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    fn wait(&self) {
        // SAFETY: the word lives as long as `self`; one waits, says the trait.
        unsafe { abi::event_wait(self.0.as_ptr(), abi::WHY_JOIN) }
    }

    unsafe fn set(this: NonNull<Self>) {
        // SAFETY: the caller vouches; the type is its one word, which is not touched here.
        unsafe { abi::event_set(this.as_ptr().cast()) }
    }
}

/// For tests: whoever waits looks again and again.
#[cfg(test)]
pub(crate) mod restless {
    use super::{Event, NonNull};
    use crate::shim::{AtomicU8, Ordering};

    pub(crate) struct Restless(AtomicU8);

    impl Event for Restless {
        fn new() -> Self {
            Self(AtomicU8::new(0))
        }

        fn wait(&self) {
            while self.0.load(Ordering::Acquire) == 0 {
                #[cfg(loom)]
                loom::thread::yield_now();
                #[cfg(not(loom))]
                std::thread::yield_now();
            }
        }

        unsafe fn set(this: NonNull<Self>) {
            // SAFETY: the caller vouches.
            unsafe { this.as_ref() }.0.store(1, Ordering::Release);
        }
    }
}
