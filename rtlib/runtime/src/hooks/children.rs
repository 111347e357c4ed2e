//! Waiting for child processes: wait4(2), waitid(2) and their like.
//!
//! The end of one process is an event of its pidfd. So who waits for one process to end is parked, with a pidfd of its own, and asks the kernel without waiting. Everything else, any child or a stop, has
//! no event: the thread waits, and others have its P at once.

use core::ffi::{c_int, c_void};
use core::mem::MaybeUninit;

use crate::os::linux::sys::{
    __NR_close, __NR_pidfd_open, __NR_wait4, __NR_waitid, __WALL, P_PID, P_PIDFD, WEXITED, WNOHANG,
    WNOWAIT,
};

use super::io::{Answer, Fd, lasting, plain, said_int, word};
use super::may_park;
use crate::godebug::Family;
use crate::netpoll::{self, Dir, Kind};
use crate::os::linux::Errno;
use crate::os::linux::sys::EINTR;

/// A pidfd that is closed when its user has waited.
struct Pidfd(c_int);

impl Pidfd {
    /// None if the system gives none: it is too old, or there are too many descriptors.
    fn open(pid: c_int) -> Option<Self> {
        // SAFETY: no memory is involved.
        let fd = unsafe { plain(__NR_pidfd_open, [word(pid), 0, 0, 0, 0, 0]) }.ok()? as c_int;
        netpoll::opened(fd, Kind::Nowait);
        Some(Self(fd))
    }
}

impl Drop for Pidfd {
    fn drop(&mut self) {
        netpoll::close(self.0);
        // SAFETY: our own descriptor.
        _ = unsafe { plain(__NR_close, [word(self.0), 0, 0, 0, 0, 0]) };
    }
}

/// Asks until there is an answer, and waits for the process to end in between. None: it cannot be waited for. `ask` gives 0 while it runs.
fn until_told(pidfd: c_int, ask: impl Fn() -> Answer) -> Option<Answer> {
    let of = Fd::new(pidfd)?;
    loop {
        let seen = of.seen(Dir::Read);
        // For the first time as well: only now is it sure whose pidfd it is.
        let answer = ask();
        if answer != Ok(0) {
            return Some(answer);
        }
        match of.until_event(Dir::Read, seen, u64::MAX) {
            Ok(true) => {}
            Err(Errno(EINTR)) => return Some(Err(Errno(EINTR))),
            Ok(false) | Err(_) => return None,
        }
    }
}

/// # Safety
/// As wait4(2).
unsafe fn wait4(pid: c_int, status: *mut c_int, options: c_int, usage: *mut c_void) -> Answer {
    let args = |options: c_int| {
        [
            word(pid),
            status as usize,
            word(options),
            usage as usize,
            0,
            0,
        ]
    };
    let no_wait = WNOHANG as c_int;
    let ends_only = options as u32 & !__WALL == 0;
    // SAFETY: the caller's arguments.
    unsafe {
        if options & no_wait != 0 || !may_park(Family::Net) {
            return plain(__NR_wait4, args(options));
        }
        if pid <= 0 || !ends_only {
            return lasting(__NR_wait4, args(options));
        }
        let ask = || plain(__NR_wait4, args(options | no_wait));
        let answer = ask();
        if answer != Ok(0) {
            return answer;
        }
        Pidfd::open(pid)
            .and_then(|pidfd| until_told(pidfd.0, ask))
            .unwrap_or_else(|| lasting(__NR_wait4, args(options)))
    }
}

/// wait4(2).
///
/// # Safety
/// As wait4(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_wait4(
    pid: c_int,
    status: *mut c_int,
    options: c_int,
    usage: *mut c_void,
) -> c_int {
    // SAFETY: the caller's arguments.
    said_int(unsafe { wait4(pid, status, options, usage) })
}

/// waitpid(2).
///
/// # Safety
/// As waitpid(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_waitpid(pid: c_int, status: *mut c_int, options: c_int) -> c_int {
    // SAFETY: the caller's arguments.
    said_int(unsafe { wait4(pid, status, options, core::ptr::null_mut()) })
}

/// wait(2).
///
/// # Safety
/// As wait(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_wait(status: *mut c_int) -> c_int {
    // SAFETY: the caller's arguments.
    said_int(unsafe { wait4(-1, status, 0, core::ptr::null_mut()) })
}

/// wait3(2).
///
/// # Safety
/// As wait3(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_wait3(status: *mut c_int, options: c_int, usage: *mut c_void) -> c_int {
    // SAFETY: the caller's arguments.
    said_int(unsafe { wait4(-1, status, options, usage) })
}

/// A `siginfo_t`. When nothing has ended, the word of the process's number is 0.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
struct SigInfo([c_int; 32]);

/// Where `si_pid` is.
const SI_PID: usize = 4;

/// waitid(2).
///
/// # Safety
/// As waitid(2).
unsafe fn waitid(by: c_int, id: u32, info: *mut SigInfo, options: c_int) -> Answer {
    let args = |info: *mut SigInfo, options: c_int| {
        [word(by), id as usize, info as usize, word(options), 0, 0]
    };
    let no_wait = WNOHANG as c_int;
    let ends_only = options as u32 & !(WNOWAIT | __WALL) == WEXITED;
    // SAFETY: the caller's arguments.
    unsafe {
        if options & no_wait != 0 || !may_park(Family::Net) {
            return plain(__NR_waitid, args(info, options));
        }
        // 1 if it has ended.
        let ask = || {
            let mut told = MaybeUninit::<SigInfo>::zeroed();
            let answer = plain(__NR_waitid, args(told.as_mut_ptr(), options | no_wait));
            // Zero or what the kernel wrote.
            let told = told.assume_init();
            let ended = answer.map(|_| usize::from(told.0[SI_PID] != 0));
            if ended == Ok(1) && !info.is_null() {
                info.write(told);
            }
            ended
        };
        let told = match by as u32 {
            P_PID if ends_only => match ask() {
                Ok(0) => Pidfd::open(id as c_int).and_then(|pidfd| until_told(pidfd.0, ask)),
                answer => Some(answer),
            },
            P_PIDFD if ends_only => Fd::new(id as c_int)
                .filter(|of| !of.is_nonblocking())
                .and_then(|_| until_told(id as c_int, ask)),
            _ => None,
        };
        match told {
            Some(answer) => answer.map(|_| 0),
            None => lasting(__NR_waitid, args(info, options)),
        }
    }
}

/// waitid(2).
///
/// # Safety
/// As waitid(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_waitid(
    by: c_int,
    id: u32,
    info: *mut SigInfo,
    options: c_int,
) -> c_int {
    // SAFETY: the caller's arguments.
    said_int(unsafe { waitid(by, id, info, options) })
}
