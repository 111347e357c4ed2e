//! Giving memory back.

use crate::sys;

/// Gives memory of stacks back to the system at once: the stacks of goroutines that have ended, and the unused parts of parked goroutines' stacks. Go's
/// `debug.FreeOSMemory`.
///
/// The runtime does the same by itself in the background: for what has not been needed for a second, and for goroutines that have been parked for five, with at most a tenth of
/// one P each. Call this after a peak that will not come again soon. It takes about a microsecond for every goroutine, and more where there is much to give
/// back; the goroutines that start next pay for fresh memory.
///
/// ```no_run,standalone_crate
/// let burst: Vec<_> = (0..100_000).map(|_| rtlib::spawn(|| ())).collect();
/// burst.into_iter().for_each(|one| one.join().unwrap());
/// rtlib::debug::free_os_memory();
/// ```
pub fn free_os_memory() {
    sys::watch::free_os_memory();
}
