//! [`with_signals`]: a context that a signal ends.

use core::ffi::c_int;
use core::fmt;
use core::sync::atomic::AtomicBool;
use std::io;
use std::sync::Arc;

use signal_hook::flag::{register, register_conditional_default};
use signal_hook::low_level::signal_name;

use super::{CancelHandle, Context, with_cancel};
use crate::signal::notify;

/// The cause of a context that a signal has ended: see [`Context::cause`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signaled(c_int);

impl Signaled {
    /// The signal's number.
    #[must_use]
    pub fn signal(&self) -> c_int {
        self.0
    }
}

impl fmt::Display for Signaled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match signal_name(self.0) {
            Some(name) => write!(f, "received {name}"),
            None => write!(f, "received signal {}", self.0),
        }
    }
}

impl core::error::Error for Signaled {}

/// A context that is done when one of these signals comes, or when its handle says so, or when `parent` is: Go's `signal.NotifyContext`. Its cause is then [`Signaled`].
///
/// The first signal asks the program to end in order. A second one does what the signal does by default, which is to end the program at once: a user whose program does not react presses
/// Ctrl-C again.
///
/// ```no_run,standalone_crate
/// use rtlib::context;
/// use rtlib::signal::{SIGINT, SIGTERM};
///
/// let (ctx, _cancel) = context::with_signals(&context::background(), [SIGINT, SIGTERM])?;
/// println!("Ctrl-C ends this");
/// _ = ctx.done().recv();
/// println!("{}", ctx.cause().unwrap());
/// # Ok::<_, std::io::Error>(())
/// ```
///
/// # Errors
/// As [`signal::notify`](crate::signal::notify).
pub fn with_signals(
    parent: &Context,
    signals: impl IntoIterator<Item = c_int>,
) -> io::Result<(Context, CancelHandle)> {
    let (context, handle) = with_cancel(parent);
    let signals: std::vec::Vec<c_int> = signals.into_iter().collect();
    let came = Arc::new(AtomicBool::new(false));
    for signal in &signals {
        // In this order: the first signal finds the flag not set.
        register_conditional_default(*signal, Arc::clone(&came))?;
        register(*signal, Arc::clone(&came))?;
    }
    let received = notify(signals)?;
    let (watched, node) = (context.clone(), Arc::clone(&handle.node));
    crate::go(move || {
        let signal = crate::select! {
            recv(*received) -> signal => signal.ok(),
            recv(watched.done()) -> _ => None,
        };
        if let Some(signal) = signal {
            CancelHandle { node }.cancel_with_cause(Signaled(signal));
        }
    });
    Ok((context, handle))
}
