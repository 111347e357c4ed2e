//! Ps whose goroutines do not come back: sysmon's main work (Go: `retake`).
//!
//! There is no asynchronous preemption (a signal could stop Rust code inside malloc). Instead nobody can starve the rest:
//!
//! - A P in a call that blocks (`syscall`) is taken away after one look, when somebody wants it. Who makes many short calls gives way when it comes back from one of them.
//! - A goroutine that holds its P for [`HOG_NS`], or that sleeps in the kernel with it (a `std::net` read, `std::thread::sleep`, a contended lock of std), while work waits
//!   and no P is idle, is a *hog*. Its P stays with it, marked, and an extra P is added, with a thread of its own. When the hog comes to its next
//!   scheduling point the mark is taken off and one P retires (`procs`).
//! - What waits in the queues of a hog's P moves to the global queue, at every look. Others steal it only when they have nothing else to run, which may be never: not while somebody yields until
//!   the one that waits has done something.
//!
//! Who sleeps for one of the runtime's own locks is none: its holder runs, or is about to as far as the kernel lets it, and with every P more one more would wait for the lock.
//!
//! Whether a thread sleeps or computes is read from /proc, when work waits: a sleeper is made up for after [`SLEEPER_NS`] and, while one sleeper after the other
//! turns up, at every look, so that a thousand goroutines in blocking calls are all under way within milliseconds. Without /proc a thread's processor time tells, less surely.
//!
//! Nothing but the number of threads limits extra Ps (`exhausted`).

use core::iter;
use core::sync::atomic::{AtomicU64, Ordering};

use super::hogs::{self, Hog};
use crate::gmp::all::allp;
use crate::gmp::g::G;
use crate::gmp::m::M;
use crate::gmp::p::{P, PStatus};
use crate::gmp::runq::{CAP, RunQueue};
use crate::godebug;
use crate::os::linux::thread;
use crate::sched::global::{RUNQSIZE, SCHED, SPIN};
use crate::sched::syscall::HANDED_OFF;
use crate::sched::{procs, shuffle, threads, timers};

/// A goroutine that keeps its P longer than this is a hog, when others wait.
const HOG_NS: u64 = 10_000_000;
/// A goroutine that is seen asleep in the kernel after keeping its P for this long is one, too.
const SLEEPER_NS: u64 = 500_000;
/// The same, right after others were.
const NEXT_SLEEPER_NS: u64 = 20_000;
/// Without /proc: a thread whose processor time stands for so long is taken for asleep. It may only be waiting for a processor; then there is a P too many for a while.
const STILL_NS: u64 = 1_000_000;
/// A P in a call that blocks is taken away after this long even when nobody wants it, so that sysmon can go to sleep.
const UNWANTED_NS: u64 = 10_000_000;
/// Halves of a ring, each of what the one before has left, and then `next`: all of it.
const HALVES: usize = CAP.ilog2() as usize + 2;
/// Threads whose state is read from /proc at one look.
const STATE_READS: u32 = 32;

/// Hogs that were made up for, since the start.
pub static COMPENSATED: AtomicU64 = AtomicU64::new(0);

/// What sysmon remembers between two looks.
pub struct Retaker {
    /// The last look found a sleeping hog.
    sleepers: bool,
    /// Where stolen goroutines are for a moment.
    relieved: RunQueue<G>,
}

impl Retaker {
    /// At the start.
    pub fn new() -> Self {
        Self {
            sleepers: false,
            relieved: RunQueue::new(),
        }
    }

    /// Looks at every P; true when it took one or made up for a hog.
    pub fn look(&mut self, now: u64) -> bool {
        let mut found = false;
        let mut sleepers = false;
        let mut reads = STATE_READS;
        for pp in allp() {
            if pp.is(PStatus::Syscall) {
                found |= retake_from_syscall(pp, now);
            } else if !pp.is(PStatus::Running) {
                pp.seen_when.store(now, Ordering::Relaxed);
            } else {
                forget_syscall(pp);
                let since = held_since(pp, now);
                if pp.hog.load(Ordering::Relaxed) {
                    found |= self.relieve(pp);
                    continue;
                }
                if SPIN.idle() != 0 || !work_waits(now) {
                    continue;
                }
                let held = now.saturating_sub(since);
                let Some(hog) = self.judge(pp, now, held, &mut reads) else {
                    continue;
                };
                if let Some(extra) = procs::compensate(pp) {
                    if godebug::hogtrace() {
                        // Now: it may give way as soon as the others run.
                        hogs::report(pp, hog, held, extra);
                    }
                    COMPENSATED.fetch_add(1, Ordering::Relaxed);
                    threads::startm(extra, false);
                    found = true;
                    sleepers |= hog == Hog::Sleeps;
                }
            }
        }
        self.sleepers = sleepers;
        found
    }

    /// When all Ps that are not idle are held by goroutines that sleep in the kernel, they become hogs' although nobody waits for them yet: there are idle Ps then for whoever will, and
    /// taking one wakes sysmon, which need not watch until then.
    pub fn settle(&self, now: u64) {
        if RUNQSIZE.load(Ordering::Relaxed) != 0 || shuffle::is_on() {
            return;
        }
        let sleeps = |pp: &P| pp.is_at_rest() || (pp.is(PStatus::Running) && sleeps(pp, now));
        if allp().all(sleeps) {
            allp()
                .filter(|pp| !pp.is_at_rest())
                .for_each(procs::compensate_in_advance);
        }
    }

