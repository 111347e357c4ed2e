//! The process and its threads: CPUs, writing, exiting, sleeping, small files, resource limits.

use core::ffi::CStr;

use super::sys::{
    __NR_close, __NR_exit_group, __NR_fcntl, __NR_getdents64, __NR_getpid, __NR_getrandom,
    __NR_nanosleep, __NR_openat, __NR_poll, __NR_prlimit64, __NR_read, __NR_rseq,
    __NR_sched_getaffinity, __NR_sched_yield, __NR_write, __kernel_timespec, AT_FDCWD, F_GETFD,
    F_GETFL, F_SETFL, O_CLOEXEC, O_CREAT, O_DIRECTORY, O_NONBLOCK, O_RDONLY, O_RDWR, O_TRUNC,
    O_WRONLY, POLLOUT, RLIMIT_STACK, pollfd, rlimit64,
};

use super::{Errno, call, nanotime};

const EINTR: Errno = Errno(super::sys::EINTR);
const EAGAIN: Errno = Errno(super::sys::EAGAIN);
const EBADF: Errno = Errno(super::sys::EBADF);

/// Fills at most 256 bytes with what nobody can guess; with what few guess on an old kernel, or behind a filter of system calls.
pub fn random(bytes: &mut [u8]) {
    let args = [bytes.as_mut_ptr() as usize, bytes.len(), 0, 0, 0, 0];
    // SAFETY: the kernel writes so many bytes.
    let got = unsafe { call(__NR_getrandom, args) };
    if got != Ok(bytes.len()) {
        let mut state = nanotime() ^ bytes.as_ptr() as u64;
        for byte in bytes {
            state = crate::random::mix(state.wrapping_add(1));
            *byte = state as u8;
        }
    }
}

/// CPUs this process may run on.
pub fn num_cpu() -> u32 {
    let mut mask = [0_u64; 1024];
    // SAFETY: the kernel writes at most the given number of bytes.
    let got = unsafe {
        call(
            __NR_sched_getaffinity,
            [0, size_of_val(&mask), mask.as_mut_ptr() as usize, 0, 0, 0],
        )
    };
    match got {
        Ok(bytes) => mask[..bytes / 8]
            .iter()
            .map(|word| word.count_ones())
            .sum::<u32>()
            .max(1),
        Err(_) => 1,
    }
}

/// Writes all bytes to a file descriptor, as far as it goes.
pub fn write(fd: u32, bytes: &[u8]) {
    let _ = write_patiently(fd, bytes, 0);
}

