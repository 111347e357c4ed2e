//! Where events wait to be written: chunks of memory, one in use by each M, full ones on a list.

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering};

use super::event::Event;
use crate::lock::Lock;
use crate::lockrank::{Rank, Ranked};
use crate::os::linux::mem;

/// Bytes of a chunk.
const CHUNK: usize = 64 << 10;
/// Chunks that may exist: 128 MiB.
pub const MAX_CHUNKS: usize = 2048;
const EVENTS: usize = (CHUNK - 64) / size_of::<Event>();

/// A chunk. Never freed, but used again.
pub struct Chunk {
    /// Next on the list it is on. Under the lock.
    next: UnsafeCell<*mut Chunk>,
    /// How many events are complete. Written by the M that has the chunk.
    len: AtomicUsize,
    /// How many of them have been taken. Written by the reader, of which there is one at a time.
    taken: AtomicUsize,
    events: [UnsafeCell<MaybeUninit<Event>>; EVENTS],
}

const _: () = assert!(size_of::<Chunk>() <= CHUNK);

impl Chunk {
    /// The events that are complete and have not been taken before. For one reader at a time.
    pub fn take(&self) -> &[Event] {
        let len = self.len.load(Ordering::Acquire);
        // SAFETY: so many are written, and are written again only after the chunk has been emptied, by whoever reads it.
        let events: &[Event] =
            unsafe { core::slice::from_raw_parts(self.events.as_ptr().cast(), len) };
        let taken = self.taken.load(Ordering::Relaxed).min(len);
        self.taken.store(len, Ordering::Relaxed);
        &events[taken..]
    }

    /// Empties it. Nobody else has it.
    fn clear(&self) {
        self.len.store(0, Ordering::Relaxed);
        self.taken.store(0, Ordering::Relaxed);
    }

    /// Adds an event; false when it is full.
    ///
    /// # Safety
    /// Only one thread adds.
    unsafe fn push(&self, event: Event) -> bool {
        let len = self.len.load(Ordering::Relaxed);
        let Some(place) = self.events.get(len) else {
            return false;
        };
        // SAFETY: readers stay below `len`; the caller is the only writer.
        unsafe { (*place.get()).write(event) };
        self.len.store(len + 1, Ordering::Release);
        true
    }
}

struct Chunks {
    full: *mut Chunk,
    free: *mut Chunk,
    made: usize,
}

// SAFETY: the lists are only followed under the lock.
unsafe impl Send for Chunks {}

impl Ranked for Chunks {
    const RANK: Rank = Rank::TraceChunks;
}

impl Ranked for AtomicPtr<Chunk> {
    const RANK: Rank = Rank::TraceOutside;
}

static CHUNKS: Lock<Chunks> = Lock::new(Chunks {
    full: ptr::null_mut(),
    free: ptr::null_mut(),
    made: 0,
});
static LOST: AtomicU64 = AtomicU64::new(0);
/// The chunk of threads that are no Ms.
static OUTSIDE: Lock<AtomicPtr<Chunk>> = Lock::new(AtomicPtr::new(ptr::null_mut()));

/// Events that found no room.
pub fn lost() -> u64 {
    LOST.load(Ordering::Relaxed)
}

/// Adds an event to the caller's own chunk.
pub fn push(own: &AtomicPtr<Chunk>, event: Event) {
    let mut chunk = own.load(Ordering::Relaxed);
    // SAFETY: chunks are never freed; this one is the caller's.
    while chunk.is_null() || !unsafe { (*chunk).push(event) } {
        let Some(fresh) = exchange(chunk) else {
            LOST.fetch_add(1, Ordering::Relaxed);
            return;
        };
        chunk = fresh;
        own.store(chunk, Ordering::Release);
    }
}

/// Adds an event of a thread that is no M.
pub fn push_from_outside(event: Event) {
    push(&OUTSIDE.lock(), event);
}

/// The chunk of threads that are no Ms, for the end; not if its lock is not to be had within so many ns.
pub fn with_outside(patience: u64, f: impl FnOnce(&Chunk)) {
    let Some(outside) = OUTSIDE.lock_within(patience) else {
        return;
    };
    // SAFETY: null or a chunk, which is never freed.
    if let Some(chunk) = unsafe { outside.load(Ordering::Relaxed).as_ref() } {
        f(chunk);
    }
}

/// All full chunks, for the end; none if their lock is not to be had within so many ns.
pub fn with_full(patience: u64, mut f: impl FnMut(&Chunk)) {
    let Some(mut chunks) = CHUNKS.lock_within(patience) else {
        return;
    };
    let mut at = core::mem::replace(&mut chunks.full, ptr::null_mut());
    drop(chunks);
    // SAFETY: what was on the list is ours now.
    while let Some(chunk) = unsafe { at.as_ref() } {
        f(chunk);
        // SAFETY: as above.
        at = unsafe { *chunk.next.get() };
    }
}

/// Puts a full chunk (or none) on the list and gives an empty one; None, and the full one stays with the caller, when there may be no more.
fn exchange(full: *mut Chunk) -> Option<*mut Chunk> {
    let mut chunks = CHUNKS.lock();
    let fresh = match chunks.free {
        free if !free.is_null() => {
            // SAFETY: on the free list, so nobody else's.
            chunks.free = unsafe { *(*free).next.get() };
            free
        }
        _ if chunks.made < MAX_CHUNKS => {
            chunks.made += 1;
            mem::reserve(CHUNK).ok()?.as_ptr().cast()
        }
        _ => return None,
    };
    if !full.is_null() {
        // SAFETY: the caller's, who gives it up.
        unsafe { *(*full).next.get() = chunks.full };
        chunks.full = full;
    }
    Some(fresh)
}

/// Hands all full chunks to `f` and empties them.
pub fn drain(mut f: impl FnMut(&Chunk)) {
    let mut at = core::mem::replace(&mut CHUNKS.lock().full, ptr::null_mut());
    // SAFETY: what was on the list is ours now.
    while let Some(chunk) = unsafe { at.as_ref() } {
        f(chunk);
        chunk.clear();
        let mut chunks = CHUNKS.lock();
        // SAFETY: as above.
        let next = unsafe { core::mem::replace(&mut *chunk.next.get(), chunks.free) };
        chunks.free = at;
        at = next;
    }
}
