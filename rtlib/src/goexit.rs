//! Ending a goroutine from anywhere in it: `goexit`.
//!
//! A panic of a private kind without a message: it runs the destructors on the stack as any panic does, and whoever catches panics of a goroutine in this crate knows it by its payload. What
//! catches it below `main` is std, which drops the payload and would then exit the process: so there the payload's destructor does not return.

use core::any::Any;
use std::boxed::Box;
use std::panic::resume_unwind;

use crate::{goroutine, sys};

const MAIN_GOROUTINE: u64 = 1;

/// What [`JoinHandle::join`](crate::JoinHandle::join) returns as the error of a goroutine that has ended by [`goexit`].
///
/// Passed on with `std::panic::resume_unwind` it ends another goroutine likewise, but not `main`, below which std exits the process with 101 and without a word: call `goexit` there.
///
/// ```no_run,standalone_crate
/// let early = rtlib::spawn(|| rtlib::goexit());
/// let error = early.join().map(|never| never).unwrap_err();
/// assert!(error.is::<rtlib::Goexit>());
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Goexit;

/// The payload on the main goroutine.
struct MainGoexit;

impl Drop for MainGoexit {
    fn drop(&mut self) {
        if is_main() {
            sys::goexit::end_main();
        }
    }
}

/// Ends the calling goroutine: Go's `runtime.Goexit`. The destructors of everything on its stack run, and those of its thread-locals. Others go on.
///
/// A `join` of the goroutine returns a [`Goexit`] as the error. A goroutine of [`go`](crate::go) just ends.
///
/// Called on the main goroutine, `main` does not return: the program goes on with its other goroutines, until one of them exits the process. When none is left, it ends with `fatal error: no
/// goroutines (main called runtime.Goexit) - deadlock!`. Main's thread-locals stay as they are, without destructors: where a caller catches the goexit and drops its payload, others may still borrow them.
///
/// On its way is every `std::panic::catch_unwind` in the calling functions: it catches a goexit as it catches panics, and should pass it on with `std::panic::resume_unwind`. (The main goroutine
/// ends where the payload is dropped.) With `panic = "abort"` nothing unwinds, and the program aborts.
///
/// `std::thread::panicking()` is true meanwhile, so that locks whose guards are dropped are poisoned, and so is a `Once` whose function it ends; called by a destructor that a panic
/// runs, it aborts the program as a second panic does.
///
/// # Panics
/// On a thread that is not a goroutine.
pub fn goexit() -> ! {
    assert!(
        goroutine::current().is_some(),
        "goexit on a thread that is not a goroutine"
    );
    if is_main() {
        resume_unwind(Box::new(MainGoexit));
    }
    resume_unwind(Box::new(Goexit))
}

/// Ends the main goroutine if that is what the payload, which it has caught, means.
pub(crate) fn end_main_if_meant(payload: &(dyn Any + Send)) {
    if payload.is::<MainGoexit>() {
        sys::goexit::end_main();
    }
}

fn is_main() -> bool {
    goroutine::current().is_some_and(|me| me.id() == MAIN_GOROUTINE)
}
