//! An ELF note with the ABI version of this crate, by which `cargo gobuild` sees in the finished program that its runtime has another one. It refers to `gobuild_abi_v1`, which the runtime
//! defines when it has this version.
//!
//! rustc names every `#[used]` static of a library to the linker, and notes are never
//! garbage-collected. Not in unit tests, which bring a runtime of their own (`fake_runtime`).

use rtlib_abi::api::ABI_V1;

/// An ELF note (gABI, "Note Section") with one pointer as its descriptor.
#[repr(C)]
struct Note {
    name_len: u32,
    descriptor_len: u32,
    kind: u32,
    name: [u8; NAME.len()],
    descriptor: *const u32,
}

const NAME: [u8; 12] = *b"gobuild-abi\0";

// SAFETY: nothing writes to it, and nothing follows the pointer.
unsafe impl Sync for Note {}

#[used]
#[unsafe(link_section = ".note.gobuild.abi")]
static NEEDS_RUNTIME: Note = Note {
    name_len: NAME.len() as u32,
    descriptor_len: size_of::<*const u32>() as u32,
    kind: rtlib_abi::ABI_VERSION,
    name: NAME,
    descriptor: &raw const ABI_V1,
};
