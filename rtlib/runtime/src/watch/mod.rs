//! Watching: sysmon, a thread beside the scheduler, and what it does.
//!
//! - `sysmon`: the thread. `retake`: Ps of goroutines that do not come back; `hogs`: reports of them.
//! - `reclaim` and `scavenge`: memory of stacks that nobody needs. `schedtrace`, `stats`: numbers.

pub mod hogs;
pub mod reclaim;
pub mod retake;
mod scavenge;
pub mod schedtrace;
mod stats;
pub mod sysmon;
