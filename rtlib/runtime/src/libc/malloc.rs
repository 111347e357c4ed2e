//! malloc(3) and its family, as the driver leads a program's calls here by `--wrap`.
//!
//! - In programs whose memory is the runtime's ([`FLAG_MALLOC_RUNTIME`]): the allocator of [`crate::malloc`]. Goroutines use the cache of their P. Whoever has none, threads of C's and calls that block, uses one
//!   of a few caches with a lock.
//! - In the others: libc's. Programs that have init functions are led here nevertheless, to be counted under `GODEBUG=inittrace=1`. When nothing is traced that costs a load and a branch.
//!
//! Counted is what the main goroutine allocates while an inittask runs: calls and requested bytes. Allocations inside libc itself (which does not
//! go through the wrapped symbols for its own file) and of a `#[global_allocator]` that does not use malloc are not seen.
//!
//! Sources: malloc(3), posix_memalign(3), malloc_usable_size(3), malloc_trim(3). What is freed wrongly ends the program with the words of glibc.

use core::ffi::{c_int, c_void};
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rtlib_abi::layout::FLAG_MALLOC_RUNTIME;

use super::set_errno;
use crate::arch::current::tls;
use crate::gmp;
use crate::lock::Lock;
use crate::malloc::{Heap, MCache, Misuse};
use crate::moduledata::moduledata;
use crate::os::linux::mem::PAGE;
use crate::os::linux::sys::{EINVAL, ENOMEM};

static TRACING: AtomicBool = AtomicBool::new(false);
static ALLOCS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);

/// Starts or stops counting.
pub fn trace(on: bool) {
    TRACING.store(on, Ordering::Relaxed);
}

/// Allocations and bytes so far.
pub fn counted() -> (u64, u64) {
    (
        ALLOCS.load(Ordering::Relaxed),
        BYTES.load(Ordering::Relaxed),
    )
}

#[inline]
fn count(bytes: usize) {
    if TRACING.load(Ordering::Relaxed) {
        count_slow(bytes);
    }
}

