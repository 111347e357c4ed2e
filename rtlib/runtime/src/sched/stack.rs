//! Where goroutines live: stacks reserved from large arenas, one size class each, committed page by page when touched, with a guard page below.
//!
//! ```text
//!   slot:  | guard page | ............ frames grow down | TLS block |     size = 2^class
//! ```
//!
//! Guards are `MADV_GUARD_INSTALL` pages (Linux 6.13), which do not split the mapping. On older kernels, or with `GODEBUG=guardinstall=0`, they are
//! `mprotect`ed: then `vm.max_map_count` (65530 by default) limits the number of stacks to about 32,700, and running out says so.
//!
//! A stack is never unmapped and never parts from its G, so there is no free list here: dead Gs keep theirs (`gfree`).

use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rtlib_abi::layout::STACK_CLASSES;

use crate::link::Link;
use crate::lock::Lock;
use crate::lockrank::{Rank, Ranked};
use crate::os::linux::{Errno, mem};

const MIN_CLASS: usize = *STACK_CLASSES.start();
const MAX_CLASS: usize = *STACK_CLASSES.end();
/// Number of size classes.
pub const CLASSES: usize = MAX_CLASS - MIN_CLASS + 1;
/// Default size of a goroutine's stack, guard and TLS block included.
pub const DEFAULT_SIZE: usize = 256 << 10;
/// Address space that an arena takes at a time, or four slots when they are larger; less where so much is not to be had (`ulimit -v`).
const ARENA: usize = 16 << 30;
/// Core files get an arena's slots in steps of so many bytes, or of one slot.
const DUMP_STEP: usize = 16 << 20;
/// Slots are this much further apart than they are large. If they were a power of two apart, the pages in use, one a stack, would compete for a few sets of the TLB: 2,000 goroutines
/// that run in turns missed it at every switch.
const STAGGER: usize = mem::PAGE;
/// What [`Errno`] is when the number of mappings is exhausted.
const ENOMEM: Errno = Errno(12);

static DEFAULT: AtomicUsize = AtomicUsize::new(DEFAULT_SIZE);
static GUARD_INSTALL: AtomicBool = AtomicBool::new(true);

/// A class: which arena, log2 of the slot's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Class(u8);

impl Class {
    /// The class for a wanted size in bytes; 0 = the program's default. Larger than the largest is the largest.
    pub fn for_size(size: usize) -> Self {
        let size = if size == 0 {
            DEFAULT.load(Ordering::Relaxed)
        } else {
            size
        };
        let log2 = size
            .min(1 << MAX_CLASS)
            .next_power_of_two()
            .trailing_zeros() as usize;
        Self((log2.clamp(MIN_CLASS, MAX_CLASS) - MIN_CLASS) as u8)
    }

    /// Position in tables of [`CLASSES`] entries.
    pub fn index(self) -> usize {
        self.0 as usize
    }

    /// The class at a position.
    pub fn from_index(index: u8) -> Self {
        debug_assert!((index as usize) < CLASSES);
        Self(index)
    }

    /// Bytes of a slot.
    pub fn size(self) -> usize {
        1 << (self.0 as usize + MIN_CLASS)
    }
}

/// At the start of an arena's mapping.
struct ArenaHead {
    next: Link<ArenaHead>,
    end: AtomicUsize,
}

/// All mappings for stacks, whether they are used up or not.
static MAPPINGS: Link<ArenaHead> = Link::none();

/// Where stacks are: start and end of each mapping.
pub fn arenas() -> impl Iterator<Item = (usize, usize)> {
    let heads = core::iter::successors(MAPPINGS.get_acquire(), |head| head.next.get());
    heads.map(|head| {
        let start = core::ptr::from_ref(head) as usize;
        (start, head.end.load(Ordering::Relaxed))
    })
}

/// Lists a new mapping. Under the lock of one class.
fn list(head: &'static ArenaHead, end: usize) {
    static LISTING: AtomicBool = AtomicBool::new(false);
    head.end.store(end, Ordering::Relaxed);
    while LISTING.swap(true, Ordering::Acquire) {
        core::hint::spin_loop();
    }
    head.next.set(MAPPINGS.get());
    MAPPINGS.set_release(Some(head));
    LISTING.store(false, Ordering::Release);
}

