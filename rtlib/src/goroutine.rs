//! The calling goroutine and references to goroutines.

use core::fmt;
use core::hash::{Hash, Hasher};

use crate::sys;

/// A reference to a goroutine. It is cheap to copy and stays valid: after the goroutine has ended, it refers to no other goroutine, and its methods have no effect.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Goroutine(sys::Ref);

impl Goroutine {
    /// `None` for a thread that is no goroutine.
    pub(crate) fn new(reference: sys::Ref) -> Option<Self> {
        (reference.id() != 0).then_some(Self(reference))
    }

    /// Its id: 1 for the main goroutine, unique for the life of the process.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.0.id()
    }

    /// Gives it the token that [`park`] waits for. Nothing happens when it has ended.
    pub fn unpark(&self) {
        self.0.unpark();
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

/// The calling goroutine; `None` on a plain thread. A thread of `std::thread` is a goroutine, unless the program is built with `std = "threads"`; threads that C code or
/// [`spawn_os_thread`](crate::spawn_os_thread) starts are plain threads.
#[must_use]
pub fn current() -> Option<Goroutine> {
    Goroutine::new(sys::current())
}

/// Lets the other goroutines that are ready run first, as Go's `runtime.Gosched`. On a plain thread: yields to other threads.
#[inline]
pub fn yield_now() {
    sys::yield_now();
}

/// Blocks the calling goroutine until another one [unparks](Goroutine::unpark) it.
///
/// The semantics are those of `std::thread::park`: one token; an `unpark` that comes first makes the next `park` return at once; `park` may return
/// without a token, so call it in a loop that checks what it waits for. The operating-system thread runs other goroutines meanwhile.
///
/// ```no_run,standalone_crate
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
/// A plain thread has no [`Goroutine`], so nobody can unpark it: use `std::thread::park` there.
pub fn park() {
    sys::park();
}
