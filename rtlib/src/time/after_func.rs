//! [`after_func`]: a function that is called later.

use std::cell::UnsafeCell;
use std::fmt;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use rtlib_abi::api::OpaqueG;
use rtlib_abi::time::{RawTimer, timer_set, timer_stop};

use crate::deadline;
use crate::sync::{Mutex, MutexGuard};

/// Calls `f` in a goroutine of its own once `duration` has passed, unless the returned handle has stopped that or is gone. A panic in `f` ends the program, as in [`go`](crate::go()).
#[must_use = "dropping the handle stops the timer"]
pub fn after_func<F>(duration: Duration, f: F) -> AfterFunc
where
    F: Fn() + Send + Sync + 'static,
{
    AfterFunc::new(deadline::after(duration), f)
}

/// The same at this moment.
pub(crate) fn at_func<F>(moment: Instant, f: F) -> AfterFunc
where
    F: Fn() + Send + Sync + 'static,
{
    AfterFunc::new(deadline::at(moment), f)
}

/// A function that will be called: made by [`after_func`].
///
/// An `Arc` with one owner and not a `Box`: whoever moves a box promises that nobody else looks at what is in it, and the callback may be doing just that.
pub struct AfterFunc(Arc<Call>);

/// What the callback uses: does not move.
struct Call {
    timer: UnsafeCell<RawTimer>,
    /// Held by whoever sets or stops the timer.
    setting: Mutex<()>,
    f: Arc<dyn Fn() + Send + Sync>,
}

// SAFETY: the timer is only touched by the runtime, in ways that are right from any thread, and by the methods below under the lock.
unsafe impl Send for Call {}
// SAFETY: as above.
unsafe impl Sync for Call {}

impl AfterFunc {
    fn new(when: u64, f: impl Fn() + Send + Sync + 'static) -> Self {
        crate::panics::announce();
        let call = Self(Arc::new(Call {
            timer: UnsafeCell::new(RawTimer::new()),
            setting: Mutex::new(()),
            f: Arc::new(f),
        }));
        call.set(when);
        call
    }

    /// Cancels the call. True when the call had not begun. Does not wait for a call that has begun.
    pub fn stop(&self) -> bool {
        let setting = self.lock();
        self.stop_locked(&setting)
    }

    /// Sets the time to `duration` from now. A function that has been called already will be called again. True when the call was still to come.
    pub fn reset(&self, duration: Duration) -> bool {
        self.set(deadline::after(duration))
    }

    fn set(&self, when: u64) -> bool {
        let setting = self.lock();
        let was_set = self.stop_locked(&setting);
        let call = Arc::as_ptr(&self.0).cast_mut().cast();
        // SAFETY: it is stopped; it will be before it is set again and before the `Arc` goes; the lock says that nobody else sets it.
        unsafe { timer_set(self.0.timer.get(), when, 0, start, call) };
        was_set
    }

    fn lock(&self) -> MutexGuard<'_, ()> {
        self.0
            .setting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn stop_locked(&self, _setting: &MutexGuard<'_, ()>) -> bool {
        // SAFETY: zero bytes, or what `timer_set` wrote; under the lock.
        unsafe { timer_stop(self.0.timer.get()) }
    }
}

impl Drop for AfterFunc {
    fn drop(&mut self) {
        self.stop();
    }
}

impl fmt::Debug for AfterFunc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AfterFunc").finish_non_exhaustive()
    }
}

/// The callback: starts the goroutine. Nothing here allocates: the closure is one pointer, which is copied to the goroutine's stack. Nor does anything wait, as all timers of the P would wait, too.
unsafe extern "C" fn start(call: *mut u8) -> *const OpaqueG {
    // SAFETY: the call lives until the timer has been stopped.
    let f = Arc::clone(unsafe { &(*call.cast::<Call>()).f });
    crate::go::start_announced(move || f(), || (), 0);
    std::ptr::null()
}
