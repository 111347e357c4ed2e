//! Signals: numbers, and the alternate stack of a thread (sigaltstack(2)).

use super::sys::{__NR_rt_sigprocmask, __NR_sigaltstack, SIG_BLOCK, SIG_SETMASK, stack_t};

use super::{Errno, call};

/// Signal numbers of x86-64 Linux.
pub const SIGQUIT: u32 = 3;
/// See `SIGQUIT`.
pub const SIGABRT: u32 = 6;
/// See `SIGQUIT`.
pub const SIGBUS: u32 = 7;
/// See `SIGQUIT`.
pub const SIGSEGV: u32 = 11;
/// See `SIGQUIT`.
pub const SIGILL: u32 = 4;
/// See `SIGQUIT`.
pub const SIGTRAP: u32 = 5;
/// See `SIGQUIT`.
pub const SIGFPE: u32 = 8;
/// See `SIGQUIT`.
pub const SIGPIPE: u32 = 13;
/// See `SIGQUIT`.
pub const SIGURG: u32 = 23;
/// See `SIGQUIT`.
pub const SIGPROF: u32 = 27;
/// See `SIGQUIT`.
pub const SIGSYS: u32 = 31;
/// glibc's own: pthread_cancel(3).
pub const SIGCANCEL: u32 = 32;
/// glibc's own: setuid(2) and its like.
pub const SIGSETXID: u32 = 33;

/// A signal's bit in a mask.
pub const fn bit(signal: u32) -> u64 {
    1 << (signal - 1)
}

/// A signal stack, as sigaltstack(2) describes it.
pub fn stack_at(at: usize, len: usize) -> stack_t {
    stack_t {
        ss_sp: at as *mut _,
        ss_flags: 0,
        ss_size: len as u64,
    }
}

/// Gives the calling thread an alternate signal stack.
///
/// # Safety
/// The memory is the thread's for as long as it lives.
pub unsafe fn set_alternate_stack(at: usize, len: usize) -> Result<(), Errno> {
    let stack = stack_at(at, len);
    // SAFETY: the caller gives us the memory; the structure lives over the call.
    unsafe { call(__NR_sigaltstack, [&raw const stack as usize, 0, 0, 0, 0, 0]) }.map(drop)
}

/// Takes the calling thread's alternate signal stack away.
pub fn disable_alternate_stack() {
    const SS_DISABLE: i32 = 2;
    let stack = stack_t {
        ss_sp: core::ptr::null_mut(),
        ss_flags: SS_DISABLE,
        ss_size: 0,
    };
    // SAFETY: the structure lives over the call.
    let _ = unsafe { call(__NR_sigaltstack, [&raw const stack as usize, 0, 0, 0, 0, 0]) };
}

/// While it lives, the thread that has made it takes no signals.
pub struct Blocked {
    before: u64,
}

impl Blocked {
    /// Blocks all signals for the calling thread.
    pub fn all() -> Self {
        Self {
            before: set_mask(u64::MAX),
        }
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        set_mask(self.before);
    }
}

/// Blocks no signal for the calling thread any more.
pub fn unblock_all() {
    set_mask(0);
}

/// Blocks none of the signals that the processor raises for the calling thread any more. Returns the mask that it has now.
pub fn unblock_faults() -> u64 {
    let before = set_mask(u64::MAX);
    set_mask(before & !FAULTS);
    before & !FAULTS
}

/// Signals that the processor raises.
pub const FAULTS: u64 =
    bit(SIGILL) | bit(SIGTRAP) | bit(SIGBUS) | bit(SIGFPE) | bit(SIGSEGV) | bit(SIGSYS);

/// The calling thread's signal mask (signals 1 to 64).
pub fn mask() -> u64 {
    let mut mask = 0_u64;
    let at = &raw mut mask as usize;
    // SAFETY: the kernel writes one word.
    let _ = unsafe { call(__NR_rt_sigprocmask, [0, 0, at, size_of::<u64>(), 0, 0]) };
    mask
}

/// Blocks these signals for the calling thread, besides those that are blocked.
pub fn block(mask: u64) {
    change_mask(SIG_BLOCK, mask);
}

/// Sets the calling thread's signal mask (signals 1 to 64); returns the previous one.
pub fn set_mask(mask: u64) -> u64 {
    change_mask(SIG_SETMASK, mask)
}

/// rt_sigprocmask(2) for signals 1 to 64; returns the mask before.
fn change_mask(how: u32, mask: u64) -> u64 {
    let mut old = 0_u64;
    let args = [
        how as usize,
        &raw const mask as usize,
        &raw mut old as usize,
        size_of::<u64>(),
        0,
        0,
    ];
    // SAFETY: the kernel reads and writes one word each.
    let _ = unsafe { call(__NR_rt_sigprocmask, args) };
    old
}
