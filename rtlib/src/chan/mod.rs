//! Channels: goroutines (and threads) that send each other values. Go's channels under crossbeam-channel's names.
//!
//! ```no_run,standalone_crate
//! use rtlib::chan;
//!
//! let (sender, receiver) = chan::bounded(0);
//! rtlib::go(move || sender.send("hello").unwrap());
//! assert_eq!(receiver.recv(), Ok("hello"));
//! ```
//!
//! # Kinds
//!
//! [`bounded(n)`](bounded) has a buffer for `n` messages; `bounded(0)` has none: a sender waits for its receiver. [`unbounded`] takes any number, and its senders never
//! wait. [`after`], [`at`] and [`tick`] are receivers that time sends to; [`never()`] is one that nobody sends to. All can be used by any number of senders
//! and receivers, goroutines or threads.
//!
//! # What can be relied on
//!
//! - Messages come out in the order in which they went in; who waits is served in the order of coming.
//! - A message that is sent while somebody waits for it goes straight to the one who has waited longest.
//! - A goroutine that waits leaves its thread to others. A plain thread sleeps.
//! - Messages that nobody received are dropped with the last receiver. None is lost or received twice.
//!
//! # Closing
//!
//! A channel is closed (crossbeam says disconnected) when its last sender or its last receiver is dropped, or by [`Sender::close`]. Sending then fails and gives the message back; what
//! is in the buffer can still be received. In Go a send on a closed channel panics; here it is an error, so that a sender need not know whether its receivers have left.
//! Closing twice panics with Go's words.
//!
//! # Several at once
//!
//! [`select!`](crate::select) waits for the first of several operations; [`Select`] does so for a number that is known only at run time.

pub(crate) mod arm;
mod clock;
mod error;
#[cfg(all(test, not(loom)))]
pub(crate) mod fake;
mod iter;
mod macros;
mod receiver;
mod select;
mod sender;
mod shared;
mod sys;
#[cfg(all(test, not(loom)))]
mod tests;

pub use clock::{after, at, tick};
pub use error::{
    ReadyTimeoutError, RecvError, RecvTimeoutError, SelectTimeoutError, SendError,
    SendTimeoutError, TryReadyError, TryRecvError, TrySelectError, TrySendError,
};
pub use iter::{IntoIter, Iter, TryIter};
pub use receiver::Receiver;
pub use select::{Select, SelectedOperation};
pub use sender::Sender;

use shared::Shared;

/// A channel with room for `cap` messages; with 0, for none: each send waits for its receive.
///
/// # Panics
/// When so many messages do not fit into the address space.
#[must_use]
pub fn bounded<T>(cap: usize) -> (Sender<T>, Receiver<T>) {
    make(Some(cap))
}

/// A channel with room for any number of messages: sending never waits. Memory is taken as messages come and given back as they go.
#[must_use]
pub fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
    make(None)
}

fn make<T>(cap: Option<usize>) -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = Shared::make(cap);
    (Sender::new(sender), Receiver::new(receiver))
}

/// A receiver that never receives anything and is never disconnected. Costs nothing; it is for arms of a [`select!`](crate::select) that are switched off.
///
/// ```no_run,standalone_crate
/// use rtlib::chan::{Receiver, never};
/// use rtlib::select;
///
/// fn next(important: &Receiver<u32>, other: Option<&Receiver<u32>>) -> Option<u32> {
///     select! {
///         recv(important) -> message => message.ok(),
///         recv(other.unwrap_or(&never())) -> message => message.ok(),
///     }
/// }
/// # fn main() {}
/// ```
#[must_use]
pub fn never<T>() -> Receiver<T> {
    Receiver::never()
}
