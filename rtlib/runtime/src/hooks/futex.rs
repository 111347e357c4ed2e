//! `syscall(SYS_futex, …)`: what std's locks, condition variables, `Once`, channels and `park` wait with, and parking_lot.
//!
//! A goroutine that waits is parked, in a table of its own (`sync::futex`). Threads that are no goroutines wait in the kernel, which a wake-up asks only if some do. Only the private
//! operations are served here: a word that is shared with other processes is the kernel's.
#![allow(non_upper_case_globals, reason = "the kernel's names, in patterns")]

use core::ffi::{c_int, c_long};
use core::sync::atomic::{AtomicU32, Ordering};

use crate::os::linux::sys::{
    __NR_futex, __NR_io_uring_enter, CLOCK_REALTIME, FUTEX_CLOCK_REALTIME, FUTEX_CMP_REQUEUE,
    FUTEX_PRIVATE_FLAG, FUTEX_REQUEUE, FUTEX_WAIT, FUTEX_WAIT_BITSET, FUTEX_WAKE,
    FUTEX_WAKE_BITSET,
};
use crate::os::linux::sys::{EAGAIN, EINVAL, ETIMEDOUT};

use super::io::lasting;
use super::{Timespec, close, may_park, set_errno, tie};
use crate::arch::current::syscall::syscall6;
use crate::chan::real::{Beside, Scheduler};
use crate::gmp::waitreason::WaitReason;
use crate::godebug::Family;
use crate::lock::Lock;
use crate::os::linux::{Errno, clock_ns, nanotime};
use crate::sched::watcher;
use crate::sched::{relay, shuffle};
use crate::signal::in_handler;
use crate::sync::futex::{self, Ended};
use crate::sync::table::{BUCKETS, Bucket, Table};

static TABLE: Table<Scheduler> = Table([const { Bucket::new(Lock::new(Beside)) }; BUCKETS]);

/// Threads that wait in the kernel by way of this file.
static IN_KERNEL: AtomicU32 = AtomicU32::new(0);

/// In the child of a fork: nobody waits.
///
/// # Safety
/// There is one thread.
pub unsafe fn forget() {
    IN_KERNEL.store(0, Ordering::Relaxed);
    // SAFETY: the caller vouches.
    unsafe { crate::sync::forget_in(&TABLE) }
}

/// What a futex call answers: a count, or an errno.
type Answer = Result<u32, u32>;

/// syscall(2). It takes any number of arguments; those that the caller did not pass have any value.
///
/// # Safety
/// As the system call is.
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_syscall(
    nr: c_long,
    a: usize,
    b: usize,
    c: usize,
    d: usize,
    e: usize,
    f: usize,
) -> c_long {
    let args = [a, b, c, d, e, f];
    // SAFETY: the caller's arguments.
    let result = unsafe {
        if is_served(nr) {
            served(nr as u32, args)
        } else {
            plain(nr as u32, args)
        }
    };
    match result {
        Ok(result) => result,
        Err(errno) => {
            set_errno(errno);
            -1
        }
    }
}

/// Whether [`served`] has anything to do for calls with this number. All others are only passed on, and the look at a table costs them next to nothing.
fn is_served(nr: c_long) -> bool {
    const BITS: usize = u64::BITS as usize;
    const SERVED: [u64; 8] = {
        let mut table = [0; 8];
        let mut nr = 0;
        while nr < table.len() * BITS {
            let number = nr as u32;
            if matches!(number, __NR_futex | __NR_io_uring_enter)
                || tie::may_concern_thread(number)
                || close::is_close(number)
            {
                table[nr / BITS] |= 1 << (nr % BITS);
            }
            nr += 1;
        }
        table
    };
    let nr = nr as usize;
    SERVED
        .get(nr / BITS)
        .is_some_and(|word| word >> (nr % BITS) & 1 != 0)
}

/// What is a goroutine's matter, or the poller's.
///
/// # Safety
/// As the system call is.
#[inline(never)]
unsafe fn served(nr: u32, args: [usize; 6]) -> Result<c_long, u32> {
    let said = |answer: Result<usize, Errno>| {
        answer
            .map(|result| result as c_long)
            .map_err(|Errno(errno)| errno)
    };
    let is_futex = nr == __NR_futex;
    // SAFETY: the caller vouches.
    unsafe {
        if is_futex && args[1] as u32 & FUTEX_PRIVATE_FLAG != 0 {
            private_futex(args)
        } else if nr == __NR_io_uring_enter && waits_in_ring(args) {
            said(lasting(__NR_io_uring_enter, args))
        } else if tie::may_concern_thread(nr) {
            said(tie::call(nr, args))
        } else if let Some(answer) = close::by_number(nr, args) {
            said(answer)
        } else {
            plain(nr, args)
        }
    }
}

/// Whether a call of io_uring_enter(2) waits for operations to be completed.
fn waits_in_ring([_, _, least, flags, _, _]: [usize; 6]) -> bool {
    /// `IORING_ENTER_GETEVENTS`.
    const GETEVENTS: usize = 1;
    least as u32 != 0 && flags & GETEVENTS != 0
}

/// The system call itself. An error is an errno.
///
/// # Safety
/// As the system call is.
unsafe fn plain(nr: u32, args: [usize; 6]) -> Result<c_long, u32> {
    // SAFETY: the caller vouches.
    let result = unsafe { syscall6(nr, args) };
    if (-4095..0).contains(&result) {
        Err(result.unsigned_abs() as u32)
    } else {
        Ok(result as c_long)
    }
}

