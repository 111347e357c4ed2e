//! The scheduler: goroutines (G) on threads (M) that hold processors (P), as in Go's runtime/proc.go. What these are made of says `gmp`, where stacks are `stack`; who watches all of it is above, in `watch`.
//!
//! - `global`: the queue and lists that one lock protects; `pick`: which goroutine of a P is next; `find`: what to run next; `spin`: who looks for work and who wakes whom; `shuffle`: random choices, for tests.
//! - `park`: blocking and readying (`gopark`, `goready`), and the park token. `deadline`: waiting with a deadline; `timers`: who looks at timers when; `time`: their C interface.
//! - `spawn`: `newproc`, `goexit`; `ahead`: stacks that are made before they are needed.
//! - `procs`: how many Ps there are; `threads`: Ms; `template`: who makes their threads; `exhausted`: when there are no more; `locked`: LockOSThread; `masks`: which signals goroutines block; `relay`: whom signal handlers wake; `syscall`: calls that block; `dead`: deadlocks; `forked`: the child of a fork.
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
pub mod dead;
#[cfg(feature = "object")]
pub mod deadline;
#[cfg(feature = "object")]
pub mod exhausted;
#[cfg(feature = "object")]
pub mod find;
#[cfg(feature = "object")]
pub mod forked;
#[cfg(feature = "object")]
pub mod global;
#[cfg(feature = "object")]
pub mod locked;
#[cfg(feature = "object")]
pub mod masks;
#[cfg(feature = "object")]
pub mod park;
#[cfg(feature = "object")]
pub mod pick;
#[cfg(feature = "object")]
pub mod procs;
#[cfg(feature = "object")]
pub mod relay;
#[cfg(feature = "object")]
pub mod shuffle;
#[cfg(feature = "object")]
pub mod spawn;
#[cfg(any(feature = "object", all(loom, test)))]
pub mod spin;
#[cfg(feature = "object")]
pub mod syscall;
#[cfg(feature = "object")]
pub mod template;
#[cfg(feature = "object")]
pub mod threads;
#[cfg(feature = "object")]
pub mod time;
#[cfg(feature = "object")]
pub mod timers;

/// Whether the scheduler runs goroutines: not before `runtime.main` does.
#[cfg(feature = "object")]
pub fn has_begun() -> bool {
    global::MAIN_STARTED.load(core::sync::atomic::Ordering::Relaxed)
}
