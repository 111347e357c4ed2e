//! Watching: sysmon, a thread beside the scheduler, and what it does.
//!
//! - `sysmon`: the thread. `dead`: deadlocks; `exhausted`: nobody goes on for want of a thread. `retake`: Ps of goroutines that do not come back; `hogs`: reports of them.
//! - `reclaim` and `scavenge`: memory of stacks that nobody needs. `schedtrace`, `stats`: numbers.

mod dead;
mod exhausted;
pub mod hogs;
pub mod reclaim;
pub mod retake;
mod scavenge;
pub mod schedtrace;
mod stats;
pub mod sysmon;
