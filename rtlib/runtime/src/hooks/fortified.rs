//! Calls as C makes them that was compiled with `_FORTIFY_SOURCE`: they say how large the buffer is.

use core::ffi::{c_int, c_void};

use super::files::{__wrap_pread, __wrap_pread64};
use super::rw::__wrap_read;
use super::socket::{__wrap_recv, __wrap_recvfrom};

unsafe extern "C" {
    /// "buffer overflow detected", and the end of the program.
    safe fn __chk_fail() -> !;
}

/// As libc does before such a call.
pub fn check(wanted: usize, room: usize) {
    if wanted > room {
        __chk_fail();
    }
}

/// read(2).
///
/// # Safety
/// As read(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap___read_chk(
    fd: c_int,
    buffer: *mut c_void,
    len: usize,
    room: usize,
) -> isize {
    check(len, room);
    // SAFETY: the caller's arguments.
    unsafe { __wrap_read(fd, buffer, len) }
}

/// recv(2).
///
/// # Safety
/// As recv(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap___recv_chk(
    fd: c_int,
    buffer: *mut c_void,
    len: usize,
    room: usize,
    flags: c_int,
) -> isize {
    check(len, room);
    // SAFETY: the caller's arguments.
    unsafe { __wrap_recv(fd, buffer, len, flags) }
}

/// recvfrom(2).
///
/// # Safety
/// As recvfrom(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap___recvfrom_chk(
    fd: c_int,
    buffer: *mut c_void,
    len: usize,
    room: usize,
    flags: c_int,
    addr: *mut c_void,
    addr_len: *mut u32,
) -> isize {
    check(len, room);
    // SAFETY: the caller's arguments.
    unsafe { __wrap_recvfrom(fd, buffer, len, flags, addr, addr_len) }
}

/// pread(2).
///
/// # Safety
/// As pread(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap___pread_chk(
    fd: c_int,
    buffer: *mut c_void,
    len: usize,
    at: i64,
    room: usize,
) -> isize {
    check(len, room);
    // SAFETY: the caller's arguments.
    unsafe { __wrap_pread(fd, buffer, len, at) }
}

/// pread(2).
///
/// # Safety
/// As pread(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap___pread64_chk(
    fd: c_int,
    buffer: *mut c_void,
    len: usize,
    at: i64,
    room: usize,
) -> isize {
    check(len, room);
    // SAFETY: the caller's arguments.
    unsafe { __wrap_pread64(fd, buffer, len, at) }
}
