//! Calls that block the thread.

use crate::sys::watch::WithoutP;

/// Calls `f`, which may block its thread (a file, a C library, a device), and lets other goroutines run meanwhile.
///
/// Locks, sleeps, sockets and pipes of std need no `blocking`: they park the goroutine. In `f` they would block the thread.
///
/// The goroutine stays on its thread and gives up its P, the right to run goroutines. When the call lasts longer than about 20 µs, another thread takes the P. A short call costs
/// a few nanoseconds more, so use `blocking` generously. Without it nothing breaks: the scheduler notices a goroutine that does not come back and adds a P for the others, but that may
/// take up to 20 ms.
///
/// Inside `f` the goroutine keeps its identity ([`current`](crate::current), thread-locals), and may use all of this crate. There it waits as a thread does: by
/// blocking. The function returns what `f` returns, and a panic of `f` passes through. Calls nest. On a plain thread `f` is just called.
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
