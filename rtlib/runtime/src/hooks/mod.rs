//! Functions of libc that block: on a goroutine they park it, everywhere else they do what libc does.
//!
//! The driver links every program with `--wrap=<name>` for each function of `rtlib_abi::calls::TABLE`; `__wrap_<name>` is here, in a file for each family of calls (lookups of names: `names`).
//! `GODEBUG=std=0` turns all of them off, `GODEBUG=std=-sync,-sleep,-net` one family each. Two do not park: `create`, pthread_create(3), and `setxid`, which setuid(2) needs.
//!
//! Invariants: a wrapper sets errno last and only on failure, as libc does; on a thread that runs no goroutine, on g0, inside [`blocking`](crate::sched::syscall) and on a stack that is not the
//! goroutine's (a signal handler on an alternate stack) it makes the plain call. A waiter that went to the kernel is woken as well: see `futex`.

mod children;
mod close;
mod create;
mod epoll;
mod eventfd;
mod files;
mod fortified;
pub mod futex;
pub mod io;
mod kernel_thread;
pub mod kill;
mod listen;
mod mask;
mod messages;
mod name;
mod pairs;
mod poll;
mod rw;
mod select;
mod setxid;
mod several;
mod shutdown;
mod sleep;
mod socket;
mod terminal;
pub mod thread;
mod tie;
mod transfer;

use core::sync::atomic::Ordering;

use crate::gmp;
use crate::gmp::g::G;
use crate::godebug::{self, Family};
use crate::signal::in_handler;

pub use crate::libc::set_errno;

/// Whether a call of this family may park its caller: it is a goroutine that holds a P, on its own stack.
#[inline]
pub fn may_park(family: Family) -> bool {
    godebug::std(family) && gmp::current().is_some_and(is_on_own_stack) && !in_handler()
}

fn is_on_own_stack(gp: &G) -> bool {
    let here = 0_u8;
    let at = core::ptr::from_ref(&here) as usize;
    let lo = gp.stack_lo.load(Ordering::Relaxed);
    (lo..gp.stack_hi.load(Ordering::Relaxed)).contains(&at)
}

/// A `struct timespec`.
#[derive(Clone, Copy)]
#[repr(C)]
struct Timespec {
    sec: i64,
    nsec: i64,
}

impl Timespec {
    /// In nanoseconds, as far as they fit. None if it is none (negative, or a second and more in `nsec`).
    fn ns(self) -> Option<u64> {
        let sec = u64::try_from(self.sec).ok()?;
        let nsec = u64::try_from(self.nsec).ok().filter(|n| *n < SECOND)?;
        Some(sec.saturating_mul(SECOND).saturating_add(nsec))
    }
}

/// Bytes of a signal mask, as the kernel has it.
const MASK_LEN: usize = 8;

/// ns.
const SECOND: u64 = 1_000_000_000;
