//! Counting allocations under `GODEBUG=inittrace=1`. The driver links programs that have init functions with `--wrap=malloc` and friends, so
//! these functions stand between the program and libc. When nothing is traced they cost a load and a branch.
//!
//! Counted is what the main goroutine allocates while an inittask runs: calls and requested bytes. Allocations inside libc itself (which does not
//! go through the wrapped symbols for its own file) and of a `#[global_allocator]` that does not use malloc are not seen.

use core::ffi::{c_int, c_void};
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::gmp;

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
    ".weak __wrap_posix_memalign",
    "__wrap_posix_memalign: jmp runtime.posix_memalign",
    ".weak __wrap_aligned_alloc",
    "__wrap_aligned_alloc: jmp runtime.aligned_alloc",
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
    // SAFETY: the caller's arguments.
    unsafe { __real_realloc(at, size) }
}

/// posix_memalign(3).
///
/// # Safety
/// As posix_memalign(3).
#[unsafe(export_name = "runtime.posix_memalign")]
unsafe extern "C" fn posix_memalign(out: *mut *mut c_void, align: usize, size: usize) -> c_int {
    count(size);
    // SAFETY: the caller's arguments.
    unsafe { __real_posix_memalign(out, align, size) }
}

/// aligned_alloc(3).
///
/// # Safety
/// As aligned_alloc(3).
#[unsafe(export_name = "runtime.aligned_alloc")]
unsafe extern "C" fn aligned_alloc(align: usize, size: usize) -> *mut c_void {
    count(size);
    // SAFETY: the caller's arguments.
    unsafe { __real_aligned_alloc(align, size) }
}
