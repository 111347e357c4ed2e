//! `MCentral`: spans with room that no cache owns, of one size (Go: `mcentral`). Behind its lock.

use super::mspan::{Key, MSpan, NOBODY, address, span_at};
use crate::shim::Ordering;

/// See the module's head.
pub struct MCentral {
    /// The first span, 0 for none.
    first: usize,
}

impl MCentral {
    /// Without spans.
    pub const fn new() -> Self {
        Self { first: 0 }
    }

    /// Takes a span that the caller owns.
    pub fn put(&mut self, span: &'static MSpan) {
        span.set_owner(NOBODY);
        span.next.store(self.first, Ordering::Relaxed);
        self.first = address(span);
    }

    /// A span for its new owner.
    pub fn take(&mut self, owner: u32) -> Option<&'static MSpan> {
        let span = span_at(self.first)?;
        self.first = span.next.load(Ordering::Relaxed);
        span.set_owner(owner);
        Some(span)
    }

    /// Takes the spans out in which no block is in use any more, as a list.
    pub fn take_empty(&mut self, key: Key) -> Option<&'static MSpan> {
        let mut kept = 0;
        let mut empty = 0;
        while let Some(span) = span_at(self.first) {
            self.first = span.next.load(Ordering::Relaxed);
            span.collect(key);
            let list = if span.is_empty() {
                &mut empty
            } else {
                &mut kept
            };
            span.next.store(*list, Ordering::Relaxed);
            *list = address(span);
        }
        self.first = kept;
        span_at(empty)
    }
}
