//! How a call waits for any of several descriptors: it is tried, and as long as it has nothing to tell its goroutine is parked until the poller has an event of one of them.
//!
//! What is kept for each descriptor lies on the caller's stack. Few have a small frame.

use core::ffi::c_int;
use core::mem::MaybeUninit;

use super::io::Answer;
use super::kill;
use crate::netpoll::{self, Place, Waited, Watched};
use crate::os::linux::sys::EINTR;
use crate::os::linux::{Errno, nanotime};
use crate::time::sleep_until;

/// So many descriptors fit into the small frame.
const FEW: usize = 8;
/// Who waits for more keeps its thread.
const MOST: usize = 64;

/// When a timeout in ms that begins now is over, in ns of the monotonic clock; below 0: never.
pub fn until_ms(ms: c_int) -> u64 {
    match u64::try_from(ms) {
        Ok(ms) => nanotime().saturating_add(ms * 1_000_000),
        Err(_) => u64::MAX,
    }
}

/// What is left until then, in ms, rounded up; -1: without end.
pub fn left_ms(until: u64) -> c_int {
    if until == u64::MAX {
        return -1;
    }
    let left = until.saturating_sub(nanotime()).div_ceil(1_000_000);
    c_int::try_from(left).unwrap_or(c_int::MAX)
}

/// Calls `now`, which does not wait, until it has something else to tell than 0, or the time is over. `fds` are what it looks at; `plainly` is the call that waits itself, for what cannot be waited for
/// here.
pub fn until_any(
    fds: impl Iterator<Item = c_int> + Clone,
    until: u64,
    now: impl Fn() -> Answer,
    plainly: impl FnOnce() -> Answer,
) -> Answer {
    let answer = now();
    if answer != Ok(0) {
        return answer;
    }
    let looked_at = || fds.clone().filter(|fd| *fd >= 0);
    let waited = match looked_at().take(MOST + 1).count() {
        0 if until == u64::MAX => None,
        0 => {
            sleep_until(until);
            Some(now())
        }
        n if n <= FEW => wait::<FEW, _>(looked_at, until, &now),
        n if n <= MOST => wait::<MOST, _>(looked_at, until, &now),
        _ => None,
    };
    waited.unwrap_or_else(plainly)
}

/// None: one of them cannot be waited for.
#[inline(never)]
fn wait<const N: usize, Fds: Iterator<Item = c_int>>(
    fds: impl Fn() -> Fds,
    until: u64,
    now: &impl Fn() -> Answer,
) -> Option<Answer> {
    let mut places = [const { MaybeUninit::<Place>::uninit() }; N];
    let mut all = [const { MaybeUninit::<Watched>::uninit() }; N];
    loop {
        let mut len = 0;
        for (fd, watched) in fds().zip(&mut all) {
            watched.write(Watched::new(fd)?);
            len += 1;
        }
        let answer = now();
        if answer != Ok(0) {
            return Some(answer);
        }
        // SAFETY: so many have been written.
        let all = unsafe { all[..len].assume_init_ref() };
        let waited = netpoll::wait_any(all, &mut places[..len], until);
        if kill::interrupts() {
            return Some(Err(Errno(EINTR)));
        }
        match waited {
            Waited::Ready | Waited::Closed => {}
            Waited::TooLate => return Some(now()),
            Waited::Unpollable => return None,
        }
    }
}
