//! Memory that is never freed, for Gs, Ms and Ps (Go: `persistentalloc`).

use crate::link::Link;
use crate::lock::Lock;
use crate::lockrank::{Rank, Ranked};
use crate::os::linux::Errno;
use crate::os::linux::mem::{PAGE, reserve};

struct Chunk {
    at: usize,
    end: usize,
}

impl Ranked for Chunk {
    const RANK: Rank = Rank::Memory;
}

static CHUNK: Lock<Chunk> = Lock::new(Chunk { at: 0, end: 0 });
const CHUNK_LEN: usize = 256 << 10;

/// In the child of a fork: somebody may have been about to take memory, who is not there. What is left of the chunk is lost.
///
/// # Safety
/// There is one thread.
pub unsafe fn forget() {
    // SAFETY: the caller vouches.
    unsafe { CHUNK.renew(Chunk { at: 0, end: 0 }) };
}

/// At the start of a chunk.
struct ChunkHead {
    next: Link<ChunkHead>,
}

static CHUNKS: Link<ChunkHead> = Link::none();

/// Where that memory is: start and end of each chunk.
pub fn chunks() -> impl Iterator<Item = (usize, usize)> {
    let heads = core::iter::successors(CHUNKS.get_acquire(), |head| head.next.get());
    heads.map(|head| {
        let start = core::ptr::from_ref(head) as usize;
        (start, start + CHUNK_LEN)
    })
}

/// Zeroed memory for a `T` that is never freed: Gs, Ms, Ps (Go: `persistentalloc`). Throws when there is none.
///
/// # Safety
/// All-zero bytes are a valid `T`.
pub unsafe fn alloc<T: Sync>() -> &'static T {
    // SAFETY: the caller vouches.
    match unsafe { try_alloc() } {
        Ok(fresh) => fresh,
        Err(_) => crate::fatal::throw(b"runtime: cannot allocate memory"),
    }
}

/// The same for those who can do without.
///
/// # Safety
/// As [`alloc`].
pub unsafe fn try_alloc<T: Sync>() -> Result<&'static T, Errno> {
    let (size, align) = (size_of::<T>(), align_of::<T>());
    let head = size_of::<ChunkHead>().next_multiple_of(align);
    assert!(head + size <= CHUNK_LEN && align <= PAGE);
    let mut chunk = CHUNK.lock();
    let mut at = chunk.at.next_multiple_of(align);
    if at + size > chunk.end {
        let fresh = reserve(CHUNK_LEN)?;
        let start = fresh.as_ptr() as usize;
        // SAFETY: a new mapping, never given back; zero bytes are a head.
        let chunk_head = unsafe { &*(start as *const ChunkHead) };
        chunk_head.next.set(CHUNKS.get());
        CHUNKS.set_release(Some(chunk_head));
        at = start + head;
        chunk.end = start + CHUNK_LEN;
    }
    chunk.at = at + size;
    // SAFETY: [at, at + size) is zeroed, aligned, ours and handed out once; the caller vouches for the zero bytes.
    Ok(unsafe { &*(at as *const T) })
}
