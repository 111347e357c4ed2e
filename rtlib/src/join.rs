//! Goroutines with a result: how one is started, what runs on it, and the handle to wait for it.

use core::fmt;
use core::panic::{RefUnwindSafe, UnwindSafe};
use std::format;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use crate::event::Joining;
use crate::goexit::Goexit;
use crate::goroutine::Goroutine;
use crate::launch::{boxed, fits, launch};
use crate::packet::{Receiver, Sender, Stored, packet};
use crate::sys::Panics;
use crate::{panics, sys};

/// Waits for a goroutine that [`spawn`](crate::spawn) started: `std::thread::JoinHandle`, for goroutines.
///
/// Dropping it detaches the goroutine, which runs on; its result, or its panic, is then dropped.
pub struct JoinHandle<T> {
    goroutine: Goroutine,
    receiver: Receiver<thread::Result<T>, Joining>,
}

// SAFETY: as std's: whatever is joined has been sent by its goroutine, for which `start` demands `T: Send`; and through a shared handle nobody gets at it.
unsafe impl<T> Send for JoinHandle<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for JoinHandle<T> {}

impl<T> UnwindSafe for JoinHandle<T> {}
impl<T> RefUnwindSafe for JoinHandle<T> {}

impl<T> JoinHandle<T> {
    /// Blocks until the goroutine has ended, the destructors of its thread-locals included, and returns what it returned.
    ///
    /// A goroutine that waits leaves its thread to others. A plain thread may wait, too.
    ///
    /// # Errors
    /// The payload of the panic that ended the goroutine; a [`Goexit`] if it ended by [`goexit`](crate::goexit()).
    pub fn join(self) -> thread::Result<T> {
        self.receiver.wait()
    }

    /// Whether the goroutine's closure has returned or panicked; `join` will then not block for long.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.receiver.is_stored()
    }

    /// The goroutine.
    #[must_use]
    pub fn goroutine(&self) -> Goroutine {
        self.goroutine
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle")
            .field("goroutine", &self.goroutine)
            .finish_non_exhaustive()
    }
}

/// Starts a goroutine that calls `f`.
#[inline(always)]
pub(crate) fn start<F, T>(f: F, stack_size: usize) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let (sender, receiver) = packet();
    let goroutine = if const { fits::<F>() } {
        launch(move || run(f, sender), stack_size, Panics::AreCaught)
    } else {
        let f = boxed(f);
        launch(move || run(f, sender), stack_size, Panics::AreCaught)
    };
    JoinHandle {
        goroutine,
        receiver,
    }
}

/// What runs on the goroutine. Does not unwind.
fn run<F: FnOnce() -> T, T>(f: F, sender: Sender<thread::Result<T>, Joining>) {
    run_and_store(f, sender, || ()).finish();
}

/// Calls `f` and leaves its result, or its panic, of which `panicked` hears first. When it returns, `f`, a result that nobody wants
/// and the goroutine's thread-locals are gone: what follows may touch the scheduler and no thread-local. Does not unwind.
pub(crate) fn run_and_store<F: FnOnce() -> T, T>(
    f: F,
    sender: Sender<thread::Result<T>, Joining>,
    panicked: impl FnOnce(),
) -> Stored<thread::Result<T>, Joining> {
    let outcome = catch_unwind(AssertUnwindSafe(f));
    if is_panic(&outcome) {
        panicked();
    }
    let (stored, unwanted) = sender.store(outcome);
    drop_unwanted(unwanted);
    // SAFETY: the goroutine's closure is gone, and what follows touches the packet and the scheduler, no thread-local.
    unsafe { sys::run_thread_local_destructors() };
    stored
}

/// Whether a panic ended it: neither a result nor a goexit.
pub(crate) fn is_panic<T>(outcome: &thread::Result<T>) -> bool {
    outcome
        .as_ref()
        .is_err_and(|payload| !payload.is::<Goexit>())
}

/// As in std, a result that panics when nobody wants it ends the program: there is nobody to tell.
fn drop_unwanted<T>(outcome: Option<thread::Result<T>>) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(outcome))) {
        let message = panics::message(&*payload);
        let text =
            format!("the result of a detached goroutine panicked when it was dropped: {message}");
        sys::fatal_panic(&text, (&raw const *payload).cast());
    }
}