/// Writes all bytes to a file descriptor. If it is one that does not block ([`set_nonblocking`]), it has so many ns to take some each time; the error is
/// EAGAIN if it does not.
pub fn write_patiently(fd: u32, mut bytes: &[u8], patience: u64) -> Result<(), Errno> {
    let mut deadline = None; // while it takes nothing
    while !bytes.is_empty() {
        let args = [fd as usize, bytes.as_ptr() as usize, bytes.len(), 0, 0, 0];
        // SAFETY: the buffer lives over the call.
        match unsafe { call(__NR_write, args) } {
            Ok(0) => break,
            Ok(n) => {
                bytes = &bytes[n.min(bytes.len())..];
                deadline = None;
            }
            Err(EINTR) => {}
            Err(EAGAIN) if patience != 0 => {
                let now = nanotime();
                let deadline = *deadline.get_or_insert(now + patience);
                if now >= deadline {
                    return Err(EAGAIN);
                }
                wait_for_room(fd, deadline - now);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Waits until a file descriptor takes bytes, so many ns at most; may return early.
fn wait_for_room(fd: u32, ns: u64) {
    let mut asked = pollfd {
        fd: fd as i32,
        events: POLLOUT as i16,
        revents: 0,
    };
    let ms = ns.div_ceil(1_000_000);
    // SAFETY: the kernel writes into one pollfd.
    let _ = unsafe {
        call(
            __NR_poll,
            [&raw mut asked as usize, 1, ms as usize, 0, 0, 0],
        )
    };
}

/// From now on this open file does not let its writers wait, those in other threads and processes included that have it from here.
pub fn set_nonblocking(fd: u32) -> Result<(), Errno> {
    let flags = fcntl(fd, F_GETFL, 0)?;
    fcntl(fd, F_SETFL, flags | O_NONBLOCK as usize).map(drop)
}

/// For commands whose argument is a number.
fn fcntl(fd: u32, command: u32, value: usize) -> Result<usize, Errno> {
    // SAFETY: no memory is involved.
    unsafe { call(__NR_fcntl, [fd as usize, command as usize, value, 0, 0, 0]) }
}

/// Ends the process at once.
pub fn exit_group(code: u32) -> ! {
    loop {
        // SAFETY: does not return.
        let _ = unsafe { call(__NR_exit_group, [code as usize, 0, 0, 0, 0, 0]) };
    }
}

/// The process's id.
pub fn pid() -> u32 {
    // SAFETY: no memory is involved.
    unsafe { call(__NR_getpid, [0; 6]) }.unwrap_or(0) as u32
}

/// Creates a file, or empties it, and gives its descriptor.
pub fn create(path: &CStr) -> Result<u32, Errno> {
    open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC).map(|fd| fd as u32)
}

/// Opens /dev/null for each of the standard file descriptors that is closed, as Go's `checkfds` does, so that no file that the boot or an init opens becomes standard error. std does the same, but
/// only in `main`.
pub fn check_fds() {
    for fd in 0..3 {
        if fcntl(fd, F_GETFD, 0) == Err(EBADF) {
            _ = open(c"/dev/null", O_RDWR); // the lowest that is free: this one
        }
    }
}

/// Lets other threads run.
pub fn osyield() {
    // SAFETY: no memory is involved.
    let _ = unsafe { call(__NR_sched_yield, [0; 6]) };
}

/// Sleeps; may return early.
pub fn usleep(us: u64) {
    let ts = __kernel_timespec {
        tv_sec: (us / 1_000_000) as i64,
        tv_nsec: (us % 1_000_000 * 1000) as i64,
    };
    // SAFETY: the timespec lives over the call.
    let _ = unsafe { call(__NR_nanosleep, [&raw const ts as usize, 0, 0, 0, 0, 0]) };
}

/// For who has nothing more to do while another thread ends the process.
pub fn sleep_for_ever() -> ! {
    loop {
        usleep(1_000_000);
    }
}

/// The soft limit of the process stack in bytes, if there is one.
pub fn stack_limit() -> Option<usize> {
    let mut limit = rlimit64 {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the kernel writes one rlimit64.
    unsafe {
        call(
            __NR_prlimit64,
            [0, RLIMIT_STACK as usize, 0, &raw mut limit as usize, 0, 0],
        )
    }
    .ok()?;
    (limit.rlim_cur != u64::MAX).then_some(limit.rlim_cur as usize)
}

/// Writes bytes to a file that is there, as far as that can be done. The path ends with a NUL.
pub fn write_file(path: &[u8], bytes: &[u8]) {
    assert!(path.last() == Some(&0));
    let flags = (O_WRONLY | O_CLOEXEC) as usize;
    let at = AT_FDCWD as isize as usize;
    // SAFETY: the path is terminated; the bytes live over the calls; the descriptor is closed.
    unsafe {
        if let Ok(fd) = call(__NR_openat, [at, path.as_ptr() as usize, flags, 0, 0, 0]) {
            let _ = call(
                __NR_write,
                [fd, bytes.as_ptr() as usize, bytes.len(), 0, 0, 0],
            );
            let _ = call(__NR_close, [fd, 0, 0, 0, 0, 0]);
        }
    }
}

/// Reads a file's first bytes into `buffer`. `path` is NUL-terminated.
pub fn read_file<'a>(path: &[u8], buffer: &'a mut [u8]) -> Option<&'a [u8]> {
    assert!(path.last() == Some(&0));
    // SAFETY: the path is terminated; the buffer lives over the calls; the descriptor is closed.
    unsafe {
        let flags = (O_RDONLY | O_CLOEXEC) as usize;
        let fd = call(
            __NR_openat,
            [
                AT_FDCWD as isize as usize,
                path.as_ptr() as usize,
                flags,
                0,
                0,
                0,
            ],
        )
        .ok()?;
        let mut len = 0;
        while len < buffer.len() {
            match call(
                __NR_read,
                [
                    fd,
                    buffer.as_mut_ptr() as usize + len,
                    buffer.len() - len,
                    0,
                    0,
                    0,
                ],
            ) {
                Ok(0) | Err(_) => break,
                Ok(n) => len += n,
            }
        }
        let _ = call(__NR_close, [fd, 0, 0, 0, 0, 0]);
        Some(&buffer[..len])
    }
}

/// openat(2). A file that this makes has the mode that most files have.
pub fn open(path: &CStr, flags: u32) -> Result<usize, Errno> {
    const MODE: usize = 0o666;
    let at = AT_FDCWD as isize as usize;
    let path = path.as_ptr() as usize;
    // SAFETY: the path is terminated and lives over the call.
    unsafe { call(__NR_openat, [at, path, flags as usize, MODE, 0, 0]) }
}

/// close(2).
pub fn close(fd: usize) {
    // SAFETY: the caller's own descriptor.
    let _ = unsafe { call(__NR_close, [fd, 0, 0, 0, 0, 0]) };
}

/// Calls `f` with the lines of a file, without their ends. What is beyond the first 512 bytes of a line is left out.
pub fn for_each_line(path: &CStr, mut f: impl FnMut(&[u8])) -> Result<(), Errno> {
    const LONGEST: usize = 512;
    let mut line = [0; LONGEST];
    let mut len = 0;
    let fd = open(path, O_RDONLY | O_CLOEXEC)?;
    let mut buffer = [0; 4096];
    let result = loop {
        let args = [fd, buffer.as_mut_ptr() as usize, buffer.len(), 0, 0, 0];
        // SAFETY: the buffer lives over the call.
        match unsafe { call(__NR_read, args) } {
            Ok(0) => break Ok(()),
            Ok(read) => {
                for &byte in &buffer[..read] {
                    if byte == b'\n' {
                        f(&line[..len]);
                        len = 0;
                    } else if len < LONGEST {
                        line[len] = byte;
                        len += 1;
                    }
                }
            }
            Err(EINTR) => {}
            Err(error) => break Err(error),
        }
    };
    close(fd);
    result
}

/// Calls `f` with the names in a directory.
pub fn for_each_entry(path: &CStr, mut f: impl FnMut(&[u8])) -> Result<(), Errno> {
    /// Positions in `struct linux_dirent64` (getdents64(2)).
    const LENGTH: usize = 16;
    const NAME: usize = 19;
    let fd = open(path, O_RDONLY | O_CLOEXEC | O_DIRECTORY)?;
    let mut buffer = [0_u8; 4096];
    let result = loop {
        let args = [fd, buffer.as_mut_ptr() as usize, buffer.len(), 0, 0, 0];
        // SAFETY: the buffer lives over the call.
        let mut entries = match unsafe { call(__NR_getdents64, args) } {
            Ok(0) => break Ok(()),
            Ok(read) => &buffer[..read],
            Err(error) => break Err(error),
        };
        while let Some(&[low, high]) = entries.get(LENGTH..NAME - 1) {
            let (entry, rest) = entries.split_at(u16::from_ne_bytes([low, high]).into());
            let name = entry.get(NAME..).unwrap_or_default();
            f(name.split(|&byte| byte == 0).next().unwrap_or_default());
            entries = rest;
        }
    };
    close(fd);
    result
}

/// Takes back the registration of a thread's rseq area (rseq(2)); fails harmlessly when there is none.
///
/// # Safety
/// `area` is the area that was registered, `len` its registered length.
pub unsafe fn rseq_unregister(area: usize, len: usize) {
    const RSEQ_FLAG_UNREGISTER: usize = 1;
    const RSEQ_SIG: usize = 0x5305_3053;
    // SAFETY: the caller vouches.
    let _ = unsafe { call(__NR_rseq, [area, len, RSEQ_FLAG_UNREGISTER, RSEQ_SIG, 0, 0]) };
}
