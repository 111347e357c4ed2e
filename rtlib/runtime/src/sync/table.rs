//! The table in which those who wait are found by the address that they wait at: buckets, each with a lock, queues by address and the number of those who wait.

#[cfg(not(loom))]
use core::cell::UnsafeCell;
use core::ptr;

#[cfg(loom)]
use loom::cell::UnsafeCell;

use super::queues::{Node, Queues};
use crate::chan::env::{Env, RawLock};
use crate::shim::{AtomicUsize, Ordering};

/// Bits of a bucket's number.
#[cfg(not(loom))]
const BITS: u32 = 8;
/// How many buckets there are.
#[cfg(not(loom))]
pub const BUCKETS: usize = 1 << BITS;
/// How many buckets there are.
#[cfg(loom)]
pub const BUCKETS: usize = 2;

/// Who waits.
pub struct Waiting<E: Env> {
    /// The waiter.
    pub who: &'static E::G,
    /// It has been left, or will be before the bucket's lock is free: whoever takes it out must ready it. Else to tell it is enough.
    pub asleep: bool,
    /// Its deadline may wake it, too: to wake it one must win it ([`Env::win`]).
    pub timed: bool,
    /// By whoever took it out: what it waits for is its own. It need not look again.
    pub told: bool,
    /// Which wake-ups it listens to, for those that are for some only (futex(2), `FUTEX_WAIT_BITSET`).
    pub bits: u32,
    /// For whoever took several out.
    chained: *mut Node<Self>,
}

impl<E: Env> Waiting<E> {
    /// `who`, not asleep, waits until the deadline.
    pub fn new(who: &'static E::G, deadline: u64) -> Self {
        Self {
            who,
            asleep: false,
            timed: deadline != u64::MAX,
            told: false,
            bits: u32::MAX,
            chained: ptr::null_mut(),
        }
    }
}

/// Whom [`Held::pop`] found.
pub enum Popped<E: Env> {
    /// Nobody.
    Nobody,
    /// One who does not sleep and has been told.
    Awake,
    /// One whom the caller must ready, once, after it has let go of the lock; until then the node stays where it is.
    Asleep(*mut Node<Waiting<E>>),
}

/// One bucket. Aligned so that two do not share a cache line. Zero bytes are one without waiters, if they are a lock that is not held.
#[repr(align(64))]
pub struct Bucket<E: Env> {
    /// How many wait here: read without the lock to find that there is nobody to wake.
    waiting: AtomicUsize,
    lock: E::Lock,
    queues: UnsafeCell<Queues<Waiting<E>>>,
}

// SAFETY: the queues are used under the lock.
unsafe impl<E: Env> Sync for Bucket<E> where E::Lock: Sync {}
// SAFETY: what they hold are references to waiters, which any thread may use under the lock.
unsafe impl<E: Env> Send for Waiting<E> {}

/// A bucket whose lock is held.
pub struct Held<'a, E: Env>(&'a Bucket<E>);

/// The table.
#[cfg(not(loom))]
pub struct Table<E: Env>(pub [Bucket<E>; BUCKETS]);

/// The table; and the address whose bucket is the second one, while all others are the first's: loom wants to see the same at each run, and addresses are not.
#[cfg(loom)]
pub struct Table<E: Env>(pub [Bucket<E>; BUCKETS], pub std::sync::OnceLock<usize>);

/// Where those who wait at an address are queued: a table, or a bucket of the address's own.
pub trait Buckets: 'static {
    /// Who waits and wakes.
    type Env: Env;

    /// The bucket for an address.
    fn bucket(&self, addr: usize) -> &Bucket<Self::Env>;
}

impl<E: Env> Buckets for Table<E>
where
    Self: 'static,
{
    type Env = E;

    #[inline]
    fn bucket(&self, addr: usize) -> &Bucket<E> {
        Table::bucket(self, addr)
    }
}

