//! Signals as messages: Go's package os/signal, over the crate `signal-hook`. Needs the feature `signal`.
//!
//! ```no_run,standalone_crate
//! use rtlib::signal::{self, SIGHUP};
//!
//! let reloads = signal::notify([SIGHUP])?;
//! rtlib::go(move || {
//!     for _ in &*reloads {
//!         println!("reading the configuration again");
//!     }
//! });
//! # Ok::<_, std::io::Error>(())
//! ```
//!
//! To end a program in order, let a context be done when a signal comes: [`context::with_signals`](crate::context::with_signals).

use core::ffi::c_int;
use core::fmt;
use core::ops::Deref;
use std::io;

use signal_hook::iterator::{Handle, Signals};

pub use signal_hook::consts::{
    SIGALRM, SIGCHLD, SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGTTIN, SIGTTOU,
    SIGUSR1, SIGUSR2, SIGWINCH,
};

use crate::chan::{Receiver, bounded};

/// How many signals wait for a receiver. Further ones of a kind that waits already tell nothing new.
const ROOM: usize = 16;

/// Signals that are received instead of ending the program: made by [`notify`]. It dereferences to the channel's [`Receiver`], and can stand in an arm of [`select!`](crate::select).
///
/// When it is dropped, nothing is received any more, and the signals are ignored: what they did before does not come back.
pub struct Notifications {
    received: Receiver<c_int>,
    handle: Handle,
}

/// From now on each of these signals is a message and no longer does what it did. Several notifications of one signal each get it.
///
/// A goroutine waits for them, which costs no thread. While it does, a deadlock of the others is not reported: a signal may come and end it, as in Go.
///
/// # Errors
/// When the system refuses: a signal that cannot be caught (SIGKILL, SIGSTOP), or no descriptors.
///
/// # Panics
/// For SIGSEGV, SIGBUS, SIGILL and SIGFPE, which are no messages but faults.
pub fn notify(signals: impl IntoIterator<Item = c_int>) -> io::Result<Notifications> {
    let mut arriving = Signals::new(signals)?;
    let handle = arriving.handle();
    let (sender, received) = bounded(ROOM);
    crate::go(move || {
        for signal in arriving.forever() {
            // Full: as many are waiting, and whoever receives them will look anyway.
            _ = sender.try_send(signal);
        }
    });
    Ok(Notifications { received, handle })
}

impl Deref for Notifications {
    type Target = Receiver<c_int>;

    fn deref(&self) -> &Receiver<c_int> {
        &self.received
    }
}

impl Drop for Notifications {
    fn drop(&mut self) {
        self.handle.close();
    }
}

impl fmt::Debug for Notifications {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notifications").finish_non_exhaustive()
    }
}
