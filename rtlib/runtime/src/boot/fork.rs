//! fork(3): the child has the goroutine that called it and no other one, and no thread besides. The runtime starts again in it (`sched::forked`).
//!
//! libc calls the three functions here around the system call (pthread_atfork(3)). What the child can make new is not looked at before; what it must find whole, timers and the program's actions for signals, is kept from changing
//! meanwhile. `_Fork(3)` and the bare system call do not call anybody: their children may only do what a signal handler may.
//!
//! libc's own part runs on the TLS block that libc made for the thread: on the goroutine's it would take the thread's stack for one of a thread that is not there any more, and give it to the next one. Meanwhile all signals are blocked.

use super::forked;
use crate::arch::current::tls;
use crate::gmp::this_goroutine;
use crate::libc::{ffi, malloc, tcb};
use crate::lock::Lock;
use crate::lockrank::{Rank, Ranked};
use crate::os::linux::signal as mask;
use crate::sched::{procs, second, threads, timers};
use crate::traceback::{dying, interrupt, panics};
use crate::{hooks, leaks, membarrier, netpoll, persistent, pthread, signal, sync, trace};

/// What the caller of fork had.
struct Fork {
    mask: u64,
    thread_pointer: usize,
    timers: Option<usize>,
}

impl Ranked for Fork {
    const RANK: Rank = Rank::Fork;
}

static FORK: Lock<Fork> = Lock::new(Fork {
    mask: 0,
    thread_pointer: 0,
    timers: None,
});

/// How long timers may be in use. Longer only if the caller is a signal handler that has interrupted who uses them.
const PATIENCE_NS: u64 = 200_000_000;

/// Has libc tell of forks. When the runtime is initialised.
pub fn prepare_for_forks() {
    // SAFETY: functions that may be called at any fork.
    unsafe { ffi::pthread_atfork(before, in_parent, in_child) };
}

/// The last one to be called before the system call, of those who are.
extern "C" fn before() {
    let mask = mask::set_mask(u64::MAX);
    let mut fork = FORK.lock();
    fork.mask = mask;
    fork.timers = timers::keep_all(PATIENCE_NS);
    malloc::keep();
    signal::keep();
    fork.thread_pointer = tls::thread_pointer();
    core::mem::forget(fork);
    if let Some(own) = threads::libc_block_elsewhere() {
        // SAFETY: the block that libc made for this thread. All signals are blocked, so nothing but libc's fork runs on it.
        unsafe { tls::set_thread_pointer(own) };
    }
}

/// The first one to be called after it. Returns what is kept of timers, and the mask to be restored.
fn back() -> (Option<usize>, u64) {
    // SAFETY: `before` took the lock on this thread; until the thread pointer is back nothing is done that concerns it.
    unsafe {
        let fork = core::mem::ManuallyDrop::new(FORK.taken());
        tls::set_thread_pointer(fork.thread_pointer);
        (fork.timers, fork.mask)
    }
}

extern "C" fn in_parent() {
    let (timers, mask) = back();
    // SAFETY: `before` has taken them.
    unsafe {
        signal::let_go();
        malloc::let_go();
        if let Some(kept) = timers {
            timers::let_go(kept);
        }
        FORK.unlock();
    }
    mask::set_mask(mask);
}

extern "C" fn in_child() {
    let (timers, mask) = back();
    let own = tls::thread_pointer();
    if this_goroutine().is_some() && threads::libc_block_elsewhere().is_some_and(|at| at != own) {
        // SAFETY: the goroutine's own block, on which it runs again.
        unsafe { tcb::forked(own) };
    }
    if let Some(kept) = timers {
        timers::forget(kept);
    }
    let procs = procs::gomaxprocs();
    if second::forget() {
        second::keep_procs(procs);
    }
    trace::forget();
    dying::forget();
    panics::forget();
    // SAFETY: this is the only thread, and it is not in any of these. `before` has taken the first two and the last two.
    unsafe {
        // Before anything that takes a lock.
        signal::let_go();
        malloc::let_go();
        persistent::forget();
        membarrier::forget();
        interrupt::forget();
        leaks::forget();
        sync::forget();
        hooks::futex::forget();
        pthread::forget();
        netpoll::forget();
        forked::restart();
        FORK.unlock();
    }
    mask::set_mask(mask);
}
