//! nanosleep(2) and its like, sched_yield(2): on a goroutine they let others run.
//!
//! A goroutine's sleep is not cut short by signals: a handler runs on whichever thread the kernel chooses. So these calls return 0, with nothing left.

use core::ffi::{c_int, c_uint};

use crate::os::linux::sys::EINVAL;
use crate::os::linux::sys::{
    CLOCK_BOOTTIME, CLOCK_MONOTONIC, CLOCK_REALTIME, CLOCK_TAI, TIMER_ABSTIME,
};

use super::{SECOND, Timespec, may_park, set_errno};
use crate::gmp::current;
use crate::godebug::Family;
use crate::os::linux::{clock_ns, nanotime};
use crate::sched::park;
use crate::time::sleep_until;

unsafe extern "C" {
    /// clock_nanosleep(2) under the name by which libc's own files call it, which nobody wraps.
    fn __clock_nanosleep(
        clock: c_int,
        flags: c_int,
        request: *const Timespec,
        remain: *mut Timespec,
    ) -> c_int;
    /// sched_yield(2), likewise.
    safe fn __sched_yield() -> c_int;
}

/// Sleeps, on a goroutine; the answer is that of clock_nanosleep(2). None: it is the caller's thread that has to.
fn park(clock: c_int, flags: c_int, request: Timespec) -> Option<u32> {
    let id = clock as u32;
    let is_known = matches!(
        id,
        CLOCK_REALTIME | CLOCK_MONOTONIC | CLOCK_BOOTTIME | CLOCK_TAI
    );
    if !is_known || !may_park(Family::Sleep) {
        return None;
    }
    let Some(ns) = request.ns() else {
        return Some(EINVAL);
    };
    let wait = if flags as u32 & TIMER_ABSTIME != 0 {
        ns.saturating_sub(clock_ns(id))
    } else {
        ns
    };
    sleep_until(nanotime().saturating_add(wait));
    Some(0)
}

/// clock_nanosleep(2).
///
/// # Safety
/// As clock_nanosleep(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_clock_nanosleep(
    clock: c_int,
    flags: c_int,
    request: *const Timespec,
    remain: *mut Timespec,
) -> c_int {
    // SAFETY: the caller's arguments.
    unsafe {
        match park(clock, flags, *request) {
            Some(errno) => errno as c_int,
            None => __clock_nanosleep(clock, flags, request, remain),
        }
    }
}

/// nanosleep(2).
///
/// # Safety
/// As nanosleep(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_nanosleep(request: *const Timespec, remain: *mut Timespec) -> c_int {
    // SAFETY: the caller's arguments.
    let errno = unsafe { __wrap_clock_nanosleep(CLOCK_REALTIME as c_int, 0, request, remain) };
    if errno == 0 {
        return 0;
    }
    set_errno(errno as u32);
    -1
}

/// usleep(3).
#[unsafe(no_mangle)]
extern "C" fn __wrap_usleep(us: c_uint) -> c_int {
    let request = Timespec {
        sec: i64::from(us / 1_000_000),
        nsec: i64::from(us % 1_000_000) * 1000,
    };
    // SAFETY: our own variable.
    unsafe { __wrap_nanosleep(&raw const request, core::ptr::null_mut()) }
}

/// sleep(3).
#[unsafe(no_mangle)]
extern "C" fn __wrap_sleep(seconds: c_uint) -> c_uint {
    let request = Timespec {
        sec: i64::from(seconds),
        nsec: 0,
    };
    let mut remain = Timespec { sec: 0, nsec: 0 };
    // SAFETY: our own variables.
    let cut_short = unsafe { __wrap_nanosleep(&raw const request, &raw mut remain) } != 0;
    if !cut_short {
        return 0;
    }
    let half = (SECOND / 2) as i64;
    (remain.sec + i64::from(remain.nsec >= half)) as c_uint
}

/// sched_yield(2). Where no goroutine wants the P, and for one that has its thread to itself, other threads and processes may want the processor.
#[unsafe(no_mangle)]
extern "C" fn __wrap_sched_yield() -> c_int {
    let running = may_park(Family::Sync).then(current).flatten();
    match running {
        Some(gp) if park::give_way(gp) && gp.lockedm.get().is_none() => 0,
        _ => __sched_yield(),
    }
}
