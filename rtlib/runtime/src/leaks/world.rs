//! Stopping all threads of the process, goroutines' and others, for a search of its memory.
//!
//! Each is sent SIGURG, whose handler ([`stop_here`]) notes where it is and waits. The kernel has put its registers on its stack, so what it holds is in memory. It may hold any lock: whoever has
//! stopped the world takes none and does not allocate.
//!
//! Two threads take no signals: the template thread, which only waits, and sysmon, which for each of its looks takes the lock that whoever stops the world holds ([`let_nobody_stop`]).
//!
//! A thread that blocks the signal for a moment (libc does, while it starts and ends threads) is waited for. But it may itself wait for a lock of one that is stopped: so when that takes too long all
//! are let go, and it is tried again.

use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicUsize, Ordering};
use core::{ptr, slice};

use super::Error;
use super::memory::Range;
use crate::gmp;
use crate::gmp::m::M;
use crate::link::Link;
use crate::lock::{self, Lock};
use crate::lockrank::{Rank, Ranked};
use crate::os::linux::signal::{Blocked, SIGURG};
use crate::os::linux::{futex, mem, nanotime, proc, thread};
use crate::sched::{template, watcher};
use crate::traceback::interrupt;

/// Threads that can be stopped.
const MAX_THREADS: usize = 32 << 10;
/// How long a thread may take to stop.
const PATIENCE_NS: u64 = 200_000_000;
/// How often it is tried.
const TRIES: u32 = 5;

/// The right to stop the world.
pub struct Right;

impl Ranked for Right {
    const RANK: Rank = Rank::World;
}

static RIGHT: Lock<Right> = Lock::new(Right);
/// Odd: whoever gets the signal stops, until this changes.
static EPOCH: AtomicU32 = AtomicU32::new(0);
/// Who has stopped in this epoch. Made for the first stop, and kept.
static PLACES: AtomicPtr<Place> = AtomicPtr::new(ptr::null_mut());
static STOPPED: AtomicUsize = AtomicUsize::new(0);

/// Where a thread has stopped. `tid` is written last.
pub struct Place {
    tid: AtomicU32,
    /// Its stack pointer when it was interrupted.
    pub sp: AtomicUsize,
    /// An address in its handler's frame: its registers are above, on the same stack.
    pub handler: AtomicUsize,
    /// What it is.
    pub m: Link<M>,
}

/// In the child of a fork: nobody stops it.
///
/// # Safety
/// There is one thread.
pub unsafe fn forget() {
    EPOCH.store(0, Ordering::Relaxed);
    STOPPED.store(0, Ordering::Relaxed);
    // SAFETY: the caller vouches.
    unsafe { RIGHT.renew(Right) };
}

/// Not to be stopped while this lives.
pub type Guard = lock::Guard<'static, Right>;

/// For sysmon: nobody stops the world until the guard is gone.
pub fn let_nobody_stop() -> Guard {
    RIGHT.lock()
}

/// The handler's part: waits for as long as the world is stopped, with the stack pointer that was interrupted.
pub fn stop_here(sp: usize) {
    let epoch = EPOCH.load(Ordering::Acquire);
    if epoch.is_multiple_of(2) {
        return;
    }
    let at = STOPPED.fetch_add(1, Ordering::AcqRel);
    if let Some(place) = places().get(at) {
        place.sp.store(sp, Ordering::Relaxed);
        let here = ptr::from_ref(&epoch) as usize;
        place.handler.store(here, Ordering::Relaxed);
        place.m.set(gmp::getg().and_then(|gp| gp.m.get()));
        place.tid.store(thread::gettid(), Ordering::Release);
    }
    while EPOCH.load(Ordering::Acquire) == epoch {
        futex::wait(&EPOCH, epoch, None);
    }
}

fn places() -> &'static [Place] {
    let at = PLACES.load(Ordering::Acquire);
    if at.is_null() {
        return &[];
    }
    // SAFETY: `stop` stored memory for so many, which is kept; zero bytes are a place.
    unsafe { slice::from_raw_parts(at, MAX_THREADS) }
}

/// All other threads are stopped until this is dropped.
pub struct Stopped {
    /// SIGURG, with which somebody may have asked the calling thread for its stack (`traceback::interrupt`), would stop it, too, and for ever.
    _blocked: Blocked,
    /// Keeps others from stopping the world.
    _right: Guard,
}

impl Stopped {
    /// Where they are.
    pub fn places(&self) -> &'static [Place] {
        stopped()
    }

    /// The memory of [`places`](Self::places).
    pub fn memory(&self) -> Range {
        let all = places().as_ptr_range();
        Range {
            at: all.start as usize,
            end: all.end as usize,
        }
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        let_go();
    }
}

fn let_go() {
    EPOCH.fetch_add(1, Ordering::AcqRel);
    futex::wake(&EPOCH, u32::MAX >> 1);
}

fn stopped() -> &'static [Place] {
    let count = STOPPED.load(Ordering::Acquire);
    &places()[..count.min(MAX_THREADS)]
}

/// Stops all other threads. Not under a lock of the runtime.
pub fn stop() -> Result<Stopped, Error> {
    let right = RIGHT.lock();
    if PLACES.load(Ordering::Relaxed).is_null() {
        let memory = mem::reserve(MAX_THREADS * size_of::<Place>()).map_err(|_| Error::NoMemory)?;
        PLACES.store(memory.as_ptr().cast(), Ordering::Release);
    }
    interrupt::install_handler(SIGURG);
    let blocked = Blocked::all();
    for _ in 0..TRIES {
        // Those of the last time are awake, or will not look at their places any more.
        stopped()
            .iter()
            .for_each(|place| place.tid.store(0, Ordering::Relaxed));
        STOPPED.store(0, Ordering::Release);
        EPOCH.fetch_add(1, Ordering::AcqRel);
        match stop_all() {
            Ok(true) => {
                return Ok(Stopped {
                    _blocked: blocked,
                    _right: right,
                });
            }
            Ok(false) => let_go(),
            Err(error) => {
                let_go();
                return Err(error);
            }
        }
    }
    Err(Error::ThreadRuns)
}

/// False when it took too long.
fn stop_all() -> Result<bool, Error> {
    const PAUSE_US: u64 = 50;
    /// A thread that was started by one that has stopped since is on the list only the next time.
    const QUIET_LISTS: u32 = 2;
    let deadline = nanotime() + PATIENCE_NS;
    let mut quiet = 0;
    while quiet < QUIET_LISTS {
        if ask_who_runs()? {
            quiet = 0;
            proc::usleep(PAUSE_US);
        } else {
            quiet += 1;
        }
        if nanotime() > deadline {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Signals all who have not stopped. Whether there are any.
fn ask_who_runs() -> Result<bool, Error> {
    let me = thread::gettid();
    let mut some = false;
    let listed = thread::for_each(|tid| {
        if tid != me && !is_deaf(tid) && !has_stopped(tid) {
            some |= thread::kill(tid, SIGURG);
        }
    });
    listed.map(|()| some).map_err(|_| Error::NoProc)
}

fn has_stopped(tid: u32) -> bool {
    stopped()
        .iter()
        .any(|place| place.tid.load(Ordering::Acquire) == tid)
}

/// Whether this is one of the threads that take no signals.
fn is_deaf(tid: u32) -> bool {
    watcher::tid() == tid || template::tid() == tid
}
