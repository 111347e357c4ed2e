//! poll(2) and ppoll(2), in all the forms that libc has.
//!
//! Who polls is parked, whatever the number of descriptors up to a limit (`several`). A call with a signal mask is the thread's, for as long as it lasts: it keeps it, and others have its P at once.

use core::ffi::{c_int, c_void};

use crate::os::linux::sys::{__NR_poll, __NR_ppoll, pollfd};

use super::fortified;
use super::io::{Answer, block, plain, said_int, word};
use super::several::{left_ms, until_any, until_ms};
use super::{MASK_LEN, Timespec, may_park};
use crate::godebug::Family;
use crate::os::linux::nanotime;

/// On a goroutine.
///
/// # Safety
/// As poll(2).
unsafe fn park(fds: *mut pollfd, count: usize, until: u64) -> Answer {
    let args = |ms: c_int| [fds as usize, count, word(ms), 0, 0, 0];
    // SAFETY: the caller's; the first call has told that they can be read.
    let numbers = (0..count).map(|i| unsafe { (*fds.add(i)).fd });
    until_any(
        numbers,
        until,
        // SAFETY: the caller's arguments.
        || unsafe { plain(__NR_poll, args(0)) },
        // SAFETY: the caller's arguments.
        || unsafe { block(__NR_poll, args(left_ms(until))) },
    )
}

/// poll(2).
///
/// # Safety
/// As poll(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_poll(fds: *mut pollfd, count: usize, ms: c_int) -> c_int {
    // SAFETY: the caller's arguments.
    said_int(unsafe {
        if ms != 0 && may_park(Family::Net) {
            park(fds, count, until_ms(ms))
        } else {
            plain(__NR_poll, [fds as usize, count, word(ms), 0, 0, 0])
        }
    })
}

/// poll(2) as libc's own files call it: the resolver.
///
/// # Safety
/// As poll(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap___poll(fds: *mut pollfd, count: usize, ms: c_int) -> c_int {
    // SAFETY: the caller's arguments.
    unsafe { __wrap_poll(fds, count, ms) }
}

/// poll(2) of C that was compiled with `_FORTIFY_SOURCE`.
///
/// # Safety
/// As poll(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap___poll_chk(
    fds: *mut pollfd,
    count: usize,
    ms: c_int,
    size: usize,
) -> c_int {
    fortified::check(count, size / size_of::<pollfd>());
    // SAFETY: the caller's arguments.
    unsafe { __wrap_poll(fds, count, ms) }
}

/// ppoll(2).
///
/// # Safety
/// As ppoll(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_ppoll(
    fds: *mut pollfd,
    count: usize,
    timeout: *const Timespec,
    mask: *const c_void,
) -> c_int {
    // SAFETY: the caller's arguments. The kernel writes what is left to our copy of the timeout.
    said_int(unsafe {
        let mut left = timeout.as_ref().copied();
        let ns = left.map_or(Some(u64::MAX), Timespec::ns);
        let at = left.as_mut().map_or(0, |left| &raw mut *left as usize);
        let args = [fds as usize, count, at, mask as usize, MASK_LEN, 0];
        match ns {
            Some(ns) if ns != 0 && may_park(Family::Net) => {
                if mask.is_null() {
                    park(fds, count, nanotime().saturating_add(ns))
                } else {
                    block(__NR_ppoll, args)
                }
            }
            _ => plain(__NR_ppoll, args),
        }
    })
}

/// ppoll(2) of C that was compiled with `_FORTIFY_SOURCE`.
///
/// # Safety
/// As ppoll(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap___ppoll_chk(
    fds: *mut pollfd,
    count: usize,
    timeout: *const Timespec,
    mask: *const c_void,
    size: usize,
) -> c_int {
    fortified::check(count, size / size_of::<pollfd>());
    // SAFETY: the caller's arguments.
    unsafe { __wrap_ppoll(fds, count, timeout, mask) }
}
