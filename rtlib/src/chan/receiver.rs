//! The receiving side.

use core::fmt;
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::ptr;
use core::time::Duration;
use std::time::Instant;

use rtlib_abi::chan::Chan;

use super::error::{RecvError, RecvTimeoutError, TryRecvError};
use super::iter::{IntoIter, Iter, TryIter};
use super::shared::Handle;
use super::sys::{self, Patience, Refusal};

/// The receiving side of a channel: [`bounded`](super::bounded) and [`unbounded`](super::unbounded) make one. Clones receive from the same channel; each message goes to one of them.
///
/// When the last receiver is dropped, so are the messages that nobody received, and sending fails.
pub struct Receiver<T>(Source<T>);

/// Where messages come from.
enum Source<T> {
    Channel(Handle<T>),
    /// Nowhere, ever.
    Never,
}

// SAFETY: it moves a `T` from another thread; everything else is the runtime's and made for that.
unsafe impl<T: Send> Send for Receiver<T> {}
// SAFETY: as above; through a shared reference it does nothing else.
unsafe impl<T: Send> Sync for Receiver<T> {}

impl<T> UnwindSafe for Receiver<T> {}
impl<T> RefUnwindSafe for Receiver<T> {}

impl<T> Receiver<T> {
    /// The handle must have been counted.
    pub(super) fn new(handle: Handle<T>) -> Self {
        Self(Source::Channel(handle))
    }

    /// Receives nothing, ever.
    pub(super) fn never() -> Self {
        Self(Source::Never)
    }

    pub(super) fn handle(&self) -> Option<&Handle<T>> {
        match &self.0 {
            Source::Channel(handle) => Some(handle),
            Source::Never => None,
        }
    }

    /// Names the channel to the runtime.
    pub(super) fn address(&self) -> *const Chan {
        self.handle().map_or(ptr::null(), |handle| handle.address())
    }

    #[inline(always)]
    fn receive(&self, patience: Patience) -> Result<T, Refusal> {
        match &self.0 {
            Source::Channel(handle) => handle.recv(patience),
            Source::Never => Err(never(patience)),
        }
    }

    /// Receives a message. The caller waits while there is none. Other goroutines run meanwhile.
    ///
    /// # Errors
    /// When the channel is empty and will stay so: all senders are gone, or it was [closed](super::Sender::close).
    #[inline]
    pub fn recv(&self) -> Result<T, RecvError> {
        self.receive(Patience::Endless).map_err(|_| RecvError)
    }

    /// Receives a message if there is one in the buffer, or if a sender waits.
    ///
    /// # Errors
    /// When the channel is empty. The error says whether it will stay empty.
    #[inline]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        self.receive(Patience::None)
            .map_err(|refusal| match refusal {
                Refusal::Closed => TryRecvError::Disconnected,
                _ => TryRecvError::Empty,
            })
    }

    /// Receives a message, waiting for at most so long.
    ///
    /// # Errors
    /// When the time is over, or the channel is empty and will stay so.
    pub fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        self.receive_within(Patience::For(timeout))
    }

    /// Receives a message, waiting until this moment at most.
    ///
    /// # Errors
    /// As [`recv_timeout`](Receiver::recv_timeout).
    pub fn recv_deadline(&self, deadline: Instant) -> Result<T, RecvTimeoutError> {
        self.receive_within(Patience::Until(deadline))
    }

    fn receive_within(&self, limit: Patience) -> Result<T, RecvTimeoutError> {
        self.receive(limit).map_err(|refusal| match refusal {
            Refusal::Closed => RecvTimeoutError::Disconnected,
            _ => RecvTimeoutError::Timeout,
        })
    }

    /// Messages in the buffer.
    #[must_use]
    pub fn len(&self) -> usize {
        self.handle().map_or(0, |handle| handle.len())
    }

    /// Whether the buffer is empty; always, if there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the buffer is full; always, if there is none.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.handle().is_none_or(|handle| handle.is_full())
    }

    /// How many messages the buffer can hold; `None`: any number.
    #[must_use]
    pub fn capacity(&self) -> Option<usize> {
        self.handle().map_or(Some(0), |handle| handle.cap)
    }

    /// An iterator that waits for each message, and ends when no more can come.
    pub fn iter(&self) -> Iter<'_, T> {
        Iter::new(self)
    }

    /// An iterator over the messages that are there: it ends when it would have to wait.
    pub fn try_iter(&self) -> TryIter<'_, T> {
        TryIter::new(self)
    }

    /// Whether both receive from the same channel. Those of [`never()`](super::never()) do.
    #[must_use]
    pub fn same_channel(&self, other: &Self) -> bool {
        match (self.handle(), other.handle()) {
            (Some(mine), Some(theirs)) => mine.is_same(theirs),
            (mine, theirs) => mine.is_none() && theirs.is_none(),
        }
    }
}

/// Waits in vain.
#[cold]
fn never(patience: Patience) -> Refusal {
    let mut nothing = 0;
    // SAFETY: the channel is null: nothing is received.
    match unsafe { sys::recv(ptr::null(), &raw mut nothing, patience) } {
        Err(refusal) => refusal,
        Ok(_) => Refusal::NotNow,
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        Self(match &self.0 {
            Source::Channel(handle) => Source::Channel(handle.add_receiver()),
            Source::Never => Source::Never,
        })
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        if let Source::Channel(handle) = &self.0 {
            handle.release_receiver();
        }
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Receiver { .. }")
    }
}

impl<T> IntoIterator for Receiver<T> {
    type Item = T;
    type IntoIter = IntoIter<T>;

    fn into_iter(self) -> IntoIter<T> {
        IntoIter::new(self)
    }
}

impl<'a, T> IntoIterator for &'a Receiver<T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}
