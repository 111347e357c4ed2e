//! libc's functions about the calling thread as the kernel sees it, and about others by their ids: see `tie`.

use core::ffi::{c_int, c_long, c_ulong, c_void};

use super::io::{Answer, said, said_int, word};
use super::thread::{Whose, whose};
use super::tie::{self, SigEvent};
use crate::os::linux::Errno;
use crate::os::linux::sys::{
    __NR_capget, __NR_capset, __NR_getpriority, __NR_personality, __NR_prctl, __NR_ptrace,
    __NR_sched_getaffinity, __NR_sched_getparam, __NR_sched_getscheduler,
    __NR_sched_rr_get_interval, __NR_sched_setaffinity, __NR_sched_setparam,
    __NR_sched_setscheduler, __NR_setfsgid, __NR_setfsuid, __NR_setns, __NR_setpriority,
    __NR_tgkill, __NR_timer_create, __NR_unshare, EACCES, EPERM, ESRCH, PRIO_PROCESS,
};

unsafe extern "C" {
    /// libc's own, under the names by which its own files call them, or which nobody wraps.
    fn ___timer_create(clock: c_int, event: *const SigEvent, timer: *mut usize) -> c_int;
    fn __pthread_setaffinity_new(thread: usize, size: usize, set: *const c_void) -> c_int;
    fn __pthread_getaffinity_np(thread: usize, size: usize, set: *mut c_void) -> c_int;
    fn __pthread_setschedparam(thread: usize, policy: c_int, param: *const c_int) -> c_int;
    fn __pthread_getschedparam(thread: usize, policy: *mut c_int, param: *mut c_int) -> c_int;
    fn __pthread_setschedprio(thread: usize, priority: c_int) -> c_int;
}

/// gettid(2).
#[unsafe(no_mangle)]
extern "C" fn __wrap_gettid() -> c_int {
    tie::gettid() as c_int
}

