//! pthread_create(3) and its like: threads of Rust's std are goroutines, unless the program was built with `std = "threads"`.
//!
//! Whose thread it is to be is told from its first function: the personality of code in Rust, which the unwinder finds beside it, is Rust's. C's threads stay threads of the kernel: their
//! makers send them signals, tie them to processors and expect them to be what they are. So do those that bring a stack of their own.
//!
//! `GODEBUG=stdthreads=os` leaves all threads to the kernel, `rtlib::os_thread` one.

use core::ffi::{c_int, c_void};
use core::ptr;
use core::sync::atomic::{AtomicUsize, Ordering};

use rtlib_abi::api::WantsOsThread;

use super::{Timespec, may_park};
use crate::arch::current::tls;
use crate::gmp::g::G;
use crate::gmp::{self, is_main};
use crate::godebug::{self, Family};
use crate::libc::ffi::{self, PthreadAttr};
use crate::os::linux::signal;
use crate::os::linux::sys::{
    CLOCK_MONOTONIC, CLOCK_REALTIME, EAGAIN, EBUSY, EDEADLK, EINVAL, ETIMEDOUT, stack_t,
};
use crate::os::linux::{clock_ns, nanotime};
use crate::pthread::{self, NotCreated, Refused};
use crate::sched;
use crate::sched::slow::What;
use crate::sched::syscall::without_p_at_once;
use crate::stack::{Class, allgs};
use crate::traceback::eh_frame;

crate::arch::current::weak!("rust_eh_personality", "runtime.wantsosthread");

/// Whether the calling thread is in `rtlib::os_thread`, which starts threads of the kernel: `rtlib` knows.
fn is_kernels_wanted() -> bool {
    let at = crate::arch::current::weak_address!("runtime.wantsosthread");
    if at == 0 {
        return false;
    }
    // SAFETY: `rtlib` defines it, as a function of this type.
    let wants: WantsOsThread = unsafe { core::mem::transmute(at) };
    wants()
}

unsafe extern "C" {
    /// libc's own, under the names by which its own files call them.
    fn __pthread_join(thread: usize, result: *mut *mut c_void) -> c_int;
    fn __sigaltstack(new: *const stack_t, old: *mut stack_t) -> c_int;
    fn pthread_attr_getstacksize(attr: *const PthreadAttr, size: *mut usize) -> c_int;
    fn pthread_attr_getstack(
        attr: *const PthreadAttr,
        lo: *mut *mut c_void,
        size: *mut usize,
    ) -> c_int;
    fn __pthread_attr_getaffinity_new(
        attr: *const PthreadAttr,
        size: usize,
        set: *mut c_void,
    ) -> c_int;
    fn __pthread_attr_getinheritsched(attr: *const PthreadAttr, inherits: *mut c_int) -> c_int;
    fn __pthread_attr_getschedpolicy(attr: *const PthreadAttr, policy: *mut c_int) -> c_int;
    fn __pthread_tryjoin_np(thread: usize, result: *mut *mut c_void) -> c_int;
    fn ___pthread_clockjoin_np(
        thread: usize,
        result: *mut *mut c_void,
        clock: c_int,
        until: *const Timespec,
    ) -> c_int;
    fn pthread_attr_getdetachstate(attr: *const PthreadAttr, state: *mut c_int) -> c_int;
}

