//! Memory from the kernel: mappings, guard pages, and the runtime's own small allocations that are never freed.

use core::ffi::CStr;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicBool, Ordering};

use super::sys::{
    __NR_lseek, __NR_madvise, __NR_mincore, __NR_mmap, __NR_mprotect, __NR_munmap,
    __NR_process_madvise, __NR_process_vm_readv, EINVAL, MADV_DODUMP, MADV_DONTDUMP, MADV_DONTNEED,
    MADV_NOHUGEPAGE, MAP_ANONYMOUS, MAP_NORESERVE, MAP_PRIVATE, O_CLOEXEC, O_RDONLY, PROT_NONE,
    PROT_READ, PROT_WRITE, SEEK_END,
};

use super::{Errno, call};

/// madvise(2), Linux 6.13: lightweight guard pages inside a mapping.
const MADV_GUARD_INSTALL: usize = 102;
/// The calling process in place of a pidfd: PIDFD_SELF, -10000.
const PIDFD_SELF: usize = -10000_isize as usize;

/// The page size of x86-64.
pub const PAGE: usize = 4096;

/// Reserves `len` bytes of zero memory, readable and writable, backed only where touched.
pub fn reserve(len: usize) -> Result<NonNull<u8>, Errno> {
    let prot = (PROT_READ | PROT_WRITE) as usize;
    let flags = (MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE) as usize;
    // SAFETY: a new anonymous mapping at an address of the kernel's choice.
    let at = unsafe { call(__NR_mmap, [0, len, prot, flags, usize::MAX, 0]) }?;
    NonNull::new(at as *mut u8).ok_or(Errno(0))
}

/// Maps a whole file, to be read, for ever. Whoever shortens the file while it is read has the reader die of SIGBUS: it must be one that nobody can write to, as a program that runs.
pub fn map_file(path: &CStr) -> Result<&'static [u8], Errno> {
    let fd = super::proc::open(path, O_RDONLY | O_CLOEXEC)?;
    // SAFETY: lseek(2) takes no memory.
    let len = unsafe { call(__NR_lseek, [fd, 0, SEEK_END as usize, 0, 0, 0]) };
    let mapped = len.and_then(|len| {
        let (prot, flags) = (PROT_READ as usize, MAP_PRIVATE as usize);
        // SAFETY: a new mapping at an address of the kernel's choice.
        let at = unsafe { call(__NR_mmap, [0, len, prot, flags, fd, 0]) }?;
        // SAFETY: it has so many bytes, is never unmapped, and nobody writes to the file.
        Ok(unsafe { core::slice::from_raw_parts(at as *const u8, len) })
    });
    super::proc::close(fd);
    mapped
}

/// Gives a mapping back.
///
/// # Safety
/// What `reserve` gave, whole, and nobody uses it any more.
pub unsafe fn release(at: NonNull<u8>, len: usize) {
    // SAFETY: the caller vouches. It fails only for ranges that are none.
    let _ = unsafe { call(__NR_munmap, [at.as_ptr() as usize, len, 0, 0, 0, 0]) };
}

/// Keeps transparent huge pages out of a mapping: a stack needs one page, not 2 MiB.
pub fn no_huge_pages(at: usize, len: usize) {
    // SAFETY: advice about our own mapping; without THP in the kernel it fails and nothing is lost.
    let _ = unsafe { call(__NR_madvise, [at, len, MADV_NOHUGEPAGE as usize, 0, 0, 0]) };
}

/// Keeps memory out of core files, or has it in them again. The kernel leaves out what was never touched, but a core file that goes through a pipe or is written by a debugger would have gigabytes of
/// zeros.
pub fn in_core_files(at: usize, len: usize, wanted: bool) {
    let advice = if wanted { MADV_DODUMP } else { MADV_DONTDUMP };
    // SAFETY: advice about our own mapping; when it fails (too many mappings) core files are larger, or lack something.
    let _ = unsafe { call(__NR_madvise, [at, len, advice as usize, 0, 0, 0]) };
}

/// Gives the memory of whole pages back to the system: they are zero from now on, until written. Guards stay. Fails, and changes nothing that matters, for
/// memory that is locked (mlockall(2)), and where the system ignores such advice.
///
/// # Safety
/// Nobody wants to know any more what is there.
pub unsafe fn give_back(at: usize, len: usize) -> Result<(), Errno> {
    /// The system has been seen to make memory zero.
    static WORKS: AtomicBool = AtomicBool::new(false);
    if !WORKS.load(Ordering::Relaxed) {
        try_to_give_back()?;
        WORKS.store(true, Ordering::Relaxed);
    }
    // SAFETY: the caller vouches.
    unsafe { dont_need(at, len) }
}

