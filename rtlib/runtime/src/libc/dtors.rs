//! Destructors of thread-locals. std (and C++) register them with `__cxa_thread_atexit_impl`; this is that function, so that they belong to
//! the goroutine and run when it exits, and to the thread on threads that run no goroutines.
//!
//! The list is in ELF TLS (`runtime.tls_dtors`), so it follows the block: on a goroutine it is the goroutine's. glibc's own
//! `start_thread` and `exit` call `__call_tls_dtors` for real threads.

use core::ffi::{c_int, c_void};

use super::ffi;
use crate::arch::current::tls;

/// One registered destructor.
#[repr(C)]
struct Node {
    dtor: unsafe extern "C" fn(*mut c_void),
    object: *mut c_void,
    next: *mut Node,
}

/// Registers `dtor(object)` for the end of the calling goroutine or thread (Itanium C++ ABI, `__cxa_thread_atexit`). The third argument, a
/// shared object to keep loaded, has no meaning in a static program.
///
/// # Safety
/// As the ABI says: `dtor(object)` may be called when the thread-local storage dies.
#[unsafe(no_mangle)]
unsafe extern "C" fn __cxa_thread_atexit_impl(
    dtor: unsafe extern "C" fn(*mut c_void),
    object: *mut c_void,
    _dso: *mut c_void,
) -> c_int {
    at_exit(dtor, object);
    0
}

/// The same for the runtime itself.
pub fn at_exit(dtor: unsafe extern "C" fn(*mut c_void), object: *mut c_void) {
    // SAFETY: plain allocation.
    let node = unsafe { ffi::calloc(1, size_of::<Node>()) }.cast::<Node>();
    if node.is_null() {
        crate::fatal::throw(b"runtime: cannot allocate memory for a thread-local destructor");
    }
    let next = tls::dtors() as *mut Node;
    // SAFETY: fresh memory of the right size and alignment.
    unsafe { node.write(Node { dtor, object, next }) };
    tls::set_dtors(node as usize);
}

/// For `rtlib`, whose tests run beside a libc that keeps its own function of glibc's name to itself.
#[unsafe(export_name = "runtime.calltlsdtors")]
extern "C" fn call_tls_dtors() {
    __call_tls_dtors();
}

/// Runs the destructors of the calling thread's pthread keys. libc does so after [`__call_tls_dtors`], for the last time; but those of keys may use thread-locals, or wait in the runtime, and so register
/// others. Linked as `--wrap=__nptl_deallocate_tsd`.
///
/// # Safety
/// The calling goroutine or thread ends.
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap___nptl_deallocate_tsd() {
    /// As often as POSIX has destructors called that set their keys again.
    const ROUNDS: u32 = 4;
    for _ in 0..ROUNDS {
        // SAFETY: the caller vouches.
        unsafe { ffi::real_deallocate_tsd() };
        if tls::dtors() == 0 {
            break;
        }
        __call_tls_dtors();
    }
}

/// Runs the destructors of the calling goroutine or thread, last registered first, those registered meanwhile included.
#[unsafe(no_mangle)]
pub extern "C" fn __call_tls_dtors() {
    while let node @ 1.. = tls::dtors() {
        let node = node as *mut Node;
        // SAFETY: the list holds nodes made above; it is taken off the list before its destructor runs.
        let Node { dtor, object, next } = unsafe { node.read() };
        tls::set_dtors(next as usize);
        // SAFETY: the node came from calloc and is off the list; registering vouched for the call.
        unsafe {
            ffi::free(node.cast());
            dtor(object);
        }
    }
}
