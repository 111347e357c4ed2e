//! The runtime cannot go on (Go: `throw`, `fatal`): a message, and the end, with exit status 2.
//!
//! Every layer may call this, so it uses none above it. What is told of the goroutines, and on which thread, is `panic`'s, which registers itself in the boot. Before that there is nothing to tell.

use core::sync::atomic::{AtomicUsize, Ordering};

use crate::link::Link;
use crate::os::linux::proc;
use crate::print::Stderr;

/// The thread pointer of the thread that ends the program, 0 before.
pub static BEGUN: AtomicUsize = AtomicUsize::new(0);

/// Go's exit status for all of these ends.
pub const EXIT_STATUS: u32 = 2;

/// How the end is told. Both get the place of the message in the frame that the stack is to be told from.
pub struct Ends {
    /// With the caller's stack.
    pub throw: fn(message: &&[u8]) -> !,
    /// With the stacks of all others.
    pub deadlock: fn(message: &&[u8]) -> !,
}

static ENDS: Link<Ends> = Link::none();

/// Registers how the end is told.
pub fn register(ends: &'static Ends) {
    ENDS.set(Some(ends));
}

/// Whether somebody is ending the program: `main` must not exit under that.
pub fn panicking() -> bool {
    BEGUN.load(Ordering::SeqCst) != 0
}

/// `fatal error: <message>`: the runtime's state or the system does not allow to go on.
#[cold]
pub fn throw(message: &[u8]) -> ! {
    match ENDS.get() {
        Some(ends) => (ends.throw)(&message),
        None => alone(message),
    }
}

/// `fatal error: <message>`: nobody will ever run again.
#[cold]
pub fn deadlock(message: &[u8]) -> ! {
    match ENDS.get() {
        Some(ends) => (ends.deadlock)(&message),
        None => alone(message),
    }
}

/// Before the boot.
fn alone(message: &[u8]) -> ! {
    print_line("fatal error: ", message);
    proc::exit_group(EXIT_STATUS)
}

/// A line of a message.
pub fn print_line(what: &str, message: &[u8]) {
    let mut err = Stderr::new();
    err.bytes(what.as_bytes());
    err.bytes(message);
    err.bytes(b"\n");
}

/// Goroutine `waiting` would need a thread more than there may be, and nobody who has one will ever go on.
#[cold]
pub fn thread_exhaustion(limit: u32, waiting: u64) -> ! {
    crate::print!("runtime: program exceeds {limit}-thread limit\n");
    no_thread_for(waiting, b"thread exhaustion")
}

/// The same when it was the system that refused. `room` says whether there is memory for a thread's stack.
#[cold]
pub fn threads_refused(threads: u32, errno: u32, waiting: u64, room: fn() -> bool) -> ! {
    why_refused(threads, errno, room);
    no_thread_for(waiting, b"newosproc")
}

fn no_thread_for(waiting: u64, message: &[u8]) -> ! {
    crate::print!(
        "runtime: goroutine {waiting} waits for a thread, and all threads wait for goroutines or for each other\n"
    );
    deadlock(message)
}

/// The system refused a thread that the runtime cannot do without. `room` as in [`threads_refused`].
#[cold]
pub fn newosproc_failed(threads: u32, errno: u32, room: fn() -> bool) -> ! {
    why_refused(threads, errno, room);
    throw(b"newosproc")
}

/// libc says EAGAIN for want of memory too.
fn why_refused(threads: u32, errno: u32, room: fn() -> bool) {
    const EAGAIN: u32 = 11;
    const ENOMEM: u32 = 12;
    crate::print!(
        "runtime: failed to create new OS thread (have {threads} already; errno={errno})\n"
    );
    if errno != EAGAIN && errno != ENOMEM {
        return;
    }
    if errno == EAGAIN && room() {
        crate::print!(
            "runtime: may need to increase max user processes (ulimit -u), or a container's limit on them (pids.max)\n"
        );
    } else {
        crate::print!(
            "runtime: no memory for the thread's stack: may need to increase max memory (ulimit -v), or the data segment (ulimit -d)\n"
        );
    }
}
