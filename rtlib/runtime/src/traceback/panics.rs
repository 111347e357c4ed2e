//! Where a panic came from. A panic that ends the program is reported when it has reached the bottom of its goroutine's stack, which by then is gone. So the stack is captured when
//! the panic begins to unwind: `_Unwind_RaiseException` is linked as `--wrap`, and calls [`begins`].
//!
//! Only for goroutines whose panics nobody joins (`rtlib_abi::api::PANICS_ARE_FATAL`), and for inits. For others a panic costs what it always did.
//!
//! The memory for it belongs to the goroutine, which takes it with its first panic and frees it with its thread-locals.

use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::Ordering;

use rtlib_abi::traceback::Trace;

use super::unwind;
use crate::boot::inittask;
use crate::libc::{dtors, ffi};
use crate::sched::g::G;
use crate::sched::{is_main, this_goroutine};

/// Where the last panic of the calling goroutine began.
pub fn begun_at(me: &'static G) -> Option<Trace> {
    let at = me.panicked_at.load(Ordering::Relaxed);
    // SAFETY: null, or a trace that `place` made and only this goroutine frees.
    unsafe { at.as_ref() }.copied()
}

/// A panic begins to unwind. Called in front of `_Unwind_RaiseException` (`arch::unwind`).
pub extern "C" fn begins() {
    let Some(gp) = this_goroutine() else { return };
    let in_init = is_main(gp) && inittask::running().is_some();
    if in_init || gp.fatal_panics.load(Ordering::Relaxed) {
        capture(gp);
    }
}

#[inline(never)]
fn capture(me: &'static G) {
    let local = 0_u8;
    // SAFETY: null, or this goroutine's own.
    if let Some(trace) = unsafe { place(me).as_mut() } {
        unwind::callers(trace, unwind::here(&local));
    }
}

/// The memory for it, zeroed at first. Null when there is none: then the report goes without.
fn place(me: &'static G) -> *mut Trace {
    let had = me.panicked_at.load(Ordering::Relaxed);
    if !had.is_null() {
        return had;
    }
    // SAFETY: plain allocation; zero bytes are a trace.
    let new = unsafe { ffi::calloc(1, size_of::<Trace>()) }.cast::<Trace>();
    if !new.is_null() {
        me.panicked_at.store(new, Ordering::Relaxed);
        dtors::at_exit(free, ptr::from_ref(me).cast_mut().cast());
    }
    new
}

unsafe extern "C" fn free(me: *mut c_void) {
    // SAFETY: registered by `place` with its goroutine, whose memory came from calloc.
    unsafe {
        let me = &*me.cast::<G>();
        let trace = me.panicked_at.swap(ptr::null_mut(), Ordering::Relaxed);
        ffi::free(trace.cast());
    }
}
