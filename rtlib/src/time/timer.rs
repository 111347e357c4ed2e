//! [`Timer`]: one event in the future.

use std::fmt;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use super::channel::TimeChannel;
use crate::chan::Receiver;
use crate::deadline::after;
use crate::sync::{Mutex, MutexGuard};

/// One event in the future: a receiver gets its time. To call a function instead, use [`after_func`](super::after_func).
///
/// Dropping a timer stops it. After [`stop`](Self::stop) or [`reset`](Self::reset) has returned, no time of the old setting is received any more, so there is
/// nothing to drain.
///
/// ```no_run,standalone_crate
/// use std::time::Duration;
///
/// let (requests, inbox) = rtlib::chan::unbounded::<String>();
/// let idle = rtlib::time::Timer::new(Duration::from_secs(30));
/// loop {
///     rtlib::select! {
///         recv(inbox) -> request => match request {
///             Ok(request) => {
///                 println!("{request}");
///                 idle.reset(Duration::from_secs(30));
///             }
///             Err(_) => break,
///         },
///         recv(idle.receiver()) -> _ => break,
///     }
/// }
/// # drop(requests);
/// ```
pub struct Timer {
    receiver: Receiver<Instant>,
    channel: Mutex<TimeChannel>,
}

impl Timer {
    /// A timer whose time can be received once `duration` has passed.
    #[must_use]
    pub fn new(duration: Duration) -> Self {
        let mut channel = TimeChannel::new();
        channel.set(after(duration), 0);
        Self {
            receiver: channel.receiver().clone(),
            channel: Mutex::new(channel),
        }
    }

    /// Where the time arrives, once for each setting. Clones of it are disconnected when the timer is dropped.
    #[must_use]
    pub fn receiver(&self) -> &Receiver<Instant> {
        &self.receiver
    }

    /// Stops it: true when it had neither been received nor stopped.
    pub fn stop(&self) -> bool {
        self.lock().stop()
    }

    /// Sets it anew, to `duration` from now. True when it had neither been received nor stopped.
    pub fn reset(&self, duration: Duration) -> bool {
        let mut channel = self.lock();
        let was_set = channel.stop();
        channel.set(after(duration), 0);
        was_set
    }

    fn lock(&self) -> MutexGuard<'_, TimeChannel> {
        self.channel.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timer").finish_non_exhaustive()
    }
}
