//! Where a panic came from. A panic that ends the program is reported when it has reached the bottom of its goroutine's stack, which by then is gone. So the stack is captured when
//! the panic begins to unwind: `_Unwind_RaiseException` is linked as `--wrap`, and calls [`begins`].
//!
//! A panic that unwinds may have begun before others that destructors on its way have caught, so it is found again by its payload.
//!
//! Only for goroutines whose panics nobody joins (`rtlib_abi::api::PANICS_ARE_FATAL`), and for inits. For others a panic costs what it always did.
//!
//! The memory for it belongs to the goroutine, which takes it with its first panic and frees it with its thread-locals.

use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use rtlib_abi::traceback::Trace;

use super::unwind;
use crate::gmp::g::G;
use crate::gmp::{is_main, this_goroutine};
use crate::inittask;
use crate::libc::{dtors, ffi};
use crate::os::linux::nanotime;

/// Panics of a goroutine that are told apart. While one unwinds, destructors that it runs may catch others.
const KEPT: usize = 4;

/// Where a goroutine's last panics began, the latest last. Most are over.
pub struct Panics {
    len: usize,
    of: [Cause; KEPT],
    begun_at: [Trace; KEPT],
}

/// What a panic is known by: two words of its exception, one of which is the address of its payload.
type Cause = [usize; 2];

impl Panics {
    /// Room for one more. The oldest gives way.
    fn push(&mut self, cause: Cause) -> &mut Trace {
        if self.len == KEPT {
            self.of.copy_within(1.., 0);
            self.begun_at.copy_within(1.., 0);
            self.len -= 1;
        }
        let at = self.len;
        self.len += 1;
        self.of[at] = cause;
        &mut self.begun_at[at]
    }

    fn with(&self, payload: usize) -> Option<&Trace> {
        let kept = &self.of[..self.len];
        let at = kept.iter().rposition(|cause| cause.contains(&payload))?;
        Some(&self.begun_at[at])
    }
}

/// Where the panic with the payload at this address began, which has reached the bottom of the calling goroutine's stack.
pub fn begun_at(me: &'static G, payload: usize) -> Option<Trace> {
    let at = me.panicked_at.load(Ordering::Relaxed).cast::<Panics>();
    // SAFETY: null, or what `place` made and only this goroutine frees.
    unsafe { at.as_ref() }?.with(payload).copied()
}

/// What is thrown: the unwinder's head, and what std has behind it (panic_unwind/src/gcc.rs: a canary and the payload's box).
#[repr(C)]
pub struct Exception {
    class: u64,
    _of_the_unwinder: [usize; 3],
    _canary: usize,
    cause: Cause,
}

/// std's `class`.
const RUST: u64 = u64::from_ne_bytes(*b"MOZ\0RUST");

/// A panic begins to unwind. Called in front of `_Unwind_RaiseException` (`arch::unwind`).
///
/// # Safety
/// `exception` is an exception.
#[unsafe(export_name = "runtime.panicbegins")]
unsafe extern "C" fn begins(exception: *const Exception) {
    let Some(gp) = this_goroutine() else { return };
    let in_init = is_main(gp) && inittask::running().is_some();
    if in_init || gp.fatal_panics.load(Ordering::Relaxed) {
        // SAFETY: every exception has a class, and those of std's have a cause.
        unsafe {
            if (*exception).class == RUST {
                capture(gp, (*exception).cause);
            }
        }
    }
}

/// Hooks that run, on goroutines whose panics are fatal.
static HOOKS: AtomicU32 = AtomicU32::new(0);
/// When the last of them returned, ns.
static TOLD: AtomicU64 = AtomicU64::new(0);
/// What a panic has then to reach the bottom of its stack. A program whose panic was caught on the way ends so much later if it ends right then.
const UNWINDING_NS: u64 = 5_000_000;

/// See `rtlib_abi::api::panichook`.
#[unsafe(export_name = "runtime.panichook")]
extern "C" fn panichook(begins: bool) {
    let is_fatal = |gp: &&G| gp.fatal_panics.load(Ordering::Relaxed);
    if this_goroutine().filter(is_fatal).is_none() {
        return;
    }
    if begins {
        HOOKS.fetch_add(1, Ordering::AcqRel);
    } else {
        TOLD.store(nanotime(), Ordering::Release);
        // None is left of those of a fork's parent.
        let less = |hooks: u32| hooks.checked_sub(1);
        _ = HOOKS.fetch_update(Ordering::AcqRel, Ordering::Relaxed, less);
    }
}

/// In the child of a fork: they were the parent's.
pub fn forget() {
    HOOKS.store(0, Ordering::Relaxed);
    TOLD.store(0, Ordering::Relaxed);
}

/// Whether one may be on its way to end the program.
pub fn are_on_their_way() -> bool {
    if HOOKS.load(Ordering::Acquire) != 0 {
        return true;
    }
    let told = TOLD.load(Ordering::Acquire);
    told != 0 && nanotime() < told + UNWINDING_NS
}

#[inline(never)]
fn capture(me: &'static G, cause: Cause) {
    let local = 0_u8;
    // SAFETY: null, or this goroutine's own.
    if let Some(panics) = unsafe { place(me).as_mut() } {
        unwind::callers(panics.push(cause), unwind::here(&local));
    }
}

/// The memory for it, zeroed at first. Null when there is none: then the report goes without.
fn place(me: &'static G) -> *mut Panics {
    let had = me.panicked_at.load(Ordering::Relaxed).cast::<Panics>();
    if !had.is_null() {
        return had;
    }
    // SAFETY: plain allocation; zero bytes are no panics.
    let new = unsafe { ffi::calloc(1, size_of::<Panics>()) }.cast::<Panics>();
    if !new.is_null() {
        me.panicked_at.store(new.cast(), Ordering::Relaxed);
        dtors::at_exit(free, ptr::from_ref(me).cast_mut().cast());
    }
    new
}

unsafe extern "C" fn free(me: *mut c_void) {
    // SAFETY: registered by `place` with its goroutine, whose memory came from calloc.
    unsafe {
        let me = &*me.cast::<G>();
        let panics = me.panicked_at.swap(ptr::null_mut(), Ordering::Relaxed);
        ffi::free(panics);
    }
}
