//! The scheduler: goroutines (G) on threads (M) that hold processors (P), as in Go's runtime/proc.go.
//!
//! - `g`, `m`, `p`: the three things; `allgs`: all Gs there are, for debuggers, too; `runq`: a P's queue, `fresh`: its goroutines that have not run yet, `pick`: which of them is next; `global`: the queue and lists that one lock protects.
//! - `spawn`: `newproc`, `goexit`; `pthread`: goroutines that others know as threads, and join; `arena`: where goroutines live, `positions`: which places in it are free, `stack`: what is in a slot; `ahead`: stacks that are made before they are needed; `gfree`: dead ones; `reclaim` and `scavenge`: memory of stacks.
//! - `park`: blocking and readying (`gopark`, `goready`), and the park token; `waitreason`: why; `find`: what to run next; `spin`: who looks for work and who wakes whom.
//! - `procs`: how many Ps there are; `threads`: Ms; `template`: who makes their threads; `locked`: LockOSThread; `syscall`: calls that block; `sysmon`: the watcher,
//!   with `retake` (Ps of goroutines that do not come back; `hogs`: reports of them), `dead` (deadlocks), `schedtrace`; `stats`: numbers; `timer`: deadlines.
//!
//! # How a goroutine gives way
//!
//! Fast path: the goroutine takes the next one from its P's queue itself and switches straight to it (`goswitch`): one stack switch, one
//! FS write. The next goroutine, on its own stack, then runs the *commit*: it publishes the one that was left. Slow path, when the
//! queue is empty or something unusual is to be done: `mcall` to g0, which commits and then runs `schedule`.
//!
//! The scheduler uses no thread-locals but `runtime.tls_g`.

#[cfg(feature = "object")]
mod ahead;
#[cfg(feature = "object")]
pub mod allgs;
#[cfg(feature = "object")]
pub mod arena;
#[cfg(feature = "object")]
pub mod dead;
#[cfg(feature = "object")]
pub mod exhausted;
#[cfg(feature = "object")]
pub mod find;
#[cfg(feature = "object")]
pub mod forked;
#[cfg(any(feature = "object", test))]
pub mod fresh;
#[cfg(feature = "object")]
pub mod g;
#[cfg(feature = "object")]
pub mod gfree;
#[cfg(feature = "object")]
pub mod global;
#[cfg(feature = "object")]
mod hogs;
#[cfg(feature = "object")]
pub mod hold;
#[cfg(feature = "object")]
pub mod locked;
#[cfg(feature = "object")]
pub mod m;
#[cfg(feature = "object")]
pub mod p;
#[cfg(feature = "object")]
pub mod park;
#[cfg(feature = "object")]
pub mod pick;
#[cfg(any(feature = "object", test))]
pub mod positions;
#[cfg(feature = "object")]
pub mod procs;
#[cfg(feature = "object")]
pub mod pthread;
#[cfg(feature = "object")]
pub mod reclaim;
#[cfg(feature = "object")]
pub mod retake;
#[cfg(any(feature = "object", test))]
pub mod runq;
#[cfg(feature = "object")]
pub mod scavenge;
#[cfg(feature = "object")]
pub mod schedtrace;
#[cfg(feature = "object")]
pub mod shuffle;
#[cfg(feature = "object")]
pub mod spawn;
#[cfg(any(feature = "object", all(loom, test)))]
pub mod spin;
#[cfg(feature = "object")]
pub mod stack;
#[cfg(feature = "object")]
mod stats;
#[cfg(feature = "object")]
pub mod syscall;
#[cfg(feature = "object")]
pub mod sysmon;
#[cfg(feature = "object")]
pub mod template;
#[cfg(feature = "object")]
pub mod threads;
#[cfg(any(feature = "object", test))]
pub mod timer;
pub mod waitreason;

#[cfg(feature = "object")]
pub use object::*;

#[cfg(feature = "object")]
mod object {
    use super::g::{G, Status};
    use super::m::M;
    use crate::arch::current::tls;

    /// The first thread.
    #[unsafe(export_name = "runtime.m0")]
    pub static M0: M = M::new();
    /// The first thread's scheduling goroutine.
    #[unsafe(export_name = "runtime.g0")]
    pub static G0: G = G::new();

    /// The main goroutine.
    pub static MAIN_G: G = G::new();

    /// The id of the main goroutine.
    pub const MAIN_GOID: u64 = 1;

    /// Whether this is the main goroutine.
    #[inline]
    pub fn is_main(gp: &G) -> bool {
        gp.id() == MAIN_GOID
    }

    /// Whether the scheduler runs goroutines: not before `runtime.main` does.
    pub fn has_begun() -> bool {
        super::global::MAIN_STARTED.load(core::sync::atomic::Ordering::Relaxed)
    }

    /// The running goroutine that holds a P: none on g0, on a thread that is no M, and in a call that blocks (`syscall`), where the goroutine
    /// is to be treated as a thread.
    #[inline]
    pub fn current() -> Option<&'static G> {
        tls::getg().filter(|gp| gp.status() == Status::Running as u32)
    }

    /// The calling goroutine, in a call that blocks too: who it is, not what it may do.
    #[inline]
    pub fn this_goroutine() -> Option<&'static G> {
        tls::getg().filter(|gp| gp.id() != 0)
    }
}
