//! Calls on files. No event tells when a disk has answered, or when another process has let go of a lock: the thread waits, and others have the P.
//!
//! A call that is short as a rule lets go of its P as `read` of a file does, for a few ns ([`passing`]). One that may last, for a disk or for somebody else, gives the P away at once ([`lasting`]); where
//! the kernel can be asked without waiting, only once it would wait.

use core::ffi::{c_char, c_int, c_void};

use crate::os::linux::sys::{
    __NR_fcntl, __NR_fdatasync, __NR_flock, __NR_fsync, __NR_openat, __NR_pread64, __NR_preadv,
    __NR_preadv2, __NR_pwrite64, __NR_pwritev, __NR_pwritev2, AT_FDCWD, F_DUPFD, F_DUPFD_CLOEXEC,
    F_OFD_SETLK, F_OFD_SETLKW, F_SETLK, F_SETLKW, LOCK_NB,
};
use crate::os::linux::sys::{EACCES, EAGAIN};

use super::io::{Answer, lasting, passing, plain, said, said_int, word};
use super::pairs;
use super::rw::{__wrap_readv, __wrap_writev};
use super::socket::Iovec;
use crate::netpoll::{self, Kind};
use crate::os::linux::Errno;

/// Calls with one buffer and a place in the file.
macro_rules! at_place {
    ($($name:ident($buffer:ty) = $nr:ident;)*) => {
        $(
            #[doc = concat!(stringify!($name), ", without the prefix: pread(2).")]
            ///
            /// # Safety
            /// As pread(2).
            #[unsafe(no_mangle)]
            pub unsafe extern "C" fn $name(fd: c_int, buffer: $buffer, len: usize, at: i64) -> isize {
                // SAFETY: the caller's arguments.
                said(unsafe { passing($nr, [word(fd), buffer as usize, len, at as usize, 0, 0]) })
            }
        )*
    };
}

at_place! {
    __wrap_pread(*mut c_void) = __NR_pread64;
    __wrap_pread64(*mut c_void) = __NR_pread64;
    __wrap_pwrite(*const c_void) = __NR_pwrite64;
    __wrap_pwrite64(*const c_void) = __NR_pwrite64;
}

/// Calls with several buffers and a place in the file.
macro_rules! parts_at_place {
    ($($name:ident = $nr:ident;)*) => {
        $(
            #[doc = concat!(stringify!($name), ", without the prefix: preadv(2).")]
            ///
            /// # Safety
            /// As preadv(2).
            #[unsafe(no_mangle)]
            unsafe extern "C" fn $name(fd: c_int, parts: *const Iovec, count: c_int, at: i64) -> isize {
                let args = [word(fd), parts as usize, word(count), at as usize, 0, 0];
                // SAFETY: the caller's arguments.
                said(unsafe { passing($nr, args) })
            }
        )*
    };
}

parts_at_place! {
    __wrap_preadv = __NR_preadv;
    __wrap_preadv64 = __NR_preadv;
    __wrap_pwritev = __NR_pwritev;
    __wrap_pwritev64 = __NR_pwritev;
}

/// The same with flags. At place -1, without flags, they are readv(2) and writev(2), of whatever can be read.
macro_rules! flagged_parts_at_place {
    ($($name:ident = $nr:ident, $at_no_place:ident;)*) => {
        $(
            #[doc = concat!(stringify!($name), ", without the prefix: preadv2(2).")]
            ///
            /// # Safety
            /// As preadv2(2).
            #[unsafe(no_mangle)]
            unsafe extern "C" fn $name(
                fd: c_int,
                parts: *const Iovec,
                count: c_int,
                at: i64,
                flags: c_int,
            ) -> isize {
                let args = [word(fd), parts as usize, word(count), at as usize, 0, word(flags)];
                // SAFETY: the caller's arguments.
                unsafe {
                    if at == -1 && flags == 0 {
                        $at_no_place(fd, parts, count)
                    } else {
                        said(passing($nr, args))
                    }
                }
            }
        )*
    };
}

flagged_parts_at_place! {
    __wrap_preadv2 = __NR_preadv2, __wrap_readv;
    __wrap_preadv64v2 = __NR_preadv2, __wrap_readv;
    __wrap_pwritev2 = __NR_pwritev2, __wrap_writev;
    __wrap_pwritev64v2 = __NR_pwritev2, __wrap_writev;
}

