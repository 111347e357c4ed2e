//! The program's tables, which cargo-gobuild emits (Go: `firstmoduledata`), and how to read them.

use rtlib_abi::layout::{ModuleData, Slice, Str, TaskInfo};

unsafe extern "C" {
    #[link_name = "runtime.firstmoduledata"]
    static FIRSTMODULEDATA: ModuleData;
}

/// The program's tables, emitted by cargo-gobuild.
pub fn moduledata() -> &'static ModuleData {
    // SAFETY: the linker has put it there, read-only; `check` looks at its version first.
    unsafe { &FIRSTMODULEDATA }
}

/// The package that a task initialises.
pub fn package(task: &TaskInfo) -> &'static str {
    text(&task.package)
}

/// A string of the tables.
pub fn text(s: &Str) -> &'static str {
    // SAFETY: the emitter wrote UTF-8 of this length into read-only data.
    unsafe { core::str::from_utf8_unchecked(core::slice::from_raw_parts(s.ptr, s.len as usize)) }
}

/// An array of the tables.
///
/// # Safety
/// The header describes an array.
pub unsafe fn slice<T>(header: &Slice<T>) -> &'static [T] {
    if header.len == 0 {
        &[]
    } else {
        // SAFETY: the caller vouches.
        unsafe { core::slice::from_raw_parts(header.ptr, header.len as usize) }
    }
}
