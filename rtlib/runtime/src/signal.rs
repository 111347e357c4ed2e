//! SIGSEGV and SIGBUS: a fault in a goroutine's guard page is a stack overflow and is reported as one; everything else is the program's.
//!
//! The runtime's handler is installed by its own inittask, before std's. So that std (and any other crate) still finds and installs what it wants, `sigaction` is
//! linked as `--wrap=sigaction`: for these two signals it only records the program's action, which the runtime's handler passes on to.

use core::ffi::{c_int, c_void};
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::arch::current::tls;
use crate::fatal;
use crate::libc::ffi::{SigAction, real_sigaction};
use crate::lock::Lock;
use crate::lockrank::{Rank, Ranked};
use crate::os::linux::mem::PAGE;
use crate::os::linux::proc;
use crate::os::linux::signal::{SIGABRT, SIGBUS, SIGSEGV};
use crate::sched::{self, g::G};

const SIG_DFL: usize = 0;
const SIG_IGN: usize = 1;
const SA_SIGINFO: c_int = 4;
const SA_ONSTACK: c_int = 0x0800_0000;
const SA_NODEFER: c_int = 0x4000_0000;
/// The kernel refuses to grow the process stack within this distance of another mapping; a fault there is an overflow too.
const STACK_GUARD_GAP: usize = 1 << 20;

static DEFAULT: SigAction = SigAction::DEFAULT;

impl Ranked for [SigAction; 2] {
    const RANK: Rank = Rank::Signals;
}

/// The program's actions for the two signals. Nothing that may fault happens under the lock, and the handler does not take it.
static PROGRAM: Lock<[SigAction; 2]> = Lock::new([SigAction::DEFAULT; 2]);
/// What the handler needs of them, see [`brief`].
static BRIEF: [AtomicUsize; 2] = [const { AtomicUsize::new(0) }; 2];

/// The address of an action's handler and, in the lowest bit, whether it takes three arguments: one word, so that it is read whole. User addresses leave the
/// highest bits free.
fn brief(action: &SigAction) -> usize {
    action.handler << 1 | usize::from(action.flags & SA_SIGINFO != 0)
}
static INSTALLED: AtomicBool = AtomicBool::new(false);

fn index(signal: c_int) -> Option<usize> {
    match signal as u32 {
        SIGSEGV => Some(0),
        SIGBUS => Some(1),
        _ => None,
    }
}

/// The runtime's one init function: installs the handlers.
#[unsafe(export_name = "runtime.init.0")]
extern "C" fn init() {
    let ours = SigAction {
        handler: handler as *const () as usize,
        mask: [0; 16],
        flags: SA_SIGINFO | SA_ONSTACK | SA_NODEFER,
        restorer: 0,
    };
    let mut program = PROGRAM.lock();
    for (i, signal) in [SIGSEGV, SIGBUS].into_iter().enumerate() {
        // SAFETY: a handler that may run at any time, on the alternate stack; both structures are ours.
        unsafe { real_sigaction(signal as c_int, &raw const ours, &raw mut program[i]) };
        BRIEF[i].store(brief(&program[i]), Ordering::Release);
    }
    INSTALLED.store(true, Ordering::Release);
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
    let Some(i) = index(signal).filter(|_| INSTALLED.load(Ordering::Acquire)) else {
        // SAFETY: the caller's arguments.
        return unsafe { real_sigaction(signal, new, old) };
    };
    // SAFETY: the caller's pointer, null or valid.
    let new = unsafe { new.as_ref() }.copied();
    let before = {
        let mut program = PROGRAM.lock();
        let before = program[i];
        if let Some(new) = new {
            program[i] = new;
            BRIEF[i].store(brief(&new), Ordering::Release);
        }
        before
    };
    if !old.is_null() {
        // SAFETY: the caller's pointer, valid.
        unsafe { old.write(before) };
    }
    0
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
    // SAFETY: the kernel passes a siginfo; faults have an address in it.
    let addr = unsafe { (*info).addr };
    if let Some(gp) = sched::this_goroutine().filter(|gp| is_overflow(gp, addr)) {
        report_overflow(gp);
    }
    if let Some(g0) = tls::getg().filter(|gp| gp.id() == 0 && is_overflow(gp, addr)) {
        let _ = g0;
        fatal::throw(b"runtime: stack overflow on a scheduling stack");
    }
    pass_on(signal, info, context);
}

/// Whether a fault at `addr` is this goroutine's stack running out.
fn is_overflow(gp: &G, addr: usize) -> bool {
    let lo = gp.stack_lo.load(Ordering::Relaxed);
    if sched::is_main(gp) {
        return (lo.saturating_sub(STACK_GUARD_GAP)..lo.saturating_add(STACK_GUARD_GAP))
            .contains(&addr);
    }
    (lo.saturating_sub(PAGE)..lo).contains(&addr)
}

fn report_overflow(gp: &G) -> ! {
    let (lo, hi) = (
        gp.stack_lo.load(Ordering::Relaxed),
        gp.stack_hi.load(Ordering::Relaxed),
    );
    let how = if sched::is_main(gp) {
        "the main goroutine runs on the process stack: raise it with `ulimit -s`"
    } else {
        "raise it with rtlib::Builder::stack_size, or stack-size in [package.metadata.gobuild]"
    };
    crate::print!("runtime: goroutine stack exceeds {}-byte limit\n", hi - lo);
    crate::print!(
        "runtime: goroutine {}, stack=[{lo:#x}, {hi:#x}]; {how}\n",
        gp.id()
    );
    crate::print!(
        "fatal error: stack overflow\n\ngoroutine {} [running]:\n",
        gp.id()
    );
    proc::exit_group(2)
}

/// Hands the signal to the program's action.
fn pass_on(signal: c_int, info: *mut SigInfo, context: *mut c_void) {
    let Some(i) = index(signal) else { return };
    let action = BRIEF[i].load(Ordering::Acquire);
    let takes_three = action & 1 != 0;
    match action >> 1 {
        SIG_IGN | SIG_DFL => {
            // SAFETY: back to the default: the faulting instruction runs again and ends the program as it would have.
            unsafe { real_sigaction(signal, &raw const DEFAULT, core::ptr::null_mut()) };
        }
        handler if takes_three => {
            // SAFETY: what the program installed as a three-argument handler.
            unsafe {
                core::mem::transmute::<usize, extern "C" fn(c_int, *mut SigInfo, *mut c_void)>(
                    handler,
                )(signal, info, context)
            };
        }
        handler => {
            // SAFETY: what the program installed as a one-argument handler.
            unsafe { core::mem::transmute::<usize, extern "C" fn(c_int)>(handler)(signal) };
        }
    }
}

/// Ends the process as abort(3) does; for panics of the runtime itself.
pub fn die_by_abort() -> ! {
    proc::kill_self(SIGABRT);
    proc::exit_group(134)
}
