//! pthread_kill(3) and pthread_cancel(3).
//!
//! A signal for a goroutine that runs is its thread's. One that waits for a descriptor is woken, and gets the signal on the thread that it goes on on: after a handler without `SA_RESTART` its call answers `EINTR`. Who waits for
//! anything else waits on, as the kernel has futex(2) do after a handler, which the calling thread runs meanwhile.

use core::ffi::c_int;
use core::sync::atomic::Ordering;

use super::thread::{Whose, whose};
use crate::gmp::g::{G, Status};
use crate::gmp::waitreason::WaitReason;
use crate::gmp::{MAIN_G, this_goroutine};
use crate::os::linux::signal::bit;
use crate::os::linux::sys::{EINVAL, EOPNOTSUPP};
use crate::os::linux::thread;
use crate::{netpoll, process, signal};

unsafe extern "C" {
    /// libc's own, under the names by which its own files call them.
    fn __pthread_kill(thread: usize, signal: c_int) -> c_int;
    fn __pthread_cancel(thread: usize) -> c_int;
}

const LAST: c_int = 64;

/// The goroutine of a handle, if it is not the caller's.
fn other(handle: usize) -> Option<&'static G> {
    match whose(handle) {
        Whose::Own => None,
        Whose::Other(gp) => Some(gp),
        Whose::Kernel => (handle == process::main_thread_pointer()).then_some(&MAIN_G),
    }
}

/// pthread_kill(3).
///
/// # Safety
/// As pthread_kill(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_pthread_kill(handle: usize, signal: c_int) -> c_int {
    let Some(gp) = other(handle) else {
        // SAFETY: the caller's arguments. For the calling thread libc asks the kernel who it is.
        return unsafe { __pthread_kill(handle, signal) };
    };
    if !(0..=LAST).contains(&signal) {
        return EINVAL as c_int;
    }
    if signal != 0 {
        send(gp, signal as u32);
    }
    0
}

/// Nobody gets a signal that is sent to a goroutine which has ended.
fn send(gp: &'static G, signal: u32) {
    let status = gp.status_acquire();
    let runs = matches!(status, Status::Running | Status::Syscall);
    if let Some(mp) = gp.m.get().filter(|_| runs) {
        thread::kill(mp.tid.load(Ordering::Relaxed), signal);
        return;
    }
    if !status.is_alive() {
        return;
    }
    let waits_for = WaitReason::from_number(gp.waitreason.load(Ordering::Relaxed));
    if status == Status::Waiting && waits_for == WaitReason::IoWait {
        gp.signals.fetch_or(bit(signal), Ordering::SeqCst);
        netpoll::stir(gp);
    } else {
        thread::kill(thread::gettid(), signal);
    }
}

/// Behind a wait for a descriptor: whether a signal has ended it. Its handler has run.
pub fn interrupts() -> bool {
    let Some(me) = this_goroutine() else {
        return false;
    };
    if me.signals.load(Ordering::SeqCst) == 0 {
        return false;
    }
    let signals = me.signals.swap(0, Ordering::SeqCst);
    let mut ends = false;
    for signal in (1..=LAST as u32).filter(|signal| signals & bit(*signal) != 0) {
        ends |= !signal::restarts(signal);
        thread::kill(thread::gettid(), signal);
    }
    ends
}

/// pthread_cancel(3). Goroutines are not cancelled: `EOPNOTSUPP`.
///
/// # Safety
/// As pthread_cancel(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_pthread_cancel(handle: usize) -> c_int {
    let is_goroutine = other(handle).is_some() || matches!(whose(handle), Whose::Own);
    if is_goroutine {
        return EOPNOTSUPP as c_int;
    }
    // SAFETY: the caller's argument.
    unsafe { __pthread_cancel(handle) }
}
