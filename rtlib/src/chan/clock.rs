//! Channels that time sends to. There is no sender: a timer of the runtime puts the message into the channel's one place, which never waits, and is stopped when the last receiver goes.

use core::cell::UnsafeCell;
use core::ptr::{self, NonNull};
use core::time::Duration;
use std::boxed::Box;
use std::time::Instant;

use rtlib_abi::api::OpaqueG;
use rtlib_abi::time::{RawTimer, timer_set, timer_stop};

use super::Receiver;
use super::shared::Handle;
use super::sys::Patience;
use crate::deadline;

/// When to send, and the timer that does.
pub(super) struct Clock {
    timer: UnsafeCell<RawTimer>,
    /// As the runtime has it.
    when: u64,
    /// ns between two messages; 0: there is one.
    period: u64,
    /// The message, if there is one; otherwise each tells its time.
    message: Option<Instant>,
}

impl Clock {
    fn new(when: u64, period: u64, message: Option<Instant>) -> Box<Self> {
        Box::new(Self {
            timer: UnsafeCell::new(RawTimer::new()),
            when,
            period,
            message,
        })
    }

    /// The one message, if its time has come already: whoever looks at once is to find it.
    pub(super) fn overdue(&self) -> Option<Instant> {
        self.message.filter(|moment| *moment <= Instant::now())
    }

    /// Sets the timer, which keeps the word of a handle of the channel that this is the clock of.
    ///
    /// # Safety
    /// Once, and the channel lives until `stop`.
    pub(super) unsafe fn start(&self, channel: NonNull<u8>) {
        let (timer, channel) = (self.timer.get(), channel.as_ptr());
        // SAFETY: the timer is new, stays in its box, and is stopped before that goes.
        unsafe { timer_set(timer, self.when, self.period, send, channel) };
    }

    /// No more messages.
    pub(super) fn stop(&self) {
        // SAFETY: nobody sets it any more.
        unsafe { timer_stop(self.timer.get()) };
    }
}

/// The callback. A message that nobody has received yet is as good as a new one.
unsafe extern "C" fn send(channel: *mut u8) -> *const OpaqueG {
    // SAFETY: `start` was given the word of a handle, which counts until the timer is stopped.
    let channel = unsafe { Handle::<Instant>::from_word(NonNull::new_unchecked(channel)) };
    let message = channel.clock().and_then(|clock| clock.message);
    let message = message.unwrap_or_else(Instant::now);
    _ = channel.send(message, Patience::None);
    ptr::null()
}

fn receiver(clock: Box<Clock>) -> Receiver<Instant> {
    Receiver::new(Handle::of_clock(clock))
}

/// A receiver that gets one message after `duration`. The message is the moment at which `duration` is over. The receiver is never disconnected.
///
/// Go's `time.After`.
///
/// ```no_run,standalone_crate
/// use rtlib::chan::{Receiver, after};
/// use rtlib::select;
/// use std::time::Duration;
///
/// fn first_or_none(receiver: &Receiver<String>) -> Option<String> {
///     select! {
///         recv(receiver) -> message => message.ok(),
///         recv(after(Duration::from_secs(1))) -> _ => None,
///     }
/// }
/// # fn main() {}
/// ```
///
/// In a loop, [`time::Timer`](crate::time::Timer) can be set again, and `default(timeout)` costs less.
#[must_use]
pub fn after(duration: Duration) -> Receiver<Instant> {
    match Instant::now().checked_add(duration) {
        Some(moment) => at(moment),
        None => super::never(),
    }
}

/// A receiver that gets one message at this moment. The message is the moment. The receiver is never disconnected.
#[must_use]
pub fn at(moment: Instant) -> Receiver<Instant> {
    receiver(Clock::new(deadline::at(moment), 0, Some(moment)))
}

/// A receiver that gets the current time after each period. At most one message waits: when the receiver is slow, further ones are left out. The receiver is never disconnected.
///
/// Go's `time.Tick`.
///
/// ```no_run,standalone_crate
/// use std::time::Duration;
///
/// for moment in rtlib::chan::tick(Duration::from_millis(100)).iter().take(3) {
///     println!("{moment:?}");
/// }
/// ```
///
/// # Panics
/// When the period is zero.
#[must_use]
pub fn tick(period: Duration) -> Receiver<Instant> {
    assert!(!period.is_zero(), "a tick needs a period above zero");
    let first = deadline::after(period);
    receiver(Clock::new(first, deadline::ns(period), None))
}
