//! `setuid` and its like on programs with goroutines.
//!
//! To the kernel each thread has credentials of its own, so glibc sends all threads a signal, whose handler makes the system call and then notes in its thread's control
//! block, taken from the thread pointer, that it did. The caller waits for that note in the blocks of the threads that libc made. On an M that runs a goroutine the thread pointer
//! is the goroutine's: the note would go astray and the caller would wait for ever. So the handler runs on the M's own block. Linked as
//! `--wrap=__nptl_setxid_sighandler`.

use core::ffi::{c_int, c_void};

use crate::arch::current::tls;
use crate::libc::ffi;
use crate::os::linux::signal;
use crate::sched::threads;

/// libc's handler of SIGSETXID, on the block that libc made for this thread.
///
/// # Safety
/// Called by the kernel as a signal handler.
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap___nptl_setxid_sighandler(
    signo: c_int,
    info: *mut c_void,
    context: *mut c_void,
) {
    let Some(own) = threads::libc_block_elsewhere() else {
        // SAFETY: the kernel's arguments.
        return unsafe { ffi::real_setxid_sighandler(signo, info, context) };
    };
    let current = tls::thread_pointer();
    let _blocked = signal::Blocked::all();
    // SAFETY: with all signals blocked nothing but libc's handler runs until the thread pointer is back. It makes system calls and atomic changes to words of
    // the control block that are this thread's; `own` is complete, and lives as long as its thread. m0's may be in use at the same time by the main goroutine on
    // another M, which those words do not concern.
    unsafe {
        tls::set_thread_pointer(own);
        ffi::real_setxid_sighandler(signo, info, context);
        tls::set_thread_pointer(current);
    }
}
