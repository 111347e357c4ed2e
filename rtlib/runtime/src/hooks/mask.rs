//! pthread_sigmask(3), sigprocmask(2), and waiting for signals: sigwait(3) and its like, sigsuspend(2), pause(2).
//!
//! A goroutine has a mask of its own (`sched::masks`). Before there is another thread it is simply that of the first one, which all others inherit. Who waits for a signal keeps its thread, which has its mask; its P is free for others.

use core::ffi::{c_int, c_void};

use super::io::{Answer, block, plain, said_int};
use super::tie;
use crate::os::linux::Errno;
use crate::os::linux::signal::{self as kernel, SIGURG};
use crate::os::linux::sys::{
    __NR_pause, __NR_rt_sigprocmask, __NR_rt_sigsuspend, __NR_rt_sigtimedwait, EINTR, EINVAL,
    SIG_BLOCK, SIG_SETMASK,
};
use crate::sched::masks;
use crate::sched::second;
use crate::signal;

/// Bytes of the kernel's mask. libc's `sigset_t` is larger, and has signals 1 to 64 in front.
const LEN: usize = 8;

/// What the mask is to be.
fn changed(before: u64, how: c_int, set: u64) -> Result<u64, Errno> {
    const SIG_BLOCKED: c_int = SIG_BLOCK as c_int;
    const SIG_UNBLOCK: c_int = 1;
    const SIG_SET: c_int = SIG_SETMASK as c_int;
    let after = match how {
        SIG_BLOCKED => before | set,
        SIG_UNBLOCK => before & !set,
        SIG_SET => set,
        _ => return Err(Errno(EINVAL)),
    };
    Ok(masks::allowed(after))
}

/// Changes the caller's mask; what it was.
fn change(how: c_int, set: Option<u64>) -> Result<u64, Errno> {
    let before = kernel::mask();
    let Some(set) = set else { return Ok(before) };
    let after = changed(before, how, set)?;
    let is_alone = second::is_alone();
    // In a handler the thread has the handler's mask, until that returns.
    let own = tie::caller().filter(|caller| is_alone || masks::of_thread(caller.mp) == before);
    match own {
        _ if after == before => {}
        Some(_) if is_alone => {
            kernel::set_mask(after);
            masks::set_common(after);
        }
        Some(caller) => {
            signal::install(SIGURG);
            masks::change(caller.gp, caller.mp, after);
        }
        None => _ = kernel::set_mask(after),
    }
    Ok(before)
}

/// # Safety
/// As sigprocmask(2); the sets have so many bytes as the kernel's.
pub unsafe fn procmask(how: c_int, set: *const u64, old: *mut u64) -> Answer {
    // SAFETY: the caller's sets, or none.
    unsafe {
        let before = change(how, set.as_ref().copied())?;
        if !old.is_null() {
            old.write(before);
        }
    }
    Ok(0)
}

/// pthread_sigmask(3).
///
/// # Safety
/// As pthread_sigmask(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_pthread_sigmask(how: c_int, set: *const u64, old: *mut u64) -> c_int {
    // SAFETY: the caller's arguments.
    match unsafe { procmask(how, set, old) } {
        Ok(_) => 0,
        Err(Errno(errno)) => errno as c_int,
    }
}

/// sigprocmask(2).
///
/// # Safety
/// As sigprocmask(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_sigprocmask(how: c_int, set: *const u64, old: *mut u64) -> c_int {
    // SAFETY: the caller's arguments.
    said_int(unsafe { procmask(how, set, old) })
}

/// rt_sigtimedwait(2). As libc says it, a signal that was sent to a thread was sent by a user.
///
/// # Safety
/// As sigtimedwait(2).
unsafe fn timedwait(set: *const u64, info: *mut c_int, timeout: *const c_void) -> Answer {
    const SI_TKILL: c_int = -6;
    const SI_USER: c_int = 0;
    let args = [set as usize, info as usize, timeout as usize, LEN, 0, 0];
    // SAFETY: the caller's arguments; `si_code` is the third number of what the kernel writes.
    unsafe {
        let signal = block(__NR_rt_sigtimedwait, args)?;
        if !info.is_null() && *info.add(2) == SI_TKILL {
            info.add(2).write(SI_USER);
        }
        Ok(signal)
    }
}

/// sigtimedwait(2).
///
/// # Safety
/// As sigtimedwait(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_sigtimedwait(
    set: *const u64,
    info: *mut c_int,
    timeout: *const c_void,
) -> c_int {
    // SAFETY: the caller's arguments.
    said_int(unsafe { timedwait(set, info, timeout) })
}

/// sigwaitinfo(2).
///
/// # Safety
/// As sigwaitinfo(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_sigwaitinfo(set: *const u64, info: *mut c_int) -> c_int {
    // SAFETY: the caller's arguments.
    said_int(unsafe { timedwait(set, info, core::ptr::null()) })
}

/// sigwait(3), which no handler ends.
///
/// # Safety
/// As sigwait(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_sigwait(set: *const u64, signal: *mut c_int) -> c_int {
    loop {
        // SAFETY: the caller's arguments.
        match unsafe { timedwait(set, core::ptr::null_mut(), core::ptr::null()) } {
            Ok(came) => {
                // SAFETY: the caller's variable.
                unsafe { signal.write(came as c_int) };
                return 0;
            }
            Err(Errno(EINTR)) => {}
            Err(Errno(errno)) => return errno as c_int,
        }
    }
}

/// sigsuspend(2).
///
/// # Safety
/// As sigsuspend(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_sigsuspend(set: *const u64) -> c_int {
    // SAFETY: the caller's arguments.
    said_int(unsafe { block(__NR_rt_sigsuspend, [set as usize, LEN, 0, 0, 0, 0]) })
}

/// pause(2).
#[unsafe(no_mangle)]
extern "C" fn __wrap_pause() -> c_int {
    // SAFETY: no memory is involved.
    said_int(unsafe { block(__NR_pause, [0; 6]) })
}

/// `syscall(SYS_rt_sigprocmask)`, with a mask as long as the kernel's.
///
/// # Safety
/// As rt_sigprocmask(2).
pub unsafe fn system_call(args: [usize; 6]) -> Answer {
    if args[3] != LEN {
        // SAFETY: the caller's arguments.
        return unsafe { plain(__NR_rt_sigprocmask, args) };
    }
    // SAFETY: the caller's arguments.
    unsafe { procmask(args[0] as c_int, args[1] as *const u64, args[2] as *mut u64) }
}
