//! The queue of a condition variable at any address: what Go's `notifyList` is for (runtime/sema.go), with deadlines.
//!
//! A waiter is queued before it lets go of the mutex that goes with the condition. So a notification that comes after that finds it; when it does not sleep yet it is only told, and
//! then does not go to sleep.

use core::mem::forget;
use core::ptr;

use super::queues::Node;
use super::sema::unlock;
use super::table::{Popped, Table, Waiting};
use crate::chan::WaitReason;
use crate::chan::env::Env;

/// Queues the caller at `addr`, calls `release` (which lets go of the mutex and may block), and blocks until it is notified. False when the deadline (ns of the monotonic clock,
/// `u64::MAX`: none) came first.
pub fn wait<E: Env>(
    table: &'static Table<E>,
    addr: usize,
    why: WaitReason,
    deadline: u64,
    release: impl FnOnce(),
) -> bool {
    let bucket = table.bucket(addr);
    let me = E::waiter();
    let mut node = Node::new(addr, Waiting::new(me, deadline));
    let node = &raw mut node;
    {
        let mut held = bucket.lock();
        held.announce();
        // SAFETY: on this stack, which is not left before the node is out: see below.
        unsafe { held.push(node, false) };
    }
    release();
    let held = bucket.lock();
    // SAFETY: the node is used under the lock. Told, it is out; else it is asleep from here on, and whoever wakes it takes it out first.
    unsafe {
        if (*node).value.told {
            return true;
        }
        (*node).value.asleep = true;
    }
    if deadline != u64::MAX {
        E::arm(me);
    }
    forget(held);
    let too_late = E::park(
        me,
        why,
        unlock::<E>,
        ptr::from_ref(bucket) as usize,
        deadline,
    );
    if too_late {
        // SAFETY: pushed above.
        unsafe { bucket.lock().give_up(node) };
    }
    !too_late
}

/// Wakes the one who has waited at `addr` for longest.
pub fn notify_one<E: Env>(table: &'static Table<E>, addr: usize) {
    let popped = table.bucket(addr).lock().pop(addr);
    if let Popped::Asleep(node) = popped {
        // SAFETY: out of the queue, so ours until it is readied.
        E::ready(unsafe { (*node).value.who });
    }
}

/// Wakes all who wait at `addr`.
pub fn notify_all<E: Env>(table: &'static Table<E>, addr: usize) {
    let chain = table.bucket(addr).lock().pop_all(addr);
    chain.ready();
}
