//! The program's signal handlers: each is called by way of [`sigtramp`], so that what it calls knows where it is.
//!
//! A handler may have interrupted anything: the scheduler, with its locks, or the goroutine's own wait. So calls of libc that it makes are the kernel's and park nobody ([`in_handler`] is asked by `hooks::may_park`), and whom it wakes
//! is woken by another thread (`hooks::futex`). A self-pipe, `sem_post`, and `Thread::unpark` of std work.

use core::ffi::{c_int, c_void};
use core::sync::atomic::{AtomicUsize, Ordering};

use super::{SA_SIGINFO, SIG_DFL, SIG_IGN, SigInfo};
use crate::arch::current::tls;
use crate::libc::ffi::SigAction;

const LAST: usize = 64;

/// The program's handlers of the signals for which the runtime has none, as [`brief`] has them.
static HANDLERS: [AtomicUsize; LAST + 1] = [const { AtomicUsize::new(0) }; LAST + 1];

/// The address of an action's handler and, in the lowest bit, whether it takes three arguments: one word, so that it is read whole. User addresses leave the highest bits free.
fn brief(action: &SigAction) -> usize {
    action.handler << 1 | usize::from(action.flags & SA_SIGINFO != 0)
}

/// Whether the caller is in a handler of the program's, or is called by one.
#[inline]
pub fn in_handler() -> bool {
    tls::handlers() != 0
}

/// What the kernel is to do where the program wants this.
pub fn to_kernel(signal: c_int, wanted: SigAction) -> SigAction {
    let slot = usize::try_from(signal).ok().and_then(|at| HANDLERS.get(at));
    let Some(slot) = slot.filter(|_| !matches!(wanted.handler, SIG_DFL | SIG_IGN)) else {
        return wanted;
    };
    slot.store(brief(&wanted), Ordering::Release);
    SigAction {
        handler: sigtramp as *const () as usize,
        flags: wanted.flags | SA_SIGINFO,
        ..wanted
    }
}

/// The program's action where the kernel has this one. `handler` is what the slot held when the kernel was asked.
pub fn to_program(kept: SigAction, handler: usize) -> SigAction {
    if kept.handler != sigtramp as *const () as usize {
        return kept;
    }
    let takes_three = handler & 1 != 0;
    SigAction {
        handler: handler >> 1,
        flags: if takes_three {
            kept.flags
        } else {
            kept.flags & !SA_SIGINFO
        },
        ..kept
    }
}

/// What the slot of a signal holds.
pub fn of(signal: c_int) -> usize {
    let slot = usize::try_from(signal).ok().and_then(|at| HANDLERS.get(at));
    slot.map_or(0, |slot| slot.load(Ordering::Acquire))
}

crate::arch::current::sigtramp! {
    /// What the kernel calls.
    sigtramp => enter
}

extern "C" fn enter(signal: c_int, info: *mut SigInfo, context: *mut c_void) {
    let handler = of(signal);
    // SAFETY: only what `to_kernel` has been given leads here, and the kernel's arguments.
    unsafe { call(handler >> 1, handler & 1 != 0, signal, info, context) }
}

/// Calls a handler of the program's.
///
/// # Safety
/// There is one at `at`, with so many arguments; the rest is what the kernel passed.
pub unsafe fn call(
    at: usize,
    takes_three: bool,
    signal: c_int,
    info: *mut SigInfo,
    context: *mut c_void,
) {
    // No goroutine switches before the handler returns, so the word stays this thread's.
    let depth = tls::handlers();
    tls::set_handlers(depth + 1);
    // SAFETY: the caller vouches.
    unsafe {
        if takes_three {
            core::mem::transmute::<usize, extern "C" fn(c_int, *mut SigInfo, *mut c_void)>(at)(
                signal, info, context,
            );
        } else {
            core::mem::transmute::<usize, extern "C" fn(c_int)>(at)(signal);
        }
    }
    tls::set_handlers(depth);
}