    /// Moves what waits for a hog's P to the global queue, two ringfuls at most; true when there was something.
    fn relieve(&self, pp: &'static P) -> bool {
        if !pp.has_work() {
            return false;
        }
        {
            let mut sched = SCHED.lock();
            let from_ring = || pp.runq.steal_into(&self.relieved, true);
            for last in iter::from_fn(from_ring).take(HALVES) {
                iter::from_fn(|| self.relieved.get()).for_each(|gp| sched.globrunqput(gp));
                sched.globrunqput(last);
            }
            let fresh = iter::from_fn(|| pp.fresh.pop_oldest());
            fresh.take(CAP).for_each(|gp| sched.globrunqput(gp));
        }
        threads::wakep(true);
        true
    }

    fn judge(&self, pp: &'static P, now: u64, held: u64, reads: &mut u32) -> Option<Hog> {
        let mp = pp.m.get().filter(|mp| !mp.is_spinning())?;
        if mp.awaits_lock.load(Ordering::Relaxed) {
            return None;
        }
        // The clock is to have no say where a seed decides alone; whoever sleeps is made up for even there, since nobody else may be able to wake it.
        if held >= HOG_NS && !shuffle::decides_alone() {
            return Some(Hog::Computes);
        }
        let patience = if self.sleepers {
            NEXT_SLEEPER_NS
        } else {
            SLEEPER_NS
        };
        if held < patience || *reads == 0 {
            return None;
        }
        *reads -= 1;
        let asleep = is_asleep(mp, now);
        (asleep && pp.rounds() == pp.seen_tick.load(Ordering::Relaxed)).then_some(Hog::Sleeps)
    }
}

/// Whether the goroutine of a P has slept in the kernel since the last look, and leaves nobody waiting.
fn sleeps(pp: &P, now: u64) -> bool {
    let Some(mp) = pp.m.get().filter(|mp| !mp.is_spinning()) else {
        return false;
    };
    let tick = pp.rounds();
    // The clock first: it costs less than /proc, and is asked for each look while somebody computes.
    tick == pp.seen_tick.load(Ordering::Relaxed)
        && !pp.has_work()
        && off_processor_since(mp, now).is_some_and(|since| since < now)
        && is_asleep(mp, now)
}

/// Whether an M's thread sleeps in the kernel, for more than a lock of the runtime; where that cannot be read, whether it has been off the processor for [`STILL_NS`].
pub fn is_asleep(mp: &'static M, now: u64) -> bool {
    if mp.awaits_lock.load(Ordering::Relaxed) {
        return false;
    }
    let tid = mp.tid.load(Ordering::Relaxed);
    if let Some(asleep) = thread::is_asleep(tid) {
        return asleep;
    }
    off_processor_since(mp, now).is_some_and(|since| now.saturating_sub(since) >= STILL_NS)
}

/// Since when an M's thread has not been seen to use its processor, ns.
pub fn off_processor_since(mp: &'static M, now: u64) -> Option<u64> {
    let used = thread::cpu_time(mp.tid.load(Ordering::Relaxed))?;
    if mp.cpu_time.swap(used, Ordering::Relaxed) != used {
        mp.cpu_time_since.store(now, Ordering::Relaxed);
    }
    Some(mp.cpu_time_since.load(Ordering::Relaxed))
}

/// Since when this P's goroutine has been running, as far as the looks say.
fn held_since(pp: &'static P, now: u64) -> u64 {
    let tick = pp.rounds();
    let is_new = pp.seen_when.load(Ordering::Relaxed) == 0;
    if pp.seen_tick.swap(tick, Ordering::Relaxed) != tick || is_new {
        pp.seen_when.store(now, Ordering::Relaxed);
    }
    pp.seen_when.load(Ordering::Relaxed)
}

/// The P is seen outside of a call: the next call begins after this look.
fn forget_syscall(pp: &'static P) {
    pp.seen_in_syscall.store(false, Ordering::Relaxed);
}

/// Takes a P from an M in a call that blocks, when that has lasted for a look, and somebody wants the P.
fn retake_from_syscall(pp: &'static P, now: u64) -> bool {
    let tick = pp.syscalltick.load(Ordering::Relaxed);
    let seen = pp.seen_in_syscall.swap(true, Ordering::Relaxed)
        & (pp.seen_syscalltick.swap(tick, Ordering::Relaxed) == tick);
    if !seen {
        pp.syscall_seen_when.store(now, Ordering::Relaxed);
        return false;
    }
    let others_serve = SPIN.idle() != 0 || SPIN.spinning() != 0;
    let wanted = pp.has_work() || (work_waits(now) && !others_serve);
    let lasted = now.saturating_sub(pp.syscall_seen_when.load(Ordering::Relaxed));
    if (!wanted && lasted < UNWANTED_NS) || !pp.claim(PStatus::Syscall) {
        return false;
    }
    pp.m.set(None);
    HANDED_OFF.fetch_add(1, Ordering::Relaxed);
    threads::hand_off(pp);
    true
}

fn work_waits(now: u64) -> bool {
    RUNQSIZE.load(Ordering::Relaxed) != 0 || allp().any(P::has_work) || timers::are_overdue(now)
}
