//! Cancellation along a tree of tasks, as in Go's package context.
//!
//! A [`Context`] is passed to everything that works on one task. Code that waits also waits for the context's [`done`](Context::done) channel; code that
//! computes calls [`err`](Context::err) now and then. When the task is cancelled or its time is over, the context and all contexts that were derived
//! from it are done.
//!
//! ```no_run,standalone_crate
//! use rtlib::context::{self, Context};
//! use std::time::Duration;
//!
//! /// The first number from the channel, unless `ctx` is done before.
//! fn first(ctx: &Context, numbers: &rtlib::chan::Receiver<u32>) -> Result<u32, context::Error> {
//!     rtlib::select! {
//!         recv(numbers) -> number => Ok(number.unwrap_or(0)),
//!         recv(ctx.done()) -> _ => Err(ctx.err().expect("it is done")),
//!     }
//! }
//!
//! let (_sender, numbers) = rtlib::chan::bounded(0);
//! let (ctx, _cancel) = context::with_timeout(&context::background(), Duration::from_millis(10));
//! assert_eq!(first(&ctx, &numbers), Err(context::Error::DeadlineExceeded));
//! ```
//!
//! # What differs from Go
//!
//! - Go asks that `cancel` be called on all paths (`defer cancel()`). Here [dropping the handle](CancelHandle) does it, so that a context never outlives
//!   the work that it was made for and a long-lived parent collects no dead children.
//! - A cause can be given to any handle: [`CancelHandle::cancel_with_cause`].
//! - There are no values: function arguments, captured variables and thread-locals (each goroutine has its own) do that with types.

mod error;
mod node;
#[cfg(feature = "signal")]
mod signals;
#[cfg(all(test, not(loom)))]
mod tests;
mod try_scope;

use core::fmt;
use core::sync::atomic::{AtomicBool, Ordering};
use std::boxed::Box;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

pub use self::error::{Cause, Error};
use self::node::{Node, Registration};
#[cfg(feature = "signal")]
pub use self::signals::{Signaled, with_signals};
pub use self::try_scope::{Group, try_scope};
use crate::chan::{self, Receiver};

/// Tells the goroutines that work on a task when to stop. Cheap to clone; clones are one context.
#[derive(Clone)]
pub struct Context {
    /// `None` for [`background`].
    node: Option<Arc<Node>>,
}

/// Cancels its context: when [`cancel`](Self::cancel) is called, or when the handle is dropped.
///
/// Bind it to a name: `let (ctx, _) = …` drops it at once, `let (ctx, _cancel) = …` at the end of the block.
#[must_use = "the context is cancelled as soon as its handle is dropped"]
pub struct CancelHandle {
    node: Arc<Node>,
}

/// A function that waits for a context to be done: see [`Context::after_func`].
#[derive(Debug)]
#[must_use = "dropping the handle takes the call back"]
pub struct AfterFunc {
    fate: Fate,
}

#[derive(Debug)]
enum Fate {
    /// Waits, did, or was taken back: the context knows.
    Registered(Registration),
    /// Was started at once.
    Started,
    /// The context is never done. Whether it was stopped.
    Never(AtomicBool),
}

/// The root of all contexts: never done, without a deadline.
#[must_use]
pub fn background() -> Context {
    Context { node: None }
}

/// A context that is done when its handle cancels it, or when `parent` is done.
#[must_use = "the context is cancelled as soon as its handle is dropped"]
pub fn with_cancel(parent: &Context) -> (Context, CancelHandle) {
    child(parent, parent.deadline())
}

/// A context that is done at `deadline`, or when its handle cancels it, or when `parent` is done.
///
/// A deadline after the parent's has no effect. A deadline that has passed makes a context that is done already.
#[must_use = "the context is cancelled as soon as its handle is dropped"]
pub fn with_deadline(parent: &Context, deadline: Instant) -> (Context, CancelHandle) {
    if parent.deadline().is_some_and(|parents| parents <= deadline) {
        return with_cancel(parent);
    }
    let (context, handle) = child(parent, Some(deadline));
    handle.node.end_at(deadline);
    (context, handle)
}