#[cold]
fn count_slow(bytes: usize) {
    if gmp::getg().is_some_and(gmp::is_main) {
        ALLOCS.fetch_add(1, Ordering::Relaxed);
        BYTES.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

/// The program's memory.
static HEAP: Heap = Heap::new();

/// For whoever has no P.
static OUTSIDE: [Lock<MCache>; 16] = [const { Lock::new(MCache::new()) }; 16];

/// Whether the program's memory is the runtime's.
#[inline]
pub fn is_ours() -> bool {
    moduledata().flags & FLAG_MALLOC_RUNTIME != 0
}

/// Calls `f` with a cache that is nobody else's meanwhile.
#[inline]
fn with_cache<T>(f: impl FnOnce(&MCache) -> T) -> T {
    match gmp::getg().and_then(|gp| gp.m.get()?.p.get()) {
        Some(pp) => f(&pp.mcache),
        None => outside(f),
    }
}

/// Threads have different blocks, so they begin at different caches.
#[cold]
fn outside<T>(f: impl FnOnce(&MCache) -> T) -> T {
    let n = (tls::thread_pointer() >> 12) % OUTSIDE.len();
    let (before, after) = OUTSIDE.split_at(n);
    let free = after.iter().chain(before).find_map(Lock::try_lock);
    f(&free.unwrap_or_else(|| OUTSIDE[n].lock()))
}

/// A P's cache leaves its memory to all: the P retires, or is about to be forgotten.
pub fn flush(cache: &MCache) {
    if is_ours() {
        cache.flush(&HEAP, true);
    }
}

/// The same for the caller's P.
fn flush_own() {
    if let Some(pp) = gmp::getg().and_then(|gp| gp.m.get()?.p.get()) {
        pp.mcache.flush(&HEAP, true);
    }
}

/// Whether free pages have memory that could be given back. Whoever asks once goes on asking.
pub fn has_surplus() -> bool {
    HEAP.is_watched();
    is_ours() && HEAP.surplus() != 0
}

/// Gives free memory back to the system: what has been free since the last time, or all. Returns how many bytes.
pub fn scavenge(all: bool) -> usize {
    if !is_ours() {
        return 0;
    }
    if all {
        flush_own();
    }
    for cache in &OUTSIDE {
        if let Some(cache) = cache.try_lock() {
            cache.flush(&HEAP, all);
        }
    }
    HEAP.scavenge(all)
}

/// Before a fork: takes all locks, so that the child can allocate. What is in the caller's own cache goes to all, since caches are not kept: another thread may be using its own.
pub fn keep() {
    if !is_ours() {
        return;
    }
    flush_own();
    for cache in &OUTSIDE {
        core::mem::forget(cache.lock());
    }
    HEAP.keep();
}

/// After it, in the parent and in the child.
///
/// # Safety
/// After [`keep`].
pub unsafe fn let_go() {
    if !is_ours() {
        return;
    }
    // SAFETY: `keep` has taken them.
    unsafe {
        HEAP.let_go();
        OUTSIDE.iter().for_each(|cache| cache.unlock());
    }
}

fn out_of_memory() -> *mut c_void {
    set_errno(ENOMEM);
    ptr::null_mut()
}

fn pointer(block: Option<NonNull<u8>>) -> *mut c_void {
    match block {
        Some(block) => block.as_ptr().cast(),
        None => out_of_memory(),
    }
}

#[cold]
fn misused(function: &str, misuse: Misuse) -> ! {
    crate::fatal::throw(match (function, misuse) {
        ("realloc", Misuse::DoubleFree) => b"realloc(): use after free",
        ("realloc", _) => b"realloc(): invalid pointer",
        (_, Misuse::DoubleFree) => b"free(): double free detected",
        (_, Misuse::InvalidPointer) => b"free(): invalid pointer",
    })
}

// The real functions exist under these names only when the driver wraps them: weak, so that a program linked without has no undefined symbol. The wraps are weak, so that a program may
// have its own: then nothing is counted.
core::arch::global_asm!(
    ".weak __real_malloc",
    ".weak __real_calloc",
    ".weak __real_realloc",
    ".weak __real_posix_memalign",
    ".weak __real_aligned_alloc",
    ".pushsection .text.wrap_malloc,\"ax\",@progbits",
    ".weak __wrap_malloc",
    "__wrap_malloc: jmp runtime.malloc",
    ".weak __wrap_calloc",
    "__wrap_calloc: jmp runtime.calloc",
    ".weak __wrap_realloc",
    "__wrap_realloc: jmp runtime.realloc",
    ".weak __wrap_free",
    "__wrap_free: jmp runtime.free",
    ".weak __wrap_posix_memalign",
    "__wrap_posix_memalign: jmp runtime.posix_memalign",
    ".weak __wrap_aligned_alloc",
    "__wrap_aligned_alloc: jmp runtime.aligned_alloc",
    ".weak __wrap_memalign",
    "__wrap_memalign: jmp runtime.memalign",
    ".weak __wrap_valloc",
    "__wrap_valloc: jmp runtime.valloc",
    ".weak __wrap_pvalloc",
    "__wrap_pvalloc: jmp runtime.pvalloc",
    ".weak __wrap_malloc_usable_size",
    "__wrap_malloc_usable_size: jmp runtime.malloc_usable_size",
    ".weak __wrap_malloc_trim",
    "__wrap_malloc_trim: jmp runtime.malloc_trim",
    ".popsection"
);

unsafe extern "C" {
    fn __real_malloc(size: usize) -> *mut c_void;
    fn __real_calloc(n: usize, size: usize) -> *mut c_void;
    fn __real_realloc(at: *mut c_void, size: usize) -> *mut c_void;
    fn __real_posix_memalign(out: *mut *mut c_void, align: usize, size: usize) -> c_int;
    fn __real_aligned_alloc(align: usize, size: usize) -> *mut c_void;
}

/// malloc(3).
///
/// # Safety
/// As malloc(3).
#[unsafe(export_name = "runtime.malloc")]
unsafe extern "C" fn malloc(size: usize) -> *mut c_void {
    count(size);
    if is_ours() {
        return pointer(with_cache(|cache| HEAP.alloc(cache, size)));
    }
    // SAFETY: the caller's arguments.
    unsafe { __real_malloc(size) }
}

/// calloc(3).
///
/// # Safety
/// As calloc(3).
#[unsafe(export_name = "runtime.calloc")]
unsafe extern "C" fn calloc(n: usize, size: usize) -> *mut c_void {
    count(n.saturating_mul(size));
    if is_ours() {
        let Some(bytes) = n.checked_mul(size) else {
            return out_of_memory();
        };
        return pointer(with_cache(|cache| HEAP.alloc_zeroed(cache, bytes)));
    }
    // SAFETY: the caller's arguments.
    unsafe { __real_calloc(n, size) }
}

/// realloc(3).
///
/// # Safety
/// As realloc(3).
#[unsafe(export_name = "runtime.realloc")]
unsafe extern "C" fn realloc(at: *mut c_void, size: usize) -> *mut c_void {
    count(size);
    if !is_ours() {
        // SAFETY: the caller's arguments.
        return unsafe { __real_realloc(at, size) };
    }
    let Some(block) = NonNull::new(at.cast::<u8>()) else {
        return pointer(with_cache(|cache| HEAP.alloc(cache, size)));
    };
    if size == 0 {
        // glibc frees the block and says null.
        // SAFETY: the caller's block.
        unsafe { free(at) };
        return ptr::null_mut();
    }
    // SAFETY: the caller's block.
    match with_cache(|cache| unsafe { HEAP.realloc(cache, block, size) }) {
        Ok(block) => pointer(block),
        Err(misuse) => misused("realloc", misuse),
    }
}

/// free(3).
///
/// # Safety
/// As free(3).
#[unsafe(export_name = "runtime.free")]
unsafe extern "C" fn free(at: *mut c_void) {
    let Some(block) = NonNull::new(at.cast::<u8>()) else {
        return;
    };
    // SAFETY: the caller's block.
    if let Err(misuse) = with_cache(|cache| unsafe { HEAP.free(cache, block) }) {
        misused("free", misuse);
    }
}

fn aligned(size: usize, align: usize) -> Option<NonNull<u8>> {
    with_cache(|cache| HEAP.alloc_aligned(cache, size, align))
}

/// posix_memalign(3).
///
/// # Safety
/// As posix_memalign(3).
#[unsafe(export_name = "runtime.posix_memalign")]
unsafe extern "C" fn posix_memalign(out: *mut *mut c_void, align: usize, size: usize) -> c_int {
    count(size);
    if !is_ours() {
        // SAFETY: the caller's arguments.
        return unsafe { __real_posix_memalign(out, align, size) };
    }
    if !align.is_power_of_two() || !align.is_multiple_of(size_of::<usize>()) {
        return EINVAL as c_int;
    }
    let Some(block) = aligned(size, align) else {
        return ENOMEM as c_int;
    };
    // SAFETY: the caller's place for the result.
    unsafe { out.write(block.as_ptr().cast()) };
    0
}

/// aligned_alloc(3).
///
/// # Safety
/// As aligned_alloc(3).
#[unsafe(export_name = "runtime.aligned_alloc")]
unsafe extern "C" fn aligned_alloc(align: usize, size: usize) -> *mut c_void {
    count(size);
    if is_ours() {
        return memalign(align, size);
    }
    // SAFETY: the caller's arguments.
    unsafe { __real_aligned_alloc(align, size) }
}

/// memalign(3): what is no power of two becomes the next one, as with glibc.
#[unsafe(export_name = "runtime.memalign")]
extern "C" fn memalign(align: usize, size: usize) -> *mut c_void {
    match align.checked_next_power_of_two() {
        Some(align) => pointer(aligned(size, align)),
        None => out_of_memory(),
    }
}

/// valloc(3).
#[unsafe(export_name = "runtime.valloc")]
extern "C" fn valloc(size: usize) -> *mut c_void {
    pointer(aligned(size, PAGE))
}

/// pvalloc(3): whole pages.
#[unsafe(export_name = "runtime.pvalloc")]
extern "C" fn pvalloc(size: usize) -> *mut c_void {
    match size.max(1).checked_next_multiple_of(PAGE) {
        Some(size) => pointer(aligned(size, PAGE)),
        None => out_of_memory(),
    }
}

/// malloc_usable_size(3).
#[unsafe(export_name = "runtime.malloc_usable_size")]
extern "C" fn malloc_usable_size(at: *mut c_void) -> usize {
    let block = NonNull::new(at.cast::<u8>());
    block.map_or(0, |block| HEAP.usable_size(block).unwrap_or(0))
}

/// malloc_trim(3): whether memory was given back.
#[unsafe(export_name = "runtime.malloc_trim")]
extern "C" fn malloc_trim(_pad: usize) -> c_int {
    c_int::from(scavenge(true) != 0)
}
