//! `GODEBUG=hogtrace=1`: what is reported of hogs (`retake`).

use core::fmt;
use core::sync::atomic::Ordering;

use super::reports::{self, Line, Report};
use crate::gmp::g::G;
use crate::gmp::p::P;
use crate::os::linux::syscalls::Call;
use crate::os::linux::thread;
use crate::sched::procs;
use crate::traceback::record;

/// Why a goroutine is a hog.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Hog {
    /// It computes.
    Computes,
    /// It sleeps in the kernel.
    Sleeps,
}

/// The first line of a report of a hog.
#[derive(Clone, Copy)]
pub struct HogLine {
    hog: Hog,
    /// The system call in which it sleeps.
    call: Option<Call>,
    /// The P that it has kept, and how long, ns.
    p: u32,
    held: u64,
    /// The extra P that was added for it, and how many extra Ps there are.
    extra: u32,
    extras: u32,
    goid: u64,
}

/// Reports the hog that keeps `pp`, for which `extra` was added. On sysmon.
pub fn report(pp: &'static P, hog: Hog, held: u64, extra: &'static P) {
    let mp = pp.m.get();
    let gp = mp.and_then(|mp| mp.curg.get());
    let sleeps = mp.filter(|_| hog == Hog::Sleeps);
    let line = HogLine {
        hog,
        // Before its stack is looked at, which interrupts some calls.
        call: sleeps.and_then(|mp| thread::call_of(mp.tid.load(Ordering::Relaxed))),
        p: pp.id.load(Ordering::Relaxed),
        held,
        extra: extra.id.load(Ordering::Relaxed),
        extras: procs::hogs(),
        goid: gp.map_or(0, G::id),
    };
    reports::push(Report {
        line: Line::Hog(line),
        goroutine: gp.map_or(record::EMPTY, reports::look_at),
    });
}

impl fmt::Display for HogLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HOG goroutine {} ", self.goid)?;
        match (self.hog, self.call) {
            (Hog::Computes, _) => f.write_str("has been running")?,
            (Hog::Sleeps, None) => f.write_str("sleeps in the kernel")?,
            (Hog::Sleeps, Some(call)) => write!(f, "sleeps in {call}")?,
        }
        write!(
            f,
            " with P{} for {}us while others wait: P{} runs them ({} extra)",
            self.p,
            self.held / 1000,
            self.extra,
            self.extras
        )
    }
}
