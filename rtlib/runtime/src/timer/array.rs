//! A growable array on memory from the kernel, for a runtime that has no allocator of its own. Made from zero bytes; never shrinks.

use core::ptr::{self, NonNull};

/// See the module's head. `T` is plain data: zero bytes are a value, and nothing is dropped.
pub struct Array<T: Copy> {
    at: *mut T,
    len: usize,
    cap: usize,
}

// SAFETY: it owns its memory, as a `Vec` does.
unsafe impl<T: Copy + Send> Send for Array<T> {}

/// Bytes of the first mapping.
const FIRST: usize = 4096;

impl<T: Copy> Array<T> {
    /// An empty one.
    #[cfg(test)]
    pub const fn new() -> Self {
        Self {
            at: ptr::null_mut(),
            len: 0,
            cap: 0,
        }
    }

    /// Appends. Throws when there is no memory.
    #[inline]
    pub fn push(&mut self, value: T) {
        if self.len == self.cap {
            self.grow();
        }
        // SAFETY: there is room for one more.
        unsafe { self.at.add(self.len).write(value) };
        self.len += 1;
    }

    /// Takes the last one.
    #[inline]
    pub fn pop(&mut self) -> Option<T> {
        self.len = self.len.checked_sub(1)?;
        // SAFETY: it was written, and is left.
        Some(unsafe { self.at.add(self.len).read() })
    }

    #[cold]
    fn grow(&mut self) {
        let bytes = (self.cap * size_of::<T>() * 2).max(FIRST);
        let new = memory::map(bytes).cast::<T>();
        if !self.at.is_null() {
            // SAFETY: two mappings; the old one has `len` values and is nobody else's.
            unsafe {
                ptr::copy_nonoverlapping(self.at, new.as_ptr(), self.len);
                memory::unmap(
                    NonNull::new_unchecked(self.at).cast(),
                    self.cap * size_of::<T>(),
                );
            }
        }
        self.at = new.as_ptr();
        self.cap = bytes / size_of::<T>();
    }
}

impl<T: Copy> core::ops::Deref for Array<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        if self.len == 0 {
            return &[];
        }
        // SAFETY: `len` values have been written.
        unsafe { core::slice::from_raw_parts(self.at, self.len) }
    }
}

impl<T: Copy> core::ops::DerefMut for Array<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        if self.len == 0 {
            return &mut [];
        }
        // SAFETY: `len` values have been written; we are borrowed mutably.
        unsafe { core::slice::from_raw_parts_mut(self.at, self.len) }
    }
}

#[cfg(feature = "object")]
mod memory {
    use core::ptr::NonNull;

    use crate::os::linux::mem;

    pub fn map(bytes: usize) -> NonNull<u8> {
        match mem::reserve(bytes) {
            Ok(at) => at,
            Err(_) => crate::fatal::throw(b"runtime: cannot allocate memory for timers"),
        }
    }

    /// # Safety
    /// What `map` gave, whole, and nobody uses it any more.
    pub unsafe fn unmap(at: NonNull<u8>, bytes: usize) {
        // SAFETY: the caller vouches.
        unsafe { mem::release(at, bytes) };
    }
}

#[cfg(not(feature = "object"))]
mod memory {
    extern crate std;

    use core::ptr::NonNull;
    use std::alloc::{Layout, alloc_zeroed, dealloc};

    fn layout(bytes: usize) -> Layout {
        Layout::from_size_align(bytes, 4096).expect("a size")
    }

    pub fn map(bytes: usize) -> NonNull<u8> {
        // SAFETY: not a size of zero.
        NonNull::new(unsafe { alloc_zeroed(layout(bytes)) }).expect("memory")
    }

    /// # Safety
    /// What `map` gave, whole, and nobody uses it any more.
    pub unsafe fn unmap(at: NonNull<u8>, bytes: usize) {
        // SAFETY: the caller vouches.
        unsafe { dealloc(at.as_ptr(), layout(bytes)) };
    }
}
