//! Receiving.

use core::ptr;
use core::sync::atomic::Ordering::{Acquire, Relaxed};

use rtlib_abi::chan::{Block, CLOSED, DEAD_BLOCK, DONE, TIMED_OUT, WOULD_BLOCK};

use super::waitq::{Kind, Outcome, Owned, Sudog};
use super::{Chan, Env, Locked, Wait, WaitReason};

/// What a look at a locked channel found for a receiver.
pub(super) enum Taken<E: Env> {
    /// Nothing, and it may come yet.
    Nothing,
    /// Nothing, and nothing will come.
    Closed,
    /// An element, from the buffer, is in its slot. Wake this sender, with this outcome, without the lock; `DONE` with or without `DEAD_BLOCK`.
    Buffered(Option<(Owned<E>, Outcome)>, u32),
    /// A sender that waits: complete it with [`Chan::take_from`] without the lock.
    Sender(Owned<E>),
}

impl<E: Env> Chan<E> {
    /// Receives into `elem`, which holds an element if this returns `DONE` (with `DEAD_BLOCK`: call `take_dead`).
    ///
    /// # Safety
    /// `elem` is a place for an element.
    #[inline(always)]
    pub unsafe fn recv(&self, elem: *mut u8, wait: Wait) -> u32 {
        loop {
            if wait == Wait::Try && self.seems_empty() {
                return WOULD_BLOCK;
            }
            let locked = self.lock();
            // SAFETY: the caller vouches for `elem`.
            match unsafe { self.take(&locked, elem) } {
                Taken::Buffered(sender, status) => {
                    drop(locked);
                    if let Some((sender, outcome)) = sender {
                        sender.wake(outcome);
                    }
                    return status;
                }
                Taken::Sender(sender) => {
                    drop(locked);
                    // SAFETY: `elem` is the caller's.
                    if unsafe { self.take_from(sender, elem) } {
                        return DONE;
                    }
                }
                Taken::Closed => return CLOSED,
                Taken::Nothing if wait == Wait::Try => return WOULD_BLOCK,
                Taken::Nothing => match self.recv_park(locked, elem, wait) {
                    Some(status) => return status,
                    None => continue,
                },
            }
        }
    }

    /// Whether a receiver would have to wait, looked at without the lock: true is a state that the channel was in.
    #[inline(always)]
    fn seems_empty(&self) -> bool {
        let empty = || self.count.load(Relaxed) == 0 && !self.sendq.has_waiters();
        // A channel that was open after it was found empty was both at once.
        empty() && self.closed.load(Acquire) == 0
    }

    /// Looks for an element, and moves it to `elem` if it is in the buffer.
    ///
    /// # Safety
    /// `elem` is a place for an element.
    #[inline(always)]
    pub(super) unsafe fn take(&self, locked: &Locked<'_, E>, elem: *mut u8) -> Taken<E> {
        let count = self.count.load(Relaxed);
        if count != 0 {
            // SAFETY: the lock is held, and there is an element.
            let dead = unsafe { self.buffer.pop(elem) };
            self.count.store(count - 1, Relaxed);
            let status = if dead { DONE | DEAD_BLOCK } else { DONE };
            return Taken::Buffered(self.let_sender_in(locked), status);
        }
        match self.sendq.pop(locked) {
            Some(sender) => Taken::Sender(sender),
            None if locked.is_closed() => Taken::Closed,
            None => Taken::Nothing,
        }
    }

    /// Takes the element of a waiting sender. False when it did not come up with one: look again.
    ///
    /// # Safety
    /// `elem` is a place for an element.
    #[inline(always)]
    pub(super) unsafe fn take_from(&self, sender: Owned<E>, elem: *mut u8) -> bool {
        if sender.wants_claim() {
            return pair(sender, elem);
        }
        // SAFETY: the slot of the sender holds its element, which is ours with it.
        unsafe { self.buffer.copy(elem, sender.elem()) };
        sender.wake(Outcome::Moved);
        true
    }

    /// None: look again.
    #[inline(never)]
    fn recv_park(&self, locked: Locked<'_, E>, elem: *mut u8, wait: Wait) -> Option<u32> {
        let me = E::waiter();
        let contended = wait != Wait::Forever;
        let sg = Sudog::new(me, elem, Kind::Element, contended);
        if contended {
            E::arm(me);
        }
        self.recvq.push(&locked, &sg);
        let chan = locked.keep().address();
        E::waits_on(me, chan);
        let why = WaitReason::ChanReceive;
        if E::park(me, why, Self::unlock_commit, chan, wait.deadline()) {
            self.recvq.remove(&self.lock(), &sg);
            return Some(TIMED_OUT);
        }
        match sg.outcome.get() {
            Outcome::Moved => Some(DONE),
            Outcome::Closed => Some(CLOSED),
            _ => None,
        }
    }

    /// The blocks that are to be freed, chained.
    pub fn take_dead(&self) -> *mut Block {
        let _locked = self.lock();
        self.buffer.take_dead()
    }

    /// All blocks, chained: the channel is about to go.
    ///
    /// # Safety
    /// Nobody uses the channel any more.
    pub unsafe fn take_blocks(&self) -> *mut Block {
        let _locked = self.lock();
        self.buffer.take_all()
    }
}

/// Waits, in the hands of a sender in a `select` that has been told so, for the element that it is going to evaluate and to put into `elem`.
#[cold]
fn pair<E: Env>(sender: Owned<E>, elem: *mut u8) -> bool {
    let me = E::waiter();
    let mine = Sudog::new(me, elem, Kind::Element, false);
    let its_goroutine = ptr::from_ref(sender.tell_claim(&mine)) as usize;
    let why = WaitReason::ChanReceive;
    E::waits_on(me, 0);
    E::park(me, why, wake_sender::<E>, its_goroutine, u64::MAX);
    mine.outcome.get() == Outcome::Moved
}

/// The receiver waits: now the sender may run, and wake it.
extern "C" fn wake_sender<E: Env>(left: &'static E::G, sender: usize) {
    E::publish(left);
    // SAFETY: `pair` passes a `&'static E::G`.
    E::ready(unsafe { &*(sender as *const E::G) });
}
