//! sysmon: a thread without a P that watches the others.
//!
//! There is no asynchronous preemption (a signal could stop Rust code inside malloc). Instead nobody can starve the rest: when a P's goroutine has not come back for
//! [`HOG_NS`] while work waits and no P is idle, sysmon marks the P as a hog's and starts an M with an extra P. When the hog comes
//! back, the mark is taken off and one P retires.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::global::{RUNQSIZE, SCHED, SPIN, allp};
use super::m::M;
use super::p::{P, PStatus};
use super::{procs, threads};
use crate::note::Note;
use crate::os::linux::{nanotime, proc};

/// A goroutine that keeps its P longer than this is a hog, when others wait.
const HOG_NS: u64 = 10_000_000;
/// How often sysmon looks: often at first, less while nothing happens.
const MIN_DELAY_US: u64 = 1_000;
const MAX_DELAY_US: u64 = 10_000;
/// Looks without a find before the delay doubles.
const PATIENCE: u32 = 50;

/// See [`coarse_now`].
static COARSE_NOW: AtomicU64 = AtomicU64::new(0);

/// The time when sysmon last looked, ns of the monotonic clock: a clock that costs a load. It stands while all Ps are idle, and is 0 before there is a sysmon.
#[inline]
pub fn coarse_now() -> u64 {
    COARSE_NOW.load(Ordering::Relaxed)
}

static WAITING: AtomicBool = AtomicBool::new(false);
static NOTE: Note = Note::new();

/// The thread's life.
pub extern "C" fn sysmon(_mp: &'static M) -> ! {
    let (mut idle, mut delay) = (0, MIN_DELAY_US);
    loop {
        proc::usleep(delay);
        if sleep_while_all_idle() {
            (idle, delay) = (0, MIN_DELAY_US);
        }
        let now = nanotime();
        COARSE_NOW.store(now, Ordering::Relaxed);
        if retake(now) {
            (idle, delay) = (0, MIN_DELAY_US);
        } else {
            idle += 1;
        }
        if idle > PATIENCE {
            delay = (delay * 2).min(MAX_DELAY_US);
        }
    }
}

/// With all Ps idle there is nothing to watch: sleeps until one is taken. True when it slept.
fn sleep_while_all_idle() -> bool {
    {
        let _sched = SCHED.lock();
        if SPIN.idle() < procs::live() {
            return false;
        }
        NOTE.clear();
        WAITING.store(true, Ordering::Relaxed);
    }
    NOTE.sleep();
    true
}

/// A P left the idle list. Under the scheduler lock.
pub fn wake() {
    if WAITING.load(Ordering::Relaxed) {
        WAITING.store(false, Ordering::Relaxed);
        NOTE.wakeup();
    }
}

/// Looks at every P; true when it made up for a hog.
fn retake(now: u64) -> bool {
    let mut found = false;
    for pp in allp().filter(|pp| pp.is(PStatus::Running)) {
        let starving = is_hog(pp, now) && SPIN.idle() == 0 && work_waits();
        if starving && let Some(extra) = procs::compensate(pp) {
            threads::startm(extra, false);
            found = true;
        }
    }
    found
}

fn is_hog(pp: &'static P, now: u64) -> bool {
    let tick = pp.schedtick.load(Ordering::Relaxed);
    if pp.seen_tick.swap(tick, Ordering::Relaxed) != tick {
        pp.seen_when.store(now, Ordering::Relaxed);
        return false;
    }
    !pp.hog.load(Ordering::Relaxed)
        && now.saturating_sub(pp.seen_when.load(Ordering::Relaxed)) >= HOG_NS
}

fn work_waits() -> bool {
    RUNQSIZE.load(Ordering::Relaxed) != 0 || allp().any(|pp| !pp.runq.is_empty())
}
