//! Channels and `select`, untyped: elements are bytes. The `rtlib` crate puts types, ownership and destructors on top.
//!
//! - `env`: what a channel needs of its surroundings: who waits and how, a lock. `real` is the scheduler; tests bring their own.
//! - `waitq`: those who wait, records on their own stacks; `buffer`: elements that nobody waits for, in blocks.
//! - `send`, `recv`, `close`: the operations; `select`: several at once. `api`: the C interface.
//!
//! # Invariants
//!
//! - One lock a channel. Everything but `closed`, `count` and the heads of the two queues, which may be peeked at, is touched under it. Channels' locks are taken one at a
//!   time, except by a `select`, which takes those of all its channels in the order of their addresses. The scheduler's locks come after a channel's.
//! - An element that is sent while somebody waits for it goes straight into the waiter's slot. So receivers wait only while the buffer is empty, and senders only while it is
//!   full, counting room that is reserved.
//! - Both queues are first in, first out.
//! - Who takes a waiter from a queue, and wins it if it waits for several things (`Env::win`), owns it until it wakes it (`Sudog::wake`), which it must; it may copy from and to its
//!   slot without the lock.
//!
//! # A send that makes its element late
//!
//! In `select!` the expression that is to be sent is evaluated only once its arm is chosen. So a `select` that chooses a send ends with a *claim*, which the caller then fills
//! (`Chan::fill`) or gives up (`Chan::abandon`). It is a claim on one receiver, who is parked and waits for nothing else any more, or on room in the buffer, which nobody
//! else can take (`reserved`). A receiver that meets a waiting `select` of this kind on an unbuffered channel puts itself into the sender's hands (`recv::pair`); if the sender gives up,
//! it tries again.

pub mod api;
mod buffer;
mod close;
pub mod env;
mod recv;
pub mod select;
mod send;
mod waitq;

#[cfg(all(test, loom))]
mod loom_tests;
#[cfg(all(test, loom))]
pub(crate) mod model;
#[cfg(feature = "object")]
pub(crate) mod real;

use core::sync::atomic::Ordering::Relaxed;

use rtlib_abi::chan::Shape;

use crate::shim::{AtomicU32, AtomicUsize, Cell};

pub use crate::gmp::waitreason::WaitReason;
use buffer::Buffer;
pub use env::{Commit, Env, RawLock};
use waitq::Queue;
pub use waitq::Sudog;

/// How long an operation may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Not at all.
    Try,
    /// Until this moment of the monotonic clock, ns.
    Until(u64),
    /// For ever.
    Forever,
}

impl Wait {
    fn deadline(self) -> u64 {
        match self {
            Self::Until(deadline) => deadline,
            Self::Try | Self::Forever => u64::MAX,
        }
    }
}

/// A channel. Does not move while anybody knows it.
#[repr(C)]
pub struct Chan<E: Env> {
    lock: E::Lock,
    /// The `CLOSED_*` bits of `rtlib_abi::chan`. Written under the lock.
    closed: AtomicU32,
    /// Elements in the buffer. Written under the lock.
    count: AtomicUsize,
    /// How many there is room for.
    cap: usize,
    recvq: Queue<E>,
    sendq: Queue<E>,
    /// Room that is promised to sends whose elements are not there yet.
    reserved: Cell<usize>,
    buffer: Buffer,
}

// SAFETY: the cells are touched under the lock only; the elements are the business of those who call the unsafe functions.
unsafe impl<E: Env> Sync for Chan<E> {}

/// The right to touch what a channel's lock protects.
struct Locked<'a, E: Env>(&'a Chan<E>);

impl<E: Env> Drop for Locked<'_, E> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: the lock is held, and the guard that said so is gone; it borrows the channel, which whoever is in a call of it keeps.
        unsafe { self.0.lock.release() }
    }
}

impl<'a, E: Env> Locked<'a, E> {
    /// Keeps the lock: somebody else will let go of it.
    #[inline(always)]
    fn keep(self) -> &'a Chan<E> {
        let chan = self.0;
        core::mem::forget(self);
        chan
    }
}

impl<E: Env> Chan<E> {
    /// A channel for elements of this shape.
    ///
    /// # Safety
    /// The first block is one as `shape` describes it, and lives, like those added later, until the channel is gone or hands it out (`take_dead`).
    #[must_use]
    pub unsafe fn new(shape: &Shape) -> Self {
        Self {
            lock: E::Lock::new(),
            closed: AtomicU32::new(0),
            count: AtomicUsize::new(0),
            cap: shape.cap,
            recvq: Queue::new(),
            sendq: Queue::new(),
            reserved: Cell::new(0),
            // SAFETY: the caller vouches.
            buffer: unsafe { Buffer::new(shape) },
        }
    }

    /// Elements in the buffer now.
    #[inline]
    pub fn len(&self) -> usize {
        self.count.load(Relaxed)
    }

    /// Whether there is no element in the buffer now.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[inline(always)]
    fn lock(&self) -> Locked<'_, E> {
        self.lock.lock();
        Locked(self)
    }

    /// # Safety
    /// The caller took the lock and `keep`s it.
    #[inline(always)]
    unsafe fn locked(&self) -> Locked<'_, E> {
        Locked(self)
    }

    /// A commit function: lets go of the channel that the goroutine kept locked when it parked.
    extern "C" fn unlock_commit(left: &'static E::G, chan: usize) {
        // SAFETY: who parks with this commit passes the channel it has locked, and knows the channel until it is woken.
        let chan = unsafe { &*(chan as *const Self) };
        E::publish(left);
        // SAFETY: as above.
        unsafe { chan.lock.unlock() };
    }

    #[inline(always)]
    fn address(&self) -> usize {
        core::ptr::from_ref(self) as usize
    }
}

impl<E: Env> Locked<'_, E> {
    #[inline(always)]
    fn has_room(&self) -> bool {
        self.0.count.load(Relaxed) + self.0.reserved.get() < self.0.cap
    }

    #[inline(always)]
    fn is_closed(&self) -> bool {
        self.0.closed.load(Relaxed) != 0
    }
}
