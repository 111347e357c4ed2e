//! Calls after which a descriptor's number means something else: close(2), dup2(2), dup3(2). Who waits for the old one is told so.

use core::ffi::c_int;

use crate::os::linux::sys::EBADF;
use crate::os::linux::sys::{__NR_close, __NR_dup2, __NR_dup3};

use super::io::{plain, said_int, word};
use crate::netpoll;
use crate::os::linux::Errno;

/// close(2). The poller's own descriptors stay open: to the program there are none with these numbers.
#[unsafe(no_mangle)]
extern "C" fn __wrap_close(fd: c_int) -> c_int {
    if netpoll::is_own(fd) {
        return said_int(Err(Errno(EBADF)));
    }
    netpoll::close(fd);
    // SAFETY: no memory is involved; what a descriptor is for is the caller's business.
    said_int(unsafe { plain(__NR_close, [word(fd), 0, 0, 0, 0, 0]) })
}

/// dup2(2).
#[unsafe(no_mangle)]
extern "C" fn __wrap_dup2(from: c_int, to: c_int) -> c_int {
    duplicate(__NR_dup2, from, to, 0)
}

/// dup3(2).
#[unsafe(no_mangle)]
extern "C" fn __wrap_dup3(from: c_int, to: c_int, flags: c_int) -> c_int {
    duplicate(__NR_dup3, from, to, flags)
}

fn duplicate(nr: u32, from: c_int, to: c_int, flags: c_int) -> c_int {
    if netpoll::is_own(to) {
        return said_int(Err(Errno(EBADF)));
    }
    if from != to {
        netpoll::close(to);
    }
    // SAFETY: no memory is involved; what a descriptor is for is the caller's business.
    said_int(unsafe { plain(nr, [word(from), word(to), word(flags), 0, 0, 0]) })
}