/// Sets the default size; rounded up to a class. In the boot.
pub fn set_default(size: usize) {
    DEFAULT.store(Class::for_size(size).size(), Ordering::Relaxed);
}

/// Forbids lightweight guard pages (`GODEBUG=guardinstall=0`). In the boot.
pub fn forbid_guard_install() {
    GUARD_INSTALL.store(false, Ordering::Relaxed);
}

/// A slot. The guard page is at `lo`.
#[derive(Clone, Copy, Debug)]
pub struct Slot {
    /// First byte.
    pub lo: usize,
    /// Behind the last byte.
    pub end: usize,
}

struct Arena {
    at: usize,
    end: usize,
    /// Slots below have their guards already.
    guarded: usize,
    /// What lies below belongs into core files.
    dumped: usize,
    /// How many slots get theirs at a time: more and more, so that a program with few goroutines does not pay for many.
    ahead: usize,
}

impl Ranked for Arena {
    const RANK: Rank = Rank::Arena;
}

static ARENAS: [Lock<Arena>; CLASSES] = [const {
    Lock::new(Arena {
        at: 0,
        end: 0,
        guarded: 0,
        dumped: 0,
        ahead: 1,
    })
}; CLASSES];

/// A new slot of zero memory with its guard page. Throws when there is no memory.
pub fn alloc(class: Class) -> Slot {
    let (size, stride) = (class.size(), class.size() + STAGGER);
    let mut arena = ARENAS[class.index()].lock();
    if arena.end - arena.at < stride {
        let (at, len) = reserve(size, stride);
        mem::no_huge_pages(at, len);
        mem::in_core_files(at, len, false);
        (arena.at, arena.end) = (at, at + len);
        (arena.guarded, arena.dumped) = (at, at);
    }
    let lo = arena.at;
    if lo + stride > arena.dumped {
        let len = stride.max(DUMP_STEP).min(arena.end - arena.dumped);
        mem::in_core_files(arena.dumped, len, true);
        arena.dumped += len;
    }
    if lo == arena.guarded {
        guard_ahead(&mut arena, stride);
    }
    arena.at += stride;
    Slot { lo, end: lo + size }
}

/// Address space for an arena of such slots: where the first is, and how many bytes there are for all.
fn reserve(size: usize, stride: usize) -> (usize, usize) {
    let mut len = ARENA.max(stride * 4);
    loop {
        let whole = mem::PAGE + len + size;
        if let Ok(fresh) = mem::reserve(whole) {
            let start = fresh.as_ptr() as usize;
            // SAFETY: a new mapping, never given back; zero bytes are a head.
            list(unsafe { &*(start as *const ArenaHead) }, start + whole);
            let at = (start + mem::PAGE).next_multiple_of(size.min(2 << 20));
            return (at, len);
        }
        if len == stride {
            crate::fatal::throw(b"runtime: cannot reserve address space for goroutine stacks");
        }
        len = (len / 4).max(stride);
    }
}

/// Guards the next slots: several with one system call where the kernel can do that.
fn guard_ahead(arena: &mut Arena, stride: usize) {
    let count = arena.ahead.min((arena.end - arena.at) / stride);
    let several = count > 1 && GUARD_INSTALL.load(Ordering::Relaxed);
    let done = match several.then(|| mem::guards_install(arena.at, stride, count)) {
        Some(Ok(done)) if done != 0 => {
            arena.ahead = (count * 2).min(mem::MAX_GUARDS);
            done
        }
        tried => {
            guard(arena.at);
            // When it failed for several there is no use in trying again.
            arena.ahead = if tried.is_none() { 2 } else { 1 };
            1
        }
    };
    arena.guarded = arena.at + done * stride;
}

fn guard(page: usize) {
    if GUARD_INSTALL.load(Ordering::Relaxed) {
        match mem::guard_install(page) {
            Ok(()) => return,
            Err(ENOMEM) => {
                crate::fatal::throw(b"runtime: cannot allocate memory for a stack guard")
            }
            Err(_) => GUARD_INSTALL.store(false, Ordering::Relaxed), // an older kernel
        }
    }
    if mem::guard_protect(page).is_err() {
        crate::fatal::throw(
            b"runtime: cannot protect a stack guard page: too many goroutines for vm.max_map_count \
              (Linux 6.13 and later have no such limit; else raise it with sysctl)",
        );
    }
}
