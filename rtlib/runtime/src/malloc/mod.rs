//! The allocator: memory that belongs to processors (Go: `malloc.go` and what it stands on).
//!
//! ```text
//!  malloc, free            a P                    all, by size             all
//!  ------------->  MCache: a span by size  <->  MCentral: spans  <->  MHeap: pages  <->  mmap
//!                  and some with room           with room             free runs
//! ```
//!
//! - `sizeclasses`: the sizes of small blocks. `mspan`: a run of pages with blocks; who may do what with it. `mcache`, `mcentral`, `mheap`: the three places where spans are. `os`: the kernel's part.
//! - This file: [`Heap`], which is all of them, and what malloc(3) and its family do with it.
//!
//! # Invariants
//!
//! - A cache is used by one thread at a time: the holder of its P, or of its lock.
//! - A span is in one place: a cache's current one, on its list, on an `MCentral`, on no list because all of its blocks are in use ([`MSpan::try_abandon`]), or free.
//! - Nothing here allocates, uses thread-local memory of libc's, or waits for somebody who may allocate.
//! - Locks: an `MCentral`'s before the heap's, and never two of one kind.

mod mcache;
mod mcentral;
mod mheap;
mod mspan;
mod os;
mod sizeclasses;

use core::ptr::NonNull;
use core::sync::atomic::AtomicBool;

pub use mcache::MCache;
use mcentral::MCentral;
use mheap::{ARENA, Arena, Arenas, MAX_LARGE, MHeap};
use mspan::{Key, MSpan, State};
use sizeclasses::{CLASSES, PAGE, class_for, class_of, size_of_class};

use crate::shim::{AtomicUsize, Lock, Ordering};

/// What nobody can allocate: glibc's limit.
const MOST: usize = isize::MAX as usize;
/// While nobody looks for surplus, whoever makes it more than this gives all of it back: a program without a second goroutine has no sysmon.
const UNWATCHED: usize = 16 << 20;

/// All memory of the program.
pub struct Heap {
    arenas: Arenas,
    pages: Lock<MHeap>,
    central: [Lock<MCentral>; CLASSES],
    key: AtomicUsize,
    is_watched: AtomicBool,
}

/// What is wrong with a pointer that is to be freed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misuse {
    /// It is no block's.
    InvalidPointer,
    /// The block is free already.
    DoubleFree,
}

