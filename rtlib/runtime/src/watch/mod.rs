//! Watching: sysmon, a thread beside the scheduler, and what it does.
//!
//! - `sysmon`: the thread. `dead`: deadlocks; `exhausted`: nobody goes on for want of a thread. `retake`: Ps of goroutines that do not come back; `hogs` and `slow`: what is told of them, and of calls that keep a thread; `reports`: who prints that.
//! - `reclaim` and `scavenge`: memory of stacks that nobody needs. `schedtrace`, `stats`: numbers.

mod dead;
mod exhausted;
mod hogs;
pub mod reclaim;
pub mod reports;
pub mod retake;
mod scavenge;
pub mod schedtrace;
pub mod slow;
mod stats;
pub mod sysmon;
