//! G, a goroutine: its stack, its TLS block, its status.
//!
//! Gs are type-stable: put on free lists when dead, never unmapped; a G has its place for a stack for ever (`arena`). While nobody needs it, and there is no stack in that place, its bytes may become
//! zero (`arena::give_back_gs`): that is a G that is [`Status::Idle`] and has no id. The fields say who may write them. `repr(C)`, beginning with the words of [`GHead`], which the assembly addresses.

use core::ffi::c_void;
use core::mem::offset_of;
use core::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering,
};

use rtlib_abi::layout::GHead;

use super::fresh::Started;
use super::m::M;
use super::name::Name;
use crate::link::Link;

/// Status of a G. The words are Go's (runtime2.go); each says who owns the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Status {
    /// Has no stack. Nobody's, or about to be somebody's.
    Idle = 0,
    /// On a run queue. Its stack is not owned.
    Runnable = 1,
    /// Running user code; owns its stack, has an M.
    Running = 2,
    /// In a call that blocks (`syscall`), without a P; owns its stack, has an M. Also the status of the stand-ins of threads that are no goroutines, for ever:
    /// both wait as threads do.
    Syscall = 3,
    /// Blocked; on no run queue, recorded where it waits (or in its park word). Its stack is not owned.
    Waiting = 4,
    /// Dead, on a free list or about to be. The owner of the free list owns the stack.
    Dead = 6,
}

impl Status {
    /// All.
    pub const ALL: [Self; 6] = [
        Self::Idle,
        Self::Runnable,
        Self::Running,
        Self::Syscall,
        Self::Waiting,
        Self::Dead,
    ];

    fn from_word(word: u32) -> Self {
        let mut all = Self::ALL.into_iter();
        all.find(|status| *status as u32 == word)
            .unwrap_or(Self::Dead)
    }

    /// Of a goroutine that has started and not ended.
    pub const fn is_alive(self) -> bool {
        !matches!(self, Self::Idle | Self::Dead)
    }

    /// As tracebacks print it.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Runnable => "runnable",
            Self::Running => "running",
            Self::Syscall => "syscall",
            Self::Waiting => "waiting",
            Self::Dead => "dead",
        }
    }
}

/// `G.thread`: nobody knows it as a thread. The other values are `pthread`'s.
pub const NO_THREAD: u8 = 0;

