//! Reporters: threads that look names and lines up and print a dying program's crash report, each with a large stack and a TLS block of its own. To libc a reporter is one more thread, so it allocates from an
//! arena of its own, unless there is only one.
//!
//! Looking up runs the program's own code: its allocator, the symboliser. What these need may be held for ever by the dying thread, or be broken. So the dying thread watches: when the reporter sleeps in a
//! lookup and does not wake, or fails, a second one prints everything once more, with addresses in place of names. A reporter that is busy, or that waits for whoever reads what it writes, is waited for.

use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use crate::gmp;
use crate::os::linux::sys::{
    CLONE_FILES, CLONE_FS, CLONE_SETTLS, CLONE_SIGHAND, CLONE_SYSVSEM, CLONE_THREAD, CLONE_VM,
};

use super::{dying, interrupt};
use crate::arch::current::thread;
use crate::gmp::g::G;
use crate::libc::{ffi, tcb};
use crate::os::linux::signal::SIGABRT;
use crate::os::linux::thread::is_asleep;
use crate::os::linux::{futex, mem, proc};

/// Bytes of a reporter's stack.
const STACK: usize = 4 << 20;
/// Time between two looks at a reporter.
const LOOK_NS: u64 = 100_000_000;
/// A reporter that is found asleep in the same lookup so many times in a row does not get on.
const ASLEEP: u32 = 30;
/// Nor does one that is in the same lookup for so many looks, whatever it does: without /proc nobody knows.
const AT_ALL: u32 = 600;

/// The reporters, to `getg`: the one with names, and the one without.
static REPORTERS: [G; 2] = [const { G::new() }; 2];
/// Odd while the first one looks something up.
static LOOKUPS: AtomicU32 = AtomicU32::new(0);
/// The first one is not to go on.
static IS_GIVEN_UP: AtomicBool = AtomicBool::new(false);

/// In the child of a fork: it has no reporter yet.
pub fn forget() {
    LOOKUPS.store(0, Ordering::Relaxed);
    IS_GIVEN_UP.store(false, Ordering::Relaxed);
}

/// Has everything printed by reporters, one of which ends the process. Returns if there can be none.
pub fn report() {
    interrupt::install_handler(SIGABRT);
    let Some(tid) = start(&REPORTERS[0], with_names) else {
        return without_reporter();
    };
    wait_while_it_gets_on(tid);
    IS_GIVEN_UP.store(true, Ordering::SeqCst);
    crate::print!("\n[names cannot be looked up now; again, with addresses]\n");
    match start(&REPORTERS[1], without_names) {
        Some(_) => proc::sleep_for_ever(),
        None => without_reporter(),
    }
}

/// There is no memory, or no thread.
fn without_reporter() {
    dying::tell_and_end(false)
}

fn wait_while_it_gets_on(tid: u32) {
    let (mut same, mut asleep) = (0, 0);
    let mut before = LOOKUPS.load(Ordering::SeqCst);
    while !IS_GIVEN_UP.load(Ordering::SeqCst) && same < AT_ALL && asleep < ASLEEP {
        futex::wait(&LOOKUPS, before, Some(LOOK_NS));
        let now = LOOKUPS.load(Ordering::SeqCst);
        let gets_on = now != before || now.is_multiple_of(2);
        before = now;
        same = if gets_on { 0 } else { same + 1 };
        asleep = if gets_on || is_asleep(tid) != Some(true) {
            0
        } else {
            asleep + 1
        };
    }
}

fn start(gp: &'static G, entry: extern "C" fn(usize) -> !) -> Option<u32> {
    #[cfg(feature = "faults")]
    if crate::os::linux::faults::thread().is_some() {
        return None;
    }
    let stack = mem::reserve(STACK).ok()?;
    gp.stand_in();
    let tp = tcb::create_for_g0(gp)?;
    let flags = CLONE_VM
        | CLONE_FS
        | CLONE_FILES
        | CLONE_SIGHAND
        | CLONE_THREAD
        | CLONE_SYSVSEM
        | CLONE_SETTLS;
    let top = stack.as_ptr() as usize + STACK;
    // SAFETY: libc's own flag; other threads only read it. The stack and the block are new.
    let started = unsafe {
        ffi::__libc_single_threaded.store(0, Ordering::SeqCst);
        thread::clone(flags as usize, top, entry, 0, tp)
    };
    u32::try_from(started).ok().filter(|tid| *tid > 0)
}

extern "C" fn with_names(_: usize) -> ! {
    dying::tell_and_end(true)
}

extern "C" fn without_names(_: usize) -> ! {
    dying::tell_and_end(false)
}

fn is(gp: &'static G) -> bool {
    gmp::getg().is_some_and(|own| core::ptr::eq(own, gp))
}

/// Whether the calling thread is a reporter.
pub fn is_reporter() -> bool {
    REPORTERS.iter().any(is)
}

/// The calling reporter cannot go on: it has met a fault, an error of the runtime, or the end of memory (for which Rust's allocation error calls `abort`).
pub fn fail() -> ! {
    if !is(&REPORTERS[0]) {
        crate::print!("\n[the stacks cannot be printed]\n");
        dying::end(dying::End::Status);
    }
    IS_GIVEN_UP.store(true, Ordering::SeqCst);
    futex::wake(&LOOKUPS, 1);
    proc::sleep_for_ever()
}

/// Tells the watching thread that a lookup begins or ends, if the caller is the reporter that makes some.
pub fn lookup_begins_or_ends() {
    if !is(&REPORTERS[0]) {
        return;
    }
    LOOKUPS.fetch_add(1, Ordering::SeqCst);
    if IS_GIVEN_UP.load(Ordering::SeqCst) {
        proc::sleep_for_ever();
    }
}
