//! What the scheduler lock protects: the global run queue, the idle lists, the lists of dead Gs, Ms and Ps; and the counters beside it
//! that are read without it.
//!
//! Lock order: the scheduler lock is taken before the stack arena's, the allocator's and nothing else; nobody sleeps under it.

use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use super::asleep;
use crate::gmp::g::G;
use crate::gmp::gfree::{Dead, GQueue};
use crate::gmp::m::M;
use crate::gmp::p::{P, PStatus};
use crate::gmp::runq::{BATCH, Batch};
use crate::gmp::spin::Spin;
use crate::libc::malloc;
use crate::lock::Lock;
use crate::lockrank::{Rank, Ranked};
use crate::stack::{CLASSES, Class};

/// Largest GOMAXPROCS.
pub const MAX_GOMAXPROCS: u32 = 1024;
/// Behind the scheduler lock.
pub struct Sched {
    /// Runnable goroutines that no P has.
    pub runq: GQueue,
    /// Ms without work.
    midle: Option<&'static M>,
    /// How many.
    pub nmidle: u32,
    /// The idle M that sleeps only until the next timer, and that time.
    timer_m: Option<(&'static M, u64)>,
    /// The idle M that sleeps in `epoll_wait`.
    poll_m: Option<&'static M>,
    /// Ms that wait until somebody runs their locked goroutine, or for ever (m0 after its goroutine took it along). Below zero for a moment when such a goroutine is
    /// found before its M has come to wait.
    pub nmidlelocked: i32,
    /// Ms that exited; their structs are reused.
    pub mdead: Option<&'static M>,
    /// Ms that exist.
    pub mcount: u32,
    /// Ms ever made.
    pub mnext: u64,
    pidle: Option<&'static P>,
    /// Stand-ins of threads that ended (`park`).
    pub thread_gs: GQueue,
    /// Dead Gs by stack class, with their stacks.
    pub gfree: [Dead; CLASSES],
}

impl Ranked for Sched {
    const RANK: Rank = Rank::Sched;
}

/// The scheduler.
pub static SCHED: Lock<Sched> = Lock::new(Sched::new());

/// Idle Ps and spinning Ms.
pub static SPIN: Spin = Spin::new();
/// How often a P left the idle list. Written under the scheduler lock: a time when it stands is a time when nobody began to run goroutines.
pub static ACTIVATIONS: AtomicU64 = AtomicU64::new(0);
/// Length of the global queue, written under the lock.
pub static RUNQSIZE: AtomicU32 = AtomicU32::new(0);
/// The last id given out.
pub static GOIDGEN: AtomicU64 = AtomicU64::new(0);
/// Goroutines started by threads that hold no P; the others are counted by their Ps.
pub static STARTED: AtomicU64 = AtomicU64::new(0);
/// `runtime.main` runs: newproc may start Ms.
pub static MAIN_STARTED: AtomicBool = AtomicBool::new(false);

impl Sched {
    /// Nothing.
    pub const fn new() -> Self {
        Self {
            runq: GQueue::new(),
            midle: None,
            nmidle: 0,
            timer_m: None,
            poll_m: None,
            nmidlelocked: 0,
            mdead: None,
            mcount: 0,
            mnext: 0,
            pidle: None,
            thread_gs: GQueue::new(),
            gfree: [const { Dead::new() }; CLASSES],
        }
    }

    /// Keeps the struct of an M that has no thread (any more) for the next one.
    pub fn mbury(&mut self, mp: &'static M) {
        self.mcount -= 1;
        mp.schedlink.set(self.mdead);
        self.mdead = Some(mp);
    }

    /// Puts an M on the idle list.
    pub fn mput(&mut self, mp: &'static M) {
        mp.schedlink.set(self.midle);
        self.midle = Some(mp);
        self.nmidle += 1;
        asleep::something_ended(self);
    }

    /// Takes an M from the idle list: another than those that wait for a timer and for descriptors, if there is one.
    pub fn mget(&mut self) -> Option<&'static M> {
        let first = self.midle?;
        let all = core::iter::successors(Some(first), |mp| mp.schedlink.get());
        let mut others = all.filter(|mp| !self.is_timer_m(mp) && !self.is_poll_m(mp));
        let mp = others.next().unwrap_or(first);
        self.mremove(mp);
        Some(mp)
    }

    /// Takes a certain M from the idle list. False when it is not there: somebody has taken it.
    pub fn mremove(&mut self, mp: &'static M) -> bool {
        self.wakes_for_timers_no_more(mp);
        let mut at = self.midle;
        let mut before: Option<&'static M> = None;
        while let Some(here) = at {
            let next = here.schedlink.get();
            if core::ptr::eq(here, mp) {
                match before {
                    Some(before) => before.schedlink.set(next),
                    None => self.midle = next,
                }
                mp.schedlink.set(None);
                self.nmidle -= 1;
                return true;
            }
            (before, at) = (at, next);
        }
        false
    }

    /// Makes `mp`, which goes to sleep, the one that wakes for the next timer, unless another wakes earlier.
    pub fn wakes_for_timer(&mut self, mp: &'static M, when: u64) -> bool {
        let earliest = self.timer_m.is_none_or(|(_, until)| when < until);
        if earliest {
            self.timer_m = Some((mp, when));
        }
        earliest
    }

    /// `mp` does so no more.
    pub fn wakes_for_timers_no_more(&mut self, mp: &'static M) {
        if self.is_timer_m(mp) {
            self.timer_m = None;
        }
    }

