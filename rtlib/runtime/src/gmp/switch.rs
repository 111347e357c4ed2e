//! The switch (`arch`), with the types of Gs and Ms.

use core::mem::transmute;
use core::ptr;

use super::g::G;
use super::m::M;
use crate::arch::current::switch;

/// What runs after a switch, on the new stack: publishes the goroutine that was left.
pub type Commit = extern "C" fn(left: &'static G, arg: usize);

/// What runs on g0 after [`mcall`]; does not return.
pub type OnG0 = extern "C" fn(left: &'static G, commit: Option<Commit>, arg: usize) -> !;

/// The life of an M.
pub type ThreadMain = extern "C" fn(&'static M) -> !;

/// See [`switch::goswitch`].
///
/// # Safety
/// As there.
#[inline(always)]
pub unsafe fn goswitch(from: &'static G, to: &'static G, commit: Commit, arg: usize) {
    // SAFETY: the caller vouches. A reference is passed as a pointer is, a G begins with its head, and `commit` is called with `from`.
    unsafe {
        let commit = transmute::<Commit, switch::Commit>(commit);
        switch::goswitch(
            ptr::from_ref(from).cast(),
            ptr::from_ref(to).cast(),
            commit,
            arg,
        );
    }
}

/// See [`switch::mcall`].
///
/// # Safety
/// As there.
#[inline(always)]
pub unsafe fn mcall(from: &'static G, on_g0: OnG0, commit: Option<Commit>, arg: usize) {
    // SAFETY: as in `goswitch`.
    unsafe {
        let on_g0 = transmute::<OnG0, switch::OnG0>(on_g0);
        let commit = transmute::<Option<Commit>, Option<switch::Commit>>(commit);
        switch::mcall(ptr::from_ref(from).cast(), on_g0, commit, arg);
    }
}

/// See [`switch::gogo`].
///
/// # Safety
/// As there.
#[inline(always)]
pub unsafe fn gogo(to: &'static G) -> ! {
    // SAFETY: as in `goswitch`.
    unsafe { switch::gogo(ptr::from_ref(to).cast()) }
}

/// See [`switch::call_on_stack`].
///
/// # Safety
/// As there.
pub unsafe fn call_on_stack(main: ThreadMain, mp: &'static M, top: usize) -> ! {
    // SAFETY: the caller vouches; an M is passed as a pointer to its head is.
    unsafe { switch::call_on_stack(of_head(main), ptr::from_ref(mp).cast(), top) }
}

/// See [`switch::call_until_mexit`].
///
/// # Safety
/// As there.
pub unsafe fn call_until_mexit(main: ThreadMain, mp: &'static M) {
    // SAFETY: as above.
    unsafe { switch::call_until_mexit(of_head(main), ptr::from_ref(mp).cast(), &mp.exit_sp) }
}

/// See [`switch::mexit`].
///
/// # Safety
/// As there.
pub unsafe fn mexit(mp: &'static M) -> ! {
    // SAFETY: the caller vouches.
    unsafe { switch::mexit(&mp.exit_sp) }
}

/// # Safety
/// It is called with Ms only.
unsafe fn of_head(main: ThreadMain) -> extern "C" fn(*const rtlib_abi::layout::MHead) -> ! {
    // SAFETY: the caller vouches; a reference is passed as a pointer is.
    unsafe { transmute(main) }
}