/// # Safety
/// As the system call is.
unsafe fn private_futex(args: [usize; 6]) -> Result<c_long, u32> {
    let [addr, op, value, timeout_or_count, _, last] = args;
    let op = op as u32;
    let command = op & !(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
    if addr % align_of::<u32>() != 0 {
        return Err(EINVAL);
    }
    // SAFETY: the caller's arguments.
    unsafe {
        match command {
            FUTEX_WAIT | FUTEX_WAIT_BITSET if may_park(Family::Sync) => {
                let timeout = (timeout_or_count as *const Timespec).as_ref().copied();
                let bits = if command == FUTEX_WAIT {
                    u32::MAX
                } else {
                    last as u32
                };
                park(addr, value as u32, bits, op, timeout)
            }
            FUTEX_WAIT | FUTEX_WAIT_BITSET => {
                // Before the kernel looks at the word: whoever changes it afterwards finds this.
                IN_KERNEL.fetch_add(1, Ordering::SeqCst);
                let result = plain(__NR_futex, args);
                IN_KERNEL.fetch_sub(1, Ordering::SeqCst);
                return result;
            }
            FUTEX_WAKE => wake(addr, value, u32::MAX, args),
            FUTEX_WAKE_BITSET => wake(addr, value, last as u32, args),
            FUTEX_REQUEUE | FUTEX_CMP_REQUEUE => {
                if command == FUTEX_CMP_REQUEUE {
                    let word = &*(addr as *const AtomicU32);
                    if word.load(Ordering::SeqCst) != last as u32 {
                        return Err(EAGAIN);
                    }
                }
                requeue(addr, value, timeout_or_count, args)
            }
            _ => return plain(__NR_futex, args),
        }
    }
    .map(c_long::from)
}

/// `FUTEX_WAIT` and `FUTEX_WAIT_BITSET` on a goroutine.
///
/// # Safety
/// The word is valid until the call returns.
unsafe fn park(addr: usize, value: u32, bits: u32, op: u32, timeout: Option<Timespec>) -> Answer {
    if bits == 0 {
        return Err(EINVAL);
    }
    let deadline = match timeout {
        Some(timeout) => deadline(op, timeout.ns().ok_or(EINVAL)?),
        None => u64::MAX,
    };
    shuffle::point();
    // SAFETY: the caller vouches.
    let word = unsafe { &*(addr as *const AtomicU32) };
    match futex::wait(&TABLE, word, value, bits, deadline, WaitReason::Futex) {
        Ended::Woken => Ok(0),
        Ended::Changed => Err(EAGAIN),
        Ended::TooLate => Err(ETIMEDOUT),
    }
}

/// The deadline, in ns of the monotonic clock: `FUTEX_WAIT` has a relative timeout, `FUTEX_WAIT_BITSET` an absolute one, of the clock that the flag names.
fn deadline(op: u32, timeout: u64) -> u64 {
    let now = nanotime();
    let is_relative = op & !(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME) == FUTEX_WAIT;
    let deadline = if is_relative {
        now.saturating_add(timeout)
    } else if op & FUTEX_CLOCK_REALTIME != 0 {
        now.saturating_add(timeout.saturating_sub(clock_ns(CLOCK_REALTIME)))
    } else {
        timeout
    };
    deadline.min(u64::MAX - 1)
}

/// `FUTEX_WAKE` and `FUTEX_WAKE_BITSET`.
///
/// # Safety
/// As the system call with `args` is.
unsafe fn wake(addr: usize, most: usize, bits: u32, args: [usize; 6]) -> Answer {
    if bits == 0 {
        return Err(EINVAL);
    }
    let most = at_least_one(most);
    let woken = wake_goroutines(addr, most, bits);
    let rest = most - woken;
    if rest == 0 || IN_KERNEL.load(Ordering::SeqCst) == 0 {
        shuffle::point();
        return Ok(woken);
    }
    let mut args = args;
    args[2] = rest as usize;
    // SAFETY: the caller vouches.
    let in_kernel = unsafe { plain(__NR_futex, args) };
    added(woken, in_kernel)
}

/// Wakes those who are parked; how many. A signal handler has sysmon wake all, some for nothing, which futex(2) allows.
fn wake_goroutines(addr: usize, most: u32, bits: u32) -> u32 {
    if in_handler() {
        relay::leave(addr, |addr| {
            futex::wake(&TABLE, addr, u32::MAX, u32::MAX);
        });
        watcher::wake_for_relay();
        return 0;
    }
    futex::wake(&TABLE, addr, most, bits)
}

/// `FUTEX_REQUEUE` and `FUTEX_CMP_REQUEUE`: those who were to be moved to the other word are woken as well, which futex(2) allows.
///
/// # Safety
/// As the system call with `args` is.
unsafe fn requeue(addr: usize, wake: usize, moved: usize, args: [usize; 6]) -> Answer {
    let most = at_least_one(wake).saturating_add(moved as u32);
    let woken = wake_goroutines(addr, most, u32::MAX);
    if IN_KERNEL.load(Ordering::SeqCst) == 0 {
        return Ok(woken);
    }
    // SAFETY: the caller vouches.
    let in_kernel = unsafe { plain(__NR_futex, args) };
    added(woken, in_kernel)
}

/// The kernel wakes one where none are asked for. The count is an `int`.
fn at_least_one(count: usize) -> u32 {
    (count as c_int).max(1) as u32
}

/// What the kernel says about its waiters, and how many goroutines were woken: an error counts only if none were.
fn added(woken: u32, in_kernel: Result<c_long, u32>) -> Answer {
    match in_kernel {
        Ok(more) => Ok(woken + more as u32),
        Err(errno) if woken == 0 => Err(errno),
        Err(_) => Ok(woken),
    }
}
