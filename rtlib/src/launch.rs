//! How a closure gets onto a new goroutine's stack.
//!
//! The runtime copies the closure's bytes there before it returns, so a goroutine needs no heap allocation of ours. A closure that is too
//! big or too strictly aligned for that must be [`boxed`] first, by those who take it from the user: before anything is wrapped around it, so
//! that it stays in the box and never visits the new stack.
//!
//! All that stands between the user's call and the runtime's is inlined, in unoptimised builds too: the runtime records the place of its call as that where the goroutine
//! was created, and tracebacks name the function there.
//!
//! Ownership: [`launch`] gives the closure up, the entry function takes it over from the copy. Between the two nobody owns it, and
//! nothing can fail there: the runtime either starts the goroutine or ends the program.

use core::mem::ManuallyDrop;
use core::ptr;

use rtlib_abi::api::Entry;

use crate::goroutine::Goroutine;
use crate::sys::{self, Panics};

/// The runtime takes a quarter of the stack, and no stack is smaller than a page.
const MAX_SIZE: usize = 1024;
/// The runtime takes any alignment up to a page.
const MAX_ALIGN: usize = 4096;

/// Whether an `F` can be copied onto any goroutine's stack together with the pointer that goes with it.
pub(crate) const fn fits<F>() -> bool {
    size_of::<(F, *const ())>() <= MAX_SIZE && align_of::<F>() <= MAX_ALIGN
}

/// Moves a closure to the heap. Through `dyn`, since that calls it where it lies: a `Box<F>` would move it to the stack for the call.
#[cfg(feature = "std")]
pub(crate) fn boxed<'a, F, T>(f: F) -> impl FnOnce() -> T + Send + 'a
where
    F: FnOnce() -> T + Send + 'a,
    T: 'a,
{
    let f: std::boxed::Box<dyn FnOnce() -> T + Send + 'a> = std::boxed::Box::new(f);
    move || f()
}

/// Starts a goroutine that calls `f`, which must not unwind (the program would abort). `stack_size` 0 is the default.
///
/// # Panics
/// When `f` is larger or more strictly aligned than one that [`fits`], and a pointer beside it.
#[inline(always)]
pub(crate) fn launch<F>(f: F, stack_size: usize, panics: Panics) -> Goroutine
where
    F: FnOnce() + Send + 'static,
{
    // SAFETY: what is `'static` borrows nothing that could end.
    unsafe { launch_borrowing(f, stack_size, panics) }
}

/// [`launch`] for an `f` that borrows.
///
/// # Safety
/// What `f` borrows lives until `f` has returned and been dropped.
///
/// # Panics
/// As [`launch`].
#[inline(always)]
pub(crate) unsafe fn launch_borrowing<F>(f: F, stack_size: usize, panics: Panics) -> Goroutine
where
    F: FnOnce() + Send,
{
    assert!(
        size_of::<F>() <= MAX_SIZE && align_of::<F>() <= MAX_ALIGN,
        "a closure that `fits` refused was not boxed"
    );
    let f = ManuallyDrop::new(f);
    let bytes = (&raw const f).cast::<u8>();
    let entry: Entry = entry::<F>;
    // SAFETY: `f` is readable for its size and never used again, `ManuallyDrop` sees to that; size and alignment are asserted; an `F` is
    // `Send`, so it may be called elsewhere, and what it borrows lives long enough, says the caller, for it to be called later; and an `extern "C"` function does not unwind.
    let started = unsafe {
        sys::newproc(
            entry,
            bytes,
            size_of::<F>(),
            align_of::<F>(),
            stack_size,
            panics,
        )
    };
    Goroutine::new(started).expect("the runtime returns the goroutine that it started")
}

/// The first Rust function on the new stack.
///
/// # Safety
/// `argument` points to a valid `F`, which becomes the callee's; for an `F` without bytes it may point anywhere.
unsafe extern "C" fn entry<F: FnOnce()>(argument: *mut u8) {
    let argument = if size_of::<F>() == 0 {
        ptr::dangling_mut()
    } else {
        argument.cast::<F>()
    };
    // SAFETY: the caller hands over a valid `F`; one without bytes can be read from any aligned address.
    let f = unsafe { argument.read() };
    f();
}
