//! The one place where the code that loom checks gets its atomics from.

#[cfg(not(loom))]
use core::sync::atomic;
#[cfg(loom)]
use loom::sync::atomic;

#[cfg(any(feature = "object", loom))]
pub use atomic::{AtomicI32, fence};
pub use atomic::{AtomicPtr, AtomicU32, Ordering};
