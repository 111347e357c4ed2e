//! Calls that move data from one descriptor to another: sendfile(2), splice(2), copy_file_range(2). `std::io::copy` makes them.
//!
//! None of them can be told not to wait for a socket. So the goroutine waits until both sides are ready, and what is moved then is so little that the thread hardly has to.

use core::ffi::{c_int, c_uint};

use crate::os::linux::sys::{__NR_copy_file_range, __NR_sendfile, __NR_splice, SPLICE_F_NONBLOCK};

use super::io::{Answer, Fd, keep_thread, passing, plain, said, word};
use super::may_park;
use super::rw::poll_first;
use super::socket::all_of;
use crate::godebug::Family;
use crate::netpoll::{Dir, Kind};

/// What is sent at once: about what a socket has room for that poll(2) calls writable.
const AT_ONCE: usize = 64 << 10;

/// A descriptor that can be waited for.
fn pollable(fd: c_int) -> Option<Fd> {
    if !may_park(Family::Net) {
        return None;
    }
    Fd::new(fd).filter(|of| of.kind() != Kind::File)
}

/// Parks until poll(2) tells that the descriptor is ready, if it can be waited for.
fn until_ready(fd: c_int, dir: Dir) -> Answer {
    match pollable(fd) {
        Some(of) => poll_first(of, fd, dir).map(|()| 0),
        None => Ok(0),
    }
}

/// sendfile(2). To what can be waited for, piece by piece.
///
/// # Safety
/// As sendfile(2).
unsafe fn send_file(to: c_int, from: c_int, at: *mut i64, len: usize) -> Answer {
    let args = |len: usize| [word(to), word(from), at as usize, len, 0, 0];
    // SAFETY: the caller's arguments.
    unsafe {
        let Some(of) = pollable(to).filter(|of| len != 0 && !of.is_nonblocking()) else {
            return passing(__NR_sendfile, args(len));
        };
        all_of(len, |done| {
            let piece = AT_ONCE.min(len - done);
            poll_first(of, to, Dir::Write)?;
            keep_thread(__NR_sendfile, args(piece))
        })
    }
}

/// sendfile(2).
///
/// # Safety
/// As sendfile(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_sendfile(to: c_int, from: c_int, at: *mut i64, len: usize) -> isize {
    // SAFETY: the caller's arguments.
    said(unsafe { send_file(to, from, at, len) })
}

/// sendfile(2).
///
/// # Safety
/// As sendfile(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_sendfile64(to: c_int, from: c_int, at: *mut i64, len: usize) -> isize {
    // SAFETY: the caller's arguments.
    said(unsafe { send_file(to, from, at, len) })
}

/// The arguments that splice(2) and copy_file_range(2) have.
fn between(
    (from, from_at): (c_int, *mut i64),
    (to, to_at): (c_int, *mut i64),
    len: usize,
    flags: c_uint,
) -> [usize; 6] {
    let [source, target] = [from, to].map(word);
    let (from_at, to_at) = (from_at as usize, to_at as usize);
    [source, from_at, target, to_at, len, flags as usize]
}

/// splice(2).
///
/// # Safety
/// As splice(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_splice(
    from: c_int,
    from_at: *mut i64,
    to: c_int,
    to_at: *mut i64,
    len: usize,
    flags: c_uint,
) -> isize {
    let args = between((from, from_at), (to, to_at), len, flags);
    // SAFETY: the caller's arguments.
    said(unsafe {
        if len == 0 || flags & SPLICE_F_NONBLOCK != 0 || !may_park(Family::Net) {
            plain(__NR_splice, args)
        } else {
            until_ready(from, Dir::Read)
                .and_then(|_| until_ready(to, Dir::Write))
                .and_then(|_| keep_thread(__NR_splice, args))
        }
    })
}

/// copy_file_range(2).
///
/// # Safety
/// As copy_file_range(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_copy_file_range(
    from: c_int,
    from_at: *mut i64,
    to: c_int,
    to_at: *mut i64,
    len: usize,
    flags: c_uint,
) -> isize {
    let args = between((from, from_at), (to, to_at), len, flags);
    // SAFETY: the caller's arguments.
    said(unsafe { passing(__NR_copy_file_range, args) })
}
