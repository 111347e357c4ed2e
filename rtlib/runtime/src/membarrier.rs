//! A memory barrier for all threads of the process at once (membarrier(2)): lets the frequent side of a Dekker protocol do without one.

use core::sync::atomic::{AtomicU8, Ordering, fence};

use crate::lock::{self, Lock};
use crate::lockrank::{Rank, Ranked};
use crate::os::linux::membarrier::{expedited, is_known, register};
use crate::os::linux::sys::{__NR_mprotect, PROT_READ, PROT_WRITE};
use crate::os::linux::{Errno, call, mem};

const UNKNOWN: u8 = 0;
const REGISTERED: u8 = 1;
const MISSING: u8 = 2;
static SUPPORT: AtomicU8 = AtomicU8::new(UNKNOWN);

/// When this returns, every thread of the process has passed a full memory barrier since it was called.
pub fn all_threads() {
    if !(is_registered() && expedited().is_ok()) && interrupt_all_cpus().is_err() {
        crate::fatal::throw(b"runtime: neither membarrier nor mprotect work");
    }
    fence(Ordering::SeqCst);
}

/// The first time costs milliseconds once there are threads; before, nothing.
pub fn prepare() {
    _ = is_registered();
}

/// In the child of a fork, which has not registered.
///
/// # Safety
/// There is one thread.
pub unsafe fn forget() {
    SUPPORT.store(UNKNOWN, Ordering::Relaxed);
    lock::pair_with_membarrier(false);
    // SAFETY: the caller vouches.
    unsafe { PAGE.renew(Page(0)) };
}

fn is_registered() -> bool {
    if SUPPORT.load(Ordering::Acquire) == UNKNOWN {
        let registered = is_known() && register().is_ok();
        let support = if registered { REGISTERED } else { MISSING };
        SUPPORT.store(support, Ordering::Release);
        lock::pair_with_membarrier(registered);
    }
    SUPPORT.load(Ordering::Relaxed) == REGISTERED
}

struct Page(usize);

impl Ranked for Page {
    const RANK: Rank = Rank::Membarrier;
}

static PAGE: Lock<Page> = Lock::new(Page(0));

/// For kernels and sandboxes without membarrier(2): taking a right away from a page that is in use makes the kernel interrupt every processor that
/// runs a thread of the process, so that it forgets the old right. Only where processors do that by interrupts, as x86-64 does.
fn interrupt_all_cpus() -> Result<(), Errno> {
    let mut page = PAGE.lock();
    if page.0 == 0 {
        page.0 = mem::reserve(mem::PAGE)?.as_ptr() as usize;
    }
    let at = page.0;
    let protect = |rights: u32| {
        // SAFETY: our own page, which nobody else uses.
        unsafe { call(__NR_mprotect, [at, mem::PAGE, rights as usize, 0, 0, 0]) }.map(drop)
    };
    protect(PROT_READ | PROT_WRITE)?;
    // SAFETY: the page is writable until the next call.
    unsafe { (at as *mut u8).write_volatile(1) };
    protect(PROT_READ)
}