    /// An M waits for somebody to run its locked goroutine, or for ever.
    pub fn mlocked(&mut self) {
        self.nmidlelocked += 1;
        asleep::something_ended(self);
    }

    /// Whether some idle M wakes for a timer at `when`.
    pub fn somebody_wakes_by(&self, when: u64) -> bool {
        self.timer_m.is_some_and(|(_, until)| until <= when)
    }

    /// Makes `mp`, which goes to sleep, the one that sleeps in `epoll_wait`, unless another does.
    pub fn waits_for_descriptors(&mut self, mp: &'static M) -> bool {
        let free = self.poll_m.is_none();
        if free {
            self.poll_m = Some(mp);
        }
        free
    }

    /// Whether some M does.
    pub fn somebody_waits_for_descriptors(&self) -> bool {
        self.poll_m.is_some()
    }

    /// `mp` does so no more.
    pub fn waits_for_descriptors_no_more(&mut self, mp: &'static M) {
        if self.is_poll_m(mp) {
            self.poll_m = None;
        }
    }

    /// Takes a P off the idle list for `mp`, and `mp` off its own. None, and nothing happens, when there is no idle P, or somebody has taken `mp` and is about to wake it.
    pub fn take_idle_pair(&mut self, mp: &'static M) -> Option<&'static P> {
        if self.pidle.is_none() || !self.mremove(mp) {
            return None;
        }
        self.pidleget()
    }

    fn is_poll_m(&self, mp: &'static M) -> bool {
        self.poll_m.is_some_and(|poll_m| core::ptr::eq(poll_m, mp))
    }

    fn is_timer_m(&self, mp: &'static M) -> bool {
        self.timer_m
            .is_some_and(|(timer_m, _)| core::ptr::eq(timer_m, mp))
    }

    /// Puts a P, whose run queue is empty, on the idle list.
    pub fn pidleput(&mut self, pp: &'static P) {
        debug_assert!(!pp.has_work());
        super::procs::forget_hog(pp);
        pp.set_status(PStatus::Idle);
        pp.link.set(self.pidle);
        self.pidle = Some(pp);
        SPIN.idle_added();
    }

    /// Takes a P from the idle list.
    pub fn pidleget(&mut self) -> Option<&'static P> {
        let pp = self.pidle?;
        self.pidle = pp.link.take();
        SPIN.idle_removed();
        ACTIVATIONS.store(ACTIVATIONS.load(Ordering::Relaxed) + 1, Ordering::Release);
        super::watcher::wake();
        Some(pp)
    }

    /// Moves the dead goroutines that idle Ps keep to the list of all.
    pub fn drain_idle_ps(&mut self) {
        let dead = &mut self.gfree[Class::for_size(0).index()];
        core::iter::successors(self.pidle, |pp| pp.link.get()).for_each(|pp| pp.gfree.drain(dead));
    }

    /// Leaves the memory that idle Ps keep to all.
    pub fn flush_idle_ps(&mut self) {
        core::iter::successors(self.pidle, |pp| pp.link.get())
            .for_each(|pp| malloc::flush(&pp.mcache));
    }

    /// Puts a goroutine at the tail of the global queue.
    pub fn globrunqput(&mut self, gp: &'static G) {
        self.runq.push(gp);
        RUNQSIZE.store(self.runq.len(), Ordering::SeqCst);
    }

    /// Puts one there before all that were not put so: it runs as soon as anybody looks.
    pub fn globrunqput_ahead(&mut self, gp: &'static G) {
        self.runq.push_ahead(gp);
        RUNQSIZE.store(self.runq.len(), Ordering::SeqCst);
    }

    /// Puts a batch at its tail.
    pub fn globrunqputbatch(&mut self, batch: &Batch<G>) {
        batch.iter().for_each(|gp| self.runq.push(gp));
        RUNQSIZE.store(self.runq.len(), Ordering::SeqCst);
    }

    /// Takes a goroutine that ran last on another M than `mp`, or any when there is none (`GODEBUG=schedmigrate=1`).
    pub fn globrunqget_from_elsewhere(&mut self, mp: &'static M) -> Option<&'static G> {
        for _ in 0..self.runq.len() {
            let gp = self.runq.pop()?;
            if !gp.m.get().is_some_and(|last| core::ptr::eq(last, mp)) {
                RUNQSIZE.store(self.runq.len(), Ordering::SeqCst);
                return Some(gp);
            }
            self.runq.push(gp);
        }
        let gp = self.runq.pop();
        RUNQSIZE.store(self.runq.len(), Ordering::SeqCst);
        gp
    }

    /// Takes a fair share of the global queue (at most `max`): the first is returned, the others go to `pp`'s queue, which has room for
    /// half of its ring.
    pub fn globrunqget(&mut self, pp: &'static P, max: u32) -> Option<&'static G> {
        let procs = super::procs::gomaxprocs().max(1);
        let n = (self.runq.len() / procs + 1)
            .min(max)
            .min((BATCH - 1) as u32);
        let first = self.runq.pop()?;
        for _ in 1..n {
            let Some(gp) = self.runq.pop() else { break };
            if let Some(batch) = pp.runq.put(gp) {
                batch.iter().for_each(|gp| self.runq.push(gp));
            }
        }
        RUNQSIZE.store(self.runq.len(), Ordering::SeqCst);
        Some(first)
    }
}
