//! Signals that the runtime handles, and that the program may handle as well.
//!
//! - SIGSEGV and SIGBUS (`fault`): a fault in a goroutine's guard page is a stack overflow and is reported as one; everything else is the program's.
//! - SIGQUIT (`quit`): the program ends and tells what all goroutines do, unless it handles or ignores the signal itself. That it was started with the signal ignored, as shells start what runs in the
//!   background, does not count, as in Go.
//! - SIGURG: asks a thread for the stack that it runs (`traceback::interrupt`), or to stop for a while (`leaks::world`). Installed when it is needed for the first time.
//!
//! - SIGABRT: a reporter of a dying program that has run out of memory is given up, and another one goes on without names. Installed when there is a reporter.
//!
//! The handlers are installed by the runtime's own inittask, before std's. So that std (and any other crate) still finds and installs what it wants, `sigaction` is
//! linked as `--wrap=sigaction`: for these signals it only records the program's action, which the runtime's handler passes on to.

use core::ffi::{c_int, c_void};
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::arch::current::unwind::Registers;
use crate::libc::die_by;
use crate::libc::ffi::{SigAction, real_sigaction};
use crate::lock::Lock;
use crate::lockrank::{Rank, Ranked};
use crate::os::linux::signal::{
    Blocked, SIGABRT, SIGBUS, SIGCANCEL, SIGFPE, SIGILL, SIGPIPE, SIGPROF, SIGQUIT, SIGSEGV,
    SIGSETXID, SIGSYS, SIGTRAP, SIGURG, bit,
};
use crate::sched::masks;
use crate::traceback::{interrupt, reporter, unwind};
use crate::{gmp, leaks, trace};

pub use handlers::in_handler;

mod fault;
mod handlers;
mod quit;

const SIG_DFL: usize = 0;
const SIG_IGN: usize = 1;
const SA_SIGINFO: c_int = 4;
const SA_ONSTACK: c_int = 0x0800_0000;
const SA_RESTART: c_int = 0x1000_0000;
const SA_NODEFER: c_int = 0x4000_0000;
/// `si_code` of a signal sent to a single thread (tgkill(2)).
const SI_TKILL: c_int = -6;

static DEFAULT: SigAction = SigAction::DEFAULT;

impl Ranked for [SigAction; SIGNALS.len()] {
    const RANK: Rank = Rank::Signals;
}

/// Faults; SIGPROF; what libc uses between its threads.
const NOT_FROM_OUTSIDE: [u32; 10] = [
    SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGPROF, SIGSYS, SIGCANCEL, SIGSETXID,
];

const SIGNALS: [u32; 5] = [SIGSEGV, SIGBUS, SIGQUIT, SIGURG, SIGABRT];

/// The program's actions for these signals. Nothing that may fault happens under the lock, and the handler does not take it.
static PROGRAM: Lock<[SigAction; SIGNALS.len()]> = Lock::new([SigAction::DEFAULT; SIGNALS.len()]);
/// What the handler needs of them, see [`brief`].
static BRIEF: [AtomicUsize; SIGNALS.len()] = [const { AtomicUsize::new(0) }; SIGNALS.len()];
/// For which of them the runtime's handler is installed.
static INSTALLED: [AtomicBool; SIGNALS.len()] = [const { AtomicBool::new(false) }; SIGNALS.len()];

/// The address of an action's handler and, in the lowest bit, whether it takes three arguments: one word, so that it is read whole. User addresses leave the
/// highest bits free.
fn brief(action: &SigAction) -> usize {
    action.handler << 1 | usize::from(action.flags & SA_SIGINFO != 0)
}

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
    let Some(i) = index(signal as c_int).filter(|i| !INSTALLED[*i].load(Ordering::Acquire)) else {
        return;
    };
    let may_nest = matches!(signal, SIGSEGV | SIGBUS);
    let ours = SigAction {
        handler: handler as *const () as usize,
        mask: mask_of(signal),
        flags: SA_SIGINFO | SA_ONSTACK | if may_nest { SA_NODEFER } else { SA_RESTART },
        restorer: 0,
    };
    without_signals(|| {
        let mut program = PROGRAM.lock();
        if INSTALLED[i].load(Ordering::Relaxed) {
            return;
        }
        // SAFETY: a handler that may run at any time, on the alternate stack; both structures are ours.
        unsafe { real_sigaction(signal as c_int, &raw const ours, &raw mut program[i]) };
        if signal == SIGQUIT && program[i].handler == SIG_IGN {
            program[i] = SigAction::DEFAULT;
        }
        BRIEF[i].store(brief(&program[i]), Ordering::Release);
        INSTALLED[i].store(true, Ordering::Release);
    });
}

