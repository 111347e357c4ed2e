//! Threads of the program's own: those that `pthread_create` makes for others than the runtime (std's, C's). They are counted, and their end is told, so that a deadlock
//! is found without asking again and again (`watch/dead.rs`). Linked as `--wrap=pthread_create`.

use core::ffi::{c_int, c_void};
use core::ptr;

use super::thread;
use crate::gmp;
use crate::libc::dtors;
use crate::libc::ffi::{self, PthreadAttr};
use crate::sched::asleep;

type Start = extern "C" fn(*mut c_void) -> *mut c_void;

/// What a new thread is to call.
struct Call {
    start: Start,
    arg: *mut c_void,
}

/// As libc's, counted; unless it is a goroutine that is wanted.
///
/// # Safety
/// As pthread_create(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_pthread_create(
    handle: *mut usize,
    attr: *const PthreadAttr,
    start: Start,
    arg: *mut c_void,
) -> c_int {
    const EAGAIN: c_int = 11;
    // SAFETY: the caller's arguments.
    match unsafe { thread::create(attr, start, arg) } {
        Some(Ok(of_goroutine)) => {
            // SAFETY: the caller's variable.
            unsafe { handle.write(of_goroutine) };
            return 0;
        }
        Some(Err(errno)) => return errno as c_int,
        None => {}
    }
    // SAFETY: plain allocation.
    let call = unsafe { ffi::calloc(1, size_of::<Call>()) }.cast::<Call>();
    if call.is_null() {
        return EAGAIN;
    }
    // SAFETY: fresh memory of the right size and alignment.
    unsafe { call.write(Call { start, arg }) };
    asleep::plain_begins();
    // SAFETY: the caller's arguments; `begin` may be called with what it is given.
    let error = unsafe { ffi::pthread_create(handle, attr, begin, call.cast()) };
    if error != 0 {
        // SAFETY: it came from calloc, and no thread has it.
        unsafe { ffi::free(call.cast()) };
        asleep::plain_ends();
    }
    error
}

/// A thread's first function. It has no frame of its own to clean up, so that `pthread_exit` and `pthread_cancel` may unwind it.
extern "C" fn begin(call: *mut c_void) -> *mut c_void {
    // SAFETY: `__wrap_pthread_create` made it for this thread alone.
    let Call { start, arg } = unsafe {
        let value = call.cast::<Call>().read();
        ffi::free(call);
        value
    };
    // The first to be registered is the last to be called.
    dtors::at_exit(end, ptr::null_mut());
    start(arg)
}

/// How pthread_exit(3), thrd_exit(3) and cancellation end a thread: the stack is unwound to where libc began it. A goroutine has no such place, and what its control block says is that of the thread of which the snapshot was taken. Linked as
/// `--wrap=__pthread_unwind`. As [`begin`], it has nothing to clean up.
///
/// # Safety
/// As libc calls it.
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap___pthread_unwind(to: *mut c_void) -> ! {
    if gmp::getg().is_some() {
        crate::fatal::throw(
            b"pthread_exit would end a goroutine as a thread: return from its function, or call rtlib::goexit",
        );
    }
    // SAFETY: the caller's argument.
    unsafe { ffi::real_pthread_unwind(to) }
}

unsafe extern "C" fn end(_: *mut c_void) {
    asleep::plain_ends();
}
