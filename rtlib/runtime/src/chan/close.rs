//! Closing.

use core::sync::atomic::Ordering::{Relaxed, Release};

use super::waitq::Outcome;
use super::{Chan, Env};

impl<E: Env> Chan<E> {
    /// Closes the channel for this reason (a `CLOSED_*` bit): nothing can be sent any more, and who waits is told. What is in the buffer can still be received. Returns the reasons that there
    /// were before.
    pub fn close(&self, reason: u32) -> u32 {
        let locked = self.lock();
        let before = self.closed.load(Relaxed);
        self.closed.store(before | reason, Release);
        let receivers = self.recvq.pop_all(&locked);
        let senders = self.sendq.pop_all(&locked);
        drop(locked);
        receivers.wake(Outcome::Closed);
        senders.wake(Outcome::Closed);
        before
    }

    /// The reasons for which it is closed; 0 while it is open.
    pub fn closed(&self) -> u32 {
        self.closed.load(Relaxed)
    }
}
