//! How many threads there may be.

use crate::sys;

/// Sets how many threads the runtime may have, those that sleep for want of work included, and returns the previous setting; at the start it is 10,000. Go's
/// `debug.SetMaxThreads`. Threads that std or C started do not count.
///
/// A goroutine that is in a call that blocks ([`blocking`](crate::blocking)), in a system call or in a lock of std has a thread for itself, and so has one that is tied to its thread. When another one would need a
/// thread too many it waits until one comes back, where a program in Go ends. When all threads wait for goroutines, or for each other, so that none of them will ever come back, the program ends with `fatal
/// error: thread exhaustion`. Threads that there are already stay, if the limit is less.
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
