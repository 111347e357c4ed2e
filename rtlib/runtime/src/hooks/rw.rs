//! read(2), write(2) and their forms for several buffers: of sockets, pipes, terminals, files, and whatever else is a descriptor.

use core::ffi::{c_int, c_void};

use crate::os::linux::sys::{
    __NR_preadv2, __NR_pwritev2, __NR_read, __NR_readv, __NR_write, __NR_writev, RWF_NOWAIT,
};

use super::io::{Answer, Fd, keep_thread, plain, said, word};
use super::socket::{self, Iovec, Message, all_of, rest_of};
use super::{may_park, terminal};
use crate::godebug::Family;
use crate::netpoll::{Dir, Kind};
use crate::os::linux::Errno;

/// For `preadv2` and `pwritev2`: where the descriptor stands.
const HERE: usize = usize::MAX;

/// The goroutine's descriptor, if the call may park it. An empty transfer asks for nothing that could be waited for.
fn parkable(fd: c_int, is_empty: bool) -> Option<Fd> {
    if is_empty || !may_park(Family::Net) {
        return None;
    }
    Fd::new(fd)
}

/// Reads into the parts, of which there is something.
///
/// # Safety
/// As readv(2).
unsafe fn read(of: Fd, fd: c_int, parts: *const Iovec, count: usize) -> Answer {
    let args = [word(fd), parts as usize, count, 0, 0, 0];
    let try_args = [
        word(fd),
        parts as usize,
        count,
        HERE,
        HERE,
        RWF_NOWAIT as usize,
    ];
    let mut kind = of.kind();
    loop {
        // SAFETY: the caller's arguments.
        let answer = unsafe {
            match kind {
                Kind::Socket => {
                    let mut message = Message::of(parts, count);
                    socket::receive_message(fd, &raw mut message, 0)
                }
                Kind::Nowait => of.until_done(
                    Dir::Read,
                    None,
                    || plain(__NR_preadv2, try_args),
                    || keep_thread(__NR_readv, args),
                ),
                Kind::PollFirst => {
                    poll_first(of, fd, Dir::Read)?;
                    return keep_thread(__NR_readv, args);
                }
                Kind::File | Kind::Unknown => return keep_thread(__NR_readv, args),
            }
        };
        match mistaken(of, kind, answer) {
            Some(other) => kind = other,
            None => return answer,
        }
    }
}

/// Writes the parts, of which there is something.
///
/// # Safety
/// As writev(2).
unsafe fn write(of: Fd, fd: c_int, parts: *const Iovec, count: usize) -> Answer {
    let args = [word(fd), parts as usize, count, 0, 0, 0];
    let try_args = [
        word(fd),
        parts as usize,
        count,
        HERE,
        HERE,
        RWF_NOWAIT as usize,
    ];
    let mut kind = of.kind();
    loop {
        // SAFETY: the caller's arguments.
        let answer = unsafe {
            match kind {
                Kind::Socket => {
                    let message = Message::of(parts, count);
                    socket::send_message(fd, &raw const message, 0)
                }
                Kind::Nowait => of
                    .until_done(
                        Dir::Write,
                        None,
                        || plain(__NR_pwritev2, try_args),
                        || keep_thread(__NR_writev, args),
                    )
                    .map(|done| done + write_rest(of, fd, parts, count, done)),
                Kind::PollFirst => {
                    poll_first(of, fd, Dir::Write)?;
                    return keep_thread(__NR_writev, args);
                }
                Kind::File | Kind::Unknown => return keep_thread(__NR_writev, args),
            }
        };
        match mistaken(of, kind, answer) {
            Some(other) => kind = other,
            None => return answer,
        }
    }
}