impl<E: Env> Table<E> {
    /// The bucket for an address.
    #[cfg(loom)]
    pub fn bucket(&self, addr: usize) -> &Bucket<E> {
        &self.0[usize::from(self.1.get() == Some(&addr))]
    }

    /// The bucket for an address.
    #[cfg(not(loom))]
    #[inline]
    pub fn bucket(&self, addr: usize) -> &Bucket<E> {
        /// 2^64 over the golden ratio: spreads addresses that differ in few bits.
        const FIBONACCI: u64 = 0x9e37_79b9_7f4a_7c15;
        let hash = (addr as u64).wrapping_mul(FIBONACCI);
        &self.0[(hash >> 32) as usize >> (32 - BITS)]
    }
}

impl<E: Env> Bucket<E> {
    /// An empty one behind this lock, which is not held.
    #[cfg(not(loom))]
    pub const fn new(lock: E::Lock) -> Self {
        Self {
            waiting: AtomicUsize::new(0),
            lock,
            queues: UnsafeCell::new(Queues::new()),
        }
    }

    /// An empty one behind this lock, which is not held (loom's atomics have no const constructor).
    #[cfg(loom)]
    pub fn new(lock: E::Lock) -> Self {
        Self {
            waiting: AtomicUsize::new(0),
            lock,
            queues: UnsafeCell::new(Queues::new()),
        }
    }

    /// Nobody waits here, and nobody has the lock, whatever was before: in the child of a fork.
    ///
    /// # Safety
    /// There is one thread, and `lock` is not held.
    #[cfg(feature = "object")]
    pub unsafe fn renew(&self, new: Self) {
        // SAFETY: all fields are for shared use, and nobody uses them now. Who waited is not there.
        unsafe { ptr::from_ref(self).cast_mut().write(new) };
    }

    /// Takes the lock.
    #[inline]
    pub fn lock(&self) -> Held<'_, E> {
        self.lock.lock();
        Held(self)
    }

    /// The bucket, whose lock the caller has taken and goes on holding when it drops this.
    ///
    /// # Safety
    /// It is held, and its [`Held`] was forgotten.
    pub unsafe fn locked(&self) -> core::mem::ManuallyDrop<Held<'_, E>> {
        core::mem::ManuallyDrop::new(Held(self))
    }

    /// Lets go of the lock that a waiter took before it was left.
    ///
    /// # Safety
    /// It is held, and its [`Held`] was forgotten.
    pub unsafe fn unlock(&self) {
        // SAFETY: the caller vouches; buckets are never freed ([`Buckets`]).
        unsafe { self.lock.release() }
    }

    /// Whether nobody waits, as far as whoever announced itself before the caller's last sequentially consistent write is concerned.
    #[inline]
    pub fn is_empty(&self) -> bool {
        sequentially_consistent();
        self.waiting.load(Ordering::SeqCst) == 0
    }
}

/// Loom takes sequential consistency of loads and exchanges for acquire and release; of fences it knows it.
#[inline(always)]
fn sequentially_consistent() {
    #[cfg(all(loom, test))]
    crate::shim::fence(Ordering::SeqCst);
}

impl<E: Env> Drop for Held<'_, E> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: held, and gone.
        unsafe { self.0.unlock() }
    }
}

