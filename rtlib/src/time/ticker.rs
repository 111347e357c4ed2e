//! [`Ticker`]: events at regular times.

use std::fmt;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use super::channel::TimeChannel;
use crate::chan::Receiver;
use crate::deadline;
use crate::sync::{Mutex, MutexGuard};

/// Events at regular times. At most one tick waits: when the receiver is slow, further ones are left out. Dropping a ticker stops it.
///
/// ```no_run,standalone_crate
/// use std::time::Duration;
///
/// let ticker = rtlib::time::Ticker::new(Duration::from_millis(100));
/// for tick in ticker.receiver().iter().take(3) {
///     println!("{tick:?}");
/// }
/// ```
pub struct Ticker {
    receiver: Receiver<Instant>,
    channel: Mutex<TimeChannel>,
}

impl Ticker {
    /// Ticks every `period`, first when one has passed.
    ///
    /// # Panics
    /// When the period is zero.
    #[must_use]
    pub fn new(period: Duration) -> Self {
        let channel = TimeChannel::new();
        let ticker = Self {
            receiver: channel.receiver().clone(),
            channel: Mutex::new(channel),
        };
        ticker.reset(period);
        ticker
    }

    /// Where the ticks arrive. Clones of it are disconnected when the ticker is dropped.
    #[must_use]
    pub fn receiver(&self) -> &Receiver<Instant> {
        &self.receiver
    }

    /// No more ticks, not even one that had come and not been received. Receivers are not disconnected.
    pub fn stop(&self) {
        self.lock().stop();
    }

    /// Ticks with another period from now on, whether it was stopped or not.
    ///
    /// # Panics
    /// When the period is zero.
    pub fn reset(&self, period: Duration) {
        assert!(!period.is_zero(), "a ticker needs a period above zero");
        let ns = deadline::ns(period);
        let mut channel = self.lock();
        channel.stop();
        channel.set(deadline::after(period), ns);
    }

    fn lock(&self) -> MutexGuard<'_, TimeChannel> {
        self.channel.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Ticker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticker").finish_non_exhaustive()
    }
}
