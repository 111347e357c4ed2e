//! The runtime of programs built with `cargo gobuild`: the boot and the scheduler, compiled ahead into one object (see ARCHITECTURE.md).
//!
//! Where to look: `boot` follows a program from `rt0_go` to `main`; `sched` is the scheduler, `gmp` what it is made of, `stack` where goroutines live, `watch` who watches; `libc` is what a hosted program shares with glibc; `hooks` are the functions of libc that park goroutines, `netpoll` knows which descriptors they wait for; `arch` holds all
//! assembly, `os` all system calls; `signal` and `fatal` are the ways a program can end.
//!
//! Without the feature `object` only what needs neither is compiled: the parts that loom, miri and unit tests check.
#![cfg_attr(not(any(test, loom)), no_std)]

pub mod chan;
mod gmp;
#[cfg(any(feature = "object", all(test, not(loom))))]
mod malloc;
mod shim;
#[cfg(any(feature = "object", test))]
mod stack;
pub mod sync;
#[cfg(feature = "object")]
mod time;
#[cfg(any(feature = "object", test))]
mod timer;

/// Pure, so tested without the rest of `os`.
#[cfg(all(test, not(feature = "object")))]
#[path = "os/linux/cgroup.rs"]
mod cgroup;

/// Likewise.
#[cfg(all(test, not(loom), not(feature = "object")))]
#[path = "os/linux/sys.rs"]
mod sys;

/// Likewise.
#[cfg(all(test, not(loom), not(feature = "object")))]
#[path = "os/linux/syscalls.rs"]
mod syscalls;

/// Likewise.
#[cfg(all(test, not(loom), not(feature = "object")))]
#[path = "trace/proto.rs"]
mod trace_proto;

/// Likewise, by loom.
#[cfg(all(loom, test, not(feature = "object")))]
#[allow(dead_code, reason = "the models do not use all of it")]
#[path = "netpoll/edges.rs"]
mod edges;

/// Where this package's sources are: `cargo-gobuild` compiles the object from them.
#[cfg(not(feature = "object"))]
pub const MANIFEST_DIR: &str = env!("CARGO_MANIFEST_DIR");

#[cfg(feature = "object")]
mod api;
#[cfg(feature = "object")]
mod arch;
#[cfg(feature = "object")]
mod boot;
#[cfg(any(feature = "object", all(test, not(loom))))]
mod duration;
#[cfg(feature = "object")]
mod fatal;
#[cfg(feature = "object")]
mod godebug;
#[cfg(feature = "object")]
mod hooks;
#[cfg(feature = "object")]
mod inittask;
#[cfg(feature = "object")]
mod leaks;
#[cfg(feature = "object")]
mod libc;
#[cfg(any(feature = "object", test))]
mod link;
#[cfg(feature = "object")]
mod lock;
#[cfg(feature = "object")]
mod lockrank;
#[cfg(feature = "object")]
mod membarrier;
#[cfg(feature = "object")]
mod moduledata;
#[cfg(any(feature = "object", not(loom)))]
#[doc(hidden)] // for the fuzz target
pub mod names;
#[cfg(feature = "object")]
mod netpoll;
#[cfg(feature = "object")]
mod note;
#[cfg(feature = "object")]
mod os;
#[cfg(feature = "object")]
mod panic;
#[cfg(any(feature = "object", all(test, not(loom))))]
mod pattern;
#[cfg(feature = "object")]
mod persistent;
#[cfg(feature = "object")]
mod print;
#[cfg(feature = "object")]
mod process;
#[cfg(feature = "object")]
mod pthread;
#[cfg(any(feature = "object", all(test, not(loom))))]
mod random;
#[cfg(feature = "object")]
mod sched;
#[cfg(feature = "object")]
mod signal;
#[cfg(feature = "object")]
mod trace;
#[cfg(any(feature = "object", test))]
mod traceback;
#[cfg(feature = "object")]
mod tracebuf;
#[cfg(feature = "object")]
mod watch;

#[cfg(all(feature = "object", not(test)))]
#[panic_handler]
fn panic_handler(info: &core::panic::PanicInfo<'_>) -> ! {
    print!("fatal error: runtime: {info}\n");
    signal::die_by_abort()
}
