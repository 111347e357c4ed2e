//! The end of the process by a signal.

use core::ffi::c_int;

use super::ffi::{SigAction, real_sigaction};
use crate::os::linux::signal::unblock_all;
use crate::os::linux::{proc, thread};

/// Ends the process by a signal, whatever is installed or blocked.
pub fn die_by(signal: u32) -> ! {
    static DEFAULT: SigAction = SigAction::DEFAULT;
    // SAFETY: the default action.
    unsafe { real_sigaction(signal as c_int, &raw const DEFAULT, core::ptr::null_mut()) };
    unblock_all();
    thread::kill(thread::gettid(), signal);
    proc::exit_group(128 + signal)
}
