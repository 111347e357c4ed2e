//! Numbers about the scheduler, for `rtlib::debug`: collected on demand, nothing is stopped, so they need not belong to one moment.

use core::sync::atomic::Ordering;

use rtlib_abi::watch::SchedStats;

use super::retake;
use crate::gmp::all::ever_made_ps;
use crate::gmp::g::Status;
use crate::sched::global::{SCHED, SPIN};
use crate::sched::syscall::HANDED_OFF;
use crate::sched::{procs, spawn};
use crate::stack::allgs;

/// See `rtlib_abi::watch::sched_stats`.
///
/// # Safety
/// `to` is writable.
#[unsafe(export_name = "runtime.schedstats")]
unsafe extern "C" fn sched_stats(to: *mut SchedStats) {
    // SAFETY: the caller vouches.
    unsafe { to.write(collect()) }
}

fn collect() -> SchedStats {
    let mut stats = SchedStats {
        goroutines: spawn::count(),
        started: spawn::started(),
        gomaxprocs: procs::gomaxprocs(),
        ps: procs::live(),
        idle_ps: SPIN.idle(),
        hogs: procs::hogs(),
        spinning_ms: SPIN.spinning().max(0) as u32,
        handed_off: HANDED_OFF.load(Ordering::Relaxed),
        compensated: retake::COMPENSATED.load(Ordering::Relaxed),
        ..SchedStats::default()
    };
    {
        let sched = SCHED.lock();
        stats.ms = sched.mcount;
        stats.idle_ms = sched.nmidle;
        stats.global_runq = sched.runq.len();
    }
    for pp in ever_made_ps() {
        stats.local_runq += pp.queued();
        stats.switches += pp.schedtick.load(Ordering::Relaxed);
        stats.steals += pp.steals.load(Ordering::Relaxed);
    }
    for gp in allgs::all().filter(|gp| !gp.system.load(Ordering::Relaxed)) {
        let of_status = match gp.status() {
            s if s == Status::Runnable as u32 => &mut stats.runnable,
            s if s == Status::Running as u32 => &mut stats.running,
            s if s == Status::Syscall as u32 => &mut stats.in_blocking,
            s if s == Status::Waiting as u32 => &mut stats.waiting,
            s if s == Status::Dead as u32 => &mut stats.dead,
            _ => continue,
        };
        *of_status += 1;
    }
    stats
}
