//! Linux: thin, typed wrappers over raw system calls. Nothing here touches TLS, so all of it may run on g0.

pub mod auxv;
pub mod cgroup;
pub mod epoll;
#[cfg(feature = "faults")]
pub mod faults;
pub mod futex;
pub mod mem;
pub mod membarrier;
pub mod proc;
pub mod signal;
pub mod sys;
pub mod syscalls;
pub mod thread;

use crate::arch::current::syscall::syscall6;

/// The kernel's error number, positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Errno(pub u32);

/// Makes a system call and sorts the result.
///
/// # Safety
/// As the system call is with these arguments.
pub unsafe fn call(nr: u32, args: [usize; 6]) -> Result<usize, Errno> {
    #[cfg(feature = "faults")]
    if let Some(errno) = faults::injected(nr, &args) {
        return Err(errno);
    }
    // SAFETY: the caller vouches.
    let result = unsafe { syscall6(nr, args) };
    if (-4095..0).contains(&result) {
        Err(Errno(result.unsigned_abs() as u32))
    } else {
        Ok(result as usize)
    }
}

/// Monotonic time in nanoseconds.
pub fn nanotime() -> u64 {
    clock_ns(sys::CLOCK_MONOTONIC)
}

/// The time of one of the kernel's clocks (clock_gettime(2)) that count from a fixed moment, in nanoseconds.
pub fn clock_ns(clock: u32) -> u64 {
    let mut ts = sys::__kernel_timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: libc's clock_gettime goes through the vDSO and writes one timespec of this layout; it cannot fail for these clocks, so it does
    // not touch errno either.
    unsafe { clock_gettime(clock as i32, &raw mut ts) };
    ts.tv_sec as u64 * 1_000_000_000 + ts.tv_nsec as u64
}

unsafe extern "C" {
    fn clock_gettime(clock: i32, ts: *mut sys::__kernel_timespec) -> i32;
}
