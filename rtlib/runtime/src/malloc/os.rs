//! Where the heap's memory comes from: the kernel's mappings; in unit tests those of the C library.

use super::sizeclasses::PAGE;

#[cfg(feature = "object")]
pub use kernel::{give_back, random, release, reserve};
#[cfg(not(feature = "object"))]
pub use model::{give_back, random, release, reserve};

/// Reserves so many bytes of zeros at a multiple of `align`, whole pages both.
pub fn reserve_aligned(len: usize, align: usize) -> Option<usize> {
    let at = reserve(len)?;
    if at.is_multiple_of(align) {
        return Some(at);
    }
    // SAFETY: just reserved.
    unsafe { release(at, len) };
    let whole = len.checked_add(align - PAGE / 2)?;
    let start = reserve(whole)?;
    let at = start.next_multiple_of(align);
    // SAFETY: the parts before and after what is wanted, which nobody uses.
    unsafe {
        if at > start {
            release(start, at - start);
        }
        if start + whole > at + len {
            release(at + len, start + whole - at - len);
        }
    }
    Some(at)
}

#[cfg(feature = "object")]
mod kernel {
    use core::ptr::NonNull;

    use crate::os::linux::{mem, proc};

    /// A number that cannot be guessed.
    pub fn random() -> usize {
        let mut bytes = [0; size_of::<usize>()];
        proc::random(&mut bytes);
        usize::from_ne_bytes(bytes)
    }

    /// Reserves so many bytes of zeros.
    pub fn reserve(len: usize) -> Option<usize> {
        mem::reserve(len).ok().map(|at| at.as_ptr() as usize)
    }

    /// Gives up address space.
    ///
    /// # Safety
    /// Pages that were reserved and that nobody uses.
    pub unsafe fn release(at: usize, len: usize) {
        if let Some(at) = NonNull::new(at as *mut u8) {
            // SAFETY: the caller vouches; a mapping may be given back in parts.
            unsafe { mem::release(at, len) };
        }
    }

    /// Gives memory back, not its addresses: it is zero from then on. False if it stays as it is.
    ///
    /// # Safety
    /// Nobody wants to know any more what is there.
    pub unsafe fn give_back(at: usize, len: usize) -> bool {
        // SAFETY: the caller vouches.
        unsafe { mem::give_back(at, len) }.is_ok()
    }
}

#[cfg(not(feature = "object"))]
mod model {
    use std::alloc::{Layout, alloc_zeroed};

    /// The same for every test.
    pub fn random() -> usize {
        0x5bd1_e995_9d1b_58d3
    }

    /// As the kernel's, from the allocator of the tests.
    pub fn reserve(len: usize) -> Option<usize> {
        let layout = Layout::from_size_align(len, 4096).ok()?;
        // SAFETY: not of size zero.
        let at = unsafe { alloc_zeroed(layout) } as usize;
        (at != 0).then_some(at)
    }

    /// Kept: the heaps of tests are small.
    ///
    /// # Safety
    /// None.
    pub unsafe fn release(_: usize, _: usize) {}

    /// As the kernel's.
    ///
    /// # Safety
    /// Nobody wants to know any more what is there.
    pub unsafe fn give_back(at: usize, len: usize) -> bool {
        // SAFETY: the caller vouches.
        unsafe { (at as *mut u8).write_bytes(0, len) };
        true
    }
}