/// Whose handle a `pthread_t` is.
pub enum Whose {
    /// The calling goroutine's.
    Own,
    /// Another goroutine's.
    Other(&'static G),
    /// That of a thread, or of the main goroutine, which has libc's block, when another one asks.
    Kernel,
}

/// See [`Whose`].
pub fn whose(thread: usize) -> Whose {
    if gmp::this_goroutine().is_some() && tls::thread_pointer() == thread {
        return Whose::Own;
    }
    allgs::of_block(thread).map_or(Whose::Kernel, Whose::Other)
}

/// Whether this is a function of Rust.
fn is_rust(start: extern "C" fn(*mut c_void) -> *mut c_void) -> bool {
    /// The last one that was: programs have one, std's.
    static KNOWN: AtomicUsize = AtomicUsize::new(0);
    let at = start as usize;
    if KNOWN.load(Ordering::Relaxed) == at {
        return true;
    }
    let of_rust = crate::arch::current::weak_address!("rust_eh_personality");
    let is_rust = of_rust != 0 && eh_frame::personality(at) == Some(of_rust);
    if is_rust {
        KNOWN.store(at, Ordering::Relaxed);
    }
    is_rust
}

/// What the attributes ask for, if a goroutine can be that.
struct Wanted {
    class: Class,
    detached: bool,
}

/// # Safety
/// As pthread_create(3).
unsafe fn wanted(attr: *const PthreadAttr) -> Option<Wanted> {
    /// What a thread has without attributes.
    const USUAL_STACK: usize = 8 << 20;
    const PTHREAD_CREATE_DETACHED: c_int = 1;
    if attr.is_null() {
        return Some(Wanted {
            class: Class::for_size(USUAL_STACK),
            detached: false,
        });
    }
    let (mut size, mut lo, mut len) = (0, ptr::null_mut(), 0);
    let mut state = 0;
    // SAFETY: the caller's attributes, our own variables.
    unsafe {
        pthread_attr_getstacksize(attr, &raw mut size);
        pthread_attr_getstack(attr, &raw mut lo, &raw mut len);
        pthread_attr_getdetachstate(attr, &raw mut state);
    }
    // Without a stack of the caller's libc answers with one that ends at 0.
    let brings_stack = (lo as usize).wrapping_add(len) != 0;
    // A stack that is larger than any goroutine's is libc's affair, and the kernel's.
    // SAFETY: the caller's attributes.
    let is_kernels = brings_stack || unsafe { asks_kernel(attr) };
    let class = Class::at_least(size).filter(|_| !is_kernels);
    class.map(|class| Wanted {
        class,
        detached: state == PTHREAD_CREATE_DETACHED,
    })
}

/// Whether the attributes ask for what only a thread of its own can have: processors, or another scheduling policy than its maker's.
///
/// # Safety
/// As pthread_create(3).
unsafe fn asks_kernel(attr: *const PthreadAttr) -> bool {
    const PTHREAD_EXPLICIT_SCHED: c_int = 1;
    const SCHED_OTHER: c_int = 0;
    /// What libc answers where no processors are named.
    const ALL: [u8; 128] = [u8::MAX; 128];
    let mut processors = ALL;
    let (mut inherits, mut policy) = (0, SCHED_OTHER);
    // SAFETY: the caller's attributes, our own variables.
    unsafe {
        __pthread_attr_getaffinity_new(attr, processors.len(), processors.as_mut_ptr().cast());
        __pthread_attr_getinheritsched(attr, &raw mut inherits);
        __pthread_attr_getschedpolicy(attr, &raw mut policy);
    }
    processors != ALL || (inherits == PTHREAD_EXPLICIT_SCHED && policy != SCHED_OTHER)
}

/// A goroutine in the place of a thread, where that is wanted: its handle, or an errno.
///
/// # Safety
/// As pthread_create(3).
pub unsafe fn create(
    attr: *const PthreadAttr,
    start: extern "C" fn(*mut c_void) -> *mut c_void,
    arg: *mut c_void,
) -> Option<Result<usize, u32>> {
    if !godebug::std_threads() || !sched::has_begun() || !is_rust(start) || is_kernels_wanted() {
        return None;
    }
    // SAFETY: the caller's attributes.
    let wanted = unsafe { wanted(attr) }?;
    let created = pthread::create(start, arg, wanted.class, wanted.detached);
    Some(created.map_err(|not_created| match not_created {
        NotCreated::StackTooSmall => EINVAL,
        NotCreated::NoRoom => EAGAIN,
    }))
}

/// As pthread_join(3) and pthread_detach(3) say it.
fn errno(refused: Refused) -> c_int {
    (match refused {
        Refused::NotJoinable => EINVAL,
        Refused::Own => EDEADLK,
    }) as c_int
}

/// What libc says of a thread of the kernel's: it may run for ever.
fn joined(join: impl FnOnce() -> c_int) -> c_int {
    if may_park(Family::Sync) {
        without_p_at_once(What::Named("pthread_join of a thread of the kernel"), join)
    } else {
        join()
    }
}

/// pthread_join(3).
///
/// # Safety
/// As pthread_join(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_pthread_join(thread: usize, result: *mut *mut c_void) -> c_int {
    // SAFETY: the caller's arguments.
    unsafe {
        let Some(gp) = pthread::find(thread) else {
            return joined(|| __pthread_join(thread, result));
        };
        match pthread::join(gp) {
            Ok(value) => {
                if !result.is_null() {
                    result.write(value);
                }
                0
            }
            Err(refused) => errno(refused),
        }
    }
}