/// A goroutine.
#[repr(C, align(64))]
pub struct G {
    // --- the words of GHead: switched by assembly
    /// Lowest usable stack address; the guard page is below it.
    pub stack_lo: AtomicUsize,
    /// First address above the frames (the TLS block is there).
    pub stack_hi: AtomicUsize,
    /// The M it runs on. Written by the M that executes it.
    pub m: Link<M>,
    /// Stack pointer while it does not run. Written by the switch. Not always on its own stack: see [`G::sp_on_own_stack`].
    pub sp: AtomicUsize,
    /// Thread pointer of its TLS block. Constant for a G, except that the main goroutine takes over libc's.
    pub fs: AtomicUsize,
    // --- touched by every switch
    status: AtomicU32,
    /// park/unpark token: see `park.rs`.
    pub park: AtomicU8,
    /// Somebody looks at its stack: it must not be resumed (`hold`).
    pub held: AtomicU8,
    /// Next on whatever list it is on. Owner of that list.
    pub schedlink: Link<G>,
    /// The M it is locked to (`LockOSThread`).
    pub lockedm: Link<M>,
    // --- second cache line: touched by every wait
    /// Its id; 0 when it is none (g0). Written by newproc while it is dead.
    pub goid: AtomicU64,
    /// When it began to wait: [`crate::sched::watcher::coarse_now`], ns. Written by itself.
    pub waitsince: AtomicU64,
    /// What the waker leaves for it; the meaning is the waker's and the waiter's. Written between winning the right to wake and `goready`.
    pub param: AtomicUsize,
    /// Several may try to wake it, from a `select` or a wait with a timeout: the one that changes this from 0 to 1 may. Set to 0 by itself before
    /// it becomes visible to any of them.
    pub select_done: AtomicU32,
    /// Wake-up word of what waits as a thread does (`park::gopark`).
    pub wake: AtomicU32,
    /// Why it waits, as [`WaitReason`](super::waitreason::WaitReason) numbers it; its last reason while it does not. Written by itself before it waits.
    pub waitreason: AtomicU8,
    /// Its stack's size class: log2 of the slot.
    pub class: AtomicU8,
    /// The runtime's own: not counted, not listed. Written when it starts.
    pub system: AtomicBool,
    /// A panic that leaves it ends the program. Written when it starts.
    pub fatal_panics: AtomicBool,
    /// It waits until a deadline at most. Written by itself.
    pub timed: AtomicBool,
    /// What it waits for in a channel's operation, or its last one: a channel's address or, in a `select`, that of its cases; 0 while somebody has promised to wake it. Written by itself before it waits.
    pub waits_on: AtomicUsize,
    // --- seldom touched
    /// The id of the goroutine that started it, and where.
    pub parent_goid: AtomicU64,
    /// Return address of the call that started it, 0 when unknown.
    pub gopc: AtomicUsize,
    /// The function it runs.
    pub startpc: AtomicUsize,
    /// Next on the list of those that have not run yet (`fresh`), towards the newest; `schedlink` is the other direction. Under that list's lock.
    pub newer: Link<G>,
    /// Next magazine, when it heads one (`gfree`). Under the scheduler lock.
    pub chainlink: Link<G>,
    /// Which of its parkings `scavenge` has dealt with.
    pub scavenged: AtomicU64,
    /// Where its last panics began: a `traceback::panics::Panics`, or null. Its own.
    pub panicked_at: AtomicPtr<c_void>,
    /// Its id if the last search has found that it waits for ever (`leaks`).
    pub leaked: AtomicU64,
    /// Whether others know it as a thread that is joined or detached (`pthread`).
    pub thread: AtomicU8,
    /// While a stack is unwound, by it or by a signal handler that has interrupted it: where a fault leads (`arch::…::unwind::call_guarded`), else 0. Its own.
    pub fault_sp: AtomicUsize,
    /// Times that it has been started or readied, while that is traced.
    pub traceseq: AtomicU32,
    /// What it is called.
    pub name: Name,
    /// Signals that were sent to it while it waited for a descriptor (`hooks::kill`).
    pub signals: AtomicU64,
    /// Its signal mask, as a difference from the common one (`sched::masks`). Its own.
    pub mask: AtomicU64,
}

const _: () = {
    assert!(offset_of!(G, stack_lo) == offset_of!(GHead, stack_lo));
    assert!(offset_of!(G, stack_hi) == offset_of!(GHead, stack_hi));
    assert!(offset_of!(G, m) == offset_of!(GHead, m));
    assert!(offset_of!(G, sp) == offset_of!(GHead, sp));
    assert!(offset_of!(G, fs) == offset_of!(GHead, fs));
    // With thousands of goroutines that run in turns, cache misses are most of a switch.
    assert!(offset_of!(G, lockedm) < 64 && offset_of!(G, waits_on) < 128);
};

impl G {
    /// Where its status word is.
    pub const STATUS: usize = offset_of!(Self, status);

    /// A G without a stack.
    pub const fn new() -> Self {
        Self {
            stack_lo: AtomicUsize::new(0),
            stack_hi: AtomicUsize::new(0),
            m: Link::none(),
            sp: AtomicUsize::new(0),
            fs: AtomicUsize::new(0),
            status: AtomicU32::new(Status::Idle as u32),
            park: AtomicU8::new(0),
            held: AtomicU8::new(0),
            schedlink: Link::none(),
            lockedm: Link::none(),
            goid: AtomicU64::new(0),
            parent_goid: AtomicU64::new(0),
            gopc: AtomicUsize::new(0),
            startpc: AtomicUsize::new(0),
            newer: Link::none(),
            chainlink: Link::none(),
            class: AtomicU8::new(0),
            scavenged: AtomicU64::new(0),
            fatal_panics: AtomicBool::new(false),
            panicked_at: AtomicPtr::new(core::ptr::null_mut()),
            system: AtomicBool::new(false),
            leaked: AtomicU64::new(0),
            thread: AtomicU8::new(0),
            fault_sp: AtomicUsize::new(0),
            traceseq: AtomicU32::new(0),
            name: Name::new(),
            mask: AtomicU64::new(0),
            signals: AtomicU64::new(0),
            timed: AtomicBool::new(false),
            waits_on: AtomicUsize::new(0),
            waitreason: AtomicU8::new(0),
            wake: AtomicU32::new(0),
            select_done: AtomicU32::new(0),
            waitsince: AtomicU64::new(0),
            param: AtomicUsize::new(0),
        }
    }

