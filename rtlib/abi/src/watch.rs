//! The part of the C interface that has to do with watching: calls that block, memory, numbers.

/// Numbers about the scheduler; see `rtlib::debug::SchedStats` for what they mean.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct SchedStats {
    /// Goroutines alive, the runtime's own left out.
    pub goroutines: u64,
    /// Goroutines ever started.
    pub started: u64,
    /// Waiting for a P.
    pub runnable: u64,
    /// Running.
    pub running: u64,
    /// In a call that blocks.
    pub in_blocking: u64,
    /// Parked.
    pub waiting: u64,
    /// Dead, kept to be used again.
    pub dead: u64,
    /// Rounds of the scheduler.
    pub switches: u64,
    /// Times that a P took goroutines from another.
    pub steals: u64,
    /// Ps taken from calls that block.
    pub handed_off: u64,
    /// Hogs made up for.
    pub compensated: u64,
    /// The setting.
    pub gomaxprocs: u32,
    /// Ps, extra ones for hogs included.
    pub ps: u32,
    /// Ps with nothing to do.
    pub idle_ps: u32,
    /// Ps held by hogs.
    pub hogs: u32,
    /// Threads of the scheduler.
    pub ms: u32,
    /// Threads that sleep for want of work.
    pub idle_ms: u32,
    /// Threads that look for work.
    pub spinning_ms: u32,
    /// Goroutines in the global queue.
    pub global_runq: u32,
    /// Goroutines in the queues of Ps.
    pub local_runq: u32,
}

unsafe extern "C" {
    /// The calling goroutine is about to block its thread: lets its P go. True when it did; then the same goroutine must call [`exitsyscall`], and until it
    /// has it counts as a thread. False, and nothing happened, on a thread that is no goroutine and when the goroutine is in such a call already.
    #[link_name = "runtime.entersyscall"]
    pub fn entersyscall() -> bool;

    /// The goroutine is back and needs a P; it may go on on another thread. Nothing happens when it is in no such call.
    #[link_name = "runtime.exitsyscall"]
    pub fn exitsyscall();

    /// Writes the scheduler's numbers to `to`.
    #[link_name = "runtime.schedstats"]
    pub fn sched_stats(to: *mut SchedStats);

    /// Gives memory back to the system at once: stacks of dead goroutines, and what parked ones do not use of theirs.
    #[link_name = "runtime/debug.freeOSMemory"]
    pub fn free_os_memory();

    /// Sets how many threads the runtime may have, at least one. Returns the previous setting.
    #[link_name = "runtime/debug.setMaxThreads"]
    pub fn set_max_threads(limit: u32) -> u32;
}
