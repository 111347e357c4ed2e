//! `GODEBUG=schedtrace=N[,scheddetail=1]`: every N ms the state of the scheduler, in the format of Go's `schedtrace`, so that tools for Go's read ours.
//!
//! What this runtime does not have is printed as Go prints its absence: garbage collection (`gcwaiting`, `mallocing`), preemption (`preemptoff`), stopping the world
//! (`stopwait`). Ps that compensate for hogs are listed beyond `gomaxprocs`; Gs that are dead are left out.

use core::fmt::Write as _;
use core::sync::atomic::{AtomicU64, Ordering};

use crate::gmp::all::{ALLMS, allp};
use crate::gmp::g::{G, Status};
use crate::gmp::m::M;
use crate::gmp::p::P;
use crate::gmp::waitreason::WaitReason;
use crate::godebug;
use crate::print::Stderr;
use crate::sched::global::{SCHED, SPIN};
use crate::sched::{procs, watcher};
use crate::stack::allgs;

const NS_PER_MS: u64 = 1_000_000;

/// When the first line was printed, and the last one, ns; 0 = not yet. Sysmon's.
static FIRST: AtomicU64 = AtomicU64::new(0);
static LAST: AtomicU64 = AtomicU64::new(0);

/// Whether anything is to be printed at all.
pub fn wanted() -> bool {
    interval().is_some()
}

/// Prints when it is time. On sysmon.
pub fn when_due(now: u64) {
    if interval().is_none_or(|ns| now < LAST.load(Ordering::Relaxed) + ns) {
        return;
    }
    if FIRST.load(Ordering::Relaxed) == 0 {
        FIRST.store(now, Ordering::Relaxed);
    }
    LAST.store(now, Ordering::Relaxed);
    let ms = (now - FIRST.load(Ordering::Relaxed)) / NS_PER_MS;
    let mut out = Stderr::new();
    // Writing cannot fail.
    let _ = if godebug::scheddetail() {
        detailed(&mut out, ms)
    } else {
        summary(&mut out, ms)
    };
}

/// From one print to the next, ns; none when nothing is to be printed.
pub fn interval() -> Option<u64> {
    let ms = u64::from(godebug::schedtrace());
    (ms > 0).then_some(ms * NS_PER_MS)
}

/// What the scheduler lock protects; copied, so that nothing is written under the lock.
struct Counts {
    ms: u32,
    idle_ms: u32,
    locked_ms: i32,
    runqueue: u32,
}

impl Counts {
    fn now() -> Self {
        let sched = SCHED.lock();
        Self {
            ms: sched.mcount,
            idle_ms: sched.nmidle,
            locked_ms: sched.nmidlelocked,
            runqueue: sched.runq.len(),
        }
    }
}

fn head(out: &mut Stderr, counts: &Counts, ms: u64) -> core::fmt::Result {
    write!(
        out,
        "SCHED {ms}ms: gomaxprocs={} idleprocs={} threads={} spinningthreads={} needspinning={} idlethreads={} runqueue={}",
        procs::gomaxprocs(),
        SPIN.idle(),
        counts.ms,
        SPIN.spinning(),
        u32::from(SPIN.idle() != 0 && SPIN.spinning() == 0 && counts.runqueue != 0),
        counts.idle_ms,
        counts.runqueue,
    )
}

fn summary(out: &mut Stderr, ms: u64) -> core::fmt::Result {
    head(out, &Counts::now(), ms)?;
    out.write_str(" [ ")?;
    for pp in allp() {
        write!(out, "{} ", pp.queued())?;
    }
    out.write_str("] schedticks=[ ")?;
    for pp in allp() {
        write!(out, "{} ", pp.schedtick.load(Ordering::Relaxed))?;
    }
    out.write_str("]\n")
}

fn detailed(out: &mut Stderr, ms: u64) -> core::fmt::Result {
    let counts = Counts::now();
    head(out, &counts, ms)?;
    writeln!(
        out,
        " gcwaiting=false nmidlelocked={} stopwait=0 sysmonwait={}",
        counts.locked_ms,
        watcher::waits()
    )?;
    for (i, pp) in allp().enumerate() {
        line_of_p(out, i, pp)?;
    }
    let ms = core::iter::successors(ALLMS.get_acquire(), |mp| mp.alllink.get());
    for mp in ms {
        line_of_m(out, mp)?;
    }
    for gp in allgs::all().filter(|gp| gp.status_acquire().is_alive()) {
        line_of_g(out, gp)?;
    }
    Ok(())
}

fn line_of_p(out: &mut Stderr, i: usize, pp: &'static P) -> core::fmt::Result {
    writeln!(
        out,
        "  P{i}: status={} schedtick={} syscalltick={} m={} runqsize={} gfreecnt={} timerslen={}",
        pp.status(),
        pp.schedtick.load(Ordering::Relaxed),
        pp.syscalltick.load(Ordering::Relaxed),
        Id(pp.m.get().map(m_id)),
        pp.queued(),
        pp.gfree.len(),
        pp.timers.len(),
    )
}

fn line_of_m(out: &mut Stderr, mp: &'static M) -> core::fmt::Result {
    let running = mp
        .curg
        .get()
        .filter(|gp| gp.m.get().is_some_and(|m| core::ptr::eq(m, mp)));
    writeln!(
        out,
        "  M{}: p={} curg={} mallocing=0 throwing=0 preemptoff= locks=0 dying=0 spinning={} blocked={} lockedg={}",
        m_id(mp),
        Id(mp
            .p
            .get()
            .map(|pp| u64::from(pp.id.load(Ordering::Relaxed)))),
        Id(running.map(G::id)),
        mp.is_spinning(),
        mp.blocked.load(Ordering::Relaxed),
        Id(mp.lockedg.get().map(G::id)),
    )
}

fn line_of_g(out: &mut Stderr, gp: &'static G) -> core::fmt::Result {
    let on_an_m = gp.status() == Status::Running as u32 || gp.is_thread();
    let reason = WaitReason::from_number(gp.waitreason.load(Ordering::Relaxed));
    writeln!(
        out,
        "  G{}: status={}({}) m={} lockedm={}",
        gp.id(),
        gp.status(),
        reason.text(),
        Id(gp.m.get().filter(|_| on_an_m).map(m_id)),
        Id(gp.lockedm.get().map(m_id)),
    )
}

fn m_id(mp: &'static M) -> u64 {
    mp.id.load(Ordering::Relaxed)
}

/// A number, or `nil`.
struct Id(Option<u64>);

impl core::fmt::Display for Id {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.0 {
            Some(id) => write!(f, "{id}"),
            None => f.write_str("nil"),
        }
    }
}
