//! The calling goroutine and references to goroutines.

use core::fmt;
use core::hash::{Hash, Hasher};

use rtlib_abi::api::GRef;

use crate::sys;

/// Names a goroutine. Cheap to copy, and never dangling: when the goroutine is gone the name stays its own and does nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Goroutine(GRef);

// SAFETY: a `GRef` is a name. Its pointer is only followed by the runtime, which accepts it from any thread.
unsafe impl Send for Goroutine {}
// SAFETY: as above; there is nothing to mutate.
unsafe impl Sync for Goroutine {}

impl Goroutine {
    /// `None` for the reference of a thread that is no goroutine, which has the id 0.
    pub(crate) fn from_raw(raw: GRef) -> Option<Self> {
        (raw.goid != 0).then_some(Self(raw))
    }

    /// Its id: 1 for the main goroutine, unique for the life of the process.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.0.goid
    }

    /// Gives it the token that [`park`] waits for. Nothing happens when it has ended.
    pub fn unpark(&self) {
        sys::unpark(self.0);
    }
}

impl Hash for Goroutine {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id().hash(state);
    }
}

impl fmt::Debug for Goroutine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Goroutine").field(&self.id()).finish()
    }
}

/// The calling goroutine; `None` on a thread that is not one, such as one started with `std::thread::spawn`.
#[must_use]
pub fn current() -> Option<Goroutine> {
    Goroutine::from_raw(sys::current())
}

/// Lets the other goroutines that are ready run first, as Go's `runtime.Gosched`. On a plain thread: yields to other threads.
#[inline]
pub fn yield_now() {
    sys::yield_now();
}

/// Blocks the calling goroutine until another one [unparks](Goroutine::unpark) it.
///
/// The semantics are those of `std::thread::park`: one token; an `unpark` that comes first makes the next `park` return at once; `park` may return
/// without a token, so call it in a loop that checks what it waits for. The thread below runs other goroutines meanwhile.
///
/// ```no_run
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicBool, Ordering};
///
/// let ready = Arc::new(AtomicBool::new(false));
/// let seen = Arc::clone(&ready);
/// let waiter = rtlib::spawn(move || {
///     while !seen.load(Ordering::Acquire) {
///         rtlib::park();
///     }
/// });
/// ready.store(true, Ordering::Release);
/// waiter.goroutine().unpark();
/// waiter.join().unwrap();
/// ```
///
/// On a plain thread nobody can hand over the token, as it has no [`Goroutine`]: use `std::thread::park` there.
pub fn park() {
    sys::park();
}