/// Where a block is.
enum Place {
    Small(&'static MSpan),
    Large(&'static MSpan),
    Huge(&'static Arena),
}

impl Heap {
    /// Without memory.
    pub const fn new() -> Self {
        Self {
            arenas: Arenas::new(),
            pages: Lock::new(MHeap::new()),
            central: [const { Lock::new(MCentral::new()) }; CLASSES],
            key: AtomicUsize::new(0),
            is_watched: AtomicBool::new(false),
        }
    }

    #[inline]
    fn key(&self) -> Key {
        Key(self.key.load(Ordering::Relaxed))
    }

    /// A block of at least so many bytes, at a multiple of 16. None: there is no memory.
    #[inline]
    pub fn alloc(&self, cache: &MCache, size: usize) -> Option<NonNull<u8>> {
        if size <= sizeclasses::MAX_SMALL {
            return cache.alloc(self, class_of(size));
        }
        self.alloc_pages(size, 1).map(|(block, _)| block)
    }

    /// The same, all zero.
    pub fn alloc_zeroed(&self, cache: &MCache, size: usize) -> Option<NonNull<u8>> {
        let (block, is_zero) = if size <= sizeclasses::MAX_SMALL {
            (cache.alloc(self, class_of(size))?, false)
        } else {
            self.alloc_pages(size, 1)?
        };
        if !is_zero {
            // SAFETY: a block of at least so many bytes that nobody else has.
            unsafe { block.write_bytes(0, size) };
        }
        Some(block)
    }

    /// The same at a multiple of `align`, a power of two.
    pub fn alloc_aligned(&self, cache: &MCache, size: usize, align: usize) -> Option<NonNull<u8>> {
        match class_for(size, align) {
            Some(class) => cache.alloc(self, class),
            None => self.alloc_pages(size, align).map(|(block, _)| block),
        }
    }

    /// Whole pages. Says whether they are zero.
    #[cold]
    fn alloc_pages(&self, size: usize, align: usize) -> Option<(NonNull<u8>, bool)> {
        if size > MOST || align > MOST {
            return None;
        }
        self.choose_key();
        let mut pages = self.pages.lock();
        if size > MAX_LARGE || align > MAX_LARGE {
            let block = pages.alloc_huge(&self.arenas, size.max(1), align)?;
            return Some((block, true));
        }
        pages.alloc_large(
            &self.arenas,
            size.max(1).div_ceil(PAGE),
            align.div_ceil(PAGE),
        )
    }

    /// Frees a block.
    ///
    /// # Errors
    /// If the pointer is seen to be no block's that is in use.
    ///
    /// # Safety
    /// What is not seen is the caller's: a block in use, which nobody uses any more.
    #[inline]
    pub unsafe fn free(&self, cache: &MCache, block: NonNull<u8>) -> Result<(), Misuse> {
        let at = block.as_ptr() as usize;
        match self.place(at)? {
            // SAFETY: the caller vouches.
            Place::Small(span) => unsafe { cache.free(self, span, at) },
            Place::Large(span) => self.free_span(span),
            // SAFETY: the caller vouches.
            Place::Huge(arena) => unsafe { self.pages.lock().free_huge(&self.arenas, arena) },
        }
        Ok(())
    }

    /// Which block begins here.
    #[inline]
    fn place(&self, at: usize) -> Result<Place, Misuse> {
        let arena = self.arenas.of(at).ok_or(Misuse::InvalidPointer)?;
        if arena.huge() != 0 {
            return if at.is_multiple_of(ARENA) {
                Ok(Place::Huge(arena))
            } else {
                Err(Misuse::InvalidPointer)
            };
        }
        let span = arena.span_of(at);
        match span.state() {
            State::Small if span.is_block(at) => {
                // SAFETY: a block begins here.
                if unsafe { self.key().is_free(at) } {
                    return Err(Misuse::DoubleFree);
                }
                Ok(Place::Small(span))
            }
            State::Large if span.base() == at => Ok(Place::Large(span)),
            State::Free if span.base() == at => Err(Misuse::DoubleFree),
            _ => Err(Misuse::InvalidPointer),
        }
    }

    /// How many bytes a block has.
    ///
    /// # Errors
    /// If the pointer is no block's that is in use.
    pub fn usable_size(&self, block: NonNull<u8>) -> Result<usize, Misuse> {
        Ok(match self.place(block.as_ptr() as usize)? {
            Place::Small(span) | Place::Large(span) => span.size(),
            Place::Huge(arena) => arena.huge(),
        })
    }

    /// Gives a block another size, where it is if that can be. None: there is no memory, and the block is as it was.
    ///
    /// # Errors
    /// As [`free`](Self::free).
    ///
    /// # Safety
    /// As [`free`](Self::free), but for what is in the block, which is kept.
    pub unsafe fn realloc(
        &self,
        cache: &MCache,
        block: NonNull<u8>,
        size: usize,
    ) -> Result<Option<NonNull<u8>>, Misuse> {
        let place = self.place(block.as_ptr() as usize)?;
        let old = match place {
            Place::Small(span) => {
                let old = span.size();
                // A block that shrinks to less than half moves, unless there is no smaller one.
                if size <= old && (size > old / 2 || old == size_of_class(0)) {
                    return Ok(Some(block));
                }
                old
            }
            Place::Large(span) => {
                if self.resize(span, size) {
                    return Ok(Some(block));
                }
                span.size()
            }
            Place::Huge(arena) => {
                let old = arena.huge();
                if size <= old && size > old / 2 {
                    return Ok(Some(block));
                }
                old
            }
        };
        let Some(new) = self.alloc(cache, size) else {
            return Ok(None);
        };
        // SAFETY: both have so many bytes, and the new one is nobody else's; the old one is the caller's.
        unsafe {
            new.copy_from_nonoverlapping(block, old.min(size));
            self.free(cache, block)?;
        }
        Ok(Some(new))
    }

    /// Makes a large block longer or shorter where it is.
    fn resize(&self, span: &'static MSpan, size: usize) -> bool {
        if size <= sizeclasses::MAX_SMALL || size > MAX_LARGE {
            return false;
        }
        let (old, new) = (span.pages(), size.div_ceil(PAGE));
        let mut pages = self.pages.lock();
        if new < old {
            pages.shrink(&self.arenas, span, new);
        }
        new <= old || pages.grow(&self.arenas, span, new)
    }

    /// Before there is a block whose links it hides.
    fn choose_key(&self) {
        if self.key.load(Ordering::Relaxed) == 0 {
            let key = os::random() | 1;
            _ = self
                .key
                .compare_exchange(0, key, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    fn fresh_span(&self, class: usize, owner: u32) -> Option<&'static MSpan> {
        self.choose_key();
        self.pages.lock().alloc_small(&self.arenas, class, owner)
    }

    fn take_partial(&self, class: usize, owner: u32) -> Option<&'static MSpan> {
        let span = self.central[class].lock().take(owner)?;
        span.collect(self.key());
        Some(span)
    }

    fn leave_partial(&self, span: &'static MSpan) {
        self.central[span.class()].lock().put(span);
    }

    #[cold]
    fn free_span(&self, span: &'static MSpan) {
        self.pages.lock().free(&self.arenas, span);
        if !self.is_watched.load(Ordering::Relaxed) && self.surplus() > UNWATCHED {
            _ = self.scavenge(true);
        }
    }

    /// From now on somebody looks for surplus again and again.
    #[cfg(feature = "object")]
    pub fn is_watched(&self) {
        self.is_watched.store(true, Ordering::Relaxed);
    }

    /// Gives memory back to the system: of runs that have been free since the last time, or of all. Returns how many bytes.
    pub fn scavenge(&self, all: bool) -> usize {
        /// So much under one lock.
        const AT_ONCE: usize = 4 << 20;
        for central in &self.central {
            let mut empty = central.lock().take_empty(self.key());
            while let Some(span) = empty {
                empty = span.next();
                self.free_span(span);
            }
        }
        let mut given = 0;
        loop {
            let more = self.pages.lock().scavenge(&self.arenas, all, AT_ONCE);
            given += more;
            if more < AT_ONCE {
                break;
            }
        }
        self.pages.lock().mark_old();
        given
    }

    /// Takes all locks, so that the child of a fork finds whole what they protect.
    #[cfg(feature = "object")]
    pub fn keep(&self) {
        for central in &self.central {
            core::mem::forget(central.lock());
        }
        core::mem::forget(self.pages.lock());
    }

    /// Lets go of them.
    ///
    /// # Safety
    /// The caller has them by [`keep`](Self::keep).
    #[cfg(feature = "object")]
    pub unsafe fn let_go(&self) {
        // SAFETY: the caller vouches.
        unsafe {
            self.pages.unlock();
            self.central.iter().for_each(|central| central.unlock());
        }
    }

    /// Bytes of free pages that have memory, less what is kept for the next ones who ask.
    pub fn surplus(&self) -> usize {
        const KEPT: usize = 1 << 20;
        let (idle, in_use) = self.arenas.counts();
        idle.saturating_sub(KEPT.max(in_use / 16))
    }

    /// Bytes of address space, and those of pages in use.
    pub fn sizes(&self) -> (usize, usize) {
        (self.pages.lock().reserved, self.arenas.counts().1)
    }
}

#[cfg(feature = "object")]
mod ranks {
    use super::{MCache, MCentral, MHeap};
    use crate::lockrank::{Rank, Ranked};

    impl Ranked for MCache {
        const RANK: Rank = Rank::Cache;
    }

    impl Ranked for MCentral {
        const RANK: Rank = Rank::Central;
    }

    impl Ranked for MHeap {
        const RANK: Rank = Rank::Heap;
    }
}

#[cfg(all(test, not(loom), not(feature = "object")))]
mod tests;