/// # Safety
/// As [`give_back`].
unsafe fn dont_need(at: usize, len: usize) -> Result<(), Errno> {
    // SAFETY: the caller vouches.
    unsafe { call(__NR_madvise, [at, len, MADV_DONTNEED as usize, 0, 0, 0]) }.map(drop)
}

/// Gives a page of its own back. Emulators answer 0 to advice that they ignore (qemu-user before 7.1), and then the page is not zero.
fn try_to_give_back() -> Result<(), Errno> {
    let page = reserve(PAGE)?;
    // SAFETY: a new mapping, which nobody else knows.
    unsafe {
        page.as_ptr().write_volatile(1);
        let answer = dont_need(page.as_ptr() as usize, PAGE);
        let is_zero = page.as_ptr().read_volatile() == 0;
        release(page, PAGE);
        answer.and(if is_zero { Ok(()) } else { Err(Errno(EINVAL)) })
    }
}

/// Whether some of these whole pages are in memory (mincore(2)), as far as the system tells.
pub fn some_resident(at: usize, len: usize) -> bool {
    const PAGES: usize = 256;
    let mut pages = [0_u8; PAGES];
    (at..at + len).step_by(PAGES * PAGE).any(|at_once| {
        let count = ((at + len - at_once) / PAGE).min(PAGES);
        let args = [at_once, count * PAGE, pages.as_mut_ptr() as usize, 0, 0, 0];
        // SAFETY: the kernel writes a byte for each page.
        let told = unsafe { call(__NR_mincore, args) };
        told.is_err() || pages[..count].iter().any(|page| page & 1 != 0)
    })
}

/// Copies memory of this process that starts at `at`, as far as it is there (process_vm_readv(2)). Returns how many bytes; `EFAULT` for none.
pub fn read_own(at: usize, to: &mut [u8]) -> Result<usize, Errno> {
    let local = Iovec {
        base: to.as_mut_ptr() as usize,
        len: to.len(),
    };
    let remote = Iovec {
        base: at,
        len: to.len(),
    };
    let args = [
        super::proc::pid() as usize,
        &raw const local as usize,
        1,
        &raw const remote as usize,
        1,
        0,
    ];
    // SAFETY: the kernel writes to the caller's buffer, and checks the other address.
    unsafe { call(__NR_process_vm_readv, args) }
}

/// Whether the system refuses advice that does not exist, as the kernel does. qemu-user answers 0 to all that it does not know, and [`guard_install`] would seem to work. `at` is a page.
pub fn refuses_unknown_advice(at: usize) -> bool {
    const UNKNOWN: usize = 0x7fff_ffff;
    // SAFETY: no kernel knows this advice.
    let answer = unsafe { call(__NR_madvise, [at, PAGE, UNKNOWN, 0, 0, 0]) };
    answer.is_err_and(|error| error == Errno(EINVAL))
}

/// Makes whole pages a guard without splitting the mapping.
pub fn guard_install(at: usize, len: usize) -> Result<(), Errno> {
    // SAFETY: the pages are ours and unused.
    unsafe { call(__NR_madvise, [at, len, MADV_GUARD_INSTALL, 0, 0, 0]) }.map(drop)
}

/// Most guards that [`guards_install`] makes.
pub const MAX_GUARDS: usize = 16;

/// Makes `count` guards of `len` bytes, one every `stride` bytes from `at`, in one call, which takes a third of the time: for Linux 6.15 and later. Returns how many it did.
pub fn guards_install(at: usize, len: usize, stride: usize, count: usize) -> Result<usize, Errno> {
    let guards: [Iovec; MAX_GUARDS] = core::array::from_fn(|i| Iovec {
        base: at + i * stride,
        len,
    });
    let args = [
        PIDFD_SELF,
        guards.as_ptr() as usize,
        count.min(MAX_GUARDS),
        MADV_GUARD_INSTALL,
        0,
        0,
    ];
    // SAFETY: the pages are ours and unused; the vector is read during the call.
    unsafe { call(__NR_process_madvise, args) }.map(|bytes| bytes / len)
}

/// struct iovec.
#[repr(C)]
struct Iovec {
    base: usize,
    len: usize,
}

/// Makes whole pages a guard by protection: splits the mapping, for kernels before 6.13.
pub fn guard_protect(at: usize, len: usize) -> Result<(), Errno> {
    // SAFETY: the pages are ours and unused.
    unsafe { call(__NR_mprotect, [at, len, PROT_NONE as usize, 0, 0, 0]) }.map(drop)
}
