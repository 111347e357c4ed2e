//! Counting semaphores at any address: Go's `semacquire1` and `semrelease1` (runtime/sema.go), with deadlines.
//!
//! Who wants a unit and finds none announces itself in the bucket of the address, looks again, and waits. Who releases adds the unit first and then looks whether anybody is
//! announced. Both with sequential consistency, so one of them sees the other: no wake-up is lost.
//!
//! A unit that is released is not the woken waiter's: it looks again, and whoever comes by may be faster. Only a release with `handoff` takes the unit in the
//! name of the first waiter, and runs it at once.

use core::mem::forget;
use core::ptr;

use super::queues::Node;
use super::table::{Bucket, Popped, Table, Waiting};
use crate::chan::WaitReason;
use crate::chan::env::Env;
use crate::shim::{AtomicU32, Ordering};

/// Takes a unit if there is one.
#[inline]
pub fn try_acquire(units: &AtomicU32) -> bool {
    let mut now = units.load(Ordering::SeqCst);
    while now != 0 {
        match units.compare_exchange_weak(now, now - 1, Ordering::SeqCst, Ordering::SeqCst) {
            Ok(_) => return true,
            Err(other) => now = other,
        }
    }
    false
}

/// How to wait.
#[derive(Clone, Copy)]
pub struct Wait {
    /// Why, for those who look at stacks.
    pub why: WaitReason,
    /// In front of all who wait already: for one who waited before.
    pub in_front: bool,
    /// ns of the monotonic clock; `u64::MAX`: as long as it takes.
    pub deadline: u64,
}

/// Takes a unit, waiting for it. False when there was none until the deadline.
pub fn acquire<E: Env>(table: &'static Table<E>, units: &AtomicU32, wait: Wait) -> bool {
    if try_acquire(units) {
        return true;
    }
    let addr = ptr::from_ref(units) as usize;
    let bucket = table.bucket(addr);
    let me = E::waiter();
    let mut node = Node::new(addr, Waiting::new(me, wait.deadline));
    node.value.asleep = true;
    let node = &raw mut node;
    loop {
        let mut held = bucket.lock();
        held.announce();
        if try_acquire(units) {
            held.retract();
            return true;
        }
        if wait.deadline != u64::MAX {
            E::arm(me);
        }
        // SAFETY: on this stack, which is not left before the node is out: whoever wakes this waiter takes it out first, and `give_up` does after the deadline.
        unsafe { held.push(node, wait.in_front) };
        forget(held);
        let bucket_word = ptr::from_ref(bucket) as usize;
        if E::park(me, wait.why, unlock::<E>, bucket_word, wait.deadline) {
            // SAFETY: pushed above.
            unsafe { bucket.lock().give_up(node) };
            return try_acquire(units);
        }
        // SAFETY: out of the queue, so this side's again.
        if unsafe { (*node).value.told } || try_acquire(units) {
            return true;
        }
    }
}

/// The commit of those who wait in a bucket.
pub extern "C" fn unlock<E: Env>(left: &'static E::G, bucket: usize) {
    E::publish(left);
    // SAFETY: the waiter passed a bucket, which is static and whose lock it took for this.
    unsafe { (*(bucket as *const Bucket<E>)).unlock() };
}

/// Adds a unit and wakes the first who waits for one. With `handoff` the unit is given to it; true says then that it is to run at once, in the caller's place.
///
/// The semaphore may be gone as soon as the unit is there, if somebody else frees it who takes the unit: hence a pointer. With `handoff` it must live on.
///
/// # Safety
/// `units` is valid until this has added the unit; with `handoff`, until it returns.
pub unsafe fn release<E: Env>(
    table: &'static Table<E>,
    units: *const AtomicU32,
    handoff: bool,
) -> bool {
    // SAFETY: the caller vouches.
    unsafe { (*units).fetch_add(1, Ordering::SeqCst) };
    let bucket = table.bucket(units as usize);
    if bucket.is_empty() {
        return false;
    }
    let popped = bucket.lock().pop(units as usize);
    let Popped::Asleep(node) = popped else {
        return false;
    };
    // SAFETY: `units` by the caller's word; the node is ours until it is readied.
    unsafe {
        let given = handoff && try_acquire(&*units);
        (*node).value.told = given;
        E::ready((*node).value.who);
        given
    }
}
