//! SIGQUIT: the program ends and tells what all of its goroutines are doing. Where Go's does, and in its words.

use core::ffi::c_void;

use super::SigInfo;
use crate::arch::current::unwind::Registers;
use crate::gmp;
use crate::traceback::dying::{self, End};

/// Ends the program.
///
/// # Safety
/// `context` is the third argument of the running handler.
pub unsafe fn handle(info: &SigInfo, context: *const c_void) -> ! {
    let dying = dying::begin();
    // SAFETY: the caller vouches.
    let registers = unsafe { Registers::interrupted(context) };
    let m = gmp::getg().and_then(|gp| gp.m.get());
    crate::print!("SIGQUIT: quit\nPC={:#x}", registers.pc());
    match m {
        Some(m) => crate::print!(" m={}", m.id.load(core::sync::atomic::Ordering::Relaxed)),
        None => crate::print!(" m=nil"),
    }
    crate::print!(" sigcode={}\n", info.code);
    // SAFETY: the caller vouches.
    unsafe { dying.interrupted(context) }
        .others()
        .registers(registers)
        .end(End::Status)
}
