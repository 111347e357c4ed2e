//! Goroutines without a result: how one is started, and what an unrecovered panic in it does.

use crate::launch::{fits, launch};

/// Starts a goroutine that calls `f` and ends the program when that panics.
#[cfg(feature = "std")]
#[inline]
pub(crate) fn start<F>(f: F, stack_size: usize)
where
    F: FnOnce() + Send + 'static,
{
    use crate::launch::boxed;
    if const { fits::<F>() } {
        launch(move || run(f), stack_size);
    } else {
        let f = boxed(f);
        launch(move || run(f), stack_size);
    }
}

/// What runs on the goroutine. Does not unwind.
#[cfg(feature = "std")]
fn run<F: FnOnce()>(f: F) {
    if let Err(payload) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)) {
        crate::sys::fatal_panic(crate::panics::message(&*payload));
    }
}

/// Starts a goroutine that calls `f`. Without std there is no heap to box a large `f` in, and nothing unwinds: a panic ends in the program's
/// panic handler.
#[cfg(not(feature = "std"))]
#[inline]
pub(crate) fn start<F>(f: F, stack_size: usize)
where
    F: FnOnce() + Send + 'static,
{
    const {
        assert!(
            fits::<F>(),
            "without the `std` feature a goroutine's closure is limited to about 1000 bytes"
        )
    };
    launch(f, stack_size);
}
