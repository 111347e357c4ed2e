//! `pthread_getattr_np`: crates that look at their stack (stacker, garbage collectors) ask it, and libc would answer from a kernel thread id
//! that a goroutine does not have. Linked as `--wrap=pthread_getattr_np`.

use core::ffi::c_int;
use core::sync::atomic::Ordering;

use super::ffi::{self, PthreadAttr};
use crate::gmp;

/// Answers for the calling goroutine; every other thread, and the main goroutine (which has libc's own block and stack), is libc's affair.
///
/// # Safety
/// As pthread_getattr_np(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_pthread_getattr_np(thread: usize, attr: *mut PthreadAttr) -> c_int {
    let gp = gmp::getg()
        .filter(|gp| gp.fs.load(Ordering::Relaxed) == thread && !gmp::is_main(gp) && gp.id() != 0);
    let Some(gp) = gp else {
        // SAFETY: the caller's arguments.
        return unsafe { ffi::real_pthread_getattr_np(thread, attr) };
    };
    let lo = gp.stack_lo.load(Ordering::Relaxed);
    let size = gp.stack_hi.load(Ordering::Relaxed) - lo;
    // SAFETY: `attr` is the caller's to fill; the stack is what it runs on.
    unsafe {
        match ffi::pthread_attr_init(attr) {
            0 => ffi::pthread_attr_setstack(attr, lo as *mut _, size),
            error => error,
        }
    }
}
