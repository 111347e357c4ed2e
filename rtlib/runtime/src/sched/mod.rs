//! The scheduler: goroutines (G) on threads (M) that hold processors (P), as in Go's runtime/proc.go. What these are made of says `gmp`, where stacks are `stack`; who watches all of it is above, in `watch`.
//!
//! - `global`: the queue and lists that one lock protects; `pick`: which goroutine of a P is next; `find`: what to run next; `shuffle`: random choices, for tests.
//! - `park`: blocking and readying (`gopark`, `goready`), and the park token. `deadline`: waiting with a deadline; `timers`: who looks at timers when.
//! - `spawn`: `newproc`, `goexit`; `ahead`: stacks that are made before they are needed.
//! - `procs`: how many Ps there are; `threads`: Ms; `sigstack`: where their signal handlers run; `template`: who makes their threads; `exhausted`: when there are no more; `locked`: LockOSThread; `masks`: which signals goroutines block; `relay`: whom signal handlers wake; `syscall`: calls that block; `slow`: those that last. `second`: what waits for the second goroutine.
//! - `asleep`: who sleeps in the runtime; `watcher`: sysmon, as the scheduler knows it; `poller`: the network poller, likewise.
//!
//! # How a goroutine gives way
//!
//! Fast path: the goroutine takes the next one from its P's queue itself and switches straight to it (`goswitch`): one stack switch, one
//! FS write. The next goroutine, on its own stack, then runs the *commit*: it publishes the one that was left. Slow path, when the
//! queue is empty or something unusual is to be done: `mcall` to g0, which commits and then runs `schedule`.
//!
//! The scheduler uses no thread-locals but `runtime.tls_g`.

mod ahead;
pub mod asleep;
pub mod deadline;
pub mod exhausted;
pub mod find;
pub mod global;
pub mod locked;
pub mod masks;
pub mod park;
pub mod pick;
pub mod poller;
pub mod procs;
pub mod relay;
pub mod second;
pub mod shuffle;
pub mod sigstack;
pub mod slow;
pub mod spawn;
pub mod syscall;
pub mod template;
pub mod threads;
pub mod timers;
pub mod watcher;

/// Whether the scheduler runs goroutines: not before `runtime.main` does.
pub fn has_begun() -> bool {
    global::MAIN_STARTED.load(core::sync::atomic::Ordering::Relaxed)
}