/// As [`with_deadline`], with the deadline `timeout` from now. A `timeout` that no [`Instant`] can hold means no deadline.
#[must_use = "the context is cancelled as soon as its handle is dropped"]
pub fn with_timeout(parent: &Context, timeout: Duration) -> (Context, CancelHandle) {
    match Instant::now().checked_add(timeout) {
        Some(deadline) => with_deadline(parent, deadline),
        None => with_cancel(parent),
    }
}

fn child(parent: &Context, deadline: Option<Instant>) -> (Context, CancelHandle) {
    let node = Node::new(parent.node.as_ref(), deadline);
    let context = Context {
        node: Some(Arc::clone(&node)),
    };
    (context, CancelHandle { node })
}

impl Context {
    /// A channel on which nothing is ever sent, and which is closed when the context is done. To wait for that: `ctx.done().recv()`, or an arm of
    /// [`select!`](crate::select) such as `recv(ctx.done()) -> _ => …`.
    #[must_use]
    pub fn done(&self) -> &Receiver<()> {
        static NEVER: OnceLock<Receiver<()>> = OnceLock::new();
        match &self.node {
            Some(node) => node.done(),
            None => NEVER.get_or_init(chan::never),
        }
    }

    /// Why the context is done; `None` while it is not. Costs one atomic load.
    #[must_use]
    pub fn err(&self) -> Option<Error> {
        self.node.as_ref()?.error()
    }

    /// What [`CancelHandle::cancel_with_cause`] was called with, on this context or the one above that was done first; without that, [`err`](Self::err)
    /// as a cause. `None` while the context is not done.
    #[must_use]
    pub fn cause(&self) -> Option<Cause> {
        self.node.as_ref()?.cause()
    }

    /// When the context will be done at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.node.as_ref()?.deadline()
    }

    /// Runs `f`, on a goroutine of its own, when the context is done; at once if it is done already. [`AfterFunc::stop`] prevents that, and so does dropping the
    /// [`AfterFunc`], as with [`time::after_func`](crate::time::after_func()). On a context that is never done, `f` is dropped.
    ///
    /// ```no_run,standalone_crate
    /// # use rtlib::context::Context;
    /// /// Reads until the end, or until `ctx` is done: closing the socket is what ends a blocked read.
    /// fn read_all(ctx: &Context, mut socket: std::net::TcpStream) -> std::io::Result<Vec<u8>> {
    ///     let closer = socket.try_clone()?;
    ///     let after = ctx.after_func(move || _ = closer.shutdown(std::net::Shutdown::Both));
    ///     let mut all = Vec::new();
    ///     std::io::Read::read_to_end(&mut socket, &mut all)?;
    ///     drop(after);
    ///     Ok(all)
    /// }
    /// ```
    pub fn after_func(&self, f: impl FnOnce() + Send + 'static) -> AfterFunc {
        let fate = match &self.node {
            None => Fate::Never(AtomicBool::new(false)),
            Some(node) => node.call_after(f).map_or(Fate::Started, Fate::Registered),
        };
        AfterFunc { fate }
    }
}

impl CancelHandle {
    /// Makes the context, and all contexts that are derived from it, done with [`Error::Canceled`]. Does not wait for the goroutines that work on the task.
    /// Has no effect when the context is done already.
    pub fn cancel(&self) {
        self.node.end(Error::Canceled, None);
    }

    /// The same, and [`Context::cause`] will say why.
    pub fn cancel_with_cause(
        &self,
        cause: impl Into<Box<dyn core::error::Error + Send + Sync + 'static>>,
    ) {
        self.node
            .end(Error::Canceled, Some(Cause::from(cause.into())));
    }
}

impl Drop for CancelHandle {
    fn drop(&mut self) {
        self.cancel();
    }
}

impl AfterFunc {
    /// Prevents the function from running. Returns false when it is too late: the function was started, or stopped before. Does not wait for a function
    /// that runs.
    pub fn stop(&self) -> bool {
        match &self.fate {
            Fate::Registered(registration) => registration.remove(),
            Fate::Started => false,
            Fate::Never(stopped) => !stopped.swap(true, Ordering::Relaxed),
        }
    }
}

impl Drop for AfterFunc {
    fn drop(&mut self) {
        self.stop();
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("err", &self.err())
            .field("deadline", &self.deadline())
            .finish()
    }
}

impl fmt::Debug for CancelHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelHandle")
            .field("err", &self.node.error())
            .finish()
    }
}
