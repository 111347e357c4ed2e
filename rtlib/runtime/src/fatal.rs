//! The ends of a program that Go knows: `throw` ("fatal error:"), an unrecovered panic, a panicking init function. Exit status 2.

use core::sync::atomic::{AtomicU32, Ordering};

use crate::boot::inittask;
use crate::os::linux::proc;
use crate::print::Stderr;
use crate::sched;

/// Go's exit status for all of these.
const EXIT_STATUS: u32 = 2;

/// Goroutines that are reporting a panic: `main` must not exit under them.
static PANICKING: AtomicU32 = AtomicU32::new(0);

/// Whether somebody is reporting a panic.
pub fn panicking() -> bool {
    PANICKING.load(Ordering::SeqCst) != 0
}

/// `fatal error: <message>`: the runtime's state or the system does not allow to go on.
#[cold]
pub fn throw(message: &[u8]) -> ! {
    {
        let mut err = Stderr::new();
        err.bytes(b"fatal error: ");
        err.bytes(message);
        err.bytes(b"\n");
    }
    print_goroutine("running");
    proc::exit_group(EXIT_STATUS)
}

/// `fatal error: <message>`: nobody will ever run again.
#[cold]
pub fn deadlock(message: &[u8]) -> ! {
    {
        let mut err = Stderr::new();
        err.bytes(b"fatal error: ");
        err.bytes(message);
        err.bytes(b"\n");
    }
    proc::exit_group(EXIT_STATUS)
}

fn print_goroutine(what: &str) {
    if let Some(gp) = sched::this_goroutine() {
        crate::print!("\ngoroutine {} [{what}]:\n", gp.id());
    }
}

/// Too many threads.
#[cold]
pub fn thread_exhaustion(limit: u32) -> ! {
    crate::print!("runtime: program exceeds {limit}-thread limit\n");
    throw(b"thread exhaustion")
}

/// The system refused a thread.
#[cold]
pub fn newosproc_failed(errno: u32) -> ! {
    const EAGAIN: u32 = 11;
    crate::print!("runtime: failed to create new OS thread (errno={errno})\n");
    if errno == EAGAIN {
        crate::print!("runtime: may need to increase max user processes (ulimit -u)\n");
    }
    throw(b"newosproc")
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

/// The first to report a panic reports; others wait for the end.
fn startpanic() {
    if PANICKING.fetch_add(1, Ordering::SeqCst) > 0 {
        loop {
            proc::usleep(1_000_000);
        }
    }
}

/// See `rtlib_abi::api::fatalpanic`.
///
/// # Safety
/// `at` points to `len` bytes.
#[unsafe(export_name = "runtime.fatalpanic")]
unsafe extern "C" fn fatalpanic(at: *const u8, len: usize) -> ! {
    startpanic();
    // SAFETY: the caller vouches.
    print_panic(unsafe { text(at, len) });
    if let Some(gp) = sched::this_goroutine() {
        crate::print!("\ngoroutine {} [running]:\n", gp.id());
        let parent = gp.parent_goid.load(Ordering::Relaxed);
        if parent != 0 {
            crate::print!("created by goroutine {parent}\n");
        }
    }
    proc::exit_group(EXIT_STATUS)
}

/// See `rtlib_abi::api::initpanic`.
///
/// # Safety
/// `at` points to `len` bytes.
#[unsafe(export_name = "runtime.initpanic")]
unsafe extern "C" fn initpanic(at: *const u8, len: usize) -> ! {
    startpanic();
    // SAFETY: the caller vouches.
    print_panic(unsafe { text(at, len) });
    let id = sched::this_goroutine().map_or(0, sched::g::G::id);
    match inittask::running() {
        Some(now) => crate::print!(
            "\ngoroutine {id} [running, in init of package {}]:\n{}\n\t{}:{}\n",
            now.package,
            now.name,
            now.file,
            now.line
        ),
        None => crate::print!("\ngoroutine {id} [running]:\n"),
    }
    proc::exit_group(EXIT_STATUS)
}

fn print_panic(message: &[u8]) {
    let mut err = Stderr::new();
    err.bytes(b"panic: ");
    err.bytes(message);
    err.bytes(b"\n");
}

/// `runtime.abort`: what must not be reached was.
#[unsafe(export_name = "runtime.abort")]
extern "C" fn abort() -> ! {
    throw(b"runtime: mstart returned")
}
