//! futex(2): sleep while a word has a value.

use core::sync::atomic::AtomicU32;

use super::sys::{__NR_futex, __kernel_timespec, FUTEX_PRIVATE_FLAG, FUTEX_WAIT, FUTEX_WAKE};

use super::call;

/// Sleeps while `*word == value`, for at most `ns` nanoseconds. Returns early for many reasons; the caller looks again.
pub fn wait(word: &AtomicU32, value: u32, ns: Option<u64>) {
    let ts = ns.map(|ns| __kernel_timespec {
        tv_sec: (ns / 1_000_000_000) as i64,
        tv_nsec: (ns % 1_000_000_000) as i64,
    });
    let ts = ts.as_ref().map_or(0, |ts| core::ptr::from_ref(ts) as usize);
    let op = (FUTEX_WAIT | FUTEX_PRIVATE_FLAG) as usize;
    // SAFETY: the word and the timespec live over the call. Errors (EAGAIN, EINTR, ETIMEDOUT) all mean "look again".
    let _ = unsafe {
        call(
            __NR_futex,
            [word.as_ptr() as usize, op, value as usize, ts, 0, 0],
        )
    };
}

/// Wakes up to `n` sleepers.
pub fn wake(word: &AtomicU32, n: u32) {
    let op = (FUTEX_WAKE | FUTEX_PRIVATE_FLAG) as usize;
    // SAFETY: the word lives over the call; waking nobody is fine.
    let _ = unsafe {
        call(
            __NR_futex,
            [word.as_ptr() as usize, op, n as usize, 0, 0, 0],
        )
    };
}
