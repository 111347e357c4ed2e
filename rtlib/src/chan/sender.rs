//! The sending side.

use core::fmt;
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::time::Duration;
use std::time::Instant;

use super::error::{SendError, SendTimeoutError, TrySendError};
use super::shared::Handle;
use super::sys::{Patience, Refusal};

/// The sending side of a channel: [`bounded`](super::bounded) and [`unbounded`](super::unbounded) make one. Clones send on the same channel.
///
/// When the last sender is dropped, the receivers get what has been sent and then [`RecvError`](super::RecvError).
///
/// ```no_run,standalone_crate
/// let (sender, receiver) = rtlib::chan::unbounded();
/// for worker in 0..3 {
///     let sender = sender.clone();
///     rtlib::go(move || sender.send(worker).unwrap());
/// }
/// drop(sender);
/// assert_eq!(receiver.iter().sum::<i32>(), 3);
/// ```
pub struct Sender<T>(Handle<T>);

// SAFETY: it moves a `T` to another thread; everything else is the runtime's and made for that.
unsafe impl<T: Send> Send for Sender<T> {}
// SAFETY: as above; through a shared reference it does nothing else.
unsafe impl<T: Send> Sync for Sender<T> {}

impl<T> UnwindSafe for Sender<T> {}
impl<T> RefUnwindSafe for Sender<T> {}

impl<T> Sender<T> {
    /// The handle must have been counted.
    pub(super) fn new(handle: Handle<T>) -> Self {
        Self(handle)
    }

    pub(super) fn handle(&self) -> &Handle<T> {
        &self.0
    }

    /// Sends a message. The caller waits while the buffer is full; without a buffer, until a receiver takes the message. Other goroutines run meanwhile.
    ///
    /// # Errors
    /// Gives the message back when nobody can receive it: all receivers are gone, or the channel was [closed](Sender::close).
    #[inline]
    pub fn send(&self, message: T) -> Result<(), SendError<T>> {
        self.0
            .send(message, Patience::Endless)
            .map_err(|(_, message)| SendError(message))
    }

    /// Sends a message if that needs no waiting: the buffer is not full, or a receiver waits.
    ///
    /// # Errors
    /// Gives the message back when it would have to wait, or when nobody can receive it any more.
    #[inline]
    pub fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        self.0
            .send(message, Patience::None)
            .map_err(|(refusal, message)| match refusal {
                Refusal::Closed => TrySendError::Disconnected(message),
                _ => TrySendError::Full(message),
            })
    }

    /// Sends a message, waiting for at most so long.
    ///
    /// # Errors
    /// Gives the message back when the time is over, or when nobody can receive it any more.
    pub fn send_timeout(&self, message: T, timeout: Duration) -> Result<(), SendTimeoutError<T>> {
        self.send_within(message, Patience::For(timeout))
    }

    /// Sends a message, waiting until this moment at most.
    ///
    /// # Errors
    /// As [`send_timeout`](Sender::send_timeout).
    pub fn send_deadline(&self, message: T, deadline: Instant) -> Result<(), SendTimeoutError<T>> {
        self.send_within(message, Patience::Until(deadline))
    }

    fn send_within(&self, message: T, limit: Patience) -> Result<(), SendTimeoutError<T>> {
        self.0
            .send(message, limit)
            .map_err(|(refusal, message)| match refusal {
                Refusal::Closed => SendTimeoutError::Disconnected(message),
                _ => SendTimeoutError::Timeout(message),
            })
    }

    /// Closes the channel although there are still senders. From now on every send fails, also those that wait already. Receivers get what is in the buffer and then
    /// [`RecvError`](super::RecvError). It is Go's `close`, except that a send fails with [`SendError`] where Go panics.
    ///
    /// # Panics
    /// With "close of closed channel" when it has been called before on this channel.
    #[track_caller]
    pub fn close(&self) {
        assert!(self.0.close(), "close of closed channel");
    }

    /// Whether sending fails: the channel was closed, or all receivers are gone. If false, that may have changed already.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    /// Messages in the buffer.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the buffer is empty; always, if there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the buffer is full; always, if there is none.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.0.is_full()
    }

    /// How many messages the buffer can hold; `None`: any number.
    #[must_use]
    pub fn capacity(&self) -> Option<usize> {
        self.0.cap
    }

    /// Whether both send on the same channel.
    #[must_use]
    pub fn same_channel(&self, other: &Self) -> bool {
        self.0.is_same(&other.0)
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self(self.0.add_sender())
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.0.release_sender();
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sender { .. }")
    }
}
