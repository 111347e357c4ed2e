//! sysmon: a thread without a P that watches the others.
//!
//! It looks often while it finds something to do and less and less while it does not: every [`MIN_DELAY_US`] at first, up to [`MAX_DELAY_US`]. Each look gives Ps
//! of goroutines that do not come back to others (`retake`), runs timers that no P has come to run, and prints a line for `GODEBUG=schedtrace`. When all Ps have been idle for [`QUIET_NS`] it asks
//! whether that is a deadlock (`dead`), and sleeps until a P is taken.

use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use super::global::{ACTIVATIONS, SCHED, SPIN};
use super::m::M;
use super::{dead, procs, reclaim, retake, schedtrace, timer};
use crate::leaks;
use crate::note::Note;
use crate::os::linux::{nanotime, proc};
use crate::trace;

/// How often sysmon looks: often at first, less while nothing happens. Go's numbers.
const MIN_DELAY_US: u64 = 20;
const MAX_DELAY_US: u64 = 10_000;
/// Looks without a find before the delay doubles.
const PATIENCE: u32 = 50;
/// All Ps idle for so long: time to look for a deadlock, and to sleep.
const QUIET_NS: u64 = 10_000_000;

/// See [`coarse_now`].
static COARSE_NOW: AtomicU64 = AtomicU64::new(0);

/// The time when sysmon last looked, ns of the monotonic clock: a clock that costs a load. It stands while all Ps are idle, and is 0 before there is a sysmon.
#[inline]
pub fn coarse_now() -> u64 {
    COARSE_NOW.load(Ordering::Relaxed)
}

/// Sysmon sleeps until a P is taken. Under the scheduler lock.
static WAITING: AtomicBool = AtomicBool::new(false);
static NOTE: Note = Note::new();

/// The thread's id; 0 while there is none.
pub fn tid() -> u32 {
    TID.load(Ordering::Relaxed)
}

static TID: AtomicU32 = AtomicU32::new(0);

/// The thread's life. It takes no signals.
pub extern "C" fn sysmon(mp: &'static M) -> ! {
    TID.store(mp.tid.load(Ordering::Relaxed), Ordering::Relaxed);
    let (mut in_vain, mut delay) = (0, MIN_DELAY_US);
    let mut quiet = Quiet::new();
    let mut retaker = retake::Retaker::new();
    loop {
        proc::usleep(delay);
        let looks = leaks::let_nobody_stop();
        let now = nanotime();
        COARSE_NOW.store(now, Ordering::Relaxed);
        if retaker.look(now) | timer::see_to_overdue(now) {
            (in_vain, delay) = (0, MIN_DELAY_US);
        } else {
            in_vain += 1;
        }
        schedtrace::when_due(now);
        trace::write_full();
        reclaim::when_due(now);
        drop(looks);
        if quiet.lasts(now) && sleep_until_active(&mut quiet) {
            (in_vain, delay) = (0, MIN_DELAY_US);
        }
        if in_vain > PATIENCE {
            delay = (delay * 2).min(MAX_DELAY_US);
        }
    }
}

/// Since when all Ps have been idle.
struct Quiet {
    activations: u64,
    since: Option<u64>,
}

impl Quiet {
    fn new() -> Self {
        Self {
            activations: 0,
            since: None,
        }
    }

    /// Whether all Ps have been idle for [`QUIET_NS`] without a break.
    fn lasts(&mut self, now: u64) -> bool {
        let activations = ACTIVATIONS.load(Ordering::Acquire);
        if !all_idle() || activations != self.activations {
            self.activations = activations;
            self.since = None;
            return false;
        }
        let since = *self.since.get_or_insert(now);
        now.saturating_sub(since) >= QUIET_NS
    }
}

fn all_idle() -> bool {
    SPIN.idle() >= procs::live()
}

/// Looks for a deadlock, again and again as long as that cannot be decided, and sleeps meanwhile until a P is taken. True when it slept for that.
fn sleep_until_active(quiet: &mut Quiet) -> bool {
    let mut undecided = dead::Undecided::new();
    loop {
        let look_again = undecided.look(quiet.activations);
        {
            let _sched = SCHED.lock();
            if !all_idle() || ACTIVATIONS.load(Ordering::Relaxed) != quiet.activations {
                return false;
            }
            NOTE.clear();
            WAITING.store(true, Ordering::Relaxed);
        }
        let for_memory = reclaim::due_in(nanotime());
        let woken = NOTE.sleep_for(earliest([look_again, for_memory, schedtrace::interval()]));
        if woken || !stop_waiting() {
            quiet.since = None;
            return true;
        }
        let now = nanotime();
        COARSE_NOW.store(now, Ordering::Relaxed);
        schedtrace::when_due(now);
        reclaim::when_due(now);
    }
}

fn earliest(times: [Option<u64>; 3]) -> Option<u64> {
    times.into_iter().flatten().min()
}

/// Time is up: nobody is to wake sysmon any more. False when somebody has, or is about to.
fn stop_waiting() -> bool {
    let _sched = SCHED.lock();
    WAITING.swap(false, Ordering::Relaxed)
}

/// Whether sysmon sleeps until a P is taken.
pub fn waits() -> bool {
    WAITING.load(Ordering::Relaxed)
}

/// A P left the idle list. Under the scheduler lock.
pub fn wake() {
    if WAITING.load(Ordering::Relaxed) {
        WAITING.store(false, Ordering::Relaxed);
        NOTE.wakeup();
    }
}
