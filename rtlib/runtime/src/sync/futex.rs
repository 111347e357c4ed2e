//! futex(2) on the scheduler: sleep while a word of memory has a value, until somebody wakes those who sleep at its address.
//!
//! Who waits announces itself in the bucket of the address and then looks at the word, under the bucket's lock. Who wakes has changed the word before, and looks
//! behind a fence whether anybody is announced. One of them sees the other: no wake-up is lost. Whoever wakes never reads the word, which may be gone by then.
//!
//! All who are queued in this table sleep, or will before the bucket's lock is free.

use core::mem::forget;
use core::ptr;

use super::queues::Node;
use super::sema::unlock;
use super::table::{Table, Waiting};
use crate::chan::WaitReason;
use crate::chan::env::Env;
use crate::shim::{AtomicU32, Ordering, fence};

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Somebody woke this waiter.
    Woken,
    /// The word had another value from the start.
    Changed,
    /// The deadline came first.
    TooLate,
}

/// Blocks the caller while `*word == value`, until a [`wake`] for one of `bits`, or until the deadline (ns of the monotonic clock, `u64::MAX`: none). `why` is for
/// those who look at stacks.
pub fn wait<E: Env>(
    table: &'static Table<E>,
    word: &AtomicU32,
    value: u32,
    bits: u32,
    deadline: u64,
    why: WaitReason,
) -> Ended {
    let addr = ptr::from_ref(word) as usize;
    let bucket = table.bucket(addr);
    let me = E::waiter();
    let mut node = Node::new(addr, Waiting::new(me, deadline));
    node.value.asleep = true;
    node.value.bits = bits;
    let node = &raw mut node;
    let mut held = bucket.lock();
    held.announce();
    if word.load(Ordering::SeqCst) != value {
        held.retract();
        return Ended::Changed;
    }
    if deadline != u64::MAX {
        E::arm(me);
    }
    // SAFETY: on this stack, which is not left before the node is out: whoever wakes this waiter takes it out first, and `give_up` does after the deadline.
    unsafe { held.push(node, false) };
    forget(held);
    let bucket_word = ptr::from_ref(bucket) as usize;
    if E::park(me, why, unlock::<E>, bucket_word, deadline) {
        // SAFETY: pushed above.
        unsafe { bucket.lock().give_up(node) };
        return Ended::TooLate;
    }
    Ended::Woken
}

/// Wakes `most` of those who wait at `addr` for one of `bits`; returns how many it woke.
pub fn wake<E: Env>(table: &'static Table<E>, addr: usize, most: u32, bits: u32) -> u32 {
    wake_by(table, addr, most, bits, E::ready)
}

/// As [`wake`], with another way to let them run.
pub fn wake_by<E: Env>(
    table: &'static Table<E>,
    addr: usize,
    most: u32,
    bits: u32,
    ready: fn(&'static E::G),
) -> u32 {
    fence(Ordering::SeqCst);
    let bucket = table.bucket(addr);
    if bucket.is_empty() {
        return 0;
    }
    let (chain, count) = bucket.lock().pop_matching(addr, most, bits);
    chain.ready_by(ready);
    count
}
