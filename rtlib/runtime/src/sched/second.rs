//! What waits for the second goroutine: sysmon's thread and all Ps but the first.
//!
//! Go makes them for every program. A program whose only goroutine is `main` has nothing to watch and nothing to run in parallel, and a thread,
//! and reading the cgroup's limit, cost a tenth of such a program's whole start-up. So they are made when the first goroutine beside `main` is.

use core::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use super::global::MAX_GOMAXPROCS;
use super::{procs, threads, watcher};
use crate::os::linux::{Errno, cgroup, proc};
use crate::process;

/// An M is about to sleep without an end, and somebody must tell whether it ever wakes up; or something will be due while the only goroutine runs.
#[inline]
pub fn expect_idleness() {
    if STATE.load(Ordering::Relaxed) != DONE {
        expect_concurrency();
    }
}

/// Whether there is no thread of the runtime's yet but the first.
pub fn is_alone() -> bool {
    STATE.load(Ordering::Relaxed) == NOT_YET
}

/// In the child of a fork: they are to be made again when they are needed. Whether they had been made.
pub fn forget() -> bool {
    STATE.swap(NOT_YET, Ordering::Relaxed) == DONE
}

static STATE: AtomicU8 = AtomicU8::new(NOT_YET);
const NOT_YET: u8 = 0;
/// Somebody makes sysmon's thread.
const BEGUN: u8 = 1;
/// That is there, and all Ps are or are about to be.
const DONE: u8 = 2;

/// Makes them, once. Called where the number of Ps is asked for, off the fast paths. A program that can have no sysmon ends.
#[cold]
pub fn expect_concurrency() {
    if let Err(errno) = prepare() {
        threads::no_thread(errno)
    }
}

/// The same where a new goroutine is asked for, which may be refused.
#[cold]
pub fn prepare() -> Result<(), Errno> {
    if !process::has_begun() {
        too_early();
    }
    while let Err(state) =
        STATE.compare_exchange(NOT_YET, BEGUN, Ordering::AcqRel, Ordering::Acquire)
    {
        if state == DONE {
            return Ok(());
        }
        proc::osyield();
    }
    // While there is one thread it costs nothing.
    crate::membarrier::prepare();
    if let Err(refused) = watcher::start() {
        STATE.store(NOT_YET, Ordering::Release);
        return Err(refused);
    }
    STATE.store(DONE, Ordering::Release);
    procs::procresize(procs_wanted());
    Ok(())
}

/// GOMAXPROCS, as the user or the parent of a fork wishes; 0 for as many as there are CPUs.
static WISH: AtomicU32 = AtomicU32::new(0);

/// Reads it. In the boot.
pub fn read_wish() {
    WISH.store(gomaxprocs_wish(), Ordering::Relaxed);
}

/// The environment variable GOMAXPROCS, read before the program may change its environment; 0 when it says nothing.
fn gomaxprocs_wish() -> u32 {
    let text = process::getenv(c"GOMAXPROCS").and_then(|text| core::str::from_utf8(text).ok());
    text.and_then(|text| text.parse::<u32>().ok())
        .unwrap_or(0)
        .min(MAX_GOMAXPROCS)
}

/// How many Ps there should be: the wish, or the CPUs within the cgroup's limit.
fn procs_wanted() -> u32 {
    match WISH.load(Ordering::Relaxed) {
        0 => cgroup::gomaxprocs(process::ncpu(), &mut ProcFiles),
        n => n,
    }
}

/// In the child of a fork: as many Ps as the parent had, when they are wanted again.
pub fn keep_procs(n: u32) {
    WISH.store(n, Ordering::Relaxed);
}

struct ProcFiles;

impl cgroup::Files for ProcFiles {
    fn read<'a>(&mut self, path: &[u8], buffer: &'a mut [u8]) -> Option<&'a [u8]> {
        proc::read_file(path, buffer)
    }
}

/// A constructor, which libc calls before the boot, asks for what only the scheduler has.
#[cold]
pub fn too_early() -> ! {
    crate::fatal::throw(
        b"rtlib is used before the runtime is there, in a constructor (.init_array): use #[rtlib::init], or a LazyLock that main or an init needs first",
    )
}
