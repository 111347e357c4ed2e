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
//! wait. [`after`], [`at`] and [`tick`] are receivers that get messages from timers; [`never()`] is a receiver that never gets one. Any number of senders
//! and receivers, goroutines or threads, can use a channel.
//!
//! # What can be relied on
//!
//! - Messages come out in the order in which they went in. Waiters are served in the order in which they came.
//! - A message that is sent while receivers wait goes straight to the one that has waited longest.
//! - A goroutine that waits leaves its operating-system thread to other goroutines. A plain thread sleeps.
//! - Messages that nobody received are dropped with the last receiver. No message is lost or received twice.
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

/// A channel with a buffer for `cap` messages. With 0 there is no buffer: each send waits for its receive.
///
/// # Panics
/// When so many messages do not fit into the address space.
#[must_use]
pub fn bounded<T>(cap: usize) -> (Sender<T>, Receiver<T>) {
    make(Some(cap))
}

/// A channel with a buffer for any number of messages: sending never waits. The channel allocates memory as messages come and frees it as they go.
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
