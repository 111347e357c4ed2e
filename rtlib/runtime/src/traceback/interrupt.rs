//! The stack of a goroutine that runs on another thread: its M is sent a signal, whose handler unwinds what it interrupted.
//!
//! The handler takes no lock and allocates nothing; the unwinder that it calls neither, thanks to `eh_frame`. The signal is SIGURG, as Go's for such purposes: by default it does nothing,
//! and programs that do use it must expect it at any time. Interrupted system calls go on (SA_RESTART), as far as the kernel does that.
//!
//! A signal may interrupt code whose unwind information does not hold at every instruction: the last ones of libgcc's own unwinder, which load the registers of another frame, or assembly
//! without any. What is found from there on may be nonsense, so a fault on the way ends the walk ([`recover`]), and so do frames that turn back (`unwind`).
//!
//! One request at a time. Its state: nobody asks; asked; the handler works; answered; not to be answered, since the thread runs something else by now.

use core::cell::UnsafeCell;
use core::ffi::c_void;
use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use rtlib_abi::traceback::Trace;

use super::record::Haste;
use super::unwind;
use crate::arch::current::unwind::Registers;
use crate::gmp;
use crate::gmp::g::G;
use crate::gmp::m::M;
use crate::link::Link;
use crate::lock::{Guard, Lock, Patience};
use crate::lockrank::{Rank, Ranked};
use crate::os::linux::signal::SIGURG;
use crate::os::linux::{futex, nanotime, thread};

const IDLE: u32 = 0;
const ASKED: u32 = 1;
const WORKING: u32 = 2;
const ANSWERED: u32 = 3;
const REFUSED: u32 = 4;

/// In the child of a fork: nobody asks.
///
/// # Safety
/// There is one thread.
pub unsafe fn forget() {
    STATE.store(IDLE, Ordering::Relaxed);
    WANTED.set(None);
    THREAD.set(None);
    // SAFETY: the caller vouches.
    unsafe { ASKING.renew(Right) };
}

/// What came of asking.
#[derive(PartialEq, Eq)]
pub enum Outcome {
    /// The stack.
    Captured,
    /// Its thread runs something else at this moment: the scheduler, or another goroutine.
    RunsElse,
    /// Nothing, in the time that there was.
    Silence,
}

/// The right to ask.
struct Right;

impl Ranked for Right {
    const RANK: Rank = Rank::Asking;
}

static ASKING: Lock<Right> = Lock::new(Right);
static STATE: AtomicU32 = AtomicU32::new(IDLE);
static WANTED: Link<G> = Link::none();
static THREAD: Link<M> = Link::none();

struct Answer(UnsafeCell<Trace>);

// SAFETY: the handler has it from WORKING to ANSWERED, who asks has it otherwise.
unsafe impl Sync for Answer {}

static ANSWER: Answer = Answer(UnsafeCell::new(unwind::EMPTY));

/// Who installs the runtime's handler of a signal: `signal`.
static INSTALL: Link<fn(u32)> = Link::none();

/// Registers that.
pub fn register(install: &'static fn(u32)) {
    INSTALL.set(Some(install));
}

/// Installs the runtime's handler of a signal, unless it is.
pub fn install_handler(signal: u32) {
    if let Some(install) = INSTALL.get() {
        install(signal);
    }
}

/// Captures the stack of a goroutine that runs on another thread. That may have all signals blocked, or wait for a CPU behind others: until `end` it has time to answer.
pub fn capture(gp: &'static G, trace: &mut Trace, haste: Haste, end: u64) -> Outcome {
    let Some(mp) = gp.m.get() else {
        return Outcome::RunsElse;
    };
    let Some(_asking) = right(haste) else {
        return Outcome::Silence;
    };
    install_handler(SIGURG);
    WANTED.set(Some(gp));
    THREAD.set(Some(mp));
    STATE.store(ASKED, Ordering::Release);
    if !thread::kill(mp.tid.load(Ordering::Relaxed), SIGURG) {
        STATE.store(IDLE, Ordering::Relaxed);
        return Outcome::RunsElse;
    }
    let outcome = wait(end);
    if outcome == Outcome::Captured {
        // SAFETY: the state is ANSWERED.
        *trace = unsafe { *ANSWER.0.get() };
    }
    STATE.store(IDLE, Ordering::Relaxed);
    outcome
}

