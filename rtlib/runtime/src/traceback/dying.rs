//! The last words of a program: the stacks after the message, and the end.
//!
//! Who ends the program [`begin`]s, prints its message, says whose stack is to be told, and [`Dying::end`]s. The first one to begin is the one; others wait for the end.
//!
//! Names and lines are looked up, and everything is printed, by a *reporter*: a thread made for this alone, with a large stack and a TLS block of its own. The dying thread may have
//! overflowed its stack, may be in the scheduler, in a signal handler or in the middle of malloc; the reporter stands on none of that. To libc it is one more thread, so it allocates from an arena of its own.
//! If it does not get on (a lock of the program's own allocator could be held for ever), the dying thread ends the program without it.
//!
//! A trace (`trace`) ends where the dying begins, and is written out at the very end.

use core::cell::UnsafeCell;
use core::ffi::c_void;
use core::fmt::Write;
use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use linux_raw_sys::general::{
    CLONE_FILES, CLONE_FS, CLONE_SETTLS, CLONE_SIGHAND, CLONE_SYSVSEM, CLONE_THREAD, CLONE_VM,
};
use rtlib_abi::traceback::{Record, STACK};

use super::level::{self, Level};
use super::record::{self, BATCH, Haste};
use super::write::{self, SYSTEM, Style};
use super::{interrupt, unwind};
use crate::arch::current::unwind::Registers;
use crate::arch::current::{thread, tls};
use crate::boot::inittask;
use crate::libc::{ffi, tcb};
use crate::os::linux::{futex, mem, proc, signal};
use crate::print::Stderr;
use crate::sched::g::G;
use crate::sched::{hold, this_goroutine};
use crate::signal::die_by;
use crate::trace;

/// Go's exit status for all of these ends.
const EXIT_STATUS: u32 = 2;
/// Bytes of the reporter's stack.
const REPORTER_STACK: usize = 4 << 20;
/// How long the reporter may take for one goroutine.
const PATIENCE_NS: u64 = 30_000_000_000;

/// The thread pointer of the thread that began, 0 before.
static BEGUN: AtomicUsize = AtomicUsize::new(0);
/// Counts what the reporter has done.
static PROGRESS: AtomicU32 = AtomicU32::new(0);
/// The reporter, to `getg`.
static REPORTER: G = G::new();

/// What is to be told.
struct Words {
    first: Record,
    /// The first was in an init function.
    init: Option<inittask::Running>,
    others: bool,
    registers: Option<Registers>,
    end: End,
}

/// How the process ends.
#[derive(Clone, Copy)]
pub enum End {
    /// With Go's exit status, or by SIGABRT if `GOTRACEBACK=crash`.
    Status,
    /// By this signal.
    Signal(u32),
}

struct Shared(UnsafeCell<Words>);

// SAFETY: the thread that began has it, then the reporter.
unsafe impl Sync for Shared {}

static WORDS: Shared = Shared(UnsafeCell::new(Words {
    first: record::EMPTY,
    init: None,
    others: false,
    registers: None,
    end: End::Status,
}));

/// Whether somebody is ending the program.
pub fn has_begun() -> bool {
    BEGUN.load(Ordering::SeqCst) != 0
}

/// The right to end the program.
pub struct Dying(());

/// Takes that right, or waits for the end. The message is to be printed after this.
pub fn begin() -> Dying {
    signal::block_all();
    let me = tls::thread_pointer();
    match BEGUN.compare_exchange(0, me, Ordering::SeqCst, Ordering::SeqCst) {
        Ok(_) => {
            trace::stop();
            Dying(())
        }
        Err(other) if other == me || is_reporter() => {
            crate::print!("[an error while the stacks were printed]\n");
            end(End::Status)
        }
        Err(_) => loop {
            proc::usleep(1_000_000);
        },
    }
}

/// Whether the calling thread prints the last words.
pub fn is_reporter() -> bool {
    tls::getg().is_some_and(|gp| core::ptr::eq(gp, &raw const REPORTER))
}

impl Dying {
    fn words(&mut self) -> &mut Words {
        // SAFETY: one thread has begun; the reporter starts when `self` is gone.
        unsafe { &mut *WORDS.0.get() }
    }

    /// The calling goroutine's stack is told first, from the frame above that of `local` on; nothing on a thread that is no goroutine.
    pub fn caller<T>(mut self, local: &T) -> Self {
        if self.describe_this() {
            unwind::callers(&mut self.words().first.trace, unwind::here(local));
            self.words().first.flags |= STACK;
        }
        self
    }

    /// The same with a stack that was captured before.
    pub fn caller_was_at(mut self, trace: &rtlib_abi::traceback::Trace) -> Self {
        if self.describe_this() {
            self.words().first.trace = *trace;
            self.words().first.flags |= STACK;
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
            unsafe { interrupt::unwind_interrupted(&mut self.words().first.trace, context) };
            self.words().first.flags |= STACK;
        }
        self
    }

    fn describe_this(&mut self) -> bool {
        let me = this_goroutine();
        if let Some(gp) = me {
            record::describe(&mut self.words().first, gp, gp.status_acquire());
        }
        me.is_some()
    }

    /// The first goroutine was in an init function, which is told too.
    pub fn in_init(mut self, now: Option<inittask::Running>) -> Self {
        self.words().init = now;
        self
    }

