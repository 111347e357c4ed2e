//! `MSpan`: a run of pages, free, with blocks of one size, or one large block (Go: `mspan`).
//!
//! # Who may do what
//!
//! A span with small blocks has an owner, a cache, or none. What is marked "owner" is read and written by the owner only: the holder of the cache, so by one thread at a time. Whoever else frees a
//! block puts it on [`remote`](MSpan::remote), a list that grows by compare-and-swap and is taken whole, so no address can come back while somebody compares it.
//!
//! ```text
//!                    alloc, free            free by others
//!  owner's `free` <---------------- block ----------------> `remote`
//!        ^                                                      |
//!        +-------------------- collect (owner) ----------------+
//! ```
//!
//! A span without a free block needs no owner: [`try_abandon`](MSpan::try_abandon) marks `remote` with [`FULL`], and whoever frees the first block takes that mark and the span with it. So blocks that one
//! processor makes and another one frees bring their spans along, and the first one gets no lock in its way.
//!
//! # Blocks that are free
//!
//! Their first word links to the next, under a key that differs from start to start; their second says that they are free, so that a block which is freed twice is noticed.

use core::ptr::NonNull;

use super::sizeclasses::{PAGE, pages_of_class, size_of_class};
use crate::shim::{AtomicU32, AtomicUsize, Ordering};

/// In `remote`: all blocks are in use, and nobody owns the span. No address: those of blocks are even.
const FULL: usize = 1;

/// In `owner`: none.
pub const NOBODY: u32 = 0;

/// What a span is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum State {
    /// Not the first page of anything.
    Inside = 0,
    /// Pages that nobody uses.
    Free = 1,
    /// Small blocks.
    Small = 2,
    /// One large block.
    Large = 3,
}

/// See the module's head. Made from zero bytes: part of something else.
#[repr(C, align(128))]
pub struct MSpan {
    /// Owner: the first free block, 0 for none.
    free: AtomicUsize,
    /// Owner: from here on no block has ever been in use.
    fresh: AtomicUsize,
    /// The end of the last block.
    end: AtomicUsize,
    /// Owner: blocks that are in use, and those on `remote`.
    used: AtomicU32,
    /// Which cache owns it, by its number; [`NOBODY`].
    owner: AtomicU32,
    /// Where it begins.
    base: AtomicUsize,
    /// Bytes of a block.
    size: AtomicUsize,
    /// For a division by `size`.
    magic: AtomicUsize,
    class: AtomicU32,
    state: AtomicU32,
    /// Blocks that others than the owner have freed; [`FULL`].
    remote: AtomicUsize,
    /// Neighbours on a list: of a cache or a `mcentral`, or of free runs.
    pub next: AtomicUsize,
    /// See `next`.
    prev: AtomicUsize,
    pages: AtomicU32,
    flags: AtomicU32,
}

const _: () = assert!(size_of::<MSpan>() == 128);

/// The memory of its pages is zero.
pub const ZERO: u32 = 1;
/// Its pages have been given back to the system.
pub const GIVEN_BACK: u32 = 2;
/// It was free already when somebody looked last who gives memory back.
pub const OLD: u32 = 4;

/// The key of the program's lists.
#[derive(Clone, Copy)]
pub struct Key(pub usize);

impl Key {
    fn link(self, at: usize, next: usize) -> usize {
        next ^ self.0 ^ (at >> 12)
    }

    fn mark(self, at: usize) -> usize {
        at ^ self.0.rotate_left(32)
    }

    /// Whether a block says that it is free.
    ///
    /// # Safety
    /// `at` is a block of a span.
    #[inline]
    pub unsafe fn is_free(self, at: usize) -> bool {
        // SAFETY: a block has two words at least.
        unsafe { (at as *const usize).add(1).read() == self.mark(at) }
    }

    /// The block after this one.
    ///
    /// # Safety
    /// `at` is a free block.
    #[inline]
    unsafe fn next(self, at: usize) -> usize {
        // SAFETY: the caller vouches.
        self.link(at, unsafe { (at as *const usize).read() })
    }

    /// # Safety
    /// `at` is a block that nobody uses.
    #[inline]
    unsafe fn set_next(self, at: usize, next: usize) {
        // SAFETY: the caller vouches.
        unsafe {
            (at as *mut usize).write(self.link(at, next));
            (at as *mut usize).add(1).write(self.mark(at));
        }
    }
}

/// What a free by somebody else has led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freed {
    /// The block waits for the owner.
    Waits,
    /// The span was full and is the caller's now.
    Adopted,
}

impl MSpan {
    /// What it is.
    pub fn state(&self) -> State {
        match self.state.load(Ordering::Relaxed) {
            1 => State::Free,
            2 => State::Small,
            3 => State::Large,
            _ => State::Inside,
        }
    }