/// Defines functions that are system calls: what they return is what the kernel does, or -1 and errno.
macro_rules! system_calls {
    ($($(#[$doc:meta])* $wrap:ident($($arg:ident: $type:ty),*) = $nr:ident;)*) => {
        $(
            $(#[$doc])*
            ///
            /// # Safety
            /// As that is.
            #[unsafe(no_mangle)]
            unsafe extern "C" fn $wrap($($arg: $type),*) -> c_int {
                let mut args = [0; 6];
                let given = [$($arg as usize),*];
                args[..given.len()].copy_from_slice(&given);
                // SAFETY: the caller's arguments.
                said_int(unsafe { tie::call($nr, args) })
            }
        )*
    };
}

system_calls! {
    /// sched_setaffinity(2).
    __wrap_sched_setaffinity(pid: c_int, size: usize, set: *const c_void) = __NR_sched_setaffinity;
    /// sched_setscheduler(2).
    __wrap_sched_setscheduler(pid: c_int, policy: c_int, param: *const c_int) = __NR_sched_setscheduler;
    /// sched_getscheduler(2).
    __wrap_sched_getscheduler(pid: c_int) = __NR_sched_getscheduler;
    /// sched_setparam(2).
    __wrap_sched_setparam(pid: c_int, param: *const c_int) = __NR_sched_setparam;
    /// sched_getparam(2).
    __wrap_sched_getparam(pid: c_int, param: *mut c_int) = __NR_sched_getparam;
    /// sched_rr_get_interval(2).
    __wrap_sched_rr_get_interval(pid: c_int, interval: *mut c_void) = __NR_sched_rr_get_interval;
    /// setpriority(2).
    __wrap_setpriority(which: c_int, who: c_int, priority: c_int) = __NR_setpriority;
    /// unshare(2).
    __wrap_unshare(flags: c_int) = __NR_unshare;
    /// setns(2).
    __wrap_setns(fd: c_int, kind: c_int) = __NR_setns;
    /// setfsuid(2).
    __wrap_setfsuid(id: u32) = __NR_setfsuid;
    /// setfsgid(2).
    __wrap_setfsgid(id: u32) = __NR_setfsgid;
    /// capset(2).
    __wrap_capset(header: *mut c_void, data: *const c_void) = __NR_capset;
    /// capget(2).
    __wrap_capget(header: *mut c_void, data: *mut c_void) = __NR_capget;
    /// personality(2).
    __wrap_personality(persona: c_ulong) = __NR_personality;
    /// prctl(2).
    __wrap_prctl(option: c_int, a: usize, b: usize, c: usize, d: usize) = __NR_prctl;
    /// tgkill(2).
    __wrap_tgkill(process: c_int, tid: c_int, signal: c_int) = __NR_tgkill;
}

/// The kernel writes as many bytes of a set as it has processors for; the rest is zero.
///
/// # Safety
/// As sched_getaffinity(2).
unsafe fn getaffinity(pid: usize, size: usize, set: *mut c_void) -> Answer {
    let args = [pid, size.min(c_int::MAX as usize), set as usize, 0, 0, 0];
    // SAFETY: the caller's arguments.
    unsafe {
        let written = tie::call(__NR_sched_getaffinity, args)?;
        set.cast::<u8>().add(written).write_bytes(0, size - written);
    }
    Ok(0)
}

/// sched_getaffinity(2).
///
/// # Safety
/// As sched_getaffinity(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_sched_getaffinity(pid: c_int, size: usize, set: *mut c_void) -> c_int {
    // SAFETY: the caller's arguments.
    said_int(unsafe { getaffinity(word(pid), size, set) })
}

/// The kernel's answer is never negative: 40 for the priority -20.
fn priority(which: c_int, who: c_int) -> Result<c_int, Errno> {
    const OF_ZERO: c_int = 20;
    let args = [word(which), word(who), 0, 0, 0, 0];
    // SAFETY: no memory is involved.
    unsafe { tie::call(__NR_getpriority, args) }.map(|answer| OF_ZERO - answer as c_int)
}

/// As libc says it: -1 is an answer, too.
fn said_priority(answer: Result<c_int, Errno>) -> c_int {
    match answer {
        Ok(priority) => priority,
        Err(errno) => said_int(Err(errno)),
    }
}

/// getpriority(2).
#[unsafe(no_mangle)]
extern "C" fn __wrap_getpriority(which: c_int, who: c_int) -> c_int {
    said_priority(priority(which, who))
}

/// nice(2).
#[unsafe(no_mangle)]
extern "C" fn __wrap_nice(more: c_int) -> c_int {
    let own = PRIO_PROCESS as c_int;
    let set = |old: c_int| {
        let args = [word(own), 0, word(old.saturating_add(more)), 0, 0, 0];
        // SAFETY: no memory is involved.
        match unsafe { tie::call(__NR_setpriority, args) } {
            Err(Errno(EACCES)) => Err(Errno(EPERM)),
            answer => answer,
        }
    };
    said_priority(
        priority(own, 0)
            .and_then(set)
            .and_then(|_| priority(own, 0)),
    )
}

/// ptrace(2).
///
/// # Safety
/// As ptrace(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_ptrace(request: c_int, pid: c_int, addr: usize, data: usize) -> c_long {
    /// These requests write what they read, and libc returns it.
    const PEEKS: core::ops::RangeInclusive<c_int> = 1..=3;
    let mut peeked: c_long = 0;
    let peeks = PEEKS.contains(&request);
    let data = if peeks {
        &raw mut peeked as usize
    } else {
        data
    };
    // SAFETY: the caller's arguments, or our own variable.
    let answer = unsafe { tie::call(__NR_ptrace, [word(request), word(pid), addr, data, 0, 0]) };
    match answer {
        Ok(_) if peeks => {
            super::set_errno(0);
            peeked
        }
        answer => said(answer) as c_long,
    }
}

/// timer_create(2). A timer for a certain thread is the kernel's own; what its handle is says libc's `timer_settime`.
///
/// # Safety
/// As timer_create(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_timer_create(
    clock: c_int,
    event: *const SigEvent,
    timer: *mut usize,
) -> c_int {
    // SAFETY: the caller's arguments.
    unsafe {
        if !event.as_ref().is_some_and(SigEvent::is_for_thread) {
            return ___timer_create(clock, event, timer);
        }
        let mut id: c_int = 0;
        let args = [word(clock), event as usize, &raw mut id as usize, 0, 0, 0];
        let answer = tie::call(__NR_timer_create, args);
        if answer.is_ok() {
            timer.write(word(id));
        }
        said_int(answer)
    }
}

