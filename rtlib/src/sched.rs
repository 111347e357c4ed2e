//! What the scheduler tells about itself, and its one setting.

use crate::sys;

/// Sets how many goroutines run Rust code at the same moment, and returns the previous setting; with `None` (or 0) it only asks.
///
/// At the start it is the value of the environment variable `GOMAXPROCS`, else the number of CPUs that the process may use. A change takes effect at the
/// next scheduling points, without stopping anything.
///
/// ```no_run,standalone_crate
/// let before = rtlib::gomaxprocs(Some(1));
/// assert_eq!(rtlib::gomaxprocs(None), 1);
/// rtlib::gomaxprocs(Some(before));
/// ```
pub fn gomaxprocs(n: Option<usize>) -> usize {
    const ASK: i32 = 0;
    let n = n.map_or(ASK, |n| i32::try_from(n).unwrap_or(i32::MAX));
    non_negative(sys::gomaxprocs(n))
}

/// How many CPUs the process could use when it started.
#[must_use]
pub fn num_cpu() -> usize {
    non_negative(sys::num_cpu())
}

/// How many goroutines exist now, the runtime's own left out.
#[must_use]
pub fn num_goroutine() -> usize {
    usize::try_from(sys::num_goroutine()).unwrap_or(usize::MAX)
}

fn non_negative(n: i32) -> usize {
    usize::try_from(n).unwrap_or(0)
}
