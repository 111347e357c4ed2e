//! `MHeap`: the pages of the program, and which span an address is in (Go: `mheap`, `heapArena`).
//!
//! Address space comes in arenas of [`ARENA`] bytes at multiples of that, each with an [`MSpan`] for every page, of which that of a run's first page counts. A table says for each such
//! multiple which arena is there, so any address can be looked up, foreign ones as well.
//!
//! Free runs are on lists by their length and are joined with their neighbours, all under one lock. They keep their memory until [`scavenge`](MHeap::scavenge) finds them for the second time.
//!
//! What is larger than an arena's half has a mapping of its own.

use core::ptr::{self, NonNull};

use super::mspan::{GIVEN_BACK, MSpan, OLD, State, ZERO, span_at};
use super::os;
use super::sizeclasses::{PAGE, pages_of_class};
use crate::shim::{AtomicPtr, AtomicU32, AtomicUsize, Ordering};

/// Bytes of an arena.
pub const ARENA: usize = 32 << 20;
const ARENA_SHIFT: u32 = ARENA.trailing_zeros();
/// Pages of an arena.
const PAGES: usize = ARENA / PAGE;
/// Addresses of a process have so many bits.
const ADDRESS_BITS: u32 = 47;
const TABLE: usize = 1 << (ADDRESS_BITS - ARENA_SHIFT);
/// The largest block in an arena.
pub const MAX_LARGE: usize = ARENA / 2;

/// Runs of up to so many pages have a list for each length.
const EXACT: usize = 64;
/// Longer ones share a list with those up to twice as long.
const LISTS: usize = EXACT + (PAGES / EXACT).ilog2() as usize + 1;

/// See the module's head.
#[repr(C)]
pub struct Arena {
    base: usize,
    /// 0 for an arena of pages; else the bytes of the one block that is here.
    huge: AtomicUsize,
    /// The first page of the span that a page is in.
    first: [AtomicU32; PAGES],
    spans: [MSpan; PAGES],
}

impl Arena {
    #[inline]
    fn page_of(&self, at: usize) -> usize {
        (at - self.base) / PAGE
    }

    /// The span that an address is in.
    #[inline]
    pub fn span_of(&self, at: usize) -> &'static MSpan {
        let first = self.first[self.page_of(at)].load(Ordering::Relaxed);
        self.span(first as usize)
    }

    #[inline]
    fn span(&self, page: usize) -> &'static MSpan {
        // SAFETY: arenas are never freed.
        unsafe { &*ptr::from_ref(&self.spans[page]) }
    }

    /// The bytes of the one block that is here; 0 for an arena of pages.
    #[inline]
    pub fn huge(&self) -> usize {
        self.huge.load(Ordering::Relaxed)
    }

    /// A span is in these pages.
    fn claim(&self, base: usize, pages: usize) {
        let first = self.page_of(base);
        for page in first..first + pages {
            self.first[page].store(first as u32, Ordering::Relaxed);
        }
    }
}

/// Which arena is where. For all addresses, so it is reserved, and backed where it is touched.
pub struct Arenas {
    table: AtomicPtr<AtomicPtr<Arena>>,
    /// Bytes of free pages that have memory. Written under the heap's lock.
    idle: AtomicUsize,
    /// Bytes of pages in use. Likewise.
    in_use: AtomicUsize,
}

impl Arenas {
    /// None.
    pub const fn new() -> Self {
        Self {
            table: AtomicPtr::new(ptr::null_mut()),
            idle: AtomicUsize::new(0),
            in_use: AtomicUsize::new(0),
        }
    }

    /// Bytes of free pages that have memory, and bytes of pages in use. Anybody, at a glance.
    pub fn counts(&self) -> (usize, usize) {
        (
            self.idle.load(Ordering::Relaxed),
            self.in_use.load(Ordering::Relaxed),
        )
    }

