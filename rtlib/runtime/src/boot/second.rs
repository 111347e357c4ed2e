//! What waits for the second goroutine: sysmon's thread and all Ps but the first.
//!
//! Go makes them for every program. A program whose only goroutine is `main` has nothing to watch and nothing to run in parallel, and a thread,
//! and reading the cgroup's limit, cost a tenth of such a program's whole start-up. So they are made when the first goroutine beside `main` is.

use core::sync::atomic::{AtomicBool, Ordering};

use crate::sched::{procs, threads};
use crate::watch::sysmon;

/// An M is about to sleep without an end, and somebody must tell whether it ever wakes up; or something will be due while the only goroutine runs.
#[inline]
pub fn expect_idleness() {
    if !DONE.load(Ordering::Relaxed) {
        expect_concurrency();
    }
}

/// In the child of a fork: they are to be made again when they are needed. Whether they had been made.
pub fn forget() -> bool {
    DONE.swap(false, Ordering::Relaxed)
}

static DONE: AtomicBool = AtomicBool::new(false);

/// Makes them, once. Called where a new goroutine or the number of Ps is asked for, off the fast paths.
#[cold]
pub fn expect_concurrency() {
    if !super::has_begun() {
        crate::fatal::throw(
            b"rtlib is used before the runtime is there, in a constructor (.init_array): use #[rtlib::init], or a LazyLock that main or an init needs first",
        );
    }
    if !DONE.swap(true, Ordering::AcqRel) {
        threads::newm(sysmon::sysmon);
        procs::procresize(super::procs_wanted());
    }
}
