//! Where a trace's events are until they are written (Go: runtime/tracebuf.go): memory alone. Who notes events, and who writes them, is `trace`.
//!
//! - `event`: what is noted. `buffer`: where, one chunk of memory for each M, without locks.

pub mod buffer;
pub mod event;

use core::sync::atomic::AtomicPtr;

use buffer::Chunk;

/// An M's part of the trace. Made from zero bytes.
pub struct OfM {
    /// Null, or the chunk that its thread fills.
    pub chunk: AtomicPtr<Chunk>,
}

impl OfM {
    /// Nothing noted yet.
    pub const fn new() -> Self {
        Self {
            chunk: AtomicPtr::new(core::ptr::null_mut()),
        }
    }
}
