//! Calls that block the thread.

use crate::sys::watch::WithoutP;

/// Calls `f`, which may block its thread (in a C library that waits for a device, in a long computation), and lets other goroutines run meanwhile.
///
/// Calls of std need no `blocking`: locks, sleeps, sockets and pipes park the goroutine, and while a call on a file keeps the thread, another thread runs the others. In `f` the calls that park would
/// block the thread.
///
/// The goroutine stays on its thread and gives up its P, the right to run goroutines. When the call lasts longer than about 20 µs, another thread takes the P. A short call costs
/// a few nanoseconds more, so use `blocking` generously. Without it nothing breaks: the scheduler notices a goroutine that does not come back and adds a P for the others, but that may
/// take up to 20 ms.
///
/// Inside `f` the goroutine keeps its identity ([`current`](crate::current), thread-locals), and may use all of this crate. There it waits as a thread does: by
/// blocking. The function returns what `f` returns, and a panic of `f` passes through. Calls nest. On a plain thread `f` is just called.
///
/// ```no_run,standalone_crate
/// unsafe extern "C" {
///     /// Of a C library: returns when the scanner has read a sheet.
///     safe fn wait_for_scanner() -> std::ffi::c_int;
/// }
///
/// let sheets = rtlib::blocking(|| wait_for_scanner());
/// # _ = sheets;
/// ```
#[inline]
pub fn blocking<T>(f: impl FnOnce() -> T) -> T {
    let _without_p = WithoutP::enter();
    f()
}