impl<E: Env> Held<'_, E> {
    #[allow(
        clippy::mut_from_ref,
        reason = "the lock is held, and no two of these live at once"
    )]
    fn queues(&self) -> &mut Queues<Waiting<E>> {
        #[cfg(not(loom))]
        let queues = self.0.queues.get();
        #[cfg(loom)]
        let queues = self.0.queues.with_mut(|queues| queues);
        // SAFETY: the lock is held; each use below ends before the next begins.
        unsafe { &mut *queues }
    }

    /// Makes [`Bucket::is_empty`] false, before the caller decides whether it needs to wait.
    pub fn announce(&mut self) {
        self.0.waiting.fetch_add(1, Ordering::SeqCst);
        sequentially_consistent();
    }

    /// The caller, or somebody, announced itself and does not wait (any more).
    pub fn retract(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }

    /// Queues a waiter that announced itself.
    ///
    /// # Safety
    /// As [`Queues::push`].
    pub unsafe fn push(&mut self, node: *mut Node<Waiting<E>>, in_front: bool) {
        // SAFETY: the caller vouches.
        unsafe { self.queues().push(node, in_front) }
    }

    /// Takes the first out of the queue at `addr` who can be woken.
    pub fn pop(&mut self, addr: usize) -> Popped<E> {
        loop {
            let node = self.queues().pop(addr);
            if node.is_null() {
                return Popped::Nobody;
            }
            self.retract();
            // SAFETY: what was queued lives until it is woken, or until it has taken this lock after its deadline.
            let waiting = unsafe { &mut (*node).value };
            if !waiting.asleep {
                waiting.told = true;
                return Popped::Awake;
            }
            if !waiting.timed || E::win(waiting.who) {
                return Popped::Asleep(node);
            }
        }
    }

    /// Takes all out of the queue at `addr`.
    pub fn pop_all(&mut self, addr: usize) -> Chain<E> {
        let mut first = ptr::null_mut();
        let mut end = &raw mut first;
        loop {
            match self.pop(addr) {
                Popped::Nobody => return Chain { first },
                Popped::Awake => {}
                // SAFETY: `end` is `first` or in the node before this one, and both stay where they are.
                Popped::Asleep(node) => unsafe {
                    *end = node;
                    end = &raw mut (*node).value.chained;
                },
            }
        }
    }

    /// Takes those out of the queue at `addr` who sleep there, listen to one of `bits` and can be woken, the oldest first, `most` of them at most. Also says how many
    /// they are.
    pub fn pop_matching(&mut self, addr: usize, most: u32, bits: u32) -> (Chain<E>, u32) {
        let mut first = ptr::null_mut();
        let mut end = &raw mut first;
        let mut count = 0;
        let mut node = self.queues().first(addr);
        while !node.is_null() && count < most {
            // SAFETY: what is queued lives until it is woken, or until it has taken this lock after its deadline. `end` is `first` or in the node before this
            // one, which stays where it is until it is readied.
            unsafe {
                let behind = self.queues().behind(node);
                let waiting = &raw mut (*node).value;
                if (*waiting).bits & bits != 0 {
                    self.queues().remove(node);
                    self.retract();
                    if !(*waiting).timed || E::win((*waiting).who) {
                        *end = node;
                        end = &raw mut (*waiting).chained;
                        count += 1;
                    }
                }
                node = behind;
            }
        }
        (Chain { first }, count)
    }

    /// After a deadline: takes the caller out, unless somebody who lost against the deadline has.
    ///
    /// # Safety
    /// The node was pushed here.
    pub unsafe fn give_up(&mut self, node: *mut Node<Waiting<E>>) {
        // SAFETY: the caller's node, which is in these queues if it says so.
        unsafe {
            if (*node).is_queued() {
                self.queues().remove(node);
                self.retract();
            }
        }
    }
}

/// Waiters that were taken out, to be readied in this order.
pub struct Chain<E: Env> {
    first: *mut Node<Waiting<E>>,
}

impl<E: Env> Chain<E> {
    /// Readies them. Not under the lock.
    pub fn ready(self) {
        self.ready_by(E::ready);
    }

    /// As [`Chain::ready`], with another way to let them run.
    pub fn ready_by(self, ready: fn(&'static E::G)) {
        let mut node = self.first;
        while !node.is_null() {
            // SAFETY: out of the queue, so ours until it is readied.
            let waiting = unsafe { &(*node).value };
            let (who, next) = (waiting.who, waiting.chained);
            ready(who);
            node = next;
        }
    }
}
