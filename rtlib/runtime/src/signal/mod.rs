//! Signals that the runtime handles, and that the program may handle as well.
//!
//! - SIGSEGV and SIGBUS (`fault`): a fault in a goroutine's guard page is a stack overflow and is reported as one; everything else is the program's.
//! - SIGQUIT (`quit`): the program ends and tells what all goroutines do, unless it handles or ignores the signal itself. That it was started with the signal ignored, as shells start what runs in the
//!   background, does not count, as in Go.
//! - SIGURG: asks a thread for the stack that it runs (`traceback::interrupt`), or to stop for a while (`leaks::world`). Installed when it is needed for the first time.
//!
//! - SIGABRT: a reporter of a dying program that has run out of memory is given up, and another one goes on without names. Installed when there is a reporter.
//!
//! The handlers are installed by the runtime's own inittask, before std's. So that std (and any other crate) still finds and installs what it wants, the program's actions for these signals are only recorded (`program`),
//! and the runtime's handler passes on to them.

use core::ffi::{c_int, c_void};

use crate::arch::current::unwind::Registers;
use crate::libc::die_by;
use crate::libc::ffi::{SigAction, real_sigaction};
use crate::os::linux::signal::{
    SIGABRT, SIGBUS, SIGCANCEL, SIGFPE, SIGILL, SIGPIPE, SIGPROF, SIGQUIT, SIGSEGV, SIGSETXID,
    SIGSYS, SIGTRAP, SIGURG, bit,
};
use crate::sched::masks;
use crate::traceback::{interrupt, reporter, unwind};
use crate::{gmp, leaks, trace};

pub use handlers::in_handler;

mod fault;
mod handlers;
mod program;
mod quit;

pub use program::{keep, let_go};

const SIG_DFL: usize = 0;
const SIG_IGN: usize = 1;
const SA_SIGINFO: c_int = 4;
const SA_ONSTACK: c_int = 0x0800_0000;
const SA_RESTART: c_int = 0x1000_0000;
const SA_NODEFER: c_int = 0x4000_0000;
const SA_RESETHAND: c_int = c_int::MIN;
/// `si_code` of a signal that a process has sent (kill(2)); those of the kernel's own are greater.
const SI_USER: c_int = 0;
/// `si_code` of a signal sent to a single thread (tgkill(2)).
const SI_TKILL: c_int = -6;

static DEFAULT: SigAction = SigAction::DEFAULT;

/// Faults; SIGPROF; what libc uses between its threads.
const NOT_FROM_OUTSIDE: [u32; 10] = [
    SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGPROF, SIGSYS, SIGCANCEL, SIGSETXID,
];

const SIGNALS: [u32; 5] = [SIGSEGV, SIGBUS, SIGQUIT, SIGURG, SIGABRT];

fn index(signal: c_int) -> Option<usize> {
    SIGNALS.iter().position(|own| *own == signal as u32)
}

/// Installs the handlers. In the runtime's own init function.
pub fn init() {
    unwind::prepare();
    [SIGSEGV, SIGBUS, SIGQUIT].into_iter().for_each(install);
}

/// From now on a write to a pipe that nobody reads is an error and does not end the program: what std does when `main` begins, for inits and what they start. What was inherited is std's to replace.
pub fn ignore_sigpipe() {
    let ignored = SigAction {
        handler: SIG_IGN,
        ..SigAction::DEFAULT
    };
    // SAFETY: no handler.
    unsafe { real_sigaction(SIGPIPE as c_int, &raw const ignored, core::ptr::null_mut()) };
}

/// Installs the runtime's handler of one of [`SIGNALS`], unless it is.
pub fn install(signal: u32) {
    if let Some(i) = index(signal as c_int) {
        program::install(i, &ours(signal, SA_RESTART));
    }
}

/// The runtime's action. Of a fault in the handler of a fault the handler must know.
fn ours(signal: u32, restart: c_int) -> SigAction {
    let may_nest = matches!(signal, SIGSEGV | SIGBUS);
    SigAction {
        handler: sigtramp as *const () as usize,
        mask: mask_of(signal),
        flags: SA_SIGINFO | SA_ONSTACK | if may_nest { SA_NODEFER } else { restart },
        restorer: 0,
    }
}

