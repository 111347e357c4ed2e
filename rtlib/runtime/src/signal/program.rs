//! What the program wants done with the signals that the runtime handles: its actions are recorded and not installed, and the runtime's handler passes on to them.
//!
//! libc's files set actions through `__sigaction` (signal(3), sigset(3), siginterrupt(3), system(3) and so on), programs through `sigaction`; both are linked as `--wrap`. What calls the kernel itself is not seen.
//!
//! A handler of the program's runs as the kernel would run it: its signal and those of its mask are blocked meanwhile (SA_NODEFER), and it is taken for one signal only if it is to be (SA_RESETHAND). All run on the
//! alternate stack.

use core::ffi::{c_int, c_void};
use core::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use super::{
    SA_NODEFER, SA_RESETHAND, SA_SIGINFO, SIG_DFL, SIG_IGN, SIGNALS, SigInfo, by_default, handlers,
    index, is_fault, set_restarting,
};
use crate::libc::ffi::{SigAction, real_sigaction};
use crate::lock::Lock;
use crate::lockrank::{Rank, Ranked};
use crate::os::linux::signal::{Blocked, SIGQUIT, bit, block};

impl Ranked for [SigAction; SIGNALS.len()] {
    const RANK: Rank = Rank::Signals;
}

/// The program's actions. Nothing that may fault happens under the lock, and the handler does not take it.
static PROGRAM: Lock<[SigAction; SIGNALS.len()]> = Lock::new([SigAction::DEFAULT; SIGNALS.len()]);
/// What the handler needs of them, see [`Brief`].
static BRIEF: [AtomicUsize; SIGNALS.len()] = [const { AtomicUsize::new(0) }; SIGNALS.len()];
/// The masks of the actions, for signals 1 to 64.
static MASKS: [AtomicU64; SIGNALS.len()] = [const { AtomicU64::new(0) }; SIGNALS.len()];
/// For which of them the runtime's handler is installed.
static INSTALLED: [AtomicBool; SIGNALS.len()] = [const { AtomicBool::new(false) }; SIGNALS.len()];

/// The address of an action's handler and, in the lowest bits, the flags that matter when it is called: one word, so that it is read whole. User addresses leave the highest bits free.
#[derive(Clone, Copy)]
struct Brief(usize);

impl Brief {
    const TAKES_THREE: usize = 1;
    const NODEFER: usize = 2;
    const ONCE: usize = 4;
    const FLAGS: u32 = 3;

    fn of(action: &SigAction) -> Self {
        let flag = |flag, bit| if action.flags & flag != 0 { bit } else { 0 };
        Self(
            action.handler << Self::FLAGS
                | flag(SA_SIGINFO, Self::TAKES_THREE)
                | flag(SA_NODEFER, Self::NODEFER)
                | flag(SA_RESETHAND, Self::ONCE),
        )
    }

    fn handler(self) -> usize {
        self.0 >> Self::FLAGS
    }

    fn has(self, flag: usize) -> bool {
        self.0 & flag != 0
    }
}

/// Installs the runtime's handler of the signal with this index, unless it is.
pub fn install(i: usize, ours: &SigAction) {
    if INSTALLED[i].load(Ordering::Acquire) {
        return;
    }
    without_signals(|| {
        let mut program = PROGRAM.lock();
        if INSTALLED[i].load(Ordering::Relaxed) {
            return;
        }
        // SAFETY: a handler that may run at any time, on the alternate stack; both structures are ours.
        unsafe { real_sigaction(SIGNALS[i] as c_int, ours, &raw mut program[i]) };
        if SIGNALS[i] == SIGQUIT && program[i].handler == SIG_IGN {
            program[i] = SigAction::DEFAULT;
        }
        record(i, &program[i]);
        set_restarting(SIGNALS[i], &program[i]);
        INSTALLED[i].store(true, Ordering::Release);
    });
}

fn record(i: usize, action: &SigAction) {
    MASKS[i].store(action.mask[0], Ordering::Relaxed);
    BRIEF[i].store(Brief::of(action).0, Ordering::Release);
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

/// sigaction(2) as the program sees it.
///
/// # Safety
/// As sigaction(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __wrap_sigaction(
    signal: c_int,
    new: *const SigAction,
    old: *mut SigAction,
) -> c_int {
    // SAFETY: the caller's pointer, null or valid.
    let new_action = unsafe { new.as_ref() }.copied();
    let before = index(signal).and_then(|i| without_signals(|| exchange(i, new_action)));
    let Some(before) = before else {
        // SAFETY: the caller vouches.
        return unsafe { through_kernel(signal, new_action, old) };
    };
    if !old.is_null() {
        // SAFETY: the caller's pointer, valid.
        unsafe { old.write(before) };
    }
    0
}

/// The same for a signal that the runtime does not handle.
///
/// # Safety
/// As sigaction(2).
unsafe fn through_kernel(signal: c_int, new: Option<SigAction>, old: *mut SigAction) -> c_int {
    let handler = handlers::of(signal);
    let to_kernel = new.map(|wanted| handlers::to_kernel(signal, wanted));
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
    error
}

/// The same, as libc's own files call it.
///
/// # Safety
/// As sigaction(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap___sigaction(
    signal: c_int,
    new: *const SigAction,
    old: *mut SigAction,
) -> c_int {
    // SAFETY: the caller vouches.
    unsafe { __wrap_sigaction(signal, new, old) }
}

/// Records the program's action for a signal and returns the one before. None when the runtime has no handler of its own.
fn exchange(i: usize, new: Option<SigAction>) -> Option<SigAction> {
    let mut program = PROGRAM.lock();
    if !INSTALLED[i].load(Ordering::Acquire) {
        return None;
    }
    let before = action(i, &program);
    if let Some(new) = new {
        program[i] = new;
        record(i, &new);
        set_restarting(SIGNALS[i], &new);
    }
    Some(before)
}

/// The program's action: none any more if it was for one signal, which has come.
fn action(i: usize, program: &[SigAction; SIGNALS.len()]) -> SigAction {
    let handler = Brief(BRIEF[i].load(Ordering::Acquire)).handler();
    SigAction {
        handler,
        ..program[i]
    }
}

/// Hands a signal to the program's action. In the runtime's handler.
pub fn pass_on(signal: c_int, info: *mut SigInfo, context: *mut c_void) {
    let Some(i) = index(signal) else { return };
    let action = Brief(BRIEF[i].load(Ordering::Acquire));
    match action.handler() {
        // SAFETY: what the kernel passed to the handler.
        SIG_DFL => unsafe { by_default(signal, &*info, context) },
        // SAFETY: as above. A fault cannot be ignored.
        SIG_IGN => unsafe {
            if is_fault(&*info) {
                by_default(signal, &*info, context);
            }
        },
        handler => {
            prepare(i, action);
            let takes_three = action.has(Brief::TAKES_THREE);
            // SAFETY: what the program installed; the rest is the kernel's.
            unsafe { handlers::call(handler, takes_three, signal, info, context) }
        }
    }
}

/// What the kernel does before it calls a handler. The mask is restored by it when the runtime's handler returns.
fn prepare(i: usize, action: Brief) {
    if action.has(Brief::ONCE) {
        // If the program has set another action meanwhile, that one is for the next signal.
        let _ = BRIEF[i].compare_exchange(action.0, SIG_DFL, Ordering::AcqRel, Ordering::Relaxed);
    }
    let own = if action.has(Brief::NODEFER) {
        0
    } else {
        bit(SIGNALS[i])
    };
    let mask = MASKS[i].load(Ordering::Relaxed) | own;
    if mask != 0 {
        block(mask);
    }
}
