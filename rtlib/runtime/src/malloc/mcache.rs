//! `MCache`: the spans from which one processor allocates, for each size one and those with room beside it (Go: `mcache`).
//!
//! Nothing here is locked: a cache belongs to a P, and so to the M that holds it, or is behind a lock of its own. What goes to other caches or to the heap goes through [`Heap`].

use core::ptr::NonNull;

use super::Heap;
use super::mspan::{Freed, Key, MSpan, span_at};
use super::sizeclasses::{CLASSES, PAGE};
use crate::shim::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering};

/// Bytes of spans with room that a cache keeps for a size, one span at least. More are left to all.
const MOST_PARTIAL: usize = 256 << 10;

/// See the module's head. Made from zero bytes.
pub struct MCache {
    number: AtomicU32,
    /// Blocks that were allocated here.
    pub mallocs: AtomicU64,
    /// Blocks that were freed here.
    pub frees: AtomicU64,
    current: [AtomicPtr<MSpan>; CLASSES],
    /// Owned, and with room: the first of a list for each size.
    partial: [AtomicUsize; CLASSES],
    partial_len: [AtomicUsize; CLASSES],
}

impl MCache {
    /// Without spans.
    pub const fn new() -> Self {
        Self {
            number: AtomicU32::new(0),
            mallocs: AtomicU64::new(0),
            frees: AtomicU64::new(0),
            current: [const { AtomicPtr::new(core::ptr::null_mut()) }; CLASSES],
            partial: [const { AtomicUsize::new(0) }; CLASSES],
            partial_len: [const { AtomicUsize::new(0) }; CLASSES],
        }
    }

    /// Its number as an owner: no other cache has it.
    #[inline]
    pub fn number(&self) -> u32 {
        match self.number.load(Ordering::Relaxed) {
            0 => self.take_number(),
            number => number,
        }
    }

    #[cold]
    fn take_number(&self) -> u32 {
        static NUMBERS: core::sync::atomic::AtomicU32 = core::sync::atomic::AtomicU32::new(0);
        let number = NUMBERS.fetch_add(1, core::sync::atomic::Ordering::Relaxed) + 1;
        self.number.store(number, Ordering::Relaxed);
        number
    }

    /// A block of this class.
    #[inline]
    pub fn alloc(&self, heap: &Heap, class: usize) -> Option<NonNull<u8>> {
        add(&self.mallocs);
        if let Some(span) = self.current(class)
            && let Some(block) = span.alloc(heap.key())
        {
            return Some(block);
        }
        self.alloc_slow(heap, class)
    }

    #[inline]
    fn current(&self, class: usize) -> Option<&'static MSpan> {
        // SAFETY: null or a span, which is never freed.
        unsafe { self.current[class].load(Ordering::Relaxed).as_ref() }
    }

    #[cold]
    fn alloc_slow(&self, heap: &Heap, class: usize) -> Option<NonNull<u8>> {
        let key = heap.key();
        let number = self.number();
        if let Some(span) = self.current(class) {
            span.collect(key);
            if let Some(block) = span.alloc(key) {
                return Some(block);
            }
            while !span.try_abandon(number) {
                span.collect(key);
                if let Some(block) = span.alloc(key) {
                    return Some(block);
                }
            }
            self.set_current(class, None);
        }
        let span = self
            .pop_partial(class)
            .or_else(|| heap.take_partial(class, number))
            .or_else(|| heap.fresh_span(class, number))?;
        self.set_current(class, Some(span));
        span.alloc(key)
    }

    fn set_current(&self, class: usize, span: Option<&'static MSpan>) {
        let at = span.map_or(core::ptr::null_mut(), |span| {
            core::ptr::from_ref(span).cast_mut()
        });
        self.current[class].store(at, Ordering::Relaxed);
    }

    /// Frees a block of a small span.
    ///
    /// # Safety
    /// The block is in use, and nobody uses it any more.
    #[inline]
    pub unsafe fn free(&self, heap: &Heap, span: &'static MSpan, at: usize) {
        add(&self.frees);
        let key = heap.key();
        if span.owner() == self.number() {
            // SAFETY: the caller vouches.
            if unsafe { span.free(at, key) } {
                self.emptied(heap, span);
            }
            return;
        }
        // SAFETY: the caller vouches.
        unsafe { self.free_of_others(heap, span, at, key) }
    }

    /// # Safety
    /// As [`free`](Self::free).
    unsafe fn free_of_others(&self, heap: &Heap, span: &'static MSpan, at: usize, key: Key) {
        // SAFETY: the caller vouches.
        if unsafe { span.free_remote(at, key) } == Freed::Adopted {
            span.set_owner(self.number());
            span.collect(key);
            self.add_partial(heap, span);
        }
    }

    /// No block of an own span is in use.
    #[cold]
    fn emptied(&self, heap: &Heap, span: &'static MSpan) {
        let class = span.class();
        if self
            .current(class)
            .is_some_and(|current| core::ptr::eq(current, span))
        {
            return;
        }
        self.remove_partial(class, span);
        heap.free_span(span);
    }

    fn add_partial(&self, heap: &Heap, span: &'static MSpan) {
        let class = span.class();
        if self.current(class).is_none() {
            return self.set_current(class, Some(span));
        }
        let bytes = self.partial_len[class].load(Ordering::Relaxed) * span.pages() * PAGE;
        if bytes >= MOST_PARTIAL {
            return heap.leave_partial(span);
        }
        let first = span.push(self.partial[class].load(Ordering::Relaxed));
        self.partial[class].store(first, Ordering::Relaxed);
        self.count_partial(class, 1);
    }

    fn remove_partial(&self, class: usize, span: &MSpan) {
        let first = span.unlink(self.partial[class].load(Ordering::Relaxed));
        self.partial[class].store(first, Ordering::Relaxed);
        self.count_partial(class, -1);
    }

    fn pop_partial(&self, class: usize) -> Option<&'static MSpan> {
        let span = span_at(self.partial[class].load(Ordering::Relaxed))?;
        self.remove_partial(class, span);
        Some(span)
    }

    fn count_partial(&self, class: usize, by: isize) {
        let len = self.partial_len[class].load(Ordering::Relaxed);
        self.partial_len[class].store(len.wrapping_add_signed(by), Ordering::Relaxed);
    }

    /// Takes back what others have freed, gives empty spans back to the heap, and, with `all`, leaves the others to all: for a cache whose P retires or has been idle.
    pub fn flush(&self, heap: &Heap, all: bool) {
        let key = heap.key();
        for class in 0..CLASSES {
            let mut next = span_at(self.partial[class].load(Ordering::Relaxed));
            while let Some(span) = next {
                next = span.next();
                span.collect(key);
                if all || span.is_empty() {
                    self.remove_partial(class, span);
                    self.leave(heap, span);
                }
            }
            if let Some(span) = self.current(class) {
                span.collect(key);
                if all || span.is_empty() {
                    self.set_current(class, None);
                    self.leave(heap, span);
                }
            }
        }
    }

    fn leave(&self, heap: &Heap, span: &'static MSpan) {
        if span.is_empty() {
            heap.free_span(span);
        } else if span.has_room() || !span.try_abandon(self.number()) {
            heap.leave_partial(span);
        }
    }
}

/// A plain increment: only the holder counts.
#[inline]
fn add(count: &AtomicU64) {
    count.store(count.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
}