    /// Its status word, as [`Status`] numbers it.
    #[inline]
    pub fn status(&self) -> u32 {
        self.status.load(Ordering::Relaxed)
    }

    /// Its status, for those who do not own it: what it did before it got there has been done.
    pub fn status_acquire(&self) -> Status {
        Status::from_word(self.status.load(Ordering::Acquire))
    }

    /// Moves from one status to another. Only the owner of the goroutine does, so a store is enough; debug builds check.
    #[inline]
    pub fn set_status(&self, from: Status, to: Status) {
        debug_assert_eq!(self.status(), from as u32, "goroutine status");
        self.status.store(to as u32, Ordering::Release);
    }

    /// Whether it has a stack with a TLS block, or only the place for them.
    #[inline]
    pub fn has_stack(&self) -> bool {
        self.status() != Status::Idle as u32
    }

    /// Whether this waits as a thread does: the stand-in of a thread that is no goroutine (`park::waiter`), or a goroutine in a call that blocks. It holds no P.
    #[inline]
    pub fn is_thread(&self) -> bool {
        self.status() == Status::Syscall as u32
    }

    /// Whether others know it as a thread, which is joined or detached (`pthread`).
    #[inline]
    pub fn is_known_as_thread(&self) -> bool {
        self.thread.load(Ordering::Acquire) != NO_THREAD
    }

    /// In the child of a fork: it is not there. It becomes the stand-in of a thread that does not wait, so that whoever finds it in a queue and readies it does nothing.
    pub fn forget(&self) {
        self.status.store(Status::Syscall as u32, Ordering::Relaxed);
        self.goid.store(0, Ordering::Relaxed);
        self.wake.store(0, Ordering::Relaxed);
        self.held.store(0, Ordering::Relaxed);
        self.m.set(None);
        self.lockedm.set(None);
    }

    /// Makes a stand-in for a thread of it. Before it is used.
    pub fn stand_in(&self) {
        self.status.store(Status::Syscall as u32, Ordering::Relaxed);
    }

    /// For those who want to wake it from a `select` or a wait with a timeout: true for one of them.
    #[inline]
    pub fn win_select(&self) -> bool {
        self.select_done
            .compare_exchange(0, 1, Ordering::AcqRel, Ordering::Relaxed)
            .is_ok()
    }

    /// The M that runs this goroutine. Only for the goroutine itself and for its g0.
    #[inline]
    pub fn mp(&self) -> &'static M {
        match self.m.get() {
            Some(m) => m,
            None => crate::fatal::throw(b"goroutine without an M"),
        }
    }

    /// Whether the last search has found that it waits for ever (`leaks`).
    pub fn is_leaked(&self) -> bool {
        let leaked = self.leaked.load(Ordering::Relaxed);
        leaked != 0 && leaked == self.id() && self.status_acquire() == Status::Waiting
    }

    /// The saved stack pointer of a goroutine that does not run; none when it was left on a stack that is not its own. Libraries switch stacks under a goroutine (`stacker::grow`, coroutines), and what
    /// such a goroutine has in use of its own stack is unknown. Whoever takes an end of its frames from the saved stack pointer asks here.
    pub fn sp_on_own_stack(&self) -> Option<usize> {
        let sp = self.sp.load(Ordering::Relaxed);
        let own = self.stack_lo.load(Ordering::Relaxed)..=self.stack_hi.load(Ordering::Relaxed);
        own.contains(&sp).then_some(sp)
    }

    /// Its id.
    #[inline]
    pub fn id(&self) -> u64 {
        self.goid.load(Ordering::Relaxed)
    }
}

impl Started for G {
    #[inline]
    fn older(&self) -> &Link<Self> {
        &self.schedlink
    }

    #[inline]
    fn newer(&self) -> &Link<Self> {
        &self.newer
    }
}
