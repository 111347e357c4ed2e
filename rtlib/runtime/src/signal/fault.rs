//! SIGSEGV and SIGBUS: overflows of goroutines' stacks; and, on the program's way to its end by such a signal, where it was.

use core::ffi::{c_int, c_void};
use core::sync::atomic::Ordering;

use super::SigInfo;
use crate::arch::current::unwind::Registers;
use crate::gmp::g::G;
use crate::os::linux::signal::{SIGABRT, SIGBUS};
use crate::sched::sigstack;
use crate::stack::GUARD;
use crate::traceback::dying::{self, End};
use crate::traceback::{level, reporter};
use crate::{fatal, gmp};

/// The kernel refuses to grow the process stack within this distance of another mapping; a fault there is an overflow too.
const STACK_GUARD_GAP: usize = 1 << 20;

/// Ends the program if the fault is a stack running out, or happened while the crash report was printed.
///
/// # Safety
/// `context` is the third argument of the running handler.
pub unsafe fn handle(info: &SigInfo, context: *const c_void) {
    if reporter::is_reporter() {
        reporter::fail();
    }
    let Some(gp) = gmp::getg() else { return };
    if is_handlers_overflow(gp, info.addr) {
        // SAFETY: the caller vouches.
        unsafe { report_handlers_overflow(context) }
    }
    if !is_overflow(gp, info.addr) {
        return;
    }
    if gp.id() == 0 {
        fatal::throw(b"runtime: stack overflow on a scheduling stack");
    }
    // SAFETY: the caller vouches.
    unsafe { report_overflow(gp, context) }
}

/// Whether a fault at `addr` is this goroutine's stack running out.
fn is_overflow(gp: &G, addr: usize) -> bool {
    let lo = gp.stack_lo.load(Ordering::Relaxed);
    if gmp::is_main(gp) {
        return (lo.saturating_sub(STACK_GUARD_GAP)..lo.saturating_add(STACK_GUARD_GAP))
            .contains(&addr);
    }
    (lo.saturating_sub(GUARD)..lo).contains(&addr)
}

/// Whether a fault at `addr` is a signal handler of this M running out of the alternate stack. The kernel runs ours on it again, from its top: the stack pointer has left it.
fn is_handlers_overflow(gp: &G, addr: usize) -> bool {
    let guard = gp.m.get().and_then(sigstack::guard_of);
    guard.is_some_and(|guard| guard.contains(&addr))
}

/// # Safety
/// As [`handle`].
unsafe fn report_handlers_overflow(context: *const c_void) -> ! {
    let dying = dying::begin();
    crate::print!("runtime: a signal handler exceeds the alternate signal stack\n");
    crate::print!("fatal error: stack overflow\n");
    // SAFETY: the caller vouches.
    unsafe { dying.interrupted(context) }.end(End::Status)
}

/// # Safety
/// As [`handle`].
unsafe fn report_overflow(gp: &G, context: *const c_void) -> ! {
    let dying = dying::begin();
    let (lo, hi) = (
        gp.stack_lo.load(Ordering::Relaxed),
        gp.stack_hi.load(Ordering::Relaxed),
    );
    let (how, end) = if gmp::is_main(gp) {
        let how = "the main goroutine runs on the process stack: raise it with `ulimit -s`";
        (how, End::Status)
    } else if gp.is_known_as_thread() {
        // As std ends a program whose thread has run out of its stack.
        let how = "raise it with std::thread::Builder::stack_size, or RUST_MIN_STACK";
        (how, End::Signal(SIGABRT))
    } else {
        let how =
            "raise it with rtlib::Builder::stack_size, or stack-size in [package.metadata.gobuild]";
        (how, End::Status)
    };
    crate::print!("runtime: goroutine stack exceeds {}-byte limit\n", hi - lo);
    crate::print!(
        "runtime: goroutine {}, stack=[{lo:#x}, {hi:#x}]; {how}\n",
        gp.id()
    );
    crate::print!("fatal error: stack overflow\n");
    // SAFETY: the caller vouches.
    unsafe { dying.interrupted(context) }.end(end)
}

/// The program dies by this fault, as any Rust program would. When `GOTRACEBACK` is set, it tells where it was first, in Go's words.
///
/// # Safety
/// As [`handle`].
pub unsafe fn tell(info: &SigInfo, context: *const c_void) {
    if !level::is_asked_for() && !fatal::panicking() {
        return;
    }
    let dying = dying::begin();
    // SAFETY: the caller vouches.
    let pc = unsafe { Registers::interrupted(context) }.pc();
    let (name, what) = describe(info.signo);
    crate::print!(
        "[signal {name}: {what} code={:#x} addr={:#x} pc={pc:#x}]\n",
        info.code,
        info.addr
    );
    // SAFETY: the caller vouches.
    unsafe { dying.interrupted(context) }.end(End::Signal(info.signo as u32))
}

/// Go's words for the two signals.
fn describe(signal: c_int) -> (&'static str, &'static str) {
    if signal as u32 == SIGBUS {
        ("SIGBUS", "bus error")
    } else {
        ("SIGSEGV", "segmentation violation")
    }
}
