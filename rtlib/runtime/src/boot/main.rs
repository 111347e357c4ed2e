//! runtime.main: the main goroutine. Steps and names as in Go's runtime/proc.go.

use core::ffi::{c_char, c_int};
use core::sync::atomic::Ordering;

use super::fork;
use crate::arch::current::step_of_boot;
use crate::gmp::{M0, current};
use crate::libc::ffi;
use crate::moduledata::moduledata;
use crate::os::linux::nanotime;
use crate::sched::global::MAIN_STARTED;
use crate::sched::{locked, second};
use crate::traceback::panics;
use crate::watch::schedtrace;
use crate::{inittask, process, signal, time};

unsafe extern "C" {
    /// Emitted: jumps to the `main` that rustc generates.
    #[link_name = "main.main"]
    fn main_main(argc: c_int, argv: *mut *const c_char) -> c_int;
}

/// The main goroutine's function; `runtime.mainPC` holds its address.
#[unsafe(export_name = "runtime.main")]
extern "C" fn main() {
    step_of_boot!();
    let Some(gp) = current() else {
        crate::fatal::throw(b"runtime.main: no goroutine")
    };
    MAIN_STARTED.store(true, Ordering::Release);

    if schedtrace::wanted() {
        second::expect_concurrency();
    }

    // During initialisation the main goroutine stays on the main thread; an init may keep it there with LockOSThread.
    locked::lock_os_thread(gp);
    if !core::ptr::eq(gp.mp(), &raw const M0) {
        crate::fatal::throw(b"runtime.main not on m0");
    }

    let started = nanotime();
    run(inittask::runtime_inittasks(), started);
    if !inittask::main_inittasks().is_empty() {
        signal::ignore_sigpipe();
    }
    run(inittask::main_inittasks(), started);
    locked::unlock_os_thread(gp);

    let (argc, argv) = process::argc_argv();
    // SAFETY: a C main, called once, with the program's own arguments.
    let code = unsafe { main_main(argc, argv) };
    wait_for_panics();
    if crate::fatal::panicking() {
        // Another goroutine is reporting its panic; it ends the program.
        crate::os::linux::proc::sleep_for_ever();
    }
    // SAFETY: as returning from C's main does.
    unsafe { ffi::exit(code) }
}

/// What others are about to say of a panic that ends the program must not be lost (Go: `runningPanicDefers`). A hook that never returns does not keep the program, though.
fn wait_for_panics() {
    const PATIENCE_NS: u64 = 3_000_000_000;
    const LOOK_EVERY_NS: u64 = 100_000;
    let limit = nanotime() + PATIENCE_NS;
    while panics::are_on_their_way() && !crate::fatal::panicking() && nanotime() < limit {
        time::sleep_until(nanotime() + LOOK_EVERY_NS);
    }
}

fn run(tasks: &'static [*const rtlib_abi::layout::InitTask], started: u64) {
    debug_assert_eq!(moduledata().abi_version, rtlib_abi::ABI_VERSION);
    inittask::do_init(tasks.as_ptr(), tasks.len(), started);
}

/// The runtime's one init function.
#[unsafe(export_name = "runtime.init.0")]
extern "C" fn init() {
    fork::prepare_for_forks();
    signal::init();
}
