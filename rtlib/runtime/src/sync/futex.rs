//! futex(2) on the scheduler: sleep while a word of memory has a value, until somebody wakes those who sleep at its address.
//!
//! Who waits announces itself in the bucket of the address and then looks at the word, under the bucket's lock. Who wakes has changed the word before, and looks
//! behind a fence whether anybody is announced. One of them sees the other: no wake-up is lost. Whoever wakes never reads the word, which may be gone by then.
//!
//! All who are queued in this table sleep, or will before the bucket's lock is free.

use core::mem::{MaybeUninit, forget};
use core::ptr;

use super::queues::Node;
use super::sema::unlock;
use super::table::{Bucket, Buckets, Waiting};
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
pub fn wait<B: Buckets>(
    buckets: &'static B,
    word: &AtomicU32,
    value: u32,
    bits: u32,
    deadline: u64,
    why: WaitReason,
) -> Ended {
    let addr = ptr::from_ref(word) as usize;
    let bucket = buckets.bucket(addr);
    let me = B::Env::waiter();
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
        B::Env::arm(me);
    }
    // SAFETY: on this stack, which is not left before the node is out: whoever wakes this waiter takes it out first, and `give_up` does after the deadline.
    unsafe { held.push(node, false) };
    forget(held);
    let bucket_word = ptr::from_ref(bucket) as usize;
    if B::Env::park(me, why, unlock::<B::Env>, bucket_word, deadline) {
        // SAFETY: pushed above.
        unsafe { bucket.lock().give_up(node) };
        return Ended::TooLate;
    }
    Ended::Woken
}

/// A place in one of several queues, for [`wait_any`].
pub struct Place<E: Env> {
    node: Node<Waiting<E>>,
    bucket: &'static Bucket<E>,
}

/// As [`wait`] for the first of several words of which one is to change or to be woken for; each with its bucket and the value that it has until then. There are as many places as words, and at least one.
///
/// All buckets are locked before any word is looked at, so that whoever changes one and wakes finds the waiter queued at every one of them, or nowhere. Of several who wake, one wins the waiter
/// ([`Env::win`]).
pub fn wait_any<'w, E: Env>(
    words: impl Iterator<Item = (&'static Bucket<E>, &'w AtomicU32, u32)> + Clone,
    places: &mut [MaybeUninit<Place<E>>],
    deadline: u64,
    why: WaitReason,
) -> Ended {
    let me = E::waiter();
    let places: *mut [Place<E>] = set_out(me, words.clone(), places);
    // SAFETY: ours, and each node until it is queued.
    let each = || (0..places.len()).map(|i| unsafe { &raw mut (*places)[i] });
    // SAFETY: of what `each` gives, which live until the end of this function. A lock is held from here to `unlock_all`, or to where a word has changed.
    unsafe {
        in_buckets(places, |bucket| forget(bucket.lock()));
        for place in each() {
            (*place).bucket.locked().announce();
        }
        let mut words = words;
        if words.any(|(_, word, value)| word.load(Ordering::SeqCst) != value) {
            for place in each() {
                (*place).bucket.locked().retract();
            }
            in_buckets(places, |bucket| bucket.unlock());
            return Ended::Changed;
        }
        E::arm(me);
        for place in each() {
            (*place).bucket.locked().push(&raw mut (*place).node, false);
        }
    }
    let arg = (&raw const places) as usize;
    let too_late = E::park(me, why, unlock_all::<E>, arg, deadline);
    for place in each() {
        // SAFETY: pushed above. Who took it out did so under the lock and has not touched it since, but for the one who won, who is done with it.
        unsafe { (*place).bucket.lock().give_up(&raw mut (*place).node) };
    }
    if too_late {
        Ended::TooLate
    } else {
        Ended::Woken
    }
}

/// Makes the places, in the order in which their buckets are locked.
fn set_out<'w, 'p, E: Env>(
    me: &'static E::G,
    words: impl Iterator<Item = (&'static Bucket<E>, &'w AtomicU32, u32)>,
    places: &'p mut [MaybeUninit<Place<E>>],
) -> &'p mut [Place<E>] {
    let mut len = 0;
    for ((bucket, word, _), place) in words.zip(&mut *places) {
        let addr = ptr::from_ref(word) as usize;
        let mut node = Node::new(addr, Waiting::new(me, u64::MAX));
        node.value.asleep = true;
        node.value.timed = true; // there are several who may wake it
        place.write(Place { node, bucket });
        len += 1;
    }
    // SAFETY: so many have been written.
    let places = unsafe { places[..len].assume_init_mut() };
    let of = |place: &Place<E>| ptr::from_ref(place.bucket);
    for sorted in 1..places.len() {
        let mut at = sorted;
        while at != 0 && of(&places[at]) < of(&places[at - 1]) {
            places.swap(at, at - 1);
            at -= 1;
        }
    }
    places
}

/// Calls `f` with the bucket of each place, once with each. Places in one bucket lie next to each other. The successor is looked up before a bucket is given to `f`: once the last one is unlocked, the
/// places may be gone.
///
/// # Safety
/// The places live until `f` has had the last bucket. Their nodes may be others'.
unsafe fn in_buckets<E: Env>(places: *const [Place<E>], f: impl Fn(&'static Bucket<E>)) {
    let mut i = 0;
    // SAFETY: the caller vouches; nobody writes to what is read here.
    let bucket_of = |i: usize| (i < places.len()).then(|| unsafe { (*places)[i].bucket });
    let mut next = bucket_of(0);
    while let Some(bucket) = next {
        while next.is_some_and(|next| ptr::eq(next, bucket)) {
            i += 1;
            next = bucket_of(i);
        }
        f(bucket);
    }
}

/// Commit of [`wait_any`]; `places` is the address of its slice. The waiter may be woken once the first bucket is unlocked, but goes on only after it has had the lock of each.
extern "C" fn unlock_all<E: Env>(left: &'static E::G, places: usize) {
    // SAFETY: `wait_any` passes it, and does not return before all buckets, which it has locked, are unlocked.
    unsafe {
        let places = *(places as *const *const [Place<E>]);
        E::publish(left);
        in_buckets(places, |bucket| bucket.unlock());
    }
}

/// Wakes `most` of those who wait at `addr` for one of `bits`; returns how many it woke.
pub fn wake<B: Buckets>(buckets: &'static B, addr: usize, most: u32, bits: u32) -> u32 {
    wake_by(buckets, addr, most, bits, B::Env::ready)
}

/// As [`wake`], with another way to let them run.
pub fn wake_by<B: Buckets>(
    buckets: &'static B,
    addr: usize,
    most: u32,
    bits: u32,
    ready: fn(&'static <B::Env as Env>::G),
) -> u32 {
    fence(Ordering::SeqCst);
    let bucket = buckets.bucket(addr);
    if bucket.is_empty() {
        return 0;
    }
    let (chain, count) = bucket.lock().pop_matching(addr, most, bits);
    chain.ready_by(ready);
    count
}
