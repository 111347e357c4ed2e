//! The watcher, sysmon (`watch`), as the scheduler knows it: where it sleeps, who wakes it, and a clock that it keeps. What it does is above.

use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use super::global::Sched;
use super::{asleep, threads};
use crate::gmp::m::M;
use crate::gmp::switch::ThreadMain;
use crate::link::Link;
use crate::note::Note;
use crate::os::linux::{Errno, nanotime};

/// What the watcher's thread runs: `watch` says so in the boot.
static MAIN: Link<ThreadMain> = Link::none();

/// Registers it.
pub fn register(main: &'static ThreadMain) {
    MAIN.set(Some(main));
}

/// Makes the thread.
pub fn start() -> Result<(), Errno> {
    match MAIN.get() {
        Some(main) => threads::try_newm(*main),
        None => crate::fatal::throw(b"no watcher has been registered"),
    }
}

/// Whether a thread that runs this is the watcher's.
pub fn is_main_of(main: usize) -> bool {
    MAIN.get().is_some_and(|own| *own as usize == main)
}

/// Sysmon is not woken when it comes within this time anyway.
const SOON_NS: u64 = 1_000_000;

/// See [`coarse_now`].
static COARSE_NOW: AtomicU64 = AtomicU64::new(0);

/// The time when sysmon last looked, ns of the monotonic clock: a clock that costs a load. While sysmon sleeps, and before there is one, the time of the call.
#[inline]
pub fn coarse_now() -> u64 {
    match COARSE_NOW.load(Ordering::Relaxed) {
        0 => nanotime(),
        now => now,
    }
}

/// The watcher looks, at this time.
pub fn sees(now: u64) {
    COARSE_NOW.store(now, Ordering::Relaxed);
}

/// Sysmon sleeps until a P is taken. Under the scheduler lock.
static WAITING: AtomicBool = AtomicBool::new(false);
/// Until when at the latest, ns. Under the scheduler lock.
static UNTIL: AtomicU64 = AtomicU64::new(0);
static NOTE: Note = Note::new();

/// In the child of a fork: there is no such thread.
pub fn forget() {
    TID.store(0, Ordering::Relaxed);
    WAITING.store(false, Ordering::Relaxed);
    NOTE.clear();
}

/// The thread's id; 0 while there is none.
pub fn tid() -> u32 {
    TID.load(Ordering::Relaxed)
}

static TID: AtomicU32 = AtomicU32::new(0);

/// The thread begins.
pub fn begins(mp: &M) {
    TID.store(mp.tid.load(Ordering::Relaxed), Ordering::Relaxed);
}

/// The watcher is about to sleep until a P is taken, or this time at the latest. Under the scheduler lock.
pub fn is_about_to_sleep(until: Option<u64>) {
    NOTE.clear();
    UNTIL.store(until.unwrap_or(u64::MAX), Ordering::Relaxed);
    COARSE_NOW.store(0, Ordering::Relaxed);
    WAITING.store(true, Ordering::Relaxed);
}

/// Sleeps after that, so many ns at most. Whether it was woken.
pub fn sleep_for(pause: Option<u64>) -> bool {
    NOTE.sleep_for(pause)
}

/// Nobody is to wake it any more. False when somebody has, or is about to. Under the scheduler lock.
pub fn stop_waiting() -> bool {
    asleep::listen_no_more();
    WAITING.swap(false, Ordering::Relaxed)
}

/// Whether sysmon sleeps until a P is taken.
pub fn waits() -> bool {
    WAITING.load(Ordering::Relaxed)
}

/// A P left the idle list, or is no longer a hog's. Under the scheduler lock.
pub fn wake() {
    if WAITING.load(Ordering::Relaxed)
        && UNTIL.load(Ordering::Relaxed) > nanotime().saturating_add(SOON_NS)
    {
        wake_now();
    }
}

/// Something has happened that may have been the last thing to happen. Under the scheduler lock.
pub fn wake_for_death(_sched: &Sched) {
    if WAITING.load(Ordering::Relaxed) {
        wake_now();
    }
}

/// A signal handler has left something for it (`relay`). It may have interrupted whoever has the scheduler lock, so the rest of waking sysmon is left to itself.
pub fn wake_for_relay() {
    NOTE.wakeup();
}

fn wake_now() {
    asleep::listen_no_more();
    WAITING.store(false, Ordering::Relaxed);
    NOTE.wakeup();
}
