//! The coverage profile of a dying program (`-C instrument-coverage`). The instrumentation writes it when libc's `exit` runs, which a dying program leaves out: the thread that dies may hold any
//! lock. So a reporter writes it, which is watched and given up if it does not get on.

use core::ffi::c_int;

use super::reporter;
use crate::arch::current::weak_address;

crate::arch::current::weak!("__llvm_profile_write_file");

/// Writes the profile, if the program has one. For the reporter that may use the program's allocator.
pub fn write() {
    let at = weak_address!("__llvm_profile_write_file");
    if at == 0 {
        return;
    }
    // SAFETY: compiler-rt's InstrProfiling.h: a function without arguments, which any thread may call.
    let write = unsafe { core::mem::transmute::<usize, extern "C" fn() -> c_int>(at) };
    reporter::lookup_begins_or_ends();
    write();
    reporter::lookup_begins_or_ends();
}
