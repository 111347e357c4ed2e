//! Calls that block the thread.

use crate::sys::watch::WithoutP;

/// Calls `f`, which may block its thread (a file, a C library, a device), and lets other goroutines run meanwhile.
///
/// Locks, sleeps, sockets and pipes of std need no `blocking`: they park the goroutine. In `f` they would block the thread.
///
/// The goroutine stays on its thread and gives up its right to run goroutines, which another thread takes over when the call lasts longer than some
/// 20 µs. That costs a few nanoseconds when the call is short, so use it generously. Without it nothing breaks: the
/// scheduler notices a goroutine that does not come back, and makes up for it, but only after up to 20 ms.
///
/// Inside `f` the goroutine is still itself ([`current`](crate::current), thread-locals), and may use all of this crate; there it waits as a thread does, by
/// blocking. What `f` returns is returned, and a panic goes on. Calls nest. On a thread that is no goroutine `f` is just called.
///
/// ```no_run,standalone_crate
/// let text = rtlib::blocking(|| std::fs::read_to_string("/etc/hostname"));
/// # drop(text);
/// ```
#[inline]
pub fn blocking<T>(f: impl FnOnce() -> T) -> T {
    let _without_p = WithoutP::enter();
    f()
}