/// pthread_tryjoin_np(3).
///
/// # Safety
/// As pthread_tryjoin_np(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_pthread_tryjoin_np(thread: usize, result: *mut *mut c_void) -> c_int {
    // SAFETY: the caller's arguments.
    unsafe {
        match pthread::find(thread) {
            Some(gp) if !pthread::has_ended(gp) => EBUSY as c_int,
            Some(_) => __wrap_pthread_join(thread, result),
            None => __pthread_tryjoin_np(thread, result),
        }
    }
}

/// pthread_timedjoin_np(3).
///
/// # Safety
/// As pthread_timedjoin_np(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_pthread_timedjoin_np(
    thread: usize,
    result: *mut *mut c_void,
    until: *const Timespec,
) -> c_int {
    // SAFETY: the caller's arguments.
    unsafe { __wrap_pthread_clockjoin_np(thread, result, CLOCK_REALTIME as c_int, until) }
}

/// pthread_clockjoin_np(3).
///
/// # Safety
/// As pthread_clockjoin_np(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_pthread_clockjoin_np(
    thread: usize,
    result: *mut *mut c_void,
    clock: c_int,
    until: *const Timespec,
) -> c_int {
    // SAFETY: the caller's arguments.
    unsafe {
        let Some(gp) = pthread::find(thread) else {
            return joined(|| ___pthread_clockjoin_np(thread, result, clock, until));
        };
        if let Some(until) = until.as_ref() {
            let clock = clock as u32;
            let at = until
                .ns()
                .filter(|_| matches!(clock, CLOCK_REALTIME | CLOCK_MONOTONIC));
            let Some(at) = at else {
                return EINVAL as c_int;
            };
            let left = at.saturating_sub(clock_ns(clock));
            let deadline = nanotime().saturating_add(left).min(u64::MAX - 1);
            if !pthread::ends_until(gp, deadline) {
                return ETIMEDOUT as c_int;
            }
        }
        __wrap_pthread_join(thread, result)
    }
}

/// pthread_detach(3).
///
/// # Safety
/// As pthread_detach(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_pthread_detach(thread: usize) -> c_int {
    match pthread::find(thread) {
        Some(gp) => pthread::detach(gp).map_or_else(errno, |()| 0),
        // SAFETY: the caller's argument.
        None => unsafe { ffi::pthread_detach(thread) },
    }
}

/// sigaltstack(2). Each M has an alternate stack, so a goroutine needs none: it is told that there is one, and what it sets is not used.
///
/// # Safety
/// As sigaltstack(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_sigaltstack(new: *const stack_t, old: *mut stack_t) -> c_int {
    let gp = gmp::this_goroutine().filter(|gp| !is_main(gp));
    let Some((at, len)) = gp
        .and_then(|gp| gp.m.get())
        .and_then(|mp| mp.signal_stack())
    else {
        // SAFETY: the caller's arguments.
        return unsafe { __sigaltstack(new, old) };
    };
    if !old.is_null() {
        // SAFETY: the caller's structure.
        unsafe { old.write(signal::stack_at(at, len)) };
    }
    0
}
