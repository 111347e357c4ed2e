//! M, a thread of the operating system that runs goroutines.
//!
//! Type-stable like G. Fields are written by the M's own thread unless they say otherwise. `repr(C)`, beginning with the words of
//! [`MHead`].

use core::mem::offset_of;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};

use rtlib_abi::layout::MHead;

use super::g::G;
use super::p::P;
use crate::link::Link;
use crate::note::Note;
use crate::{random, tracebuf};

/// A thread.
#[repr(C, align(64))]
pub struct M {
    // --- the words of MHead
    /// The goroutine with the scheduling stack and the thread's own TLS block.
    pub g0: Link<G>,
    /// Its thread sleeps until a lock of the runtime is free, which others hold for a moment only (`lock.rs`). For those who look on.
    pub awaits_lock: AtomicBool,
    /// The goroutine it runs now.
    pub curg: Link<G>,
    /// The P it holds, needed to run goroutines.
    pub p: Link<P>,
    /// The P it had when its goroutine entered a call that blocks.
    pub oldp: Link<P>,
    /// When its goroutine entered the call that blocks, ns, if others waited then, or calls are timed; else 0 (`syscall`).
    pub entered: AtomicU64,
    /// The last such call took long.
    pub blocks: AtomicBool,
    /// Handed over by whoever wakes it; written under the waker's exclusive claim on this idle M.
    pub nextp: Link<P>,
    /// Out of work and looking for it.
    pub spinning: AtomicBool,
    /// Locked to this goroutine (`LockOSThread`).
    pub lockedg: Link<G>,
    /// `LockOSThread` calls of the user.
    pub locked_ext: AtomicU32,
    /// Locks of the runtime (the main goroutine during init).
    pub locked_int: AtomicU32,
    /// Its goroutine has changed what the kernel keeps for this thread alone: they stay together, and it ends with it.
    pub tied: AtomicBool,
    /// Where it sleeps when idle.
    pub park: Note,
    /// Sleeps in `epoll_wait` instead, or is about to: whoever wakes it interrupts that.
    pub polling: AtomicBool,
    /// Sleeps there. For those who look on.
    pub blocked: AtomicBool,
    /// Its thread's id.
    pub tid: AtomicU32,
    /// Next on the idle list. Under the scheduler lock.
    pub schedlink: Link<M>,
    /// All Ms, newest first. Written once.
    pub alllink: Link<M>,
    /// The locks of the runtime that its thread holds.
    #[cfg(debug_assertions)]
    pub locks: crate::lockrank::Held,
    /// Its number.
    pub id: AtomicU64,
    /// State of its random numbers (stealing order).
    pub rand: AtomicU32,
    /// Its goroutine is out of the way of the fast path for this reason: taken from the queue, locked to another M.
    pub pending: Link<G>,
    /// Stack pointer at the bottom of the thread's life: where an exiting M returns to.
    pub exit_sp: AtomicUsize,
    /// Its goroutine exited while locked to it: it ends instead of scheduling. Until it has.
    pub exiting: AtomicBool,
    /// The signal mask that its thread starts with, signals 1 to 64. Written before the thread starts.
    pub sigmask: AtomicU64,
    /// The mask that its thread has now, as a difference from the common one (`sched::masks`).
    pub mask: AtomicU64,
    /// Up to which change it has learnt what threads block that run no goroutine.
    pub masks_seen: AtomicU32,
    /// The processor time that its thread had used when sysmon last asked, ns, and since when (ns) the answer has been that one. Sysmon's.
    pub cpu_time: AtomicU64,
    /// See `cpu_time`.
    pub cpu_time_since: AtomicU64,
    /// The `cpu_time` with which it slept in the call that was told of last (`watch::slow`). Sysmon's.
    pub told_with: AtomicU64,
    /// What it has noted for `RTLIB_TRACE`.
    pub trace: tracebuf::OfM,
    /// Its alternate signal stack, 0 without one (`sched/sigstack.rs`).
    pub signal_stack: AtomicUsize,
    /// See `signal_stack`.
    pub signal_stack_len: AtomicUsize,
}

const _: () = {
    assert!(offset_of!(M, g0) == offset_of!(MHead, g0));
    assert!(offset_of!(M, awaits_lock) == offset_of!(MHead, awaits_lock));
};

impl M {
    /// Its alternate signal stack, if it has one: where it is, and its length.
    pub fn signal_stack(&self) -> Option<(usize, usize)> {
        let at = self.signal_stack.load(Ordering::Relaxed);
        let len = self.signal_stack_len.load(Ordering::Relaxed);
        (at != 0).then_some((at, len))
    }

    /// An M that runs nothing.
    pub const fn new() -> Self {
        Self {
            g0: Link::none(),
            awaits_lock: AtomicBool::new(false),
            curg: Link::none(),
            p: Link::none(),
            oldp: Link::none(),
            entered: AtomicU64::new(0),
            blocks: AtomicBool::new(false),
            nextp: Link::none(),
            spinning: AtomicBool::new(false),
            lockedg: Link::none(),
            locked_ext: AtomicU32::new(0),
            locked_int: AtomicU32::new(0),
            tied: AtomicBool::new(false),
            park: Note::new(),
            polling: AtomicBool::new(false),
            blocked: AtomicBool::new(false),
            tid: AtomicU32::new(0),
            schedlink: Link::none(),
            alllink: Link::none(),
            #[cfg(debug_assertions)]
            locks: crate::lockrank::Held::new(),
            id: AtomicU64::new(0),
            rand: AtomicU32::new(0),
            pending: Link::none(),
            exit_sp: AtomicUsize::new(0),
            exiting: AtomicBool::new(false),
            sigmask: AtomicU64::new(0),
            mask: AtomicU64::new(0),
            masks_seen: AtomicU32::new(0),
            cpu_time: AtomicU64::new(0),
            cpu_time_since: AtomicU64::new(0),
            told_with: AtomicU64::new(0),
            trace: tracebuf::OfM::new(),
            signal_stack: AtomicUsize::new(0),
            signal_stack_len: AtomicUsize::new(0),
        }
    }

    /// The P it holds.
    #[inline]
    pub fn pp(&self) -> &'static P {
        match self.p.get() {
            Some(p) => p,
            None => crate::fatal::throw(b"M without a P"),
        }
    }

    /// Whether it looks for work.
    #[inline]
    pub fn is_spinning(&self) -> bool {
        self.spinning.load(Ordering::Relaxed)
    }

    /// A cheap random number (xorshift32).
    pub fn cheaprand(&self) -> u32 {
        if random::is_seeded() {
            return random::seeded();
        }
        let mut x = self.rand.load(Ordering::Relaxed);
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        self.rand.store(x, Ordering::Relaxed);
        x
    }
}

/// Has the order of locks checked, on all Ms. In the boot.
#[cfg(debug_assertions)]
pub fn register() {
    use crate::lockrank::{self, Held, OfThread};
    fn locks() -> Option<&'static Held> {
        Some(&super::getg()?.m.get()?.locks)
    }
    static OF_THREAD: OfThread = locks;
    lockrank::register(&OF_THREAD);
}
