//! The C library that a hosted program is linked with: what the runtime calls in it, what it stands in for, and how a goroutine gets a
//! thread control block that libc takes for a thread's.
//!
//! Written against static glibc 2.35 and later. A libc without these symbols is an undefined reference when the program is linked.

mod die;
pub mod dtors;
pub mod ffi;
pub mod malloc;
pub mod stackattr;
pub mod tcb;

pub use die::die_by;

/// Sets errno. The place is the calling goroutine's own, so it is looked up after the goroutine has waited.
pub fn set_errno(errno: u32) {
    // SAFETY: libc's word of this thread, or of this goroutine, which nobody else uses.
    unsafe { ffi::__errno_location().write(errno as core::ffi::c_int) };
}
