//! Sending, and filling a claim that a `select` left.

use core::ptr::NonNull;
use core::sync::atomic::Ordering::{Acquire, Relaxed};

use rtlib_abi::chan::{CLOSED, DONE, NEED_BLOCK, TIMED_OUT, WOULD_BLOCK};

use super::waitq::{Kind, Outcome, Owned, Sudog};
use super::{Chan, Env, Locked, Wait, WaitReason};

impl<E: Env> Chan<E> {
    /// Sends the element at `elem`. Anything but `DONE` leaves it to the caller; after `NEED_BLOCK` (unbounded channels) the caller adds a block and tries again.
    ///
    /// # Safety
    /// `elem` is an element that the caller gives up if this returns `DONE`.
    #[inline(always)]
    pub unsafe fn send(&self, elem: *const u8, wait: Wait) -> u32 {
        if wait == Wait::Try && self.seems_full() {
            return WOULD_BLOCK;
        }
        let locked = self.lock();
        if locked.is_closed() {
            return CLOSED;
        }
        if let Some(receiver) = self.recvq.pop(&locked) {
            drop(locked);
            // SAFETY: the caller vouches for `elem`.
            unsafe { self.hand_over(receiver, elem) };
            return DONE;
        }
        if locked.has_room() {
            // SAFETY: the lock is held and there is room.
            return unsafe { self.put(&locked, elem) };
        }
        if wait == Wait::Try {
            return WOULD_BLOCK;
        }
        self.send_park(locked, elem, wait)
    }

    /// Whether a send would have to wait, looked at without the lock: true is a state that the channel was in.
    #[inline(always)]
    fn seems_full(&self) -> bool {
        // A channel that is closed stays so, and room or receivers that come later are none for this attempt.
        self.closed.load(Acquire) == 0
            && self.count.load(Relaxed) == self.cap
            && !self.recvq.has_waiters()
    }

    /// # Safety
    /// `elem` is an element.
    #[inline(always)]
    unsafe fn hand_over(&self, receiver: Owned<E>, elem: *const u8) {
        // SAFETY: the slot of a receiver is a place for an element.
        unsafe { self.buffer.copy(receiver.elem(), elem) };
        receiver.wake(Outcome::Moved);
    }

    /// Puts an element into the buffer. `DONE` or `NEED_BLOCK`.
    ///
    /// # Safety
    /// There is room; `elem` is an element.
    #[inline(always)]
    pub(super) unsafe fn put(&self, _locked: &Locked<'_, E>, elem: *const u8) -> u32 {
        let count = self.count.load(Relaxed);
        // SAFETY: the lock is held; the rest is the caller's.
        if unsafe { self.buffer.push(elem, count == 0) }.is_err() {
            return NEED_BLOCK;
        }
        self.count.store(count + 1, Relaxed);
        DONE
    }

    #[inline(never)]
    fn send_park(&self, locked: Locked<'_, E>, elem: *const u8, wait: Wait) -> u32 {
        let me = E::waiter();
        let contended = wait != Wait::Forever;
        let sg = Sudog::new(me, elem.cast_mut(), Kind::Element, contended);
        if contended {
            E::arm(me);
        }
        self.sendq.push(&locked, &sg);
        let chan = locked.keep().address();
        E::waits_on(me, chan);
        let why = WaitReason::ChanSend;
        if E::park(me, why, Self::unlock_commit, chan, wait.deadline()) {
            self.sendq.remove(&self.lock(), &sg);
            return TIMED_OUT;
        }
        match sg.outcome.get() {
            Outcome::Moved => DONE,
            _ => CLOSED,
        }
    }

    /// Fills a claim with its element. `claim` is the receiver it is on; null for reserved room. `DONE`; `CLOSED` when there is nobody to send to any more; after `NEED_BLOCK`
    /// the claim still stands.
    ///
    /// # Safety
    /// A `select` left the claim, and this is its end unless `NEED_BLOCK` is returned. `elem` as for `send`.
    pub unsafe fn fill(&self, claim: *const Sudog<E>, elem: *const u8) -> u32 {
        if let Some(receiver) = NonNull::new(claim.cast_mut()) {
            // SAFETY: a claim is on a receiver that the one who has the claim owns.
            unsafe { self.hand_over(Owned::new(receiver), elem) };
            return DONE;
        }
        let locked = self.lock();
        self.reserved.set(self.reserved.get() - 1);
        if locked.is_closed() {
            return CLOSED;
        }
        if let Some(receiver) = self.recvq.pop(&locked) {
            drop(locked);
            // SAFETY: the caller vouches for `elem`.
            unsafe { self.hand_over(receiver, elem) };
            return DONE;
        }
        // SAFETY: the room was reserved.
        let status = unsafe { self.put(&locked, elem) };
        if status == NEED_BLOCK {
            self.reserved.set(self.reserved.get() + 1);
        }
        status
    }

    /// Gives up a claim.
    ///
    /// # Safety
    /// As for `fill`.
    pub unsafe fn abandon(&self, claim: *const Sudog<E>) {
        if let Some(receiver) = NonNull::new(claim.cast_mut()) {
            // SAFETY: as in `fill`.
            unsafe { Owned::new(receiver) }.wake(Outcome::LookAgain);
            return;
        }
        let locked = self.lock();
        self.reserved.set(self.reserved.get() - 1);
        let sender = self.let_sender_in(&locked);
        drop(locked);
        if let Some((sender, outcome)) = sender {
            sender.wake(outcome);
        }
    }

    /// There is room again, in a bounded channel: for the first sender that waits. The caller wakes it, with this outcome.
    #[inline(always)]
    pub(super) fn let_sender_in(&self, locked: &Locked<'_, E>) -> Option<(Owned<E>, Outcome)> {
        let sender = self.sendq.pop(locked)?;
        if sender.wants_claim() {
            self.reserved.set(self.reserved.get() + 1);
            return Some((sender, Outcome::Claimed));
        }
        // SAFETY: there is room, and the ring of a bounded channel needs no block; the sender's slot holds its element.
        unsafe { self.put(locked, sender.elem()) };
        Some((sender, Outcome::Moved))
    }

    /// Adds a block to an unbounded channel. False when another has been faster: the block is not needed.
    ///
    /// # Safety
    /// The block is like the channel's first, with a null `next`, and the channel's if this returns true.
    pub unsafe fn add_block(&self, block: *mut rtlib_abi::chan::Block) -> bool {
        let _locked = self.lock();
        // SAFETY: the lock is held; the rest is the caller's.
        unsafe { self.buffer.add_block(block) }
    }
}