/// The program has an action for a signal: its SIGQUIT interrupts system calls if it is to. Nobody expects that of SIGURG, which the runtime sends as well.
fn set_restarting(signal: u32, action: &SigAction) {
    if signal == SIGQUIT {
        let is_handler = !matches!(action.handler, SIG_DFL | SIG_IGN);
        let restart = if is_handler {
            action.flags & SA_RESTART
        } else {
            SA_RESTART
        };
        let ours = ours(signal, restart);
        // SAFETY: the handler that is installed already.
        unsafe { real_sigaction(signal as c_int, &raw const ours, core::ptr::null_mut()) };
    }
}

/// Whether the program handles a signal that may come from outside: no fault, no profiler's clock, none of libc's own.
pub fn is_awaited() -> bool {
    const LAST: u32 = 64;
    (1..=LAST)
        .filter(|signal| !NOT_FROM_OUTSIDE.contains(signal))
        .any(|signal| {
            let mut action = SigAction::DEFAULT;
            // SAFETY: asks for the action of a signal: the program's, also where the runtime has a handler of its own.
            let error = unsafe {
                program::__wrap_sigaction(signal as c_int, core::ptr::null(), &raw mut action)
            };
            error == 0 && !matches!(action.handler, SIG_DFL | SIG_IGN)
        })
}

/// Whether calls go on after this signal's handler, or there is none.
pub fn restarts(signal: u32) -> bool {
    let mut action = SigAction::DEFAULT;
    // SAFETY: asks for the action of a signal.
    unsafe { program::__wrap_sigaction(signal as c_int, core::ptr::null(), &raw mut action) };
    action.flags & SA_RESTART != 0 || matches!(action.handler, SIG_DFL | SIG_IGN)
}

/// What is blocked while the handler runs. Somebody waits for the answer to SIGURG, so nothing that may end the program comes between.
fn mask_of(signal: u32) -> [u64; 16] {
    if signal == SIGURG {
        [!(bit(SIGSEGV) | bit(SIGBUS)); 16]
    } else {
        [0; 16]
    }
}

/// `siginfo_t` up to `si_addr`.
#[repr(C)]
struct SigInfo {
    signo: c_int,
    errno: c_int,
    code: c_int,
    pad: c_int,
    addr: usize,
}

/// Whether the processor has raised the signal; else somebody has sent it.
fn is_fault(info: &SigInfo) -> bool {
    matches!(info.signo as u32, SIGSEGV | SIGBUS) && info.code > SI_USER
}

crate::arch::current::sigtramp! {
    /// What the kernel calls for the runtime's signals.
    sigtramp => handler
}

extern "C" fn handler(signal: c_int, info: *mut SigInfo, context: *mut c_void) {
    // SAFETY: the kernel passes a siginfo and a context.
    unsafe {
        match signal as u32 {
            SIGURG if (*info).code == SI_TKILL => {
                leaks::stop_here(Registers::interrupted(context).sp());
                interrupt::answer(context);
                if let Some(mp) = gmp::getg().and_then(|gp| gp.m.get()) {
                    masks::answer(mp, context);
                }
                // It may be the program's own as well, or only: it gets it, too, as in Go.
            }
            SIGABRT if reporter::is_reporter() => reporter::fail(),
            SIGSEGV | SIGBUS if is_fault(&*info) => {
                if interrupt::recover(context) {
                    return;
                }
                fault::handle(&*info, context);
            }
            _ => {}
        }
    }
    program::pass_on(signal, info, context);
}

/// What happens when the program has no handler of its own.
///
/// # Safety
/// `context` is the third argument of the running handler.
unsafe fn by_default(signal: c_int, info: &SigInfo, context: *const c_void) {
    match signal as u32 {
        // SAFETY: the caller vouches.
        SIGQUIT => unsafe { quit::handle(info, context) },
        SIGURG => {}
        SIGABRT => die_by(SIGABRT),
        _ => {
            // SAFETY: as above.
            unsafe { fault::tell(info, context) };
            trace::finish_dying();
            if !is_fault(info) {
                die_by(info.signo as u32);
            }
            // SAFETY: back to the default: the faulting instruction runs again and ends the program as it would have.
            unsafe { real_sigaction(signal, &raw const DEFAULT, core::ptr::null_mut()) };
        }
    }
}

/// Ends the process as abort(3) does; for panics of the runtime itself.
pub fn die_by_abort() -> ! {
    trace::finish_dying();
    die_by(SIGABRT)
}

/// Whoever needs a handler of the runtime's has it installed. In the boot.
pub fn register() {
    static INSTALL: fn(u32) = install;
    interrupt::register(&INSTALL);
}
