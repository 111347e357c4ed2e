//! `select!` and `select_biased!`: their documentation and the way to the procedural macro, which is told here what this crate is called.

/// Waits for the first of several channel operations, and does it. The syntax is crossbeam-channel's.
///
/// ```no_run,standalone_crate
/// use rtlib::chan::{bounded, unbounded};
/// use rtlib::select;
/// use std::time::Duration;
///
/// let (requests, inbox) = unbounded();
/// let (answers, _reader) = bounded(1);
/// requests.send("how much?").unwrap();
///
/// select! {
///     recv(inbox) -> request => println!("asked {request:?}"),
///     send(answers, 42) -> result => {
///         result.unwrap();
///         println!("answered");
///     }
///     default(Duration::from_secs(1)) => println!("nothing happened"),
/// }
/// ```
///
/// # Arms
///
/// - `recv(receiver) -> pattern => body`: the pattern gets what [`Receiver::recv`](crate::chan::Receiver::recv) returns.
/// - `send(sender, message) -> pattern => body`: the pattern gets what [`Sender::send`](crate::chan::Sender::send) returns. `message` is evaluated only when this arm has been chosen. So a
///   variable that it moves is still there in the other arms. The receiver of the message waits while it is evaluated. If the evaluation panics or leaves the `select!`, nothing was sent.
/// - `default => body`: if no operation can go on at once. `default(timeout) => body`: if none can within this [`Duration`](std::time::Duration). At most one of them.
///
/// Receivers and senders are expressions that give a channel, a reference to one or something that dereferences to one; each is evaluated once, in order, whichever arm is chosen. Bodies are
/// separated by commas, which a block does not need. `break`, `continue`, `return` and `?` work in a body as anywhere. The value of the chosen body is that of the `select!`.
///
/// # What can be relied on
///
/// - If several operations can go on, one is chosen at random: none of them starves. [`select_biased!`](crate::select_biased) chooses the first.
/// - `default` runs only if at one moment none of the operations could go on.
/// - An operation on a closed channel can go on: it fails.
/// - Nothing is allocated, whatever the number of arms. No arms at all (`select! {}`) wait for ever.
#[macro_export]
macro_rules! select {
    ($($arms:tt)*) => {
        $crate::__private::v1::select_arms! { random, ($crate), $($arms)* }
    };
}

/// As [`select!`](crate::select), but of several operations that can go on the first is chosen.
///
/// ```no_run,standalone_crate
/// let (stop, stopped) = rtlib::chan::bounded::<()>(0);
/// let (sender, work) = rtlib::chan::unbounded::<u32>();
/// # drop((stop, sender));
/// loop {
///     rtlib::select_biased! {
///         recv(stopped) -> _ => break,
///         recv(work) -> job => println!("{job:?}"),
///     }
/// }
/// ```
#[macro_export]
macro_rules! select_biased {
    ($($arms:tt)*) => {
        $crate::__private::v1::select_arms! { biased, ($crate), $($arms)* }
    };
}
