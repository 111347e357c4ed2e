//! A one-shot event in one word: one waiter, one who sets it, in any order. What Go's `note` is to threads (runtime/lock_futex.go), for goroutines.
//!
//! The word is 0, or `SET`, or the address of the waiter. It may lie in memory that the waiter frees when it has waited: whoever sets it does not touch it after the one exchange.

use core::ptr;

use crate::chan::WaitReason;
use crate::chan::env::Env;
use crate::shim::{AtomicUsize, Ordering};

/// The word when the event has happened; no address of a waiter.
const SET: usize = 1;

/// Blocks until the event is set. All that happened before it was set happens before this returns.
pub fn wait<E: Env>(event: &AtomicUsize, why: WaitReason) {
    if event.load(Ordering::Acquire) != SET {
        let word = ptr::from_ref(event) as usize;
        E::park(E::waiter(), why, register::<E>, word, u64::MAX);
    }
}

extern "C" fn register<E: Env>(left: &'static E::G, event: usize) {
    E::publish(left);
    // SAFETY: `wait` passed the event; its caller keeps it until the waiter goes on, which it does not before it is registered.
    let event = unsafe { &*(event as *const AtomicUsize) };
    let waiter = ptr::from_ref(left) as usize;
    if event
        .compare_exchange(0, waiter, Ordering::AcqRel, Ordering::Acquire)
        .is_err()
    {
        E::ready(left);
    }
}

/// Sets the event, once, and wakes the waiter if there is one.
///
/// # Safety
/// The event is valid until this has set it.
pub unsafe fn set<E: Env>(event: *const AtomicUsize) {
    // SAFETY: the caller vouches. The event is not touched again.
    let before = unsafe { (*event).swap(SET, Ordering::AcqRel) };
    if before > SET {
        // SAFETY: `register` stored a waiter's address, and waiters are never freed.
        E::ready(unsafe { &*(before as *const E::G) });
    }
}