    fn add(count: &AtomicUsize, bytes: isize) {
        let now = count.load(Ordering::Relaxed);
        count.store(now.wrapping_add_signed(bytes), Ordering::Relaxed);
    }

    /// The arena at an address.
    #[inline]
    pub fn of(&self, at: usize) -> Option<&'static Arena> {
        let slot = self.slot(at)?;
        // SAFETY: null or an arena, which is never freed.
        unsafe { slot.load(Ordering::Acquire).as_ref() }
    }

    #[inline]
    fn slot(&self, at: usize) -> Option<&AtomicPtr<Arena>> {
        let table = self.table.load(Ordering::Acquire);
        let n = at >> ARENA_SHIFT;
        if table.is_null() || n >= TABLE {
            return None;
        }
        // SAFETY: the table has so many words.
        Some(unsafe { &*table.add(n) })
    }

    /// Makes the table. Under the heap's lock.
    fn prepare(&self) -> Option<()> {
        if self.table.load(Ordering::Relaxed).is_null() {
            let at = os::reserve(TABLE * size_of::<AtomicPtr<Arena>>())?;
            self.table.store(at as *mut _, Ordering::Release);
        }
        Some(())
    }
}

/// The pages. Behind the heap's lock.
pub struct MHeap {
    /// The first run of each list, 0 for none.
    lists: [usize; LISTS],
    /// Bytes of arenas and of huge blocks.
    pub reserved: usize,
}

/// The list for a run of so many pages.
fn list_for(pages: usize) -> usize {
    if pages <= EXACT {
        return pages - 1;
    }
    EXACT + (pages / EXACT).ilog2() as usize
}

impl MHeap {
    /// Without pages.
    pub const fn new() -> Self {
        Self {
            lists: [0; LISTS],
            reserved: 0,
        }
    }

