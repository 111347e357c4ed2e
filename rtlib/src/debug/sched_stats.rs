//! Numbers about the scheduler.

use crate::sys;

/// What the scheduler counts. The numbers are taken while it runs, so they need not fit each other exactly. Counters begin at the program's start.
///
/// A `P` is the right to run goroutines; there are [`gomaxprocs`](crate::gomaxprocs) of them. An `M` is a thread of the operating system that runs goroutines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SchedStats {
    /// Goroutines alive, the runtime's own left out.
    pub goroutines: u64,
    /// Goroutines started so far, the runtime's own included.
    pub started: u64,
    /// Goroutines that wait for a P.
    pub runnable: u64,
    /// Goroutines that run.
    pub running: u64,
    /// Goroutines inside [`blocking`](crate::blocking).
    pub in_blocking: u64,
    /// Goroutines that wait for something.
    pub waiting: u64,
    /// Goroutines that have ended, whose stacks are kept for the next ones.
    pub dead: u64,
    /// Times that a P chose what to run.
    pub switches: u64,
    /// Times that a P without work took some from another.
    pub steals: u64,
    /// Times that a P was taken from a goroutine in [`blocking`](crate::blocking), because others needed it.
    pub handed_off: u64,
    /// How often a goroutine kept its P for so long, while others waited, that the monitor thread added an extra P.
    pub compensated: u64,
    /// The setting of [`gomaxprocs`](crate::gomaxprocs).
    pub gomaxprocs: u32,
    /// Ps, extra ones included.
    pub ps: u32,
    /// Ps without work.
    pub idle_ps: u32,
    /// Ps for which there is an extra P at the moment.
    pub hogs: u32,
    /// Ms.
    pub ms: u32,
    /// Ms that sleep because there is no work.
    pub idle_ms: u32,
    /// Ms that look for work.
    pub spinning_ms: u32,
    /// Runnable goroutines in the queue that all Ps share.
    pub global_runq: u32,
    /// Runnable goroutines in the queues of Ps.
    pub local_runq: u32,
}

/// The scheduler's numbers now. Looks at every goroutine there is, some nanoseconds each.
///
/// ```no_run,standalone_crate
/// let stats = rtlib::debug::sched_stats();
/// println!("{} goroutines, {} of them wait", stats.goroutines, stats.waiting);
/// ```
#[must_use]
pub fn sched_stats() -> SchedStats {
    let stats = sys::watch::sched_stats();
    SchedStats {
        goroutines: stats.goroutines,
        started: stats.started,
        runnable: stats.runnable,
        running: stats.running,
        in_blocking: stats.in_blocking,
        waiting: stats.waiting,
        dead: stats.dead,
        switches: stats.switches,
        steals: stats.steals,
        handed_off: stats.handed_off,
        compensated: stats.compensated,
        gomaxprocs: stats.gomaxprocs,
        ps: stats.ps,
        idle_ps: stats.idle_ps,
        hogs: stats.hogs,
        ms: stats.ms,
        idle_ms: stats.idle_ms,
        spinning_ms: stats.spinning_ms,
        global_runq: stats.global_runq,
        local_runq: stats.local_runq,
    }
}
