//! Reports of goroutines, each a line and a stack, for settings of GODEBUG: of hogs (`hogs`) and of slow calls (`slow`).
//!
//! Who has something to report only notes it. A thread of its own looks names up and prints, since that may take longer than others may be kept waiting; it begins when there is something to report. At the
//! exit of the program the rest is printed.

use core::fmt;
use core::ptr::NonNull;

use rtlib_abi::traceback::Record;

use super::hogs::HogLine;
use super::slow::SlowLine;
use crate::gmp::g::G;
use crate::gmp::m::M;
use crate::gmp::waitreason::WaitReason;
use crate::libc::ffi;
use crate::lock::Lock;
use crate::lockrank::{Rank, Ranked};
use crate::os::linux::{mem, nanotime, proc};
use crate::sched::park::{gopark, goready, publish, waiter};
use crate::sched::threads;
use crate::traceback::record::{self, Haste};
use crate::traceback::tell;

/// Reports that may wait to be printed; those beyond are counted.
const CAPACITY: usize = 64;
/// How long the exit of the program waits for them.
const PATIENCE_NS: u64 = 10_000_000_000;

/// What is told, and of whom.
#[derive(Clone, Copy)]
pub struct Report {
    /// The line.
    pub line: Line,
    /// The goroutine with its stack. Of nobody if it has ended meanwhile.
    pub goroutine: Record,
}

/// The first line of a report.
#[derive(Clone, Copy)]
pub enum Line {
    /// See [`super::hogs`].
    Hog(HogLine),
    /// See [`super::slow`].
    Slow(SlowLine),
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hog(line) => line.fmt(f),
            Self::Slow(line) => line.fmt(f),
        }
    }
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
    const RANK: Rank = Rank::Reports;
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

    fn add(&mut self, report: Report) {
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

/// Has a report printed, soon.
pub fn push(report: Report) {
    let mut reports = REPORTS.lock();
    let is_first = reports.ring.is_none();
    if is_first {
        reports.ring = mem::reserve(CAPACITY * size_of::<Report>())
            .ok()
            .map(NonNull::cast);
    }
    reports.add(report);
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

/// A goroutine that runs, for a report: its thread is interrupted.
pub fn look_at(gp: &'static G) -> Record {
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
            crate::print!("REPORTS {left_out} are left out: they came too fast\n");
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
    crate::print!("{}\n", report.line);
    if report.goroutine.goid != 0 {
        tell::recorded(&report.goroutine);
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
