//! pthread_setname_np(3), pthread_getname_np(3), `prctl(PR_SET_NAME)` and `prctl(PR_GET_NAME)`.
//!
//! A goroutine's name is its own, and stands in tracebacks and in traces. The kernel shows its threads' names: the main goroutine's is given to the first one, which is what the process is called, and that of one that is tied to its
//! thread for good to that one. Who has not been given a name has the process's.

use core::ffi::{CStr, c_char, c_int};
use core::sync::atomic::Ordering;

use super::io::{Answer, plain};
use super::thread::{Whose, whose};
use super::tie::{self, Caller};
use crate::gmp::is_main;
use crate::gmp::name::LEN;
use crate::godebug;
use crate::os::linux::sys::{__NR_prctl, ERANGE, PR_GET_NAME, PR_SET_NAME};
use crate::os::linux::{proc, thread};
use crate::sched::locked;
use crate::trace;

unsafe extern "C" {
    /// libc's own, under the names by which its own files call them.
    fn __pthread_setname_np(thread: usize, name: *const c_char) -> c_int;
    fn __pthread_getname_np(thread: usize, name: *mut c_char, size: usize) -> c_int;
}

/// The first bytes of a C string, as many as fit a name.
fn cut(name: &CStr) -> [u8; LEN] {
    let mut cut = [0; LEN];
    for (to, from) in cut[..LEN - 1].iter_mut().zip(name.to_bytes()) {
        *to = *from;
    }
    cut
}

/// A name without the zeros behind it.
fn text(name: &[u8; LEN]) -> &[u8] {
    let len = name.iter().position(|byte| *byte == 0);
    &name[..len.unwrap_or(LEN)]
}

/// `prctl(PR_SET_NAME)` on a goroutine: what is too long is cut. A thread of std gets its name first of all; one that `GODEBUG=osthreads` names becomes a thread of the kernel here.
///
/// # Safety
/// `name` is the address of a C string.
pub unsafe fn set_own(caller: Caller, name: usize) -> Answer {
    // SAFETY: the caller vouches.
    let name = cut(unsafe { CStr::from_ptr(name as *const c_char) });
    caller.gp.name.set(name);
    trace::named(caller.gp, name);
    if is_main(caller.gp) {
        thread::set_name(proc::pid(), &name);
    } else if locked::is_tied(caller.gp) {
        show(&name);
    } else if caller.gp.is_known_as_thread() && godebug::is_os_thread(text(&name)) {
        tie::become_thread(caller);
    }
    Ok(0)
}

/// `prctl(PR_GET_NAME)` on a goroutine.
///
/// # Safety
/// `to` is the address of so many bytes as a name has.
pub unsafe fn get_own(caller: Caller, to: usize) -> Answer {
    if !caller.gp.name.is_set() {
        // SAFETY: the caller vouches.
        return unsafe { plain(__NR_prctl, [PR_GET_NAME as usize, to, 0, 0, 0, 0]) };
    }
    // SAFETY: the caller vouches.
    unsafe { (to as *mut [u8; LEN]).write(caller.gp.name.get()) };
    Ok(0)
}

/// The goroutine has just been tied to its thread.
pub fn tied(caller: Caller) {
    if caller.gp.name.is_set() && !is_main(caller.gp) {
        show(&caller.gp.name.get());
    }
}

/// Has the kernel show the calling thread under this name.
fn show(name: &[u8; LEN]) {
    let at = name.as_ptr() as usize;
    // SAFETY: a name, which ends with a NUL.
    let _ = unsafe { plain(__NR_prctl, [PR_SET_NAME as usize, at, 0, 0, 0, 0]) };
}

/// pthread_setname_np(3).
///
/// # Safety
/// As pthread_setname_np(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_pthread_setname_np(handle: usize, name: *const c_char) -> c_int {
    let of = whose(handle);
    if let Whose::Kernel = of {
        // SAFETY: the caller's arguments.
        return unsafe { __pthread_setname_np(handle, name) };
    }
    // SAFETY: the caller's C string.
    let text = unsafe { CStr::from_ptr(name) };
    if text.count_bytes() >= LEN {
        return ERANGE as c_int;
    }
    match (of, tie::caller()) {
        // SAFETY: as above.
        (Whose::Own, Some(caller)) => _ = unsafe { set_own(caller, name as usize) },
        (Whose::Own, None) => show(&cut(text)),
        (Whose::Other(gp), _) => {
            gp.name.set(cut(text));
            trace::named(gp, cut(text));
            if let Some(mp) = gp.lockedm.get().filter(|_| locked::is_tied(gp)) {
                thread::set_name(mp.tid.load(Ordering::Relaxed), &cut(text));
            }
        }
        (Whose::Kernel, _) => {}
    }
    0
}

/// pthread_getname_np(3).
///
/// # Safety
/// As pthread_getname_np(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_pthread_getname_np(
    thread: usize,
    to: *mut c_char,
    size: usize,
) -> c_int {
    let named = match whose(thread) {
        Whose::Own => tie::caller().map(|caller| caller.gp),
        Whose::Other(gp) => Some(gp),
        Whose::Kernel => {
            // SAFETY: the caller's arguments.
            return unsafe { __pthread_getname_np(thread, to, size) };
        }
    };
    if size < LEN {
        return ERANGE as c_int;
    }
    let mut name = [0; LEN];
    match named.filter(|gp| gp.name.is_set()) {
        Some(gp) => name = gp.name.get(),
        None => {
            let at = name.as_mut_ptr() as usize;
            // SAFETY: our own variable, as long as a name.
            let _ = unsafe { plain(__NR_prctl, [PR_GET_NAME as usize, at, 0, 0, 0, 0]) };
        }
    }
    // SAFETY: the caller's bytes, as many as a name has at least.
    unsafe { to.cast::<[u8; LEN]>().write(name) };
    0
}
