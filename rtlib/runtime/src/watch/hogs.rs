//! `GODEBUG=hogtrace=1`: reports of hogs (`retake`), each with its stack.
//!
//! Sysmon only notes them. A thread of its own looks names up and prints, since that may take longer than others may be kept waiting; it begins when there is something to report. At the exit of the
//! program the rest is printed.

use core::fmt;
use core::ptr::NonNull;
use core::sync::atomic::Ordering;

use rtlib_abi::traceback::Record;

use crate::gmp::g::G;
use crate::gmp::m::M;
use crate::gmp::p::P;
use crate::gmp::waitreason::WaitReason;
use crate::libc::ffi;
use crate::lock::Lock;
use crate::lockrank::{Rank, Ranked};
use crate::os::linux::syscalls::Call;
use crate::os::linux::{mem, nanotime, proc, thread};
use crate::sched::park::{gopark, goready, publish, waiter};
use crate::sched::{procs, threads};
use crate::traceback::record::{self, Haste};
use crate::traceback::tell;

/// Reports that may wait to be printed; those beyond are counted.
const CAPACITY: usize = 64;
/// How long the exit of the program waits for them.
const PATIENCE_NS: u64 = 10_000_000_000;

/// Why a goroutine is a hog.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Hog {
    /// It computes.
    Computes,
    /// It sleeps in the kernel.
    Sleeps,
}

#[derive(Clone, Copy)]
struct Report {
    hog: Hog,
    /// The system call in which it sleeps.
    call: Option<Call>,
    /// The P that it has kept, and how long, ns.
    p: u32,
    held: u64,
    /// The P that makes up for it, and how many do that.
    extra: u32,
    extras: u32,
    goid: u64,
    /// Of nobody if it has ended meanwhile.
    goroutine: Record,
}

struct Reports {
    /// A ring. None before the first report.
    ring: Option<NonNull<Report>>,
    first: usize,
    len: usize,
    left_out: u32,
    /// Prints at this moment.
    busy: bool,
    /// The printing thread, while it waits.
    idle: Option<&'static G>,
}

// SAFETY: the ring is the runtime's own memory, used under the lock.
unsafe impl Send for Reports {}

impl Ranked for Reports {
    const RANK: Rank = Rank::HogReports;
}

static REPORTS: Lock<Reports> = Lock::new(Reports::none());

/// In the child of a fork: there is nothing to be printed, and nobody who does.
///
/// # Safety
/// There is one thread.
pub unsafe fn forget() {
    // SAFETY: the caller vouches.
    unsafe { REPORTS.renew(Reports::none()) };
}

impl Reports {
    const fn none() -> Self {
        Self {
            ring: None,
            first: 0,
            len: 0,
            left_out: 0,
            busy: false,
            idle: None,
        }
    }

    fn push(&mut self, report: Report) {
        match self.ring.filter(|_| self.len < CAPACITY) {
            Some(ring) => {
                // SAFETY: a place of the ring that is not in use.
                unsafe { ring.add((self.first + self.len) % CAPACITY).write(report) };
                self.len += 1;
            }
            None => self.left_out += 1,
        }
    }

    fn pop(&mut self) -> Option<Report> {
        let ring = self.ring.filter(|_| self.len != 0)?;
        // SAFETY: a place of the ring that is in use.
        let report = unsafe { ring.add(self.first).read() };
        self.first = (self.first + 1) % CAPACITY;
        self.len -= 1;
        Some(report)
    }
}

/// Reports the hog that keeps `pp`, and that `extra` makes up for. On sysmon.
pub fn report(pp: &'static P, hog: Hog, held: u64, extra: &'static P) {
    let mp = pp.m.get();
    let gp = mp.and_then(|mp| mp.curg.get());
    let sleeps = mp.filter(|_| hog == Hog::Sleeps);
    let report = Report {
        hog,
        // Before its stack is looked at, which interrupts some calls.
        call: sleeps.and_then(|mp| thread::call_of(mp.tid.load(Ordering::Relaxed))),
        p: pp.id.load(Ordering::Relaxed),
        held,
        extra: extra.id.load(Ordering::Relaxed),
        extras: procs::hogs(),
        goid: gp.map_or(0, G::id),
        goroutine: gp.map_or(record::EMPTY, look_at),
    };
    let mut reports = REPORTS.lock();
    let is_first = reports.ring.is_none();
    if is_first {
        reports.ring = mem::reserve(CAPACITY * size_of::<Report>())
            .ok()
            .map(NonNull::cast);
    }
    reports.push(report);
    let idle = reports.idle.take();
    drop(reports);
    if let Some(printer) = idle {
        goready(printer);
    } else if is_first {
        threads::newm(print_for_ever);
        // SAFETY: libc's function and a function that may run at any time. If there is no room, `exit` loses the last reports.
        let _ = unsafe { ffi::atexit(print_rest) };
    }
}

fn look_at(gp: &'static G) -> Record {
    let mut records = [record::EMPTY];
    record::capture(&[gp], &mut records, None, Haste::None);
    let [record] = records;
    record
}

/// The printing thread's life.
extern "C" fn print_for_ever(mp: &'static M) -> ! {
    threads::minit(mp);
    loop {
        let mut reports = REPORTS.lock();
        let next = reports.pop();
        let left_out = core::mem::take(&mut reports.left_out);
        reports.busy = next.is_some();
        if left_out != 0 {
            crate::print!("HOG {left_out} reports are left out: they came too fast\n");
        }
        match next {
            Some(report) => {
                drop(reports);
                print(&report);
            }
            None => {
                let me = waiter();
                reports.idle = Some(me);
                core::mem::forget(reports);
                gopark(me, WaitReason::Zero, unlock_commit, 0);
            }
        }
    }
}

extern "C" fn unlock_commit(left: &'static G, _: usize) {
    publish(left);
    // SAFETY: `print_for_ever` took the lock and forgot its guard.
    unsafe { REPORTS.unlock() };
}

fn print(report: &Report) {
    crate::print!(
        "HOG goroutine {} {report} with P{} for {}us while others wait: P{} makes up for it ({} extra)\n",
        report.goid,
        report.p,
        report.held / 1000,
        report.extra,
        report.extras,
    );
    if report.goroutine.goid != 0 {
        tell::recorded(&report.goroutine);
    }
}

/// What the hog does.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.hog, self.call) {
            (Hog::Computes, _) => f.write_str("has been running"),
            (Hog::Sleeps, None) => f.write_str("sleeps in the kernel"),
            (Hog::Sleeps, Some(call)) => write!(f, "sleeps in {call}"),
        }
    }
}

/// At the exit of the program.
extern "C" fn print_rest() {
    const PAUSE_US: u64 = 1000;
    let deadline = nanotime().saturating_add(PATIENCE_NS);
    let is_done = || {
        let reports = REPORTS.lock();
        reports.len == 0 && !reports.busy
    };
    while !is_done() && nanotime() < deadline {
        proc::usleep(PAUSE_US);
    }
}