/// openat(2). A FIFO is opened when somebody opens its other end; that it is one nobody knows before.
///
/// # Safety
/// As openat(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_openat(
    dir: c_int,
    path: *const c_char,
    flags: c_int,
    mode: u32,
) -> c_int {
    let args = [word(dir), path as usize, word(flags), mode as usize, 0, 0];
    // SAFETY: the caller's arguments. Without `O_CREAT` and its like the kernel ignores the mode, which may have any value then.
    let opened = unsafe { passing(__NR_openat, args) };
    if let Ok(fd) = opened {
        netpoll::opened(fd as c_int, Kind::Unknown);
    }
    said_int(opened)
}

/// openat(2).
///
/// # Safety
/// As openat(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_openat64(
    dir: c_int,
    path: *const c_char,
    flags: c_int,
    mode: u32,
) -> c_int {
    // SAFETY: the caller's arguments.
    unsafe { __wrap_openat(dir, path, flags, mode) }
}

/// open(2).
///
/// # Safety
/// As open(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_open(path: *const c_char, flags: c_int, mode: u32) -> c_int {
    // SAFETY: the caller's arguments.
    unsafe { __wrap_openat(AT_FDCWD, path, flags, mode) }
}

/// open(2).
///
/// # Safety
/// As open(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_open64(path: *const c_char, flags: c_int, mode: u32) -> c_int {
    // SAFETY: the caller's arguments.
    unsafe { __wrap_openat(AT_FDCWD, path, flags, mode) }
}

/// fsync(2).
#[unsafe(no_mangle)]
extern "C" fn __wrap_fsync(fd: c_int) -> c_int {
    // SAFETY: no memory is involved.
    said_int(unsafe { lasting(__NR_fsync, [word(fd), 0, 0, 0, 0, 0]) })
}

/// fdatasync(2).
#[unsafe(no_mangle)]
extern "C" fn __wrap_fdatasync(fd: c_int) -> c_int {
    // SAFETY: no memory is involved.
    said_int(unsafe { lasting(__NR_fdatasync, [word(fd), 0, 0, 0, 0, 0]) })
}

/// Asks for a lock without waiting, and then with.
fn lock(now: impl FnOnce() -> Answer, waiting: impl FnOnce() -> Answer) -> Answer {
    match now() {
        Err(Errno(EAGAIN | EACCES)) => waiting(),
        answer => answer,
    }
}

/// flock(2). A lock that is changed is given up first, whether the call waits or not.
#[unsafe(no_mangle)]
extern "C" fn __wrap_flock(fd: c_int, how: c_int) -> c_int {
    let args = |how: c_int| [word(fd), word(how), 0, 0, 0, 0];
    let no_wait = LOCK_NB as c_int;
    // SAFETY: no memory is involved.
    said_int(unsafe {
        if how & no_wait != 0 {
            plain(__NR_flock, args(how))
        } else {
            lock(
                || plain(__NR_flock, args(how | no_wait)),
                || lasting(__NR_flock, args(how)),
            )
        }
    })
}

/// fcntl(2). Its third argument is a number or an address, and has any value where there is none.
///
/// # Safety
/// As fcntl(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_fcntl(fd: c_int, command: c_int, arg: usize) -> c_int {
    let args = |command: u32| [word(fd), command as usize, arg, 0, 0, 0];
    let command = command as u32;
    let without_waiting = match command {
        F_SETLKW => Some(F_SETLK),
        F_OFD_SETLKW => Some(F_OFD_SETLK),
        _ => None,
    };
    // SAFETY: the caller's arguments.
    said_int(unsafe {
        match without_waiting {
            Some(first) => lock(
                || plain(__NR_fcntl, args(first)),
                || lasting(__NR_fcntl, args(command)),
            ),
            None => {
                let answer = plain(__NR_fcntl, args(command));
                match command {
                    F_DUPFD | F_DUPFD_CLOEXEC => pairs::duplicated(answer),
                    _ => answer,
                }
            }
        }
    })
}

/// fcntl(2).
///
/// # Safety
/// As fcntl(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_fcntl64(fd: c_int, command: c_int, arg: usize) -> c_int {
    // SAFETY: the caller's arguments.
    unsafe { __wrap_fcntl(fd, command, arg) }
}
