//! epoll_wait(2) and its like: who waits in an epoll of its own, as mio and tokio do, is parked, since an epoll is a descriptor that can be polled itself.
//!
//! A call with a signal mask is the thread's, for as long as it lasts.

use core::ffi::{c_int, c_void};

use crate::os::linux::sys::{__NR_epoll_pwait, __NR_epoll_pwait2, __NR_epoll_wait};

use super::io::{Answer, Fd, block, lasting, plain, said_int, word};
use super::several::{left_ms, until_ms};
use super::{MASK_LEN, Timespec, may_park};
use crate::godebug::Family;
use crate::netpoll::Dir;
use crate::os::linux::sys::EINTR;
use crate::os::linux::{Errno, nanotime};

/// epoll_wait(2) until a moment. None: not on a goroutine, and nothing has been done.
///
/// # Safety
/// As epoll_wait(2).
unsafe fn park(epoll: c_int, events: *mut c_void, len: c_int, until: u64) -> Option<Answer> {
    if !may_park(Family::Net) {
        return None;
    }
    let of = Fd::new(epoll)?;
    let call = |ms: c_int| [word(epoll), events as usize, word(len), word(ms), 0, 0];
    // SAFETY: the caller's arguments.
    let now = || unsafe { plain(__NR_epoll_wait, call(0)) };
    loop {
        let seen = of.seen(Dir::Read);
        let answer = now();
        if answer != Ok(0) {
            return Some(answer);
        }
        match of.until_event(Dir::Read, seen, until) {
            Ok(true) => {}
            // SAFETY: as above.
            Ok(false) => return Some(unsafe { block(__NR_epoll_wait, call(left_ms(until))) }),
            Err(Errno(EINTR)) => return Some(Err(Errno(EINTR))),
            // It is too late, or it was closed: the call says what that means to it.
            Err(_) => return Some(now()),
        }
    }
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
    let args = [word(epoll), events as usize, word(len), word(ms), 0, 0];
    // SAFETY: the caller's arguments.
    said_int(unsafe {
        (ms != 0)
            .then(|| park(epoll, events, len, until_ms(ms)))
            .flatten()
            .unwrap_or_else(|| plain(__NR_epoll_wait, args))
    })
}

/// epoll_pwait(2).
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
    let [fd, count, timeout] = [epoll, len, ms].map(word);
    let args = [fd, events as usize, count, timeout, mask as usize, MASK_LEN];
    // SAFETY: the caller's arguments.
    unsafe {
        if mask.is_null() {
            return __wrap_epoll_wait(epoll, events, len, ms);
        }
        said_int(if ms != 0 {
            lasting(__NR_epoll_pwait, args)
        } else {
            plain(__NR_epoll_pwait, args)
        })
    }
}

/// epoll_pwait2(2).
///
/// # Safety
/// As epoll_pwait2(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_epoll_pwait2(
    epoll: c_int,
    events: *mut c_void,
    len: c_int,
    timeout: *const Timespec,
    mask: *const c_void,
) -> c_int {
    let [fd, count] = [epoll, len].map(word);
    let args = [
        fd,
        events as usize,
        count,
        timeout as usize,
        mask as usize,
        MASK_LEN,
    ];
    // SAFETY: the caller's arguments.
    said_int(unsafe {
        let ns = timeout.as_ref().map_or(Some(u64::MAX), |limit| limit.ns());
        let waits = ns.is_some_and(|ns| ns != 0);
        if let Some(ns) = ns
            && waits
            && mask.is_null()
            && let Some(answer) = park(epoll, events, len, nanotime().saturating_add(ns))
        {
            return said_int(answer);
        }
        if waits {
            lasting(__NR_epoll_pwait2, args)
        } else {
            plain(__NR_epoll_pwait2, args)
        }
    })
}
