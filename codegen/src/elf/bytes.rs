//! Little-endian words inside the bytes of a structure whose length was checked before.
//!
//! Callers take offsets from `offset_of!` on the structure whose size they read, so an offset outside of the bytes is a bug in this crate
//! and panics.

/// The bytes of one structure, or of an array of them.
#[derive(Clone, Copy)]
pub(super) struct Bytes<'data>(&'data [u8]);

impl<'data> Bytes<'data> {
    pub(super) fn new(bytes: &'data [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn all(self) -> &'data [u8] {
        self.0
    }

    pub(super) fn slice(self, offset: usize, len: usize) -> &'data [u8] {
        &self.0[offset..offset + len]
    }

    pub(super) fn u32(self, offset: usize) -> u32 {
        u32::from_le_bytes(self.array(offset))
    }

    pub(super) fn u64(self, offset: usize) -> u64 {
        u64::from_le_bytes(self.array(offset))
    }

    /// The structures of an array, each `size` bytes long.
    pub(super) fn chunks(self, size: usize) -> impl Iterator<Item = Self> {
        self.0.chunks_exact(size).map(Self)
    }

    fn array<const N: usize>(self, offset: usize) -> [u8; N] {
        let mut word = [0; N];
        word.copy_from_slice(self.slice(offset, N));
        word
    }
}
