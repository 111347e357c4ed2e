//! epoll(7) and eventfd(2).

use core::sync::atomic::{AtomicBool, Ordering};

use crate::os::linux::sys::{
    __NR_epoll_create1, __NR_epoll_ctl, __NR_epoll_pwait, __NR_epoll_pwait2, __NR_eventfd2,
    __NR_read, __NR_write, __kernel_timespec, EFD_CLOEXEC, EFD_NONBLOCK, EPOLL_CLOEXEC,
    EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD,
};
use crate::os::linux::sys::{ENOSYS, EPERM};

use super::{Errno, call};

/// Events, and what to be told of: see epoll_ctl(2). The header has them as macros that are no numbers.
pub const EPOLLIN: u32 = 0x1;
/// See `EPOLLIN`.
pub const EPOLLPRI: u32 = 0x2;
/// See `EPOLLIN`.
pub const EPOLLOUT: u32 = 0x4;
/// See `EPOLLIN`.
pub const EPOLLERR: u32 = 0x8;
/// See `EPOLLIN`.
pub const EPOLLHUP: u32 = 0x10;
/// See `EPOLLIN`.
pub const EPOLLRDHUP: u32 = 0x2000;
/// See `EPOLLIN`.
pub const EPOLLET: u32 = 1 << 31;

/// `struct epoll_event`, packed on x86-64.
#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct Event {
    /// What happened, or is wanted.
    pub events: u32,
    /// Whatever was given when it was asked for.
    pub data: u64,
}

impl Event {
    /// Nothing.
    pub const NONE: Self = Self { events: 0, data: 0 };
}

/// epoll_create1(2), closed by exec.
pub fn create() -> Result<i32, Errno> {
    // SAFETY: no memory is involved.
    unsafe { call(__NR_epoll_create1, [EPOLL_CLOEXEC as usize, 0, 0, 0, 0, 0]) }.map(|fd| fd as i32)
}

/// Wants to be told of events of a descriptor that is not watched yet.
pub fn add(epoll: i32, fd: i32, event: Event) -> Result<(), Errno> {
    control(epoll, EPOLL_CTL_ADD, fd, event)
}

/// Changes what is wanted of a descriptor that is watched. If that is so already, the event comes once more.
pub fn modify(epoll: i32, fd: i32, event: Event) -> Result<(), Errno> {
    control(epoll, EPOLL_CTL_MOD, fd, event)
}

/// Wants to hear of a descriptor no more.
pub fn delete(epoll: i32, fd: i32) -> Result<(), Errno> {
    control(epoll, EPOLL_CTL_DEL, fd, Event::NONE)
}

fn control(epoll: i32, op: u32, fd: i32, event: Event) -> Result<(), Errno> {
    let event = (&raw const event) as usize;
    let args = [epoll as usize, op as usize, fd as usize, event, 0, 0];
    // SAFETY: the kernel reads our variable.
    unsafe { call(__NR_epoll_ctl, args) }.map(drop)
}

/// Waits for events: until there are some, for at most so many ns, or not at all (0). Returns how many came.
pub fn wait(epoll: i32, events: &mut [Event], ns: Option<u64>) -> Result<usize, Errno> {
    /// The kernel has no epoll_pwait2 (before 5.11), or a sandbox that does not know it refuses it.
    static OLD: AtomicBool = AtomicBool::new(false);
    let (at, len) = (events.as_mut_ptr() as usize, events.len());
    if !OLD.load(Ordering::Relaxed) && ns.is_some_and(|ns| ns != 0) {
        let ns = ns.unwrap_or(0);
        let timeout = __kernel_timespec {
            tv_sec: (ns / 1_000_000_000) as i64,
            tv_nsec: (ns % 1_000_000_000) as i64,
        };
        let args = [epoll as usize, at, len, &raw const timeout as usize, 0, 0];
        // SAFETY: the kernel writes to the caller's buffer and reads our variable.
        match unsafe { call(__NR_epoll_pwait2, args) } {
            Err(Errno(ENOSYS | EPERM)) => OLD.store(true, Ordering::Relaxed),
            result => return result,
        }
    }
    // In ms, rounded up: the caller wants to find that its time has come.
    let timeout = ns.map_or(-1, |ns| ns.div_ceil(1_000_000).min(i32::MAX as u64) as i32);
    let args = [epoll as usize, at, len, timeout as usize, 0, 0];
    // SAFETY: the kernel writes to the caller's buffer.
    unsafe { call(__NR_epoll_pwait, args) }
}

/// eventfd(2), non-blocking, closed by exec.
pub fn eventfd() -> Result<i32, Errno> {
    let flags = (EFD_CLOEXEC | EFD_NONBLOCK) as usize;
    // SAFETY: no memory is involved.
    unsafe { call(__NR_eventfd2, [0, flags, 0, 0, 0, 0]) }.map(|fd| fd as i32)
}

/// Makes an eventfd readable.
pub fn raise(eventfd: i32) {
    let one = 1_u64;
    let args = [
        eventfd as usize,
        &raw const one as usize,
        size_of::<u64>(),
        0,
        0,
        0,
    ];
    // SAFETY: the kernel reads our variable. It fails only if the number is at its limit, and the eventfd readable.
    let _ = unsafe { call(__NR_write, args) };
}

/// Makes an eventfd unreadable.
pub fn lower(eventfd: i32) {
    let mut count = 0_u64;
    let args = [
        eventfd as usize,
        &raw mut count as usize,
        size_of::<u64>(),
        0,
        0,
        0,
    ];
    // SAFETY: the kernel writes to our variable. It fails only if it is unreadable.
    let _ = unsafe { call(__NR_read, args) };
}
