//! System calls that fail although they need not: what a program makes of that is to be seen before the day when they do.
//!
//! Only in objects of a tool built with its feature `faults`. There `RTLIB_FAULTS=seed=7,mmap=50,futex=4` makes each `mmap` fail once in 50 times and each `futex` once in 4, by the
//! random numbers of this seed; what is not named does not fail. Calls fail as the kernel fails them: with errors that it gives for sound arguments, too, futex(2) only
//! where it sleeps, since waking cannot fail, and epoll_ctl(2) not when it removes something. Calls of the program fail where the runtime makes them in libc's place: accept(2), recv(2). libc's own calls are not touched, but for the threads that the runtime has it make (`clone`).
#![allow(non_upper_case_globals, reason = "the kernel's names, in patterns")]

use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::sys::{
    __NR_accept4, __NR_clone, __NR_epoll_create1, __NR_epoll_ctl, __NR_epoll_pwait,
    __NR_epoll_pwait2, __NR_eventfd2, __NR_futex, __NR_madvise, __NR_membarrier, __NR_mmap,
    __NR_mprotect, __NR_process_madvise, __NR_recvfrom, __NR_recvmsg, EPOLL_CTL_DEL,
    FUTEX_PRIVATE_FLAG, FUTEX_WAIT,
};
use super::sys::{
    EAGAIN, ECONNABORTED, EINTR, EINVAL, EMFILE, ENFILE, ENOBUFS, ENOMEM, ENOSPC, ENOSYS, EPERM,
    ETIMEDOUT,
};

use super::Errno;
use crate::random::mix;

/// A name of the variable, and what it stands for.
struct Fault {
    name: &'static [u8],
    calls: &'static [u32],
    errors: &'static [u32],
    /// It fails once in so many times; 0 = never.
    rarity: AtomicU32,
}

impl Fault {
    const fn new(name: &'static [u8], calls: &'static [u32], errors: &'static [u32]) -> Self {
        Self {
            name,
            calls,
            errors,
            rarity: AtomicU32::new(0),
        }
    }
}

static FAULTS: [Fault; 12] = [
    Fault::new(b"mmap", &[__NR_mmap], &[ENOMEM]),
    Fault::new(b"mprotect", &[__NR_mprotect], &[ENOMEM]),
    Fault::new(
        b"madvise",
        &[__NR_madvise, __NR_process_madvise],
        &[ENOMEM, EAGAIN, EINVAL],
    ),
    Fault::new(b"clone", &[__NR_clone], &[EAGAIN]),
    Fault::new(b"futex", &[__NR_futex], &[EAGAIN, EINTR, ETIMEDOUT]),
    Fault::new(b"membarrier", &[__NR_membarrier], &[EPERM, ENOSYS]),
    Fault::new(
        b"epoll_create",
        &[__NR_epoll_create1],
        &[EMFILE, ENFILE, ENOMEM],
    ),
    Fault::new(b"eventfd", &[__NR_eventfd2], &[EMFILE, ENFILE, ENOMEM]),
    Fault::new(b"epoll_ctl", &[__NR_epoll_ctl], &[ENOMEM, ENOSPC]),
    Fault::new(
        b"epoll_wait",
        &[__NR_epoll_pwait, __NR_epoll_pwait2],
        &[EINTR],
    ),
    Fault::new(
        b"accept",
        &[__NR_accept4],
        &[EMFILE, ENFILE, ENOBUFS, ENOMEM, ECONNABORTED, EINTR],
    ),
    Fault::new(
        b"recv",
        &[__NR_recvfrom, __NR_recvmsg],
        &[ENOBUFS, ENOMEM, EINTR],
    ),
];
static SEED: AtomicU64 = AtomicU64::new(0);
static DRAWN: AtomicU64 = AtomicU64::new(0);

/// Reads the variable; what is no `name=number` with a known name is ignored. In the boot.
pub fn parse(text: &[u8]) {
    for part in text.split(|&byte| byte == b',') {
        let mut sides = part.splitn(2, |&byte| byte == b'=');
        let (Some(name), Some(value)) = (sides.next(), sides.next()) else {
            continue;
        };
        let Some(number) = core::str::from_utf8(value)
            .ok()
            .and_then(|value| value.parse().ok())
        else {
            continue;
        };
        if name == b"seed" {
            SEED.store(number, Ordering::Relaxed);
        }
        for fault in FAULTS.iter().filter(|fault| fault.name == name) {
            let rarity = u32::try_from(number).unwrap_or(u32::MAX);
            fault.rarity.store(rarity, Ordering::Relaxed);
        }
    }
}

/// The error that this call is to fail with, if it is to.
pub fn injected(call: u32, args: &[usize; 6]) -> Option<Errno> {
    let cannot_fail = match call {
        __NR_futex => args[1] as u32 != FUTEX_WAIT | FUTEX_PRIVATE_FLAG,
        __NR_epoll_ctl => args[1] as u32 == EPOLL_CTL_DEL,
        _ => false,
    };
    if cannot_fail {
        return None;
    }
    let fault = FAULTS.iter().find(|fault| fault.calls.contains(&call))?;
    let rarity = fault.rarity.load(Ordering::Relaxed);
    if rarity == 0 {
        return None;
    }
    let random = random();
    let fails = (random as u32).is_multiple_of(rarity);
    fails.then(|| Errno(fault.errors[(random >> 32) as usize % fault.errors.len()]))
}

/// The error that a thread is refused with, if it is to be.
pub fn thread() -> Option<Errno> {
    injected(__NR_clone, &[0; 6])
}

/// The next number of the seed's sequence (splitmix64).
fn random() -> u64 {
    let drawn = DRAWN.fetch_add(1, Ordering::Relaxed) + 1;
    let state = (SEED.load(Ordering::Relaxed) << 32).wrapping_add(drawn);
    mix(state.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}
