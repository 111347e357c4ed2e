//! Who sleeps in the runtime, and threads of the program's own: counted for whoever looks for a deadlock (`watch::dead`), who is woken when another one goes to sleep or ends.

use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::global::{SCHED, Sched};
use super::watcher;

/// Threads that wait in `park::thread_park`: how many (low half), and a count of changes (high half).
pub static ASLEEP: AtomicU64 = AtomicU64::new(0);
/// What a change adds to it.
pub const CHANGE: u64 = 1 << 32;

/// Sysmon is to be woken when so many threads are in `ASLEEP`, when an M goes idle, and when a thread ends. [`NOBODY`] when it need not be.
pub static LISTENS: AtomicU64 = AtomicU64::new(NOBODY);
/// See `LISTENS`.
pub const NOBODY: u64 = u64::MAX;

/// A thread goes to sleep until somebody readies it. Not under a lock of a rank above the scheduler lock's.
pub fn falls_asleep() {
    let asleep = ASLEEP.fetch_add(CHANGE + 1, Ordering::SeqCst) + 1;
    if asleep % CHANGE >= LISTENS.load(Ordering::SeqCst) {
        something_ended(&SCHED.lock());
    }
}

/// Somebody has woken a thread that had called `falls_asleep`.
pub fn is_woken() {
    // Where nobody sleeps it is one of the parent's threads, in the child of a fork.
    let less =
        |asleep: u64| (!asleep.is_multiple_of(CHANGE)).then(|| asleep.wrapping_add(CHANGE - 1));
    _ = ASLEEP.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less);
}

/// In the child of a fork: there are no other threads.
pub fn forget_threads() {
    ASLEEP.store(0, Ordering::Relaxed);
    listen_no_more();
}

/// An M goes to sleep or ends.
pub fn something_ended(sched: &Sched) {
    if LISTENS.load(Ordering::SeqCst) != NOBODY {
        listen_no_more();
        watcher::wake_for_death(sched);
    }
}

/// Sysmon is awake, or about to be. Under the scheduler lock.
pub fn listen_no_more() {
    LISTENS.store(NOBODY, Ordering::SeqCst);
}

/// Threads of the program's own (std's, C's; see `hooks/create.rs`) that exist. One that ends is counted out before libc's count and the kernel's say so.
static PLAIN: AtomicU32 = AtomicU32::new(0);

/// How many there are.
pub fn plain() -> u32 {
    PLAIN.load(Ordering::SeqCst)
}

/// In the child of a fork: the calling thread is one, or there is none.
pub fn restart_plain(count: u32) {
    PLAIN.store(count, Ordering::Relaxed);
}

/// One is about to be made.
pub fn plain_begins() {
    PLAIN.fetch_add(1, Ordering::SeqCst);
}

/// It ends, or could not be made.
pub fn plain_ends() {
    PLAIN.fetch_sub(1, Ordering::SeqCst);
    if LISTENS.load(Ordering::SeqCst) != NOBODY {
        something_ended(&SCHED.lock());
    }
}
