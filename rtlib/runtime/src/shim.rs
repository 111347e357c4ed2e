//! The one place where the code that loom checks gets its atomics from.

#[cfg(not(loom))]
pub use core::sync::atomic::{AtomicI32, AtomicPtr, AtomicU32, Ordering, fence};
#[cfg(loom)]
pub use loom::sync::atomic::{AtomicI32, AtomicPtr, AtomicU32, Ordering, fence};
