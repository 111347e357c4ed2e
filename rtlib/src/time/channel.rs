//! A channel with room for one time, and a timer of the runtime that sends the time into it.

use std::cell::UnsafeCell;
use std::sync::Arc;
use std::time::Instant;

use rtlib_abi::api::OpaqueG;
use rtlib_abi::time::{RawTimer, timer_set, timer_stop};

use crate::chan::{Receiver, Sender, bounded};

/// See the module's head. Whoever has it stops the timer before it goes; the methods that set and stop take `&mut self`, so that nobody sets it at the same time.
pub(super) struct TimeChannel {
    /// Not a `Box`: whoever moves a box promises that nobody else looks at what is in it, and the callback may be doing just that.
    source: Arc<Source>,
    receiver: Receiver<Instant>,
}

/// What the callback uses: does not move.
struct Source {
    timer: UnsafeCell<RawTimer>,
    sender: Sender<Instant>,
}

// SAFETY: the timer is only touched by the runtime, in ways that are right from any thread, and by the calls below, one at a time.
unsafe impl Send for Source {}
// SAFETY: as above.
unsafe impl Sync for Source {}

impl TimeChannel {
    pub(super) fn new() -> Self {
        let (sender, receiver) = bounded(1);
        let timer = UnsafeCell::new(RawTimer::new());
        Self {
            source: Arc::new(Source { timer, sender }),
            receiver,
        }
    }

    pub(super) fn receiver(&self) -> &Receiver<Instant> {
        &self.receiver
    }

    /// Sets the timer, which is not set: see [`timer_set`].
    pub(super) fn set(&mut self, when: u64, period: u64) {
        let source = Arc::as_ptr(&self.source);
        // SAFETY: `stop` is called before it is set again and before the source goes, and `&mut self` says that nobody else sets it.
        unsafe {
            timer_set(
                self.source.timer.get(),
                when,
                period,
                send_now,
                source.cast_mut().cast(),
            )
        };
    }

    /// Stops the timer, and takes back what it has sent and nobody has received: true if either was so.
    pub(super) fn stop(&mut self) -> bool {
        // SAFETY: zero bytes, or what `timer_set` wrote.
        let was_set = unsafe { timer_stop(self.source.timer.get()) };
        let unread = self.receiver.try_recv().is_ok();
        was_set | unread
    }
}

impl Drop for TimeChannel {
    fn drop(&mut self) {
        // SAFETY: as in `stop`.
        unsafe { timer_stop(self.source.timer.get()) };
    }
}

/// The callback: a time that nobody has received yet is as good as a new one.
unsafe extern "C" fn send_now(source: *mut u8) -> *const OpaqueG {
    // SAFETY: the source lives until the timer has been stopped.
    let source = unsafe { &*source.cast::<Source>() };
    let _ = source.sender.try_send(Instant::now());
    std::ptr::null()
}
