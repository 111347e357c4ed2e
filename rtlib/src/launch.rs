//! How a closure gets onto a new goroutine's stack.
//!
//! The runtime copies the closure's bytes there before it returns, so a goroutine needs no heap allocation of ours. A closure that is too
//! big or too strictly aligned for that goes into a box, and the box is what is copied.
//!
//! Ownership: [`launch`] gives the closure up, the entry function takes it over from the copy. Between the two nobody owns it, and
//! nothing can fail there: the runtime either starts the goroutine or ends the program.

use core::mem::ManuallyDrop;
use core::ptr;

use rtlib_abi::api::Entry;

use crate::goroutine::Goroutine;
use crate::sys;

/// A quarter of a page, and so of the smallest stack that there can be.
const MAX_SIZE: usize = 1024;
/// The runtime takes any alignment up to a page.
const MAX_ALIGN: usize = 4096;

/// Whether an `F` can be copied onto any goroutine's stack.
const fn fits<F>() -> bool {
    size_of::<F>() <= MAX_SIZE && align_of::<F>() <= MAX_ALIGN
}

/// Starts a goroutine that calls `f`, which must not unwind (the program would abort). `stack_size` 0 is the default.
#[cfg(feature = "std")]
#[inline]
pub(crate) fn launch<F>(f: F, stack_size: usize) -> Goroutine
where
    F: FnOnce() + Send + 'static,
{
    if const { fits::<F>() } {
        copy(f, stack_size)
    } else {
        copy(boxed(f), stack_size)
    }
}

/// Starts a goroutine that calls `f`; without a heap one that does not fit does not compile.
#[cfg(not(feature = "std"))]
#[inline]
pub(crate) fn launch<F>(f: F, stack_size: usize) -> Goroutine
where
    F: FnOnce() + Send + 'static,
{
    const {
        assert!(
            fits::<F>(),
            "without the `std` feature a goroutine's closure is limited to 1024 bytes"
        )
    };
    copy(f, stack_size)
}

/// Through `dyn`, since that calls the closure where it lies: a `Box<F>` would move it to the stack for the call.
#[cfg(feature = "std")]
fn boxed<F>(f: F) -> impl FnOnce() + Send + 'static
where
    F: FnOnce() + Send + 'static,
{
    let f: std::boxed::Box<dyn FnOnce() + Send> = std::boxed::Box::new(f);
    move || f()
}

#[inline]
fn copy<F>(f: F, stack_size: usize) -> Goroutine
where
    F: FnOnce() + Send + 'static,
{
    let f = ManuallyDrop::new(f);
    let bytes = (&raw const f).cast::<u8>();
    let entry: Entry = entry::<F>;
    // SAFETY: `f` is readable for its size and never used again, `ManuallyDrop` sees to that; `fits` checked size and alignment; an `F` is
    // `Send` and `'static`, so it may be called elsewhere and later; and an `extern "C"` function does not unwind.
    let started =
        unsafe { sys::newproc(entry, bytes, size_of::<F>(), align_of::<F>(), stack_size) };
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
