//! Calls after which a descriptor's number means something else: close(2), close_range(2), fclose(3), dup2(2) and their like. Who waits for the old one is told so.
//!
//! The poller's own descriptors stay open, whatever is closed: to the program there are none with these numbers.
#![allow(non_upper_case_globals, reason = "the kernel's names, in patterns")]

use core::ffi::{c_int, c_uint, c_void};

use crate::os::linux::sys::{
    __NR_close, __NR_close_range, __NR_dup2, __NR_dup3, __NR_fcntl, EBADF, ENOSYS, F_GETFD,
    O_CLOEXEC,
};

use super::io::{Answer, plain, said_int, word};
use crate::netpoll;
use crate::os::linux::{Errno, proc};

unsafe extern "C" {
    fn __real_fclose(file: *mut c_void) -> c_int;
    fn fileno(file: *mut c_void) -> c_int;
}

/// close(2).
#[unsafe(no_mangle)]
extern "C" fn __wrap_close(fd: c_int) -> c_int {
    said_int(close(fd))
}

fn close(fd: c_int) -> Answer {
    if netpoll::is_own(fd) {
        return Err(Errno(EBADF));
    }
    netpoll::close(fd);
    // SAFETY: no memory is involved; what a descriptor is for is the caller's business.
    unsafe { plain(__NR_close, [word(fd), 0, 0, 0, 0, 0]) }
}

/// close_range(2).
#[unsafe(no_mangle)]
extern "C" fn __wrap_close_range(first: c_uint, last: c_uint, flags: c_int) -> c_int {
    said_int(close_range(first, last, flags))
}

fn close_range(first: c_uint, last: c_uint, flags: c_int) -> Answer {
    /// They are closed by exec only.
    const CLOSE_RANGE_CLOEXEC: u32 = 4;
    let close = |first: c_uint, last: c_uint| {
        let args = [first as usize, last as usize, word(flags), 0, 0, 0];
        // SAFETY: no memory is involved; what descriptors are for is the caller's business.
        unsafe { plain(__NR_close_range, args) }
    };
    if flags as u32 & CLOSE_RANGE_CLOEXEC != 0 || first > last {
        return close(first, last);
    }
    netpoll::close_range(first, last);
    let mut next = first;
    for own in netpoll::own().map(|fd| fd as c_uint) {
        if !(next..=last).contains(&own) {
            continue;
        }
        if next < own {
            close(next, own - 1)?;
        }
        next = own + 1;
    }
    if next > last {
        return Ok(0);
    }
    close(next, last)
}

/// closefrom(3). Where the kernel has no close_range(2), /proc says which there are.
#[unsafe(no_mangle)]
extern "C" fn __wrap_closefrom(first: c_int) {
    let first = first.max(0);
    if close_range(first as c_uint, c_uint::MAX, 0) == Err(Errno(ENOSYS)) {
        _ = proc::for_each_entry(c"/proc/self/fd", |name| {
            let number = core::str::from_utf8(name).map(str::parse);
            if let Ok(Ok(fd)) = number
                && fd >= first
            {
                _ = close(fd);
            }
        });
    }
}

/// fclose(3), which calls libc's own close(2).
///
/// # Safety
/// As fclose(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_fclose(file: *mut c_void) -> c_int {
    // SAFETY: the caller's stream, which is open.
    unsafe {
        let fd = fileno(file);
        if fd >= 0 {
            netpoll::close(fd);
        }
        __real_fclose(file)
    }
}

/// dup2(2).
#[unsafe(no_mangle)]
extern "C" fn __wrap_dup2(from: c_int, to: c_int) -> c_int {
    said_int(duplicate(__NR_dup2, from, to, 0))
}

/// dup3(2).
#[unsafe(no_mangle)]
extern "C" fn __wrap_dup3(from: c_int, to: c_int, flags: c_int) -> c_int {
    said_int(duplicate(__NR_dup3, from, to, flags))
}

fn duplicate(nr: u32, from: c_int, to: c_int, flags: c_int) -> Answer {
    if netpoll::is_own(to) {
        return Err(Errno(EBADF));
    }
    // Who waits for it waits on when the call fails.
    let is_known = flags & !(O_CLOEXEC as c_int) == 0;
    if from != to && is_known && is_open(from) {
        netpoll::close(to);
    }
    // SAFETY: no memory is involved; what a descriptor is for is the caller's business.
    unsafe { plain(nr, [word(from), word(to), word(flags), 0, 0, 0]) }
}

fn is_open(fd: c_int) -> bool {
    // SAFETY: no memory is involved.
    unsafe { plain(__NR_fcntl, [word(fd), F_GETFD as usize, 0, 0, 0, 0]) }.is_ok()
}

/// Whether [`by_number`] serves calls with this number.
pub const fn is_close(nr: u32) -> bool {
    matches!(nr, __NR_close | __NR_close_range | __NR_dup2 | __NR_dup3)
}

/// These calls by their numbers, for syscall(2).
pub fn by_number(nr: u32, args: [usize; 6]) -> Option<Answer> {
    let [a, b, c, ..] = args.map(|arg| arg as c_int);
    Some(match nr {
        __NR_close => close(a),
        __NR_close_range => close_range(a as c_uint, b as c_uint, c),
        __NR_dup2 => duplicate(__NR_dup2, a, b, 0),
        __NR_dup3 => duplicate(__NR_dup3, a, b, c),
        _ => return None,
    })
}
