//! The network poller (`netpoll`), as the scheduler knows it: functions that it registers in the boot, and how many wait there.

use core::sync::atomic::{AtomicU32, Ordering};

use crate::link::Link;

/// Goroutines that wait for a descriptor. Written by the poller.
pub static WAITERS: AtomicU32 = AtomicU32::new(0);

/// What the scheduler asks of the poller, in its slow paths only, in front of a system call.
pub struct Poller {
    /// Readies the goroutines whose descriptors have events, without waiting for any. True when there was one. The caller holds a P, or is sysmon.
    pub poll: fn() -> bool,
    /// Sleeps until there are events, at most so many ns, or until `interrupt`; calls `before`, with whether there are any, and readies who waits for them. For one idle M at a time.
    pub sleep: fn(ns: Option<u64>, before: &mut dyn FnMut(bool)),
    /// Ends the `sleep` that is under way, or the next one.
    pub interrupt: fn(),
}

static POLLER: Link<Poller> = Link::none();

/// Registers the poller.
pub fn register(poller: &'static Poller) {
    POLLER.set(Some(poller));
}

/// Whether some goroutine waits for a descriptor: it may be woken from outside the program.
#[inline]
pub fn anybody_waits() -> bool {
    WAITERS.load(Ordering::SeqCst) != 0
}

/// See [`Poller::poll`].
#[inline]
pub fn poll() -> bool {
    anybody_waits() && POLLER.get().is_some_and(|poller| (poller.poll)())
}

/// See [`Poller::sleep`].
pub fn sleep(ns: Option<u64>, before: &mut dyn FnMut(bool)) {
    if let Some(poller) = POLLER.get() {
        (poller.sleep)(ns, before);
    }
}

/// See [`Poller::interrupt`].
pub fn interrupt() {
    if let Some(poller) = POLLER.get() {
        (poller.interrupt)();
    }
}
