//! How many threads there may be.

use crate::sys;

/// Sets how many threads the runtime may have, idle ones included, and returns the previous setting. The setting is 10,000 at the start. Go's
/// `debug.SetMaxThreads`. Threads that run no goroutine, such as those that C code starts, do not count.
///
/// A goroutine has a thread to itself while it is in a call that blocks ([`blocking`](crate::blocking), a file, a C library), and while it is tied to its thread. When a goroutine needs one thread more than the limit, it waits until
/// a thread comes back; a program in Go would end. When all threads wait for goroutines, or for each other, so that none of them will ever come back, the program ends with `fatal
/// error: thread exhaustion`. A lower limit does not end threads that exist already.
///
/// ```no_run,standalone_crate
/// let previous = rtlib::debug::set_max_threads(200);
/// assert_eq!(previous, 10_000);
/// ```
pub fn set_max_threads(limit: usize) -> usize {
    let limit = u32::try_from(limit).unwrap_or(u32::MAX);
    sys::watch::set_max_threads(limit) as usize
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::set_max_threads;

    #[test]
    fn the_previous_setting_is_returned_and_none_is_no_limit() {
        let before = set_max_threads(0);
        assert_eq!(set_max_threads(usize::MAX), 1);
        assert_eq!(set_max_threads(before), u32::MAX as usize);
    }
}
