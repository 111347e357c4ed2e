//! The bytes of a table under construction, and the addresses that the linker has to fill in.

use std::mem::offset_of;

use object::write::SymbolId;
use rtlib_abi::layout::{Slice, Str};

use super::strings::PooledStr;

/// Size of an address in a table.
pub(super) const POINTER: usize = 8;

/// An address inside a table: the linker writes `symbol + addend` there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pointer {
    /// Offset in the table.
    pub(super) offset: u64,
    /// What it points at.
    pub(super) symbol: SymbolId,
    /// How far behind it.
    pub(super) addend: i64,
}

/// Bytes, zero until written, and pointers. Offsets come from `offset_of!`, so one outside of the bytes is a bug and panics.
pub(super) struct Structure {
    pub(super) bytes: Vec<u8>,
    pub(super) pointers: Vec<Pointer>,
}

impl Structure {
    pub(super) fn zeroed(size: usize) -> Self {
        Self {
            bytes: vec![0; size],
            pointers: Vec::new(),
        }
    }

    pub(super) fn u32(&mut self, offset: usize, value: u32) {
        self.bytes[offset..offset + 4].copy_from_slice(&value.to_le_bytes());
    }

    pub(super) fn u64(&mut self, offset: usize, value: u64) {
        self.bytes[offset..offset + 8].copy_from_slice(&value.to_le_bytes());
    }

    pub(super) fn pointer(&mut self, offset: usize, symbol: SymbolId, addend: u64) {
        self.pointers.push(Pointer {
            offset: offset as u64,
            symbol,
            addend: addend as i64,
        });
    }

    /// A [`Str`] at `offset` with its text at `text` behind `pool`.
    pub(super) fn str(&mut self, offset: usize, pool: SymbolId, text: PooledStr) {
        self.pointer(offset + offset_of!(Str, ptr), pool, text.offset);
        self.u64(offset + offset_of!(Str, len), text.len);
    }

    /// A [`Slice`] at `offset` over `len` elements that begin at `first`.
    pub(super) fn slice(&mut self, offset: usize, first: SymbolId, len: usize) {
        self.pointer(offset + offset_of!(Slice<u8>, ptr), first, 0);
        self.u64(offset + offset_of!(Slice<u8>, len), len as u64);
        self.u64(offset + offset_of!(Slice<u8>, cap), len as u64);
    }
}
