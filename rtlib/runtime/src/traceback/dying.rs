//! The end of a program: the crash report, which is the stacks after the message, and how the process ends.
//!
//! Who ends the program [`begin`]s, prints its message, says whose stack is to be told, and [`Dying::end`]s. The first one to begin is the one; others wait for the end. `crash_report` says what is printed, and `reporter`
//! by whom: the dying thread may have overflowed its stack, may be in the scheduler, in a signal handler or in the middle of malloc.
//!
//! Nothing here waits without end for anything that a thread of the program holds: whoever has it may be the dying one, which does not go on.
//!
//! A trace (`trace`) ends where the dying begins, and is written out at the very end.

use core::cell::UnsafeCell;
use core::ffi::c_void;
use core::sync::atomic::Ordering;

use rtlib_abi::traceback::STACK;

use super::crash_report::{CrashReport, tell};
use super::{interrupt, level, profile, record, reporter, unwind};
use crate::arch::current::tls;
use crate::arch::current::unwind::Registers;
use crate::fatal::{BEGUN, EXIT_STATUS};
use crate::gmp::this_goroutine;
use crate::libc::die_by;
use crate::os::linux::proc;
use crate::os::linux::signal::{self, SIGBUS, SIGSEGV, SIGURG};
use crate::{inittask, trace};

/// Not blocked in a thread that ends the program: a fault while a stack is unwound has an answer (`interrupt::recover`), which a blocked one has not.
const FAULTS: u64 = signal::bit(SIGSEGV) | signal::bit(SIGBUS);

/// In the child of a fork: it is the parent that somebody was ending.
pub fn forget() {
    BEGUN.store(0, Ordering::Relaxed);
    reporter::forget();
}

/// How the process ends.
#[derive(Clone, Copy)]
pub enum End {
    /// With Go's exit status, or by SIGABRT if `GOTRACEBACK=crash`.
    Status,
    /// By this signal.
    Signal(u32),
}

struct Shared(UnsafeCell<(CrashReport, End)>);

// SAFETY: the thread that began writes it; when that is done, it and the reporters only read.
unsafe impl Sync for Shared {}

static REPORT: Shared = Shared(UnsafeCell::new((
    CrashReport {
        first: record::EMPTY,
        init: None,
        others: false,
        registers: None,
    },
    End::Status,
)));

/// The right to end the program.
pub struct Dying(());

/// Takes that right, or waits for the end. The message is to be printed after this.
pub fn begin() -> Dying {
    signal::set_mask(!FAULTS);
    if reporter::is_reporter() {
        reporter::fail();
    }
    let me = tls::thread_pointer();
    match BEGUN.compare_exchange(0, me, Ordering::SeqCst, Ordering::SeqCst) {
        Ok(_) => {
            trace::stop();
            Dying(())
        }
        Err(other) if other == me => {
            crate::print!("[an error while the program ended]\n");
            end(End::Status)
        }
        Err(_) => wait_for_the_end(),
    }
}

/// Somebody else ends the program. Meanwhile this thread can be asked where it is.
fn wait_for_the_end() -> ! {
    signal::set_mask(!(FAULTS | signal::bit(SIGURG)));
    proc::sleep_for_ever()
}

impl Dying {
    fn report(&mut self) -> &mut CrashReport {
        // SAFETY: one thread has begun; the reporter starts when `self` is gone.
        unsafe { &mut (*REPORT.0.get()).0 }
    }

    /// The calling goroutine's stack is told first, from the frame above that of `local` on; nothing on a thread that is no goroutine.
    pub fn caller<T>(mut self, local: &T) -> Self {
        if self.describe_this() {
            unwind::callers(&mut self.report().first.trace, unwind::here(local));
            self.report().first.flags |= STACK;
        }
        self
    }

    /// The same with a stack that was captured before.
    pub fn caller_was_at(mut self, trace: &rtlib_abi::traceback::Trace) -> Self {
        if self.describe_this() {
            self.report().first.trace = *trace;
            self.report().first.flags |= STACK;
        }
        self
    }

    /// The same for the goroutine that the running signal handler interrupted.
    ///
    /// # Safety
    /// `context` is the handler's third argument.
    pub unsafe fn interrupted(mut self, context: *const c_void) -> Self {
        if self.describe_this() {
            // SAFETY: the caller vouches.
            unsafe { interrupt::unwind_interrupted(&mut self.report().first.trace, context) };
            self.report().first.flags |= STACK;
        }
        self
    }

    fn describe_this(&mut self) -> bool {
        let me = this_goroutine();
        if let Some(gp) = me {
            record::describe(&mut self.report().first, gp, gp.status_acquire());
        }
        me.is_some()
    }

    /// The first goroutine was in an init function, which is told too.
    pub fn in_init(mut self, now: Option<inittask::Running>) -> Self {
        self.report().init = now;
        self
    }

    /// All goroutines are told of, whatever `GOTRACEBACK` says.
    pub fn others(mut self) -> Self {
        self.report().others = true;
        self
    }

    /// And at the end these registers.
    pub fn registers(mut self, registers: Registers) -> Self {
        self.report().registers = Some(registers);
        self
    }

    /// Prints it, and ends the process.
    pub fn end(self, how: End) -> ! {
        // SAFETY: as in `report`; this is the last time.
        unsafe { (*REPORT.0.get()).1 = how };
        if level::get().depth > 0 {
            reporter::report();
        }
        end(how)
    }
}

/// Prints what was said, and ends the process. For reporters.
pub fn tell_and_end(symbols: bool) -> ! {
    // SAFETY: `Dying::end` has begun, after which nobody writes.
    let (report, how) = unsafe { &*REPORT.0.get() };
    tell(report, symbols);
    if symbols {
        profile::write();
    }
    end(*how)
}

/// Ends the process without a word more.
pub fn end(how: End) -> ! {
    trace::finish_dying();
    match how {
        End::Signal(signal) => die_by(signal),
        End::Status if level::get().crash => die_by(signal::SIGABRT),
        End::Status => proc::exit_group(EXIT_STATUS),
    }
}
