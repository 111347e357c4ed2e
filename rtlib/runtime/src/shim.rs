//! The one place where the code that loom checks gets its atomics from.

#[cfg(not(loom))]
use core::sync::atomic;
#[cfg(loom)]
use loom::sync::atomic;

#[cfg(any(feature = "object", loom))]
pub use atomic::{AtomicI32, fence};
pub use atomic::{AtomicPtr, AtomicU32, AtomicUsize, Ordering};

#[cfg(not(loom))]
pub use core::cell::Cell;
#[cfg(loom)]
pub use model_cell::Cell;

#[cfg(loom)]
mod model_cell {
    use loom::cell::UnsafeCell;

    /// `core::cell::Cell`, watched by loom: an access without the lock that protects it is an error.
    pub struct Cell<T>(UnsafeCell<T>);

    impl<T: Copy> Cell<T> {
        pub fn new(value: T) -> Self {
            Self(UnsafeCell::new(value))
        }

        pub fn get(&self) -> T {
            // SAFETY: loom fails the test if this races.
            self.0.with(|at| unsafe { *at })
        }

        pub fn set(&self, value: T) {
            // SAFETY: as above.
            self.0.with_mut(|at| unsafe { *at = value });
        }

        pub fn replace(&self, value: T) -> T {
            let old = self.get();
            self.set(value);
            old
        }
    }
}
