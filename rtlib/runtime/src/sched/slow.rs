//! Calls that keep their thread for longer than `GODEBUG=blocktrace` allows. They are timed by `syscall`; who tells of them is above (`watch::slow`).

use core::fmt;

use crate::gmp::g::G;
use crate::gmp::this_goroutine;
use crate::godebug;
use crate::link::Link;
use crate::os::linux::syscalls::Call;

/// What a goroutine does on its thread without a P.
#[derive(Clone, Copy)]
pub enum What {
    /// A system call.
    Call(Call),
    /// What the program has put into `rtlib::blocking`.
    Blocking,
    /// Something of the runtime's that takes several calls, or is libc's.
    Named(&'static str),
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(call) => call.fmt(f),
            Self::Blocking => f.write_str("rtlib::blocking"),
            Self::Named(name) => f.write_str(name),
        }
    }
}

/// Tells of a call of the calling goroutine that has taken so many ns.
pub type Tell = fn(&'static G, &What, u64);

static TELL: Link<Tell> = Link::none();

/// Registers who tells. In the boot.
pub fn register(tell: &'static Tell) {
    TELL.set(Some(tell));
}

/// Whether calls are timed.
#[inline]
pub fn are_timed() -> bool {
    godebug::blocktrace() != u64::MAX
}

/// The calling goroutine is back from a call that took so long, ns.
#[cold]
pub fn ended(what: &What, took: u64) {
    if took <= godebug::blocktrace() {
        return;
    }
    if let (Some(tell), Some(gp)) = (TELL.get(), this_goroutine()) {
        tell(gp, what, took);
    }
}