/// A pipe that took a part gets the rest as it makes room. Returns how much of it was written.
///
/// # Safety
/// As writev(2).
unsafe fn write_rest(of: Fd, fd: c_int, parts: *const Iovec, count: usize, done: usize) -> usize {
    let mut all = 0;
    // SAFETY: the caller's arguments.
    for (at, len) in unsafe { rest_of(parts, count, done) } {
        let written = all_of(len, |done| {
            let part = Iovec::new(at.wrapping_byte_add(done), len - done);
            let at = &raw const part as usize;
            let try_args = [word(fd), at, 1, HERE, HERE, RWF_NOWAIT as usize];
            // SAFETY: as above.
            unsafe {
                of.until_done(
                    Dir::Write,
                    None,
                    || plain(__NR_pwritev2, try_args),
                    || keep_thread(__NR_writev, [word(fd), at, 1, 0, 0, 0]),
                )
            }
        });
        all += written.unwrap_or(0);
        if written.is_ok_and(|written| written == len) {
            continue;
        }
        break;
    }
    all
}

/// Waits until poll(2) tells of something. What its user has made non-blocking is not waited for: the call says so.
pub fn poll_first(of: Fd, fd: c_int, dir: Dir) -> Result<(), Errno> {
    if !of.is_nonblocking() {
        let waits = || dir != Dir::Read || !terminal::answers(fd);
        of.until_polled(dir, None, waits)?;
    }
    Ok(())
}

/// The kind that it is, when an answer shows that it is not of the kind that it was taken for.
fn mistaken(of: Fd, taken_for: Kind, answer: Answer) -> Option<Kind> {
    let Err(Errno(errno)) = answer else {
        return None;
    };
    of.is_no_longer(taken_for, errno)
}

/// read(2).
///
/// # Safety
/// As read(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __wrap_read(fd: c_int, buffer: *mut c_void, len: usize) -> isize {
    // SAFETY: the caller's arguments.
    said(unsafe {
        match parkable(fd, len == 0) {
            Some(of) if of.kind() == Kind::File => {
                keep_thread(__NR_read, [word(fd), buffer as usize, len, 0, 0, 0])
            }
            Some(of) if of.is_stream() => socket::receive(fd, buffer, len, 0, 0, 0),
            Some(of) => {
                let part = Iovec::new(buffer, len);
                read(of, fd, &raw const part, 1)
            }
            None => plain(__NR_read, [word(fd), buffer as usize, len, 0, 0, 0]),
        }
    })
}

/// readv(2).
///
/// # Safety
/// As readv(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __wrap_readv(fd: c_int, parts: *const Iovec, count: c_int) -> isize {
    // SAFETY: the caller's arguments.
    said(unsafe {
        match several(fd, parts, count) {
            Some(of) => read(of, fd, parts, count as usize),
            None => plain(__NR_readv, [word(fd), parts as usize, word(count), 0, 0, 0]),
        }
    })
}

/// write(2).
///
/// # Safety
/// As write(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __wrap_write(fd: c_int, buffer: *const c_void, len: usize) -> isize {
    // SAFETY: the caller's arguments.
    said(unsafe {
        match parkable(fd, len == 0) {
            Some(of) if of.kind() == Kind::File => {
                keep_thread(__NR_write, [word(fd), buffer as usize, len, 0, 0, 0])
            }
            Some(of) => {
                let part = Iovec::new(buffer.cast_mut(), len);
                write(of, fd, &raw const part, 1)
            }
            None => plain(__NR_write, [word(fd), buffer as usize, len, 0, 0, 0]),
        }
    })
}

/// writev(2).
///
/// # Safety
/// As writev(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __wrap_writev(fd: c_int, parts: *const Iovec, count: c_int) -> isize {
    // SAFETY: the caller's arguments.
    said(unsafe {
        match several(fd, parts, count) {
            Some(of) => write(of, fd, parts, count as usize),
            None => plain(
                __NR_writev,
                [word(fd), parts as usize, word(count), 0, 0, 0],
            ),
        }
    })
}

/// The goroutine's descriptor, if the call may park it, and its parts are as the kernel wants them.
///
/// # Safety
/// As readv(2).
unsafe fn several(fd: c_int, parts: *const Iovec, count: c_int) -> Option<Fd> {
    const IOV_MAX: c_int = 1024;
    if !(1..=IOV_MAX).contains(&count) || !may_park(Family::Net) {
        return None;
    }
    // SAFETY: the caller's arguments.
    let is_empty = unsafe { rest_of(parts, count as usize, 0) }
        .next()
        .is_none();
    parkable(fd, is_empty)
}
