//! Threads of the operating system: tying a goroutine to its own; `start`: one that runs no goroutine.

#[cfg(feature = "std")]
mod start;

use core::marker::PhantomData;

use crate::sys;
#[cfg(feature = "std")]
pub use start::spawn_os_thread;

/// Ties the calling goroutine to the thread that runs it now, until the returned lock is dropped. Go's `runtime.LockOSThread`.
///
/// While it lasts, the goroutine runs on no other thread and the thread runs no other goroutine. Use it around calls into libraries
/// that keep state per *operating system thread* behind Rust's back: OpenGL contexts, namespaces, `setns`, per-thread scheduling. Rust's own
/// thread-locals need no lock: they belong to the goroutine.
///
/// Locks nest: the goroutine is free again when the last one is dropped. A goroutine that ends while it is tied takes its thread with it. To
/// stay tied for good, forget the lock; in an init function `core::mem::forget(rtlib::lock_os_thread())` keeps `main` on the process's first
/// thread. On a thread that is no goroutine there is nothing to tie.
///
/// A tied goroutine still waits until a P is free, as all goroutines do. For code that must never wait for a P, start a thread of the operating system with [`spawn_os_thread`](crate::spawn_os_thread).
///
/// The lock is not `Send`, because unlocking counts for the goroutine that does it. That is the right bound although goroutines wander between
/// threads: what `Send` guards is the passing of a value between goroutines, each of which is a thread of its own to Rust, and a value that
/// stays in its goroutine may be anything.
///
/// ```compile_fail,E0277
/// let lock = rtlib::lock_os_thread();
/// rtlib::go(move || drop(lock));
/// ```
#[must_use = "the goroutine is tied only while the lock exists"]
pub fn lock_os_thread() -> OsThreadLock {
    sys::lock_os_thread();
    OsThreadLock {
        of_this_goroutine: PhantomData,
    }
}

/// Keeps its goroutine on one thread while it exists: see [`lock_os_thread`].
#[derive(Debug)]
pub struct OsThreadLock {
    of_this_goroutine: PhantomData<*const ()>,
}

impl Drop for OsThreadLock {
    fn drop(&mut self) {
        sys::unlock_os_thread();
    }
}