/// For what takes [`PROGRAM`]: a handler that ends the program installs one more.
fn without_signals<R>(f: impl FnOnce() -> R) -> R {
    let _blocked = Blocked::all();
    f()
}

/// Before a fork: keeps the program's actions as they are until [`let_go`]. With all signals blocked.
pub fn keep() {
    core::mem::forget(PROGRAM.lock());
}

/// Ends what [`keep`] began, in the parent and in the child.
///
/// # Safety
/// It has.
pub unsafe fn let_go() {
    // SAFETY: the caller vouches.
    unsafe { PROGRAM.unlock() }
}

/// Whether the program handles a signal that may come from outside: no fault, no profiler's clock, none of libc's own.
pub fn is_awaited() -> bool {
    const LAST: u32 = 64;
    (1..=LAST)
        .filter(|signal| !NOT_FROM_OUTSIDE.contains(signal))
        .any(|signal| {
            let mut action = SigAction::DEFAULT;
            // SAFETY: asks for the action of a signal: the program's, also where the runtime has a handler of its own.
            let error =
                unsafe { __wrap_sigaction(signal as c_int, core::ptr::null(), &raw mut action) };
            error == 0 && !matches!(action.handler, SIG_DFL | SIG_IGN)
        })
}

/// Whether calls go on after this signal's handler, or there is none.
pub fn restarts(signal: u32) -> bool {
    let mut action = SigAction::DEFAULT;
    // SAFETY: asks for the action of a signal.
    unsafe { __wrap_sigaction(signal as c_int, core::ptr::null(), &raw mut action) };
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

/// sigaction(2) as the program sees it.
///
/// # Safety
/// As sigaction(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_sigaction(
    signal: c_int,
    new: *const SigAction,
    old: *mut SigAction,
) -> c_int {
    // SAFETY: the caller's pointer, null or valid.
    let new_action = unsafe { new.as_ref() }.copied();
    let before = index(signal).and_then(|i| without_signals(|| exchange(i, new_action)));
    let Some(before) = before else {
        let handler = handlers::of(signal);
        let to_kernel = new_action.map(|wanted| handlers::to_kernel(signal, wanted));
        let new = to_kernel
            .as_ref()
            .map_or(core::ptr::null(), core::ptr::from_ref);
        // SAFETY: the caller's arguments; `enter` may be called where the program's handler may.
        let error = unsafe { real_sigaction(signal, new, old) };
        // SAFETY: the caller's pointer, null or valid.
        let old = unsafe { old.as_mut() }.filter(|_| error == 0);
        if let Some(old) = old {
            *old = handlers::to_program(*old, handler);
        }
        return error;
    };
    if !old.is_null() {
        // SAFETY: the caller's pointer, valid.
        unsafe { old.write(before) };
    }
    0
}

/// Records the program's action for a signal and returns the one before. None when the runtime has no handler of its own.
fn exchange(i: usize, new: Option<SigAction>) -> Option<SigAction> {
    let mut program = PROGRAM.lock();
    if !INSTALLED[i].load(Ordering::Acquire) {
        return None;
    }
    let before = program[i];
    if let Some(new) = new {
        program[i] = new;
        BRIEF[i].store(brief(&new), Ordering::Release);
    }
    Some(before)
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
            SIGSEGV | SIGBUS if interrupt::recover(context) => return,
            SIGSEGV | SIGBUS => fault::handle(&*info, context),
            _ => {}
        }
    }
    pass_on(signal, info, context);
}

/// Hands the signal to the program's action.
fn pass_on(signal: c_int, info: *mut SigInfo, context: *mut c_void) {
    let Some(i) = index(signal) else { return };
    let action = BRIEF[i].load(Ordering::Acquire);
    match action >> 1 {
        // SAFETY: what the kernel passed to the handler.
        SIG_DFL => unsafe { by_default(signal, &*info, context) },
        SIG_IGN if matches!(signal as u32, SIGQUIT | SIGURG) => {}
        // SAFETY: as above.
        SIG_IGN => unsafe { by_default(signal, &*info, context) },
        // SAFETY: what the program installed.
        _ => unsafe { handlers::call(action, signal, info, context) },
    }
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
