//! `GODEBUG=blocktrace=20ms`: calls that keep their thread for longer (`sched::slow`), each told of once a second for each place that makes it.
//!
//! Calls that let their P go are timed by their goroutine, which tells of them when they have ended. All others are seen by sysmon, which tells while they last: a thread with a P that has slept in the
//! kernel, without any processor time in between.

use core::fmt;
use core::sync::atomic::Ordering;

use super::reports::{self, Line, Report};
use super::retake;
use crate::gmp::all::allp;
use crate::gmp::g::{G, Status};
use crate::gmp::p::{P, PStatus};
use crate::godebug;
use crate::lock::Lock;
use crate::lockrank::{Rank, Ranked};
use crate::os::linux::syscalls::Call;
use crate::os::linux::{nanotime, thread};
use crate::sched::slow::{self, Tell, What};
use crate::traceback::{record, unwind};
use rtlib_abi::traceback::{KEPT, Record, STACK};

/// A place is told of once in this time.
const PAUSE_NS: u64 = 1_000_000_000;
/// Places that are remembered. One that is forgotten is told of again.
const PLACES: usize = 64;

/// The first line of a report of a call.
#[derive(Clone, Copy)]
pub struct SlowLine {
    goid: u64,
    what: Seen,
    took: u64,
    /// How many were not told of since the last one from there.
    left_out: u32,
}

#[derive(Clone, Copy)]
enum Seen {
    /// It has ended.
    Ended(What),
    /// It lasts; which one is unknown where /proc does not say so.
    Lasts(Option<Call>),
}

impl fmt::Display for SlowLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (ms, us) = (self.took / 1_000_000, self.took / 1000 % 1000);
        write!(f, "BLOCK goroutine {}: ", self.goid)?;
        match self.what {
            Seen::Ended(what) => write!(f, "{what} kept its thread for {ms}.{us:03}ms")?,
            Seen::Lasts(Some(call)) => write!(f, "{call} keeps its thread")?,
            Seen::Lasts(None) => f.write_str("the kernel keeps its thread")?,
        }
        if let Seen::Lasts(_) = self.what {
            write!(f, ", {ms}.{us:03}ms so far")?;
        }
        match self.left_out {
            0 => Ok(()),
            more => write!(f, " ({more} more from there since the last report)"),
        }
    }
}

/// A place in the program that makes such calls.
#[derive(Clone, Copy)]
struct Place {
    /// A hash of its stack; 0 for none.
    stack: u64,
    told: u64,
    left_out: u32,
}

struct Places([Place; PLACES]);

impl Ranked for Places {
    const RANK: Rank = Rank::SlowPlaces;
}

impl Places {
    const fn none() -> Self {
        Self(
            [Place {
                stack: 0,
                told: 0,
                left_out: 0,
            }; PLACES],
        )
    }

    /// How many were left out if this one is to be told of; else it is one of them.
    fn left_out_before(&mut self, stack: u64, now: u64) -> Option<u32> {
        let known = self.0.iter().position(|place| place.stack == stack);
        // The one that was told of longest ago.
        let oldest = || (0..PLACES).min_by_key(|i| self.0[*i].told).unwrap_or(0);
        let at = known.unwrap_or_else(oldest);
        let place = &mut self.0[at];
        let left_out = match known {
            Some(_) if now.saturating_sub(place.told) < PAUSE_NS => {
                place.left_out = place.left_out.saturating_add(1);
                return None;
            }
            Some(_) => place.left_out,
            None => 0,
        };
        *place = Place {
            stack,
            told: now,
            left_out: 0,
        };
        Some(left_out)
    }
}

static SEEN: Lock<Places> = Lock::new(Places::none());

/// In the child of a fork.
///
/// # Safety
/// There is one thread.
pub unsafe fn forget() {
    // SAFETY: the caller vouches.
    unsafe { SEEN.renew(Places::none()) };
}

/// Has calls told of. In the boot.
pub fn register() {
    static TELL: Tell = ended;
    slow::register(&TELL);
}

/// A call of the calling goroutine has taken so many ns.
#[inline(never)]
fn ended(gp: &'static G, what: &What, took: u64) {
    let mut told = record::EMPTY;
    record::describe(&mut told, gp, Status::Running);
    let here = 0_u8;
    unwind::callers(&mut told.trace, unwind::here(&here));
    told.flags |= STACK;
    tell(told, Seen::Ended(*what), took);
}

fn tell(goroutine: Record, what: Seen, took: u64) {
    let stack = hash(&goroutine);
    let Some(left_out) = SEEN.lock().left_out_before(stack, nanotime()) else {
        return;
    };
    let line = SlowLine {
        goid: goroutine.goid,
        what,
        took,
        left_out,
    };
    reports::push(Report {
        line: Line::Slow(line),
        goroutine,
    });
}

/// Of the innermost frames of a stack; never 0. One that could not be had is its goroutine's.
fn hash(record: &Record) -> u64 {
    let len = (record.trace.total as usize).min(KEPT);
    let frames = &record.trace.inner[..len];
    let first = if len == 0 { record.goid } else { 0 };
    let mixed = frames.iter().fold(first, |hash, pc| {
        (hash ^ *pc as u64)
            .wrapping_mul(0x0000_0100_0000_01b3)
            .rotate_left(29)
    });
    mixed | 1
}

/// How long sysmon may pause at most while calls are timed, us.
pub fn longest_pause_us() -> Option<u64> {
    /// So often a call is looked at before it is too long.
    const LOOKS: u64 = 4;
    slow::are_timed().then(|| godebug::blocktrace() / LOOKS / 1000)
}

/// Whether somebody may be in a call that must be timed by sysmon, which cannot rest.
pub fn must_watch() -> bool {
    slow::are_timed() && allp().any(|pp| pp.is(PStatus::Running))
}

/// Looks for threads that sleep in the kernel with a P. On sysmon.
pub fn look(now: u64) {
    if slow::are_timed() {
        for pp in allp().filter(|pp| pp.is(PStatus::Running)) {
            look_at(pp, now);
        }
    }
}

fn look_at(pp: &'static P, now: u64) {
    let Some(mp) = pp.m.get().filter(|mp| !mp.is_spinning()) else {
        return;
    };
    let Some(since) = retake::off_processor_since(mp, now) else {
        return;
    };
    let used = mp.cpu_time.load(Ordering::Relaxed);
    let took = now.saturating_sub(since);
    let is_known = mp.told_with.load(Ordering::Relaxed) == used;
    if is_known || took <= godebug::blocktrace() || !retake::is_asleep(mp, now) {
        return;
    }
    mp.told_with.store(used, Ordering::Relaxed);
    // Before its stack is looked at, which interrupts some calls.
    let call = thread::call_of(mp.tid.load(Ordering::Relaxed));
    let Some(gp) = mp.curg.get().filter(|_| pp.is(PStatus::Running)) else {
        return;
    };
    let goroutine = reports::look_at(gp);
    if goroutine.goid != 0 {
        tell(goroutine, Seen::Lasts(call), took);
    }
}