/// None if somebody has it who does not give it back.
fn right(haste: Haste) -> Option<Guard<'static, Right>> {
    static PATIENCE: Patience = Patience::new();
    match haste {
        Haste::None => Some(ASKING.lock()),
        Haste::Dying => PATIENCE.lock(&ASKING),
    }
}

fn wait(end: u64) -> Outcome {
    loop {
        let state = STATE.load(Ordering::Acquire);
        let left = end.saturating_sub(nanotime());
        match state {
            ANSWERED => return Outcome::Captured,
            REFUSED => return Outcome::RunsElse,
            WORKING => futex::wait(&STATE, WORKING, None),
            _ if left > 0 => futex::wait(&STATE, ASKED, Some(left)),
            _ => {
                let gave_up =
                    STATE.compare_exchange(ASKED, IDLE, Ordering::Acquire, Ordering::Acquire);
                if gave_up.is_ok() {
                    return Outcome::Silence;
                }
            }
        }
    }
}

/// The handler's half.
pub fn answer(context: *const c_void) {
    let Some(gp) = gmp::getg() else { return };
    let is_asked =
        gp.m.get()
            .is_some_and(|mp| THREAD.get().is_some_and(|asked| core::ptr::eq(mp, asked)));
    let begun = is_asked
        && STATE
            .compare_exchange(ASKED, WORKING, Ordering::AcqRel, Ordering::Relaxed)
            .is_ok();
    if !begun {
        return;
    }
    let is_wanted = WANTED.get().is_some_and(|wanted| core::ptr::eq(wanted, gp));
    if is_wanted {
        // SAFETY: the state is WORKING, and the handler got this context.
        unsafe { unwind_interrupted(&mut *ANSWER.0.get(), context) };
    }
    STATE.store(
        if is_wanted { ANSWERED } else { REFUSED },
        Ordering::Release,
    );
    futex::wake(&STATE, 1);
}

/// Unwinds what a signal interrupted, from its handler.
///
/// # Safety
/// `context` is the third argument of the running signal handler.
pub unsafe fn unwind_interrupted(trace: &mut Trace, context: *const c_void) {
    // SAFETY: the caller vouches.
    let registers = unsafe { Registers::interrupted(context) };
    unwind::interrupted(trace, &registers, fault_sp());
}

/// Where [`unwind`] notes for the calling goroutine, or g0, where a fault leads. None on a thread that is no M.
pub fn fault_sp() -> Option<&'static AtomicUsize> {
    gmp::getg().map(|gp| &gp.fault_sp)
}

/// Whether the caller runs in a signal handler, as far as is known: on the M's alternate stack, or in the handler here. One of the program's that runs on a goroutine's stack is not recognised.
pub fn in_handler() -> bool {
    let local = 0_u8;
    let Some(mp) = gmp::getg().and_then(|gp| gp.m.get()) else {
        return false;
    };
    let stack = mp.signal_stack.load(Ordering::Relaxed);
    let len = mp.signal_stack_len.load(Ordering::Relaxed);
    let answers = || {
        STATE.load(Ordering::Relaxed) == WORKING
            && THREAD.get().is_some_and(|asked| core::ptr::eq(asked, mp))
    };
    (stack..stack + len).contains(&unwind::here(&local)) || answers()
}

/// The calling thread has faulted: if that was while a stack was unwound, it goes on with what it has found so far once the handler returns. False if it was not.
///
/// # Safety
/// `context` is the third argument of the running handler of that fault.
pub unsafe fn recover(context: *mut c_void) -> bool {
    let Some(sp) = fault_sp()
        .map(|sp| sp.load(Ordering::Relaxed))
        .filter(|sp| *sp != 0)
    else {
        return false;
    };
    // SAFETY: the caller vouches; the thread is in that call.
    unsafe { Registers::land(context, sp) };
    true
}