/// As pthread functions say it.
fn errno_of(answer: Answer) -> c_int {
    match answer {
        Ok(_) => 0,
        Err(Errno(errno)) => errno as c_int,
    }
}

/// pthread_setaffinity_np(3).
///
/// # Safety
/// As pthread_setaffinity_np(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_pthread_setaffinity_np(
    thread: usize,
    size: usize,
    set: *const c_void,
) -> c_int {
    // SAFETY: the caller's arguments.
    unsafe {
        match whose(thread) {
            Whose::Own => {
                let args = [0, size, set as usize, 0, 0, 0];
                errno_of(tie::call(__NR_sched_setaffinity, args))
            }
            Whose::Other(_) => ESRCH as c_int,
            Whose::Kernel => __pthread_setaffinity_new(thread, size, set),
        }
    }
}

/// pthread_getaffinity_np(3).
///
/// # Safety
/// As pthread_getaffinity_np(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_pthread_getaffinity_np(
    thread: usize,
    size: usize,
    set: *mut c_void,
) -> c_int {
    // SAFETY: the caller's arguments.
    unsafe {
        match whose(thread) {
            Whose::Own => errno_of(getaffinity(0, size, set)),
            Whose::Other(_) => ESRCH as c_int,
            Whose::Kernel => __pthread_getaffinity_np(thread, size, set),
        }
    }
}

/// pthread_setschedparam(3).
///
/// # Safety
/// As pthread_setschedparam(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_pthread_setschedparam(
    thread: usize,
    policy: c_int,
    param: *const c_int,
) -> c_int {
    // SAFETY: the caller's arguments.
    unsafe {
        match whose(thread) {
            Whose::Own => {
                let args = [0, word(policy), param as usize, 0, 0, 0];
                errno_of(tie::call(__NR_sched_setscheduler, args))
            }
            Whose::Other(_) => ESRCH as c_int,
            Whose::Kernel => __pthread_setschedparam(thread, policy, param),
        }
    }
}

/// pthread_getschedparam(3).
///
/// # Safety
/// As pthread_getschedparam(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_pthread_getschedparam(
    thread: usize,
    policy: *mut c_int,
    param: *mut c_int,
) -> c_int {
    // SAFETY: the caller's arguments.
    unsafe {
        match whose(thread) {
            Whose::Own => {
                let asked = tie::call(__NR_sched_getscheduler, [0; 6]);
                if let Ok(answer) = asked {
                    policy.write(answer as c_int);
                }
                let args = [0, param as usize, 0, 0, 0, 0];
                errno_of(asked.and_then(|_| tie::call(__NR_sched_getparam, args)))
            }
            Whose::Other(_) => ESRCH as c_int,
            Whose::Kernel => __pthread_getschedparam(thread, policy, param),
        }
    }
}

/// pthread_setschedprio(3).
///
/// # Safety
/// As pthread_setschedprio(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_pthread_setschedprio(thread: usize, priority: c_int) -> c_int {
    // SAFETY: the caller's arguments.
    unsafe {
        match whose(thread) {
            Whose::Own => {
                let args = [0, &raw const priority as usize, 0, 0, 0, 0];
                errno_of(tie::call(__NR_sched_setparam, args))
            }
            Whose::Other(_) => ESRCH as c_int,
            Whose::Kernel => __pthread_setschedprio(thread, priority),
        }
    }
}
