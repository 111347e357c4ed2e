//! The ends of a program that Go knows (runtime/panic.go): `throw` ("fatal error:"), an unrecovered panic, a panicking init function, a deadlock. Exit status 2; what is told of the goroutines is up to
//! `GOTRACEBACK` (`traceback::level`).
//!
//! All of them print a message and then [`dying`] prints stacks. Go shows all goroutines when its own runtime fails; here that is to be asked for, since most such failures are limits that a
//! program with very many goroutines has hit.

use crate::fatal::{self, Ends, print_line, throw};
use crate::gmp::this_goroutine;
use crate::inittask;
use crate::traceback::dying::{self, End};
use crate::traceback::panics;

/// How `fatal` ends the program from now on. In the boot.
pub fn register() {
    static ENDS: Ends = Ends {
        throw: |message| {
            let dying = dying::begin();
            print_line("fatal error: ", message);
            dying.caller(message).end(End::Status)
        },
        deadlock: |message| {
            let dying = dying::begin();
            print_line("fatal error: ", message);
            dying.others().end(End::Status)
        },
    };
    fatal::register(&ENDS);
}

/// Further lines of a message are indented, as Go's: whoever reads a traceback must not take them for part of it.
fn print_panic(message: &[u8]) {
    let mut what = "panic: ";
    for line in message.split(|byte| *byte == b'\n') {
        print_line(what, line);
        what = "\t";
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
        None => dying.caller(&payload),
    }
}

/// `runtime.abort`: what must not be reached was.
#[unsafe(export_name = "runtime.abort")]
extern "C" fn abort() -> ! {
    throw(b"runtime: mstart returned")
}
