//! Wake-ups that signal handlers ask for. A handler may have interrupted somebody who holds the locks that waking takes, on its own thread; so it leaves the address here, and sysmon, which takes no signals, wakes whoever waits there.

use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Different addresses that may be left at a time.
const MOST: usize = 256;

static ADDRESSES: [AtomicUsize; MOST] = [const { AtomicUsize::new(0) }; MOST];
/// Some may have been left.
static SOME: AtomicBool = AtomicBool::new(false);
/// What wakes: a `fn(usize)`, 0 before the first is left.
static WAKE: AtomicUsize = AtomicUsize::new(0);

/// Leaves an address, which is not 0, for `wake` to be called with. The caller wakes sysmon.
pub fn leave(address: usize, wake: fn(usize)) {
    WAKE.store(wake as usize, Ordering::Release);
    let is_left = |place: &AtomicUsize| {
        place
            .compare_exchange(0, address, Ordering::SeqCst, Ordering::SeqCst)
            .is_ok()
    };
    if !ADDRESSES.iter().any(is_left) {
        crate::fatal::throw(b"signal handlers wake more than 256 waiters at the same time");
    }
    SOME.store(true, Ordering::SeqCst);
}

/// Whether some have been left, for who is about to sleep.
pub fn has_some() -> bool {
    SOME.load(Ordering::SeqCst)
}

/// Wakes all whose addresses have been left. On sysmon.
pub fn deliver() -> bool {
    if !has_some() || !SOME.swap(false, Ordering::SeqCst) {
        return false;
    }
    let wake = WAKE.load(Ordering::Acquire);
    for place in &ADDRESSES {
        let address = place.swap(0, Ordering::SeqCst);
        if address != 0 {
            // SAFETY: `leave` has stored a function of this type.
            unsafe { core::mem::transmute::<usize, fn(usize)>(wake)(address) };
        }
    }
    true
}

/// In the child of a fork: whom the parent was to wake is not there.
pub fn forget() {
    SOME.store(false, Ordering::Relaxed);
    ADDRESSES
        .iter()
        .for_each(|place| place.store(0, Ordering::Relaxed));
}