    /// Where it begins.
    #[inline]
    pub fn base(&self) -> usize {
        self.base.load(Ordering::Relaxed)
    }

    /// How many pages it has.
    pub fn pages(&self) -> usize {
        self.pages.load(Ordering::Relaxed) as usize
    }

    /// Bytes of a block.
    #[inline]
    pub fn size(&self) -> usize {
        self.size.load(Ordering::Relaxed)
    }

    /// The class of its blocks.
    #[inline]
    pub fn class(&self) -> usize {
        self.class.load(Ordering::Relaxed) as usize
    }

    /// Who owns it.
    #[inline]
    pub fn owner(&self) -> u32 {
        self.owner.load(Ordering::Relaxed)
    }

    /// Makes a cache the owner, or [`NOBODY`]. For the owner, and for who takes it from a list under that list's lock.
    pub fn set_owner(&self, owner: u32) {
        self.owner.store(owner, Ordering::Relaxed);
    }

    /// Whether it has all of these flags.
    pub fn has(&self, flags: u32) -> bool {
        self.flags.load(Ordering::Relaxed) & flags == flags
    }

    /// Sets its flags. Under the heap's lock.
    pub fn set_flags(&self, flags: u32) {
        self.flags.store(flags, Ordering::Relaxed);
    }

    /// Its flags.
    pub fn flags(&self) -> u32 {
        self.flags.load(Ordering::Relaxed)
    }

    /// Makes it a run of free pages, or part of something else. Under the heap's lock.
    pub fn set_free(&self, base: usize, pages: usize, flags: u32) {
        self.base.store(base, Ordering::Relaxed);
        self.pages.store(pages as u32, Ordering::Relaxed);
        self.flags.store(flags, Ordering::Relaxed);
        self.state.store(State::Free as u32, Ordering::Relaxed);
    }

    /// It begins nothing any more. Under the heap's lock.
    pub fn set_inside(&self) {
        self.state.store(State::Inside as u32, Ordering::Relaxed);
    }

    /// Makes it one large block. Its pages are the caller's.
    pub fn set_large(&self, base: usize, pages: usize) {
        self.base.store(base, Ordering::Relaxed);
        self.pages.store(pages as u32, Ordering::Relaxed);
        self.size.store(pages * PAGE, Ordering::Relaxed);
        self.state.store(State::Large as u32, Ordering::Relaxed);
    }

    /// Makes it a span of small blocks, all free. Its pages are the caller's, who owns it then.
    pub fn set_small(&self, base: usize, class: usize, owner: u32) {
        let size = size_of_class(class);
        let pages = pages_of_class(class);
        let blocks = pages * PAGE / size;
        self.base.store(base, Ordering::Relaxed);
        self.pages.store(pages as u32, Ordering::Relaxed);
        self.size.store(size, Ordering::Relaxed);
        self.magic
            .store((1_usize << MAGIC_BITS).div_ceil(size), Ordering::Relaxed);
        self.class.store(class as u32, Ordering::Relaxed);
        self.free.store(0, Ordering::Relaxed);
        self.fresh.store(base, Ordering::Relaxed);
        self.end.store(base + blocks * size, Ordering::Relaxed);
        self.used.store(0, Ordering::Relaxed);
        self.remote.store(0, Ordering::Relaxed);
        self.set_owner(owner);
        self.state.store(State::Small as u32, Ordering::Relaxed);
    }

    /// Whether a block of it begins here. `at` is in the span.
    #[inline]
    pub fn is_block(&self, at: usize) -> bool {
        let offset = at - self.base();
        let n = (offset * self.magic.load(Ordering::Relaxed)) >> MAGIC_BITS;
        n * self.size() == offset && at < self.fresh_end()
    }

    fn fresh_end(&self) -> usize {
        self.end.load(Ordering::Relaxed)
    }

    /// Takes a block. Owner.
    #[inline]
    pub fn alloc(&self, key: Key) -> Option<NonNull<u8>> {
        let at = self.free.load(Ordering::Relaxed);
        if at == 0 {
            return self.alloc_fresh();
        }
        // SAFETY: a free block of this span.
        self.free.store(unsafe { key.next(at) }, Ordering::Relaxed);
        // SAFETY: as above; it is not free any more.
        unsafe { (at as *mut usize).add(1).write(0) };
        self.count(1);
        NonNull::new(at as *mut u8)
    }