    /// All goroutines are told of, whatever `GOTRACEBACK` says.
    pub fn others(mut self) -> Self {
        self.words().others = true;
        self
    }

    /// And at the end these registers.
    pub fn registers(mut self, registers: Registers) -> Self {
        self.words().registers = Some(registers);
        self
    }

    /// Prints it, and ends the process.
    pub fn end(mut self, how: End) -> ! {
        self.words().end = how;
        if level::get().depth == 0 {
            end(how);
        }
        if start_reporter() {
            wait_for_the_end();
            crate::print!("[gave up: the stacks could not be printed]\n");
        } else {
            tell(false);
        }
        end(how)
    }
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

/// Returns when the reporter has not got on for a long time.
fn wait_for_the_end() {
    loop {
        let before = PROGRESS.load(Ordering::Relaxed);
        futex::wait(&PROGRESS, before, Some(PATIENCE_NS));
        if PROGRESS.load(Ordering::Relaxed) == before {
            return;
        }
    }
}

fn made_progress() {
    PROGRESS.fetch_add(1, Ordering::Relaxed);
    futex::wake(&PROGRESS, 1);
}

fn start_reporter() -> bool {
    let Ok(stack) = mem::reserve(REPORTER_STACK) else {
        return false;
    };
    REPORTER.stand_in();
    let tp = tcb::create_for_g0(&REPORTER);
    let flags = CLONE_VM
        | CLONE_FS
        | CLONE_FILES
        | CLONE_SIGHAND
        | CLONE_THREAD
        | CLONE_SYSVSEM
        | CLONE_SETTLS;
    let top = stack.as_ptr() as usize + REPORTER_STACK;
    // SAFETY: libc's own flag; other threads only read it. The stack and the block are new.
    let started = unsafe {
        ffi::__libc_single_threaded.store(0, Ordering::SeqCst);
        thread::clone(flags as usize, top, reporter, 0, tp)
    };
    started > 0
}

extern "C" fn reporter(_: usize) -> ! {
    made_progress();
    tell(true);
    // SAFETY: the dying thread does not touch it any more.
    end(unsafe { (*WORDS.0.get()).end })
}

fn tell(symbols: bool) {
    // SAFETY: the reporter runs instead of the dying thread, or is that.
    let words = unsafe { &*WORDS.0.get() };
    let Level { depth, all, .. } = level::get();
    let style = Style { depth, symbols };
    match &words.init {
        Some(init) => tell_of_init(init, &words.first, style),
        None if words.first.goid != 0 => tell_of(&words.first, style),
        None => {}
    }
    if words.others || all {
        tell_of_others(words.first.g, style);
    }
    if let Some(registers) = &words.registers {
        tell_registers(registers);
    }
}

fn tell_of(record: &Record, style: Style) {
    let mut err = Stderr::new();
    err.bytes(b"\n");
    // Writing cannot fail.
    let _ = write::record(&mut err, record, style);
    drop(err);
    made_progress();
}

fn tell_of_init(init: &inittask::Running, record: &Record, style: Style) {
    let mut err = Stderr::new();
    let inittask::Running {
        package,
        name,
        file,
        line,
    } = init;
    // Writing cannot fail.
    let _ = write!(
        err,
        "\ngoroutine {} [running, in init of package {package}]:\n",
        record.goid
    );
    let _ = write::trace(&mut err, &record.trace, style);
    let _ = write!(err, "in init {name}\n\t{file}:{line}\n");
    drop(err);
    made_progress();
}

fn tell_registers(registers: &Registers) {
    crate::print!("\n");
    for (name, value) in registers.all() {
        crate::print!("{name:<6} {value:#x}\n");
    }
}

/// All goroutines but one, by their ids.
fn tell_of_others(but: usize, style: Style) {
    let listed = |gp: &&G| {
        record::is_listed(gp, style.depth >= SYSTEM) && core::ptr::from_ref::<G>(gp) as usize != but
    };
    let room = hold::all().filter(listed).count();
    let Ok(memory) = mem::reserve((room * size_of::<&G>()).max(1)) else {
        return;
    };
    let mut all = GList {
        at: memory.as_ptr().cast(),
        len: 0,
    };
    for gp in hold::all().filter(listed).take(room) {
        // SAFETY: there is room for so many.
        unsafe { all.push(gp) };
    }
    let all = all.sorted();
    let mut records = [record::EMPTY; BATCH];
    for batch in all.chunks(BATCH) {
        let records = &mut records[..batch.len()];
        record::capture(batch, records, None, Haste::Dying);
        records
            .iter()
            .filter(|record| record.goid != 0)
            .for_each(|record| tell_of(record, style));
    }
}

/// Goroutines in memory of their own, which is not given back.
struct GList {
    at: *mut &'static G,
    len: usize,
}

impl GList {
    /// # Safety
    /// There is room for one more.
    unsafe fn push(&mut self, gp: &'static G) {
        // SAFETY: the caller vouches.
        unsafe { self.at.add(self.len).write(gp) };
        self.len += 1;
    }

    fn sorted(self) -> &'static [&'static G] {
        // SAFETY: so many were written.
        let all = unsafe { core::slice::from_raw_parts_mut(self.at, self.len) };
        all.sort_unstable_by_key(|gp| gp.id());
        all
    }
}
