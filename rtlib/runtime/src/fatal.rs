//! The ends of a program that Go knows: `throw` ("fatal error:"), an unrecovered panic, a panicking init function, a deadlock. Exit status 2; what is told of the goroutines is up to
//! `GOTRACEBACK` (`traceback::level`).
//!
//! All of them print a message and then [`dying`] prints stacks. Go shows all goroutines when its own runtime fails; here that is to be asked for, since most such failures are limits that a
//! program with very many goroutines has hit.

use crate::boot::inittask;
use crate::gmp::this_goroutine;
use crate::print::Stderr;
use crate::sched::threads;
use crate::traceback::dying::{self, End};
use crate::traceback::panics;

/// Whether somebody is ending the program: `main` must not exit under that.
pub fn panicking() -> bool {
    dying::has_begun()
}

/// `fatal error: <message>`: the runtime's state or the system does not allow to go on.
#[cold]
pub fn throw(message: &[u8]) -> ! {
    let dying = dying::begin();
    print_line("fatal error: ", message);
    dying.caller(&message).end(End::Status)
}

/// `fatal error: <message>`: nobody will ever run again.
#[cold]
pub fn deadlock(message: &[u8]) -> ! {
    let dying = dying::begin();
    print_line("fatal error: ", message);
    dying.others().end(End::Status)
}

fn print_line(what: &str, message: &[u8]) {
    let mut err = Stderr::new();
    err.bytes(what.as_bytes());
    err.bytes(message);
    err.bytes(b"\n");
}

/// Further lines of a message are indented, as Go's: whoever reads a traceback must not take them for part of it.
fn print_panic(message: &[u8]) {
    let mut what = "panic: ";
    for line in message.split(|byte| *byte == b'\n') {
        print_line(what, line);
        what = "\t";
    }
}

/// Goroutine `waiting` would need a thread more than there may be, and nobody who has one will ever go on.
#[cold]
pub fn thread_exhaustion(limit: u32, waiting: u64) -> ! {
    crate::print!("runtime: program exceeds {limit}-thread limit\n");
    no_thread_for(waiting, b"thread exhaustion")
}

/// The same when it was the system that refused.
#[cold]
pub fn threads_refused(threads: u32, errno: u32, waiting: u64) -> ! {
    why_refused(threads, errno);
    no_thread_for(waiting, b"newosproc")
}

fn no_thread_for(waiting: u64, message: &[u8]) -> ! {
    crate::print!(
        "runtime: goroutine {waiting} waits for a thread, and all threads wait for goroutines or for each other\n"
    );
    deadlock(message)
}

/// The system refused a thread that the runtime cannot do without.
#[cold]
pub fn newosproc_failed(threads: u32, errno: u32) -> ! {
    why_refused(threads, errno);
    throw(b"newosproc")
}

/// libc says EAGAIN for want of memory too.
fn why_refused(threads: u32, errno: u32) {
    const EAGAIN: u32 = 11;
    const ENOMEM: u32 = 12;
    crate::print!(
        "runtime: failed to create new OS thread (have {threads} already; errno={errno})\n"
    );
    if errno != EAGAIN && errno != ENOMEM {
        return;
    }
    if errno == EAGAIN && threads::is_there_room_for_a_stack() {
        crate::print!(
            "runtime: may need to increase max user processes (ulimit -u), or a container's limit on them (pids.max)\n"
        );
    } else {
        crate::print!(
            "runtime: no memory for the thread's stack: may need to increase max memory (ulimit -v), or the data segment (ulimit -d)\n"
        );
    }
}

/// # Safety
/// `at` points to `len` bytes.
unsafe fn text<'a>(at: *const u8, len: usize) -> &'a [u8] {
    if len == 0 {
        b""
    } else {
        // SAFETY: the caller vouches.
        unsafe { core::slice::from_raw_parts(at, len) }
    }
}

/// See `rtlib_abi::api::throw`.
///
/// # Safety
/// `at` points to `len` bytes.
#[unsafe(export_name = "runtime.throw")]
unsafe extern "C" fn throw_c(at: *const u8, len: usize) -> ! {
    // SAFETY: the caller vouches.
    throw(unsafe { text(at, len) })
}

/// See `rtlib_abi::api::fatalpanic`.
///
/// # Safety
/// `at` points to `len` bytes.
#[unsafe(export_name = "runtime.fatalpanic")]
unsafe extern "C" fn fatalpanic(at: *const u8, len: usize, payload: *const u8) -> ! {
    let dying = dying::begin();
    // SAFETY: the caller vouches.
    print_panic(unsafe { text(at, len) });
    from_where(dying, payload).end(End::Status)
}

/// See `rtlib_abi::api::initpanic`.
///
/// # Safety
/// `at` points to `len` bytes.
#[unsafe(export_name = "runtime.initpanic")]
unsafe extern "C" fn initpanic(at: *const u8, len: usize, payload: *const u8) -> ! {
    let dying = dying::begin();
    // SAFETY: the caller vouches.
    print_panic(unsafe { text(at, len) });
    from_where(dying, payload)
        .in_init(inittask::running())
        .end(End::Status)
}

/// With the stack of the goroutine that has panicked: where that began, if that is known.
fn from_where(dying: dying::Dying, payload: *const u8) -> dying::Dying {
    match this_goroutine().and_then(|me| panics::begun_at(me, payload.addr())) {
        Some(trace) => dying.caller_was_at(&trace),
        None => dying.caller(&dying::has_begun),
    }
}

/// `runtime.abort`: what must not be reached was.
#[unsafe(export_name = "runtime.abort")]
extern "C" fn abort() -> ! {
    throw(b"runtime: mstart returned")
}