    #[inline]
    fn alloc_fresh(&self) -> Option<NonNull<u8>> {
        let at = self.fresh.load(Ordering::Relaxed);
        if at >= self.end.load(Ordering::Relaxed) {
            return None;
        }
        self.fresh.store(at + self.size(), Ordering::Relaxed);
        // SAFETY: a block of this span. What was here before may have said that it is free.
        unsafe { (at as *mut usize).add(1).write(0) };
        self.count(1);
        NonNull::new(at as *mut u8)
    }

    #[inline]
    fn count(&self, by: i32) -> u32 {
        let used = self.used.load(Ordering::Relaxed).wrapping_add_signed(by);
        self.used.store(used, Ordering::Relaxed);
        used
    }

    /// Whether no block is in use, as far as the owner knows. Owner.
    pub fn is_empty(&self) -> bool {
        self.used.load(Ordering::Relaxed) == 0
    }

    /// Whether a block can be had without a look at `remote`. Owner.
    pub fn has_room(&self) -> bool {
        self.free.load(Ordering::Relaxed) != 0
            || self.fresh.load(Ordering::Relaxed) < self.end.load(Ordering::Relaxed)
    }

    /// Frees a block. Says whether none is in use any more. Owner.
    ///
    /// # Safety
    /// A block of this span that nobody uses.
    #[inline]
    pub unsafe fn free(&self, at: usize, key: Key) -> bool {
        // SAFETY: the caller vouches.
        unsafe { key.set_next(at, self.free.load(Ordering::Relaxed)) };
        self.free.store(at, Ordering::Relaxed);
        self.count(-1) == 0
    }

    /// Frees a block of a span that is not the caller's.
    ///
    /// # Safety
    /// As [`free`](Self::free).
    pub unsafe fn free_remote(&self, at: usize, key: Key) -> Freed {
        let mut head = self.remote.load(Ordering::Relaxed);
        loop {
            let next = if head == FULL { 0 } else { head };
            // SAFETY: the caller vouches.
            unsafe { key.set_next(at, next) };
            // The owner reads what is on the list; who adopts the span reads what its last owner wrote.
            match self
                .remote
                .compare_exchange_weak(head, at, Ordering::AcqRel, Ordering::Relaxed)
            {
                Ok(FULL) => return Freed::Adopted,
                Ok(_) => return Freed::Waits,
                Err(now) => head = now,
            }
        }
    }

    /// Takes back what others have freed. Owner.
    pub fn collect(&self, key: Key) {
        if self.remote.load(Ordering::Relaxed) == 0 {
            return;
        }
        let mut at = self.remote.swap(0, Ordering::Acquire);
        debug_assert!(at != FULL, "an owned span is not marked");
        while at != 0 {
            // SAFETY: a block on the list is free, and the list is ours now.
            unsafe {
                let next = key.next(at);
                self.free(at, key);
                at = next;
            }
        }
    }

    /// Gives up a span without a free block. False if somebody has freed one meanwhile: then it is still the caller's. Owner.
    pub fn try_abandon(&self, owner: u32) -> bool {
        self.set_owner(NOBODY);
        let done = self
            .remote
            .compare_exchange(0, FULL, Ordering::Release, Ordering::Relaxed)
            .is_ok();
        if !done {
            self.set_owner(owner);
        }
        done
    }
}

/// The span at this address; none at 0. For what [`address`] gave.
#[inline]
pub fn span_at(at: usize) -> Option<&'static MSpan> {
    // SAFETY: lists hold addresses of spans only, which are never freed.
    unsafe { (at as *const MSpan).as_ref() }
}

/// Where a span is, for lists.
pub fn address(span: &'static MSpan) -> usize {
    core::ptr::from_ref(span) as usize
}

impl MSpan {
    /// Puts it before the first of a list, whose address is `first`; its own is that of the first then.
    pub fn push(&'static self, first: usize) -> usize {
        self.prev.store(0, Ordering::Relaxed);
        self.next.store(first, Ordering::Relaxed);
        if let Some(first) = span_at(first) {
            first.prev.store(address(self), Ordering::Relaxed);
        }
        address(self)
    }

    /// Takes it out of the list whose first is at `first`. Returns the address of the first one then.
    pub fn unlink(&self, first: usize) -> usize {
        let prev = self.prev.load(Ordering::Relaxed);
        let next = self.next.load(Ordering::Relaxed);
        if let Some(next) = span_at(next) {
            next.prev.store(prev, Ordering::Relaxed);
        }
        match span_at(prev) {
            None => next,
            Some(prev) => {
                prev.next.store(next, Ordering::Relaxed);
                first
            }
        }
    }

    /// The one after it.
    pub fn next(&self) -> Option<&'static MSpan> {
        span_at(self.next.load(Ordering::Relaxed))
    }
}

/// Offsets in a span have 18 bits, sizes 15: the error of the division stays below one.
const MAGIC_BITS: u32 = 40;
