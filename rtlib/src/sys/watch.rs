//! The calls of `rtlib_abi::watch`, made safe.

use rtlib_abi::watch;

/// While it exists, the goroutine that made it has no P.
#[derive(Debug)]
pub(crate) struct WithoutP {
    entered: bool,
    /// What is undone is the calling goroutine's affair.
    _of_this_goroutine: core::marker::PhantomData<*const ()>,
}

impl WithoutP {
    /// Lets the P of the calling goroutine go; on a thread, and inside another one of these, nothing happens.
    #[inline]
    pub(crate) fn enter() -> Self {
        // SAFETY: callable from any thread; `drop` is the counterpart, and runs on the same goroutine, since this is not `Send`.
        let entered = unsafe { watch::entersyscall() };
        Self {
            entered,
            _of_this_goroutine: core::marker::PhantomData,
        }
    }
}

impl Drop for WithoutP {
    #[inline]
    fn drop(&mut self) {
        if self.entered {
            // SAFETY: the counterpart of `enter`.
            unsafe { watch::exitsyscall() }
        }
    }
}

/// Numbers about the scheduler.
pub(crate) fn sched_stats() -> watch::SchedStats {
    let mut stats = watch::SchedStats::default();
    // SAFETY: the structure is ours.
    unsafe { watch::sched_stats(&raw mut stats) };
    stats
}

/// Sets the limit of threads.
pub(crate) fn set_max_threads(limit: u32) -> u32 {
    // SAFETY: callable from any thread.
    unsafe { watch::set_max_threads(limit) }
}

/// Gives memory back.
pub(crate) fn free_os_memory() {
    // SAFETY: callable from any thread.
    unsafe { watch::free_os_memory() }
}
