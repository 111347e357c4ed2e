//! select(2) and pselect(2).
//!
//! The kernel writes its answer over the question, so the question is kept and asked again after each wait.

use core::ffi::{c_int, c_void};

use crate::os::linux::sys::{__NR_pselect6, __NR_select};

use super::io::{Answer, block, lasting, plain, said_int, word};
use super::several::until_any;
use super::{MASK_LEN, SECOND, Timespec, may_park};
use crate::godebug::Family;
use crate::os::linux::nanotime;

/// `FD_SETSIZE`, in words of 64 descriptors. Sets that go beyond are the kernel's business.
const WORDS: usize = 16;

/// Sets of descriptors to read from, to write to, and with something out of the ordinary; each may be null.
type Sets = [*mut u64; 3];

/// The sets as the caller has filled them.
struct Question {
    count: usize,
    sets: Sets,
    asked: [[u64; WORDS]; 3],
}

impl Question {
    /// # Safety
    /// As select(2) with the first `count` numbers in the sets.
    unsafe fn of(count: usize, sets: Sets) -> Self {
        let mut asked = [[0; WORDS]; 3];
        for (asked, set) in asked.iter_mut().zip(sets) {
            if !set.is_null() {
                // SAFETY: the caller vouches for so many bits.
                unsafe { set.copy_to_nonoverlapping(asked.as_mut_ptr(), words(count)) };
            }
        }
        Self { count, sets, asked }
    }

    /// Those that are asked about.
    fn fds(&self) -> impl Iterator<Item = c_int> + Clone {
        let is_asked = |fd: &usize| {
            let bits = self.asked.iter().fold(0, |all, set| all | set[fd / 64]);
            bits >> (fd % 64) & 1 != 0
        };
        (0..self.count).filter(is_asked).map(|fd| fd as c_int)
    }

    /// Asks the kernel, which may wait for so many ns (`u64::MAX`: without end), by way of `call`.
    fn ask(&self, ns: u64, call: unsafe fn(u32, [usize; 6]) -> Answer) -> Answer {
        let mut left = Timespec {
            sec: (ns / SECOND) as i64,
            nsec: (ns % SECOND) as i64,
        };
        let at = (ns != u64::MAX).then_some(&raw mut left);
        let [read, write, except] = self.sets.map(|set| set as usize);
        let at = at.map_or(0, |at| at as usize);
        // SAFETY: `of`'s caller vouches for the sets; the timeout is ours.
        unsafe {
            for (asked, set) in self.asked.iter().zip(self.sets) {
                if !set.is_null() {
                    set.copy_from_nonoverlapping(asked.as_ptr(), words(self.count));
                }
            }
            call(__NR_pselect6, [self.count, read, write, except, at, 0])
        }
    }
}

/// Words of the kernel's for so many bits.
fn words(count: usize) -> usize {
    count.div_ceil(64)
}

/// On a goroutine. None: it is not one, or the sets are too large for it.
///
/// # Safety
/// As select(2).
unsafe fn park(count: c_int, sets: Sets, until: u64) -> Option<Answer> {
    let count = usize::try_from(count).ok().filter(|n| *n <= WORDS * 64)?;
    if !may_park(Family::Net) {
        return None;
    }
    // SAFETY: the caller's arguments.
    let question = unsafe { Question::of(count, sets) };
    Some(until_any(
        question.fds(),
        until,
        || question.ask(0, plain),
        || {
            let left = match until {
                u64::MAX => u64::MAX,
                until => until.saturating_sub(nanotime()),
            };
            question.ask(left, block)
        },
    ))
}

/// `struct timeval`.
#[derive(Clone, Copy)]
#[repr(C)]
struct Timeval {
    sec: i64,
    usec: i64,
}

impl Timeval {
    /// In ns. None if it is negative.
    fn ns(self) -> Option<u64> {
        let (sec, usec) = (
            u64::try_from(self.sec).ok()?,
            u64::try_from(self.usec).ok()?,
        );
        Some(
            sec.saturating_mul(SECOND)
                .saturating_add(usec.saturating_mul(1000)),
        )
    }

    fn of_ns(ns: u64) -> Self {
        Self {
            sec: (ns / SECOND) as i64,
            usec: (ns % SECOND / 1000) as i64,
        }
    }
}

/// select(2). On Linux it leaves in `timeout` what is left of it.
///
/// # Safety
/// As select(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_select(
    count: c_int,
    read: *mut u64,
    write: *mut u64,
    except: *mut u64,
    timeout: *mut Timeval,
) -> c_int {
    // SAFETY: the caller's arguments.
    said_int(unsafe {
        let limit = timeout.as_ref().map_or(Some(u64::MAX), |limit| limit.ns());
        if let Some(ns) = limit
            && ns != 0
        {
            let until = nanotime().saturating_add(ns);
            if let Some(answer) = park(count, [read, write, except], until) {
                if let Some(left) = timeout.as_mut() {
                    *left = Timeval::of_ns(until.saturating_sub(nanotime()));
                }
                return said_int(answer);
            }
        }
        let [read, write, except] = [read, write, except].map(|set| set as usize);
        plain(
            __NR_select,
            [word(count), read, write, except, timeout as usize, 0],
        )
    })
}

/// pselect(2). With a mask it is the thread's, for as long as the call lasts.
///
/// # Safety
/// As pselect(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_pselect(
    count: c_int,
    read: *mut u64,
    write: *mut u64,
    except: *mut u64,
    timeout: *const Timespec,
    mask: *const c_void,
) -> c_int {
    // SAFETY: the caller's arguments. The kernel writes what is left to our copy of the timeout.
    said_int(unsafe {
        let mut left = timeout.as_ref().copied();
        let ns = left.map_or(Some(u64::MAX), Timespec::ns);
        let waits = ns.is_some_and(|ns| ns != 0);
        if let Some(ns) = ns
            && waits
            && mask.is_null()
            && let Some(answer) = park(count, [read, write, except], nanotime().saturating_add(ns))
        {
            return said_int(answer);
        }
        let with_len = [mask as usize, MASK_LEN];
        let at = left.as_mut().map_or(0, |left| &raw mut *left as usize);
        let [read, write, except] = [read, write, except].map(|set| set as usize);
        let args = [
            word(count),
            read,
            write,
            except,
            at,
            &raw const with_len as usize,
        ];
        if waits {
            lasting(__NR_pselect6, args)
        } else {
            plain(__NR_pselect6, args)
        }
    })
}
