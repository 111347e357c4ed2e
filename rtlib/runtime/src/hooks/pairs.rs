//! Calls that make descriptors of which nothing else is to be known: pipe(2), socketpair(2), dup(2). A number that the kernel gives anew is free, whatever the runtime has last heard of it.

use core::ffi::c_int;

use crate::os::linux::sys::{__NR_dup, __NR_pipe2, __NR_socketpair};

use super::io::{Answer, plain, said_int, word};
use crate::netpoll;

/// pipe2(2).
///
/// # Safety
/// As pipe2(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_pipe2(ends: *mut [c_int; 2], flags: c_int) -> c_int {
    let args = [ends as usize, word(flags), 0, 0, 0, 0];
    // SAFETY: the caller's argument.
    said_int(unsafe { pair(plain(__NR_pipe2, args), ends) })
}

/// pipe(2).
///
/// # Safety
/// As pipe(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_pipe(ends: *mut [c_int; 2]) -> c_int {
    // SAFETY: the caller's argument.
    unsafe { __wrap_pipe2(ends, 0) }
}

/// socketpair(2).
///
/// # Safety
/// As socketpair(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_socketpair(
    domain: c_int,
    kind: c_int,
    protocol: c_int,
    ends: *mut [c_int; 2],
) -> c_int {
    let args = [
        word(domain),
        word(kind),
        word(protocol),
        ends as usize,
        0,
        0,
    ];
    // SAFETY: the caller's argument.
    said_int(unsafe { pair(plain(__NR_socketpair, args), ends) })
}

/// dup(2).
#[unsafe(no_mangle)]
extern "C" fn __wrap_dup(fd: c_int) -> c_int {
    // SAFETY: no memory is involved.
    said_int(duplicated(unsafe {
        plain(__NR_dup, [word(fd), 0, 0, 0, 0, 0])
    }))
}

/// What a call has answered that makes one descriptor.
pub fn duplicated(answer: Answer) -> Answer {
    answer.inspect(|fd| netpoll::made(*fd as c_int))
}

/// # Safety
/// If the call has succeeded, it has written two descriptors to `ends`.
unsafe fn pair(answer: Answer, ends: *const [c_int; 2]) -> Answer {
    answer.inspect(|_| {
        // SAFETY: the caller vouches.
        unsafe { *ends }.into_iter().for_each(netpoll::made);
    })
}
