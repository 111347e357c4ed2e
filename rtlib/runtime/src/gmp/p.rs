//! P, a processor: the right to run goroutines, with the run queue and caches that go with it.
//!
//! Type-stable like G. There are `gomaxprocs` live Ps, plus those that compensate for hogs (see `sysmon.rs`). Owned by the M that holds it, or by the
//! idle list under the scheduler lock.

use core::iter;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use super::fresh::Fresh;
use super::g::G;
use super::gfree::Magazines;
use super::m::M;
use super::runq::RunQueue;
use crate::link::Link;
use crate::malloc::MCache;
use crate::timer::Timers;

/// Who has a P. Go's words (runtime2.go).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum PStatus {
    /// On the idle list or on its way to an M; its run queue is empty.
    Idle = 0,
    /// An M holds it.
    Running = 1,
    /// Let go by an M in a call that blocks: belongs to whoever changes this word (`syscall`).
    Syscall = 2,
    /// Retired.
    Dead = 4,
}

/// A processor. Made from zero bytes: an empty queue, no links, idle.
#[repr(align(128))]
pub struct P {
    /// Its goroutines.
    pub runq: RunQueue<G>,
    /// Its goroutines that have not run yet.
    pub fresh: Fresh,
    /// Counts choices between the two (`pick`). Holder only.
    pub turns: AtomicU32,
    /// When the oldest of `fresh` was chosen last: [`crate::sched::watcher::coarse_now`], ns. Holder only.
    pub oldest_had_turn: AtomicU64,
    /// Goroutines that were started in the round `starts_tick`. Holder only.
    pub starts: AtomicU32,
    /// See `starts`.
    pub starts_tick: AtomicU64,
    /// Incremented by every scheduling round; sysmon watches it.
    pub schedtick: AtomicU64,
    /// Incremented by every call that blocks and that kept its P; sysmon watches it.
    pub syscalltick: AtomicU32,
    /// When the slice began that a goroutine from the ring got and those that it readied inherit: [`crate::sched::watcher::coarse_now`], ns.
    pub slice_since: AtomicU64,
    /// Since when, ns, goroutines have waited while one that makes calls that block has the P, in the round `waited_for_tick` (`syscall`). Holder only.
    pub waited_for_since: AtomicU64,
    /// See `waited_for_since`.
    pub waited_for_tick: AtomicU64,
    /// Ids left in the batch taken from the global counter.
    pub goidcache: AtomicU64,
    /// End of that batch, exclusive.
    pub goidcacheend: AtomicU64,
    /// Dead goroutines with default stacks, to be reused.
    pub gfree: Magazines,
    /// Memory that it allocates from. Holder only.
    pub mcache: MCache,
    /// Its timers. Anybody, under their lock.
    pub timers: Timers,
    /// Times that goroutines were stolen for this P. Holder only.
    pub steals: AtomicU64,
    /// Goroutines started and ended here. Holder only.
    pub started: AtomicU64,
    /// See `started`.
    pub ended: AtomicU64,
    status: AtomicU32,
    /// Its number.
    pub id: AtomicU32,
    /// The M that holds it.
    pub m: Link<M>,
    /// Next on the idle list. Under the scheduler lock.
    pub link: Link<P>,
    /// Sysmon found its goroutine running for too long and started a compensating P. Set by sysmon, cleared by the holder.
    pub hog: AtomicBool,
    /// What sysmon saw last: the tick, and when (ns).
    pub seen_tick: AtomicU64,
    /// See `seen_tick`.
    pub seen_when: AtomicU64,
    /// It was in a call that blocks when sysmon saw it last; the tick, and since when (ns) it has been seen with it.
    pub seen_in_syscall: AtomicBool,
    /// See `seen_in_syscall`.
    pub seen_syscalltick: AtomicU32,
    /// See `seen_in_syscall`.
    pub syscall_seen_when: AtomicU64,
}

impl P {
    /// Its status word, as [`PStatus`] numbers it.
    pub fn status(&self) -> u32 {
        self.status.load(Ordering::Relaxed)
    }

    /// Whether its status is this one.
    pub fn is(&self, status: PStatus) -> bool {
        self.status.load(Ordering::Acquire) == status as u32
    }

    /// Takes a P that may be anybody's in this status; the caller becomes its owner when it got it.
    #[inline]
    pub fn claim(&self, from: PStatus) -> bool {
        self.status
            .compare_exchange(
                from as u32,
                PStatus::Running as u32,
                Ordering::AcqRel,
                Ordering::Relaxed,
            )
            .is_ok()
    }

    /// Whether goroutines may be in its queue.
    pub fn is_in_use(&self) -> bool {
        self.is(PStatus::Running) || self.is(PStatus::Syscall)
    }

    /// Whether there is nothing about it that sysmon must watch: nobody has it, or a hog that is made up for and leaves nobody waiting.
    pub fn is_at_rest(&self) -> bool {
        if self.is(PStatus::Running) {
            return self.hog.load(Ordering::Relaxed) && !self.has_work();
        }
        !self.is(PStatus::Syscall)
    }

    /// Whether a goroutine waits for it. Anybody; an answer of no is a state that really was.
    pub fn has_work(&self) -> bool {
        !self.runq.is_empty() || self.fresh.len() != 0
    }

    /// Takes all goroutines that wait for it. Owner only.
    pub fn hand_over(&self, mut to: impl FnMut(&'static G)) {
        let next = || {
            let ring = self.runq.get_next().or_else(|| self.runq.get());
            ring.or_else(|| self.fresh.pop_oldest())
        };
        iter::from_fn(next).for_each(&mut to);
    }

    /// Changes whenever it comes to run a goroutine, be it from the scheduler or back from a call that blocks.
    pub fn rounds(&self) -> u64 {
        let calls = self.syscalltick.load(Ordering::Relaxed);
        let rounds = self.schedtick.load(Ordering::Relaxed);
        rounds.wrapping_add(u64::from(calls))
    }

    /// How many wait, at a glance.
    pub fn queued(&self) -> u32 {
        self.runq.len() + self.fresh.len()
    }

    /// Sets the status. Owner only.
    pub fn set_status(&self, status: PStatus) {
        self.status.store(status as u32, Ordering::Release);
    }

    /// Counts a scheduling round. Holder only: a plain increment.
    #[inline]
    pub fn tick(&self) {
        self.schedtick.store(
            self.schedtick.load(Ordering::Relaxed).wrapping_add(1),
            Ordering::Relaxed,
        );
    }
}
