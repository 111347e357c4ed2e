//! The runtime, compiled ahead by `build.rs` and embedded. The linker driver writes it out and puts it first on the link line.

/// The object file.
#[must_use]
pub fn bytes() -> &'static [u8] {
    include_bytes!(concat!(env!("OUT_DIR"), "/runtime.o"))
}
