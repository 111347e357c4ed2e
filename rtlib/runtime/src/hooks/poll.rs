//! poll(2) and epoll_wait(2).
//!
//! Who polls one descriptor, as libc's resolver does, or waits in an epoll of its own, as mio and tokio do, is parked: an epoll is a descriptor that can be polled itself. Who polls several keeps
//! its thread, and its P is free for others.

use core::ffi::{c_int, c_void};

use crate::os::linux::sys::{__NR_epoll_pwait, __NR_epoll_wait, __NR_poll, pollfd};

use super::io::{Answer, Fd, keep_thread, plain, said_int, word};
use super::may_park;
use crate::godebug::Family;
use crate::netpoll::Dir;
use crate::os::linux::{Errno, nanotime};

/// When a timeout in ms that begins now is over; below 0: never.
fn until(ms: c_int) -> u64 {
    match u64::try_from(ms) {
        Ok(ms) => nanotime().saturating_add(ms * 1_000_000),
        Err(_) => u64::MAX,
    }
}

/// Tries until there is something, the time is over, or it must be left to the thread. `plainly` is the same call for descriptors that cannot be waited for.
fn until_something(
    of: Fd,
    dir: Dir,
    ms: c_int,
    now: impl Fn() -> Answer,
    plainly: impl FnOnce() -> Answer,
) -> Answer {
    use crate::os::linux::sys::{EAGAIN, EINTR};
    let until = until(ms);
    loop {
        let seen = of.seen(dir);
        let answer = now();
        if answer != Ok(0) || ms == 0 {
            return answer;
        }
        match of.until_event(dir, seen, until) {
            Ok(true) => {}
            Ok(false) => return plainly(),
            Err(Errno(EAGAIN)) => return now(),
            Err(Errno(EINTR)) => return Err(Errno(EINTR)),
            // It was closed: the call says what that means to it.
            Err(_) => return now(),
        }
    }
}

/// # Safety
/// As poll(2).
unsafe fn poll(fds: *mut pollfd, count: usize, ms: c_int) -> Answer {
    let args = |ms: c_int| [fds as usize, count, word(ms), 0, 0, 0];
    // SAFETY: the caller's arguments.
    unsafe {
        if ms == 0 || !may_park(Family::Net) {
            return plain(__NR_poll, args(ms));
        }
        let alone = match count {
            1 if (*fds).fd >= 0 => Fd::new((*fds).fd),
            _ => None,
        };
        match alone {
            Some(of) => until_something(
                of,
                Dir::Any,
                ms,
                || plain(__NR_poll, args(0)),
                || keep_thread(__NR_poll, args(ms)),
            ),
            None => keep_thread(__NR_poll, args(ms)),
        }
    }
}

/// poll(2).
///
/// # Safety
/// As poll(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_poll(fds: *mut pollfd, count: usize, ms: c_int) -> c_int {
    // SAFETY: the caller's arguments.
    said_int(unsafe { poll(fds, count, ms) })
}

/// poll(2) as libc's own files call it: the resolver.
///
/// # Safety
/// As poll(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap___poll(fds: *mut pollfd, count: usize, ms: c_int) -> c_int {
    // SAFETY: the caller's arguments.
    said_int(unsafe { poll(fds, count, ms) })
}

/// epoll_wait(2).
///
/// # Safety
/// As epoll_wait(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_epoll_wait(
    epoll: c_int,
    events: *mut c_void,
    len: c_int,
    ms: c_int,
) -> c_int {
    let args = |ms: c_int| [word(epoll), events as usize, word(len), word(ms), 0, 0];
    // SAFETY: the caller's arguments.
    said_int(unsafe {
        match (ms != 0 && may_park(Family::Net))
            .then(|| Fd::new(epoll))
            .flatten()
        {
            Some(of) => until_something(
                of,
                Dir::Read,
                ms,
                || plain(__NR_epoll_wait, args(0)),
                || keep_thread(__NR_epoll_wait, args(ms)),
            ),
            None => plain(__NR_epoll_wait, args(ms)),
        }
    })
}

/// epoll_pwait(2). With a mask it is the thread's, for as long as the call lasts.
///
/// # Safety
/// As epoll_pwait(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_epoll_pwait(
    epoll: c_int,
    events: *mut c_void,
    len: c_int,
    ms: c_int,
    mask: *const c_void,
) -> c_int {
    const MASK_LEN: usize = 8;
    // SAFETY: the caller's arguments.
    unsafe {
        if mask.is_null() {
            return __wrap_epoll_wait(epoll, events, len, ms);
        }
        let args = [
            word(epoll),
            events as usize,
            word(len),
            word(ms),
            mask as usize,
            MASK_LEN,
        ];
        said_int(if may_park(Family::Net) {
            keep_thread(__NR_epoll_pwait, args)
        } else {
            plain(__NR_epoll_pwait, args)
        })
    }
}
