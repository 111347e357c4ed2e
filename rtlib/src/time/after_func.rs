//! [`after_func`]: a function that is called later.

use std::boxed::Box;
use std::cell::UnsafeCell;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rtlib_abi::api::OpaqueG;
use rtlib_abi::time::{RawTimer, timer_set, timer_stop};

use super::after;

/// Calls `f` in a goroutine of its own once `duration` has passed, unless the returned handle has stopped that or is gone. A panic in `f` ends the program, as in [`go`](crate::go()).
#[must_use = "dropping the handle stops the timer"]
pub fn after_func<F>(duration: Duration, f: F) -> AfterFunc
where
    F: Fn() + Send + Sync + 'static,
{
    let call = AfterFunc(Mutex::new(Box::new(Call {
        timer: UnsafeCell::new(RawTimer::new()),
        f: Arc::new(f),
    })));
    call.reset(duration);
    call
}

/// A function that will be called: made by [`after_func`].
pub struct AfterFunc(Mutex<Box<Call>>);

/// What the callback uses: does not move.
struct Call {
    timer: UnsafeCell<RawTimer>,
    f: Arc<dyn Fn() + Send + Sync>,
}

// SAFETY: the timer is only touched by the runtime, in ways that are right from any thread, and by the methods below under the lock.
unsafe impl Send for Call {}

impl AfterFunc {
    /// Takes the call back: true when it had not begun. It does not wait for a call that has.
    pub fn stop(&self) -> bool {
        self.lock().stop()
    }

    /// Sets the time anew, to `duration` from now; a function that has been called will be called again. True when the call was still to come.
    pub fn reset(&self, duration: Duration) -> bool {
        let call = self.lock();
        let was_set = call.stop();
        // SAFETY: it is stopped; it will be before it is set again and before the box goes; the lock says that nobody else sets it.
        unsafe {
            let arg = (&raw const **call).cast_mut().cast();
            timer_set(call.timer.get(), after(duration), 0, start, arg);
        }
        was_set
    }

    fn lock(&self) -> MutexGuard<'_, Box<Call>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Call {
    fn stop(&self) -> bool {
        // SAFETY: zero bytes, or what `timer_set` wrote; called under the lock or by the owner.
        unsafe { timer_stop(self.timer.get()) }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.stop();
    }
}

impl fmt::Debug for AfterFunc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AfterFunc").finish_non_exhaustive()
    }
}

/// The callback: starts the goroutine. Nothing here allocates: the closure is one pointer, which is copied to the goroutine's stack.
unsafe extern "C" fn start(call: *mut u8) -> *const OpaqueG {
    // SAFETY: the box lives until the timer has been stopped.
    let f = Arc::clone(unsafe { &(*call.cast::<Call>()).f });
    crate::go(move || f());
    std::ptr::null()
}
