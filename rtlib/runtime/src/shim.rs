//! The one place where the code that loom checks gets its atomics, cells and the runtime's lock from.

#[cfg(not(loom))]
use core::sync::atomic;
#[cfg(loom)]
use loom::sync::atomic;

#[cfg(any(feature = "object", test))]
pub use atomic::AtomicU64;
#[cfg(any(feature = "object", all(loom, test)))]
pub use atomic::{AtomicI32, fence};
pub use atomic::{AtomicPtr, AtomicU32, AtomicUsize, Ordering};

#[cfg(feature = "object")]
pub use crate::lock::{Guard, Lock};
#[cfg(all(test, not(feature = "object")))]
pub use model_lock::Lock;

/// One round of waiting for a thread that is about to be done.
#[cfg(feature = "object")]
pub fn pause(round: u32) {
    const SPINS: u32 = 200;
    if round < SPINS {
        core::hint::spin_loop();
    } else {
        crate::os::linux::proc::osyield();
    }
}

/// One round of waiting for a thread that is about to be done.
#[cfg(all(loom, test))]
pub fn pause(_round: u32) {
    loom::thread::yield_now();
}

#[cfg(all(test, not(feature = "object")))]
mod model_lock {
    #[cfg(loom)]
    use loom::sync::{Mutex, MutexGuard};
    #[cfg(not(loom))]
    use std::sync::{Mutex, MutexGuard};

    /// The runtime's lock, as loom or std has it.
    pub struct Lock<T>(Mutex<T>);

    impl<T> Lock<T> {
        #[cfg(loom)]
        pub fn new(value: T) -> Self {
            Self(Mutex::new(value))
        }

        #[cfg(not(loom))]
        pub const fn new(value: T) -> Self {
            Self(Mutex::new(value))
        }

        pub fn lock(&self) -> MutexGuard<'_, T> {
            self.0.lock().expect("nobody panics under it")
        }
    }
}

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