    /// A span of small blocks, all free, for its owner.
    pub fn alloc_small(
        &mut self,
        arenas: &Arenas,
        class: usize,
        owner: u32,
    ) -> Option<&'static MSpan> {
        let pages = pages_of_class(class);
        let span = self.alloc_run(arenas, pages, 1)?;
        span.set_small(span.base(), class, owner);
        Some(span)
    }

    /// A large block of so many pages at a multiple of so many pages. Says whether it is zero.
    pub fn alloc_large(
        &mut self,
        arenas: &Arenas,
        pages: usize,
        align: usize,
    ) -> Option<(NonNull<u8>, bool)> {
        let span = self.alloc_run(arenas, pages, align)?;
        let is_zero = span.has(ZERO);
        span.set_large(span.base(), pages);
        Some((NonNull::new(span.base() as *mut u8)?, is_zero))
    }

    /// Gives the pages of a span back to the heap.
    pub fn free(&mut self, arenas: &Arenas, span: &'static MSpan) {
        let (base, pages) = (span.base(), span.pages());
        let Some(arena) = arenas.of(base) else { return };
        Arenas::add(&arenas.in_use, -((pages * PAGE) as isize));
        self.insert(arenas, arena, base, pages, 0);
    }

    /// Shortens a large block to so many pages.
    pub fn shrink(&mut self, arenas: &Arenas, span: &'static MSpan, pages: usize) {
        let (base, old) = (span.base(), span.pages());
        let Some(arena) = arenas.of(base) else { return };
        span.set_large(base, pages);
        Arenas::add(&arenas.in_use, -(((old - pages) * PAGE) as isize));
        self.insert(arenas, arena, base + pages * PAGE, old - pages, 0);
    }

    /// Makes a large block longer where it is. False if the pages behind it are in use.
    pub fn grow(&mut self, arenas: &Arenas, span: &'static MSpan, pages: usize) -> bool {
        let (base, old) = (span.base(), span.pages());
        let end = base + old * PAGE;
        let Some(arena) = arenas.of(base) else {
            return false;
        };
        let wanted = pages - old;
        if arena.page_of(base) + pages > PAGES {
            return false;
        }
        let behind = arena.span(arena.page_of(end));
        if behind.state() != State::Free || behind.pages() < wanted {
            return false;
        }
        let (rest, flags) = (behind.pages() - wanted, behind.flags());
        self.remove(arenas, behind);
        behind.set_inside();
        if rest != 0 {
            self.put(arenas, arena, end + wanted * PAGE, rest, flags);
        }
        arena.claim(base, pages);
        span.set_large(base, pages);
        Arenas::add(&arenas.in_use, (wanted * PAGE) as isize);
        true
    }

    /// So many pages at a multiple of `align` pages; what they are, the caller says.
    fn alloc_run(&mut self, arenas: &Arenas, pages: usize, align: usize) -> Option<&'static MSpan> {
        let whole = pages + align - 1;
        let run = match self.find(whole) {
            Some(run) => run,
            None => {
                self.new_arena(arenas)?;
                self.find(whole)?
            }
        };
        self.remove(arenas, run);
        let (start, len, flags) = (run.base(), run.pages(), run.flags());
        run.set_inside();
        let arena = arenas.of(start)?;
        let base = start.next_multiple_of(align * PAGE);
        let before = (base - start) / PAGE;
        if before != 0 {
            self.put(arenas, arena, start, before, flags);
        }
        let behind = len - before - pages;
        if behind != 0 {
            self.put(arenas, arena, base + pages * PAGE, behind, flags);
        }
        arena.claim(base, pages);
        let span = arena.span(arena.page_of(base));
        span.set_free(base, pages, flags);
        Arenas::add(&arenas.in_use, (pages * PAGE) as isize);
        Some(span)
    }

    /// A run of at least so many pages: of the shortest that there are, as far as lists tell.
    fn find(&self, pages: usize) -> Option<&'static MSpan> {
        let lists = self.lists[list_for(pages)..].iter();
        let mut runs = lists.flat_map(|&first| runs_from(first));
        runs.find(|run| run.pages() >= pages)
    }

    /// Puts a run on its list, joined with the free runs beside it.
    fn insert(
        &mut self,
        arenas: &Arenas,
        arena: &'static Arena,
        base: usize,
        pages: usize,
        flags: u32,
    ) {
        let (mut base, mut pages, mut flags) = (base, pages, flags);
        let first = arena.page_of(base);
        arena.span(first).set_inside();
        if first > 0 {
            let before = arena.span_of(base - PAGE);
            if before.state() == State::Free {
                self.remove(arenas, before);
                before.set_inside();
                flags &= before.flags();
                base = before.base();
                pages += before.pages();
            }
        }
        let end = base + pages * PAGE;
        if end < arena.base + ARENA {
            let behind = arena.span(arena.page_of(end));
            if behind.state() == State::Free {
                self.remove(arenas, behind);
                behind.set_inside();
                flags &= behind.flags();
                pages += behind.pages();
            }
        }
        self.put(arenas, arena, base, pages, flags);
    }

    /// Puts a run on its list.
    fn put(
        &mut self,
        arenas: &Arenas,
        arena: &'static Arena,
        base: usize,
        pages: usize,
        flags: u32,
    ) {
        let first = arena.page_of(base);
        let run = arena.span(first);
        run.set_free(base, pages, flags);
        Arenas::add(&arenas.idle, idle_bytes(run));
        // Who looks from behind sees the last page.
        arena.first[first + pages - 1].store(first as u32, Ordering::Relaxed);
        arena.first[first].store(first as u32, Ordering::Relaxed);
        let list = list_for(pages);
        self.lists[list] = run.push(self.lists[list]);
    }

    fn remove(&mut self, arenas: &Arenas, run: &'static MSpan) {
        Arenas::add(&arenas.idle, -idle_bytes(run));
        let list = list_for(run.pages());
        self.lists[list] = run.unlink(self.lists[list]);
    }

    /// Address space for more pages.
    fn new_arena(&mut self, arenas: &Arenas) -> Option<()> {
        arenas.prepare()?;
        let base = os::reserve_aligned(ARENA, ARENA)?;
        let Some(arena) = self.register(arenas, base) else {
            // SAFETY: just reserved.
            unsafe { os::release(base, ARENA) };
            return None;
        };
        self.reserved += ARENA;
        self.put(arenas, arena, base, PAGES, ZERO | GIVEN_BACK);
        Some(())
    }

    fn register(&mut self, arenas: &Arenas, base: usize) -> Option<&'static Arena> {
        let slot = arenas.slot(base)?;
        let old = slot.load(Ordering::Relaxed);
        // One that was there before is used again: arenas are never freed.
        let at = match NonNull::new(old) {
            Some(old) => old.as_ptr(),
            None => os::reserve(size_of::<Arena>())? as *mut Arena,
        };
        // SAFETY: zero bytes are an arena. Nobody else knows it, or nobody uses it: its block has been freed.
        let arena = unsafe {
            (*at).base = base;
            &*at
        };
        slot.store(at, Ordering::Release);
        Some(arena)
    }

    /// A block with a mapping of its own, at a multiple of so many bytes. It is zero.
    pub fn alloc_huge(
        &mut self,
        arenas: &Arenas,
        size: usize,
        align: usize,
    ) -> Option<NonNull<u8>> {
        arenas.prepare()?;
        let len = size.checked_next_multiple_of(PAGE)?;
        let base = os::reserve_aligned(len, align.max(ARENA))?;
        let Some(arena) = self.register(arenas, base) else {
            // SAFETY: just reserved.
            unsafe { os::release(base, len) };
            return None;
        };
        arena.huge.store(len, Ordering::Relaxed);
        self.reserved += len;
        Arenas::add(&arenas.in_use, len as isize);
        NonNull::new(base as *mut u8)
    }

    /// Gives a huge block back to the system.
    ///
    /// # Safety
    /// Nobody uses it.
    pub unsafe fn free_huge(&mut self, arenas: &Arenas, arena: &'static Arena) {
        let len = arena.huge.swap(0, Ordering::Relaxed);
        self.reserved -= len;
        Arenas::add(&arenas.in_use, -(len as isize));
        // SAFETY: the caller vouches.
        unsafe { os::release(arena.base, len) };
    }

    /// All runs that are free now are old from now on.
    pub fn mark_old(&mut self) {
        for run in self.runs() {
            run.set_flags(run.flags() | OLD);
        }
    }

    /// Gives the memory of old runs back, or of all, until it is so many bytes. Returns how many.
    pub fn scavenge(&mut self, arenas: &Arenas, all: bool, enough: usize) -> usize {
        let mut given = 0;
        for run in self.runs() {
            if given >= enough {
                break;
            }
            if run.has(GIVEN_BACK) || !(all || run.has(OLD)) {
                continue;
            }
            let len = run.pages() * PAGE;
            // SAFETY: nobody uses a free run, which is ours under the lock.
            if unsafe { os::give_back(run.base(), len) } {
                Arenas::add(&arenas.idle, -(len as isize));
                run.set_flags(GIVEN_BACK | ZERO);
                given += len;
            }
        }
        given
    }

    /// All free runs.
    fn runs(&self) -> impl Iterator<Item = &'static MSpan> {
        self.lists.iter().flat_map(|&first| runs_from(first))
    }
}

/// The runs of a list.
fn runs_from(first: usize) -> impl Iterator<Item = &'static MSpan> {
    core::iter::successors(span_at(first), |run| run.next())
}

/// Bytes of a free run's memory.
fn idle_bytes(run: &MSpan) -> isize {
    if run.has(GIVEN_BACK) {
        0
    } else {
        (run.pages() * PAGE) as isize
    }
}
