//! Goroutines without a result: how one is started, and what an unrecovered panic in it does.

use crate::launch::{fits, launch};
use crate::sys::Panics;

/// Starts a goroutine that calls `f` and ends the program when that panics.
#[cfg(feature = "std")]
#[inline(always)]
pub(crate) fn start<F>(f: F, stack_size: usize)
where
    F: FnOnce() + Send + 'static,
{
    start_then(f, || (), stack_size);
}

/// The same, and calls `then`, which does not panic, when `f` has returned or ended by a goexit.
#[cfg(feature = "std")]
#[inline(always)]
pub(crate) fn start_then<F, N>(f: F, then: N, stack_size: usize)
where
    F: FnOnce() + Send + 'static,
    N: FnOnce() + Send + 'static,
{
    crate::panics::announce();
    start_announced(f, then, stack_size);
}

/// The same without [`announce`](crate::panics::announce), which the caller has seen to and which may wait.
#[cfg(feature = "std")]
#[inline(always)]
pub(crate) fn start_announced<F, N>(f: F, then: N, stack_size: usize)
where
    F: FnOnce() + Send + 'static,
    N: FnOnce() + Send + 'static,
{
    use crate::launch::boxed;
    if const { fits::<(F, N)>() } {
        launch(move || run(f, then), stack_size, Panics::AreFatal);
    } else {
        let f = boxed(f);
        launch(move || run(f, then), stack_size, Panics::AreFatal);
    }
}

/// What runs on the goroutine. Does not unwind.
#[cfg(feature = "std")]
fn run<F: FnOnce(), N: FnOnce()>(f: F, then: N) {
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f));
    if let Err(payload) = outcome
        && !payload.is::<crate::Goexit>()
    {
        crate::sys::fatal_panic(
            crate::panics::message(&*payload),
            (&raw const *payload).cast(),
        );
    }
    then();
}

/// Starts a goroutine that calls `f`. Without std there is no heap to box a large `f` in, and nothing unwinds: a panic ends in the program's
/// panic handler.
#[cfg(not(feature = "std"))]
#[inline(always)]
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
    launch(f, stack_size, Panics::AreCaught);
}
