//! Seeing inside a running program: what the scheduler does, and its memory.

mod memory;
mod sched_stats;

pub use memory::free_os_memory;
pub use sched_stats::{SchedStats, sched_stats};
