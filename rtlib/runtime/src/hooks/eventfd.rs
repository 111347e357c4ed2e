//! eventfd_read(3) and eventfd_write(3).

use core::ffi::{c_int, c_void};

use super::rw::{__wrap_read, __wrap_write};

/// What both transfer.
const LEN: usize = size_of::<u64>();

fn all_or_nothing(transferred: isize) -> c_int {
    if transferred == LEN as isize { 0 } else { -1 }
}

/// eventfd_read(3).
///
/// # Safety
/// As eventfd_read(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_eventfd_read(fd: c_int, value: *mut u64) -> c_int {
    // SAFETY: the caller's arguments.
    all_or_nothing(unsafe { __wrap_read(fd, value.cast::<c_void>(), LEN) })
}

/// eventfd_write(3).
#[unsafe(no_mangle)]
extern "C" fn __wrap_eventfd_write(fd: c_int, value: u64) -> c_int {
    let at = (&raw const value).cast::<c_void>();
    // SAFETY: our own variable.
    all_or_nothing(unsafe { __wrap_write(fd, at, LEN) })
}
