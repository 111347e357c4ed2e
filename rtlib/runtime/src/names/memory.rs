//! Memory of libc's for what a lookup collects: its size is known only when files and servers have answered.
//!
//! The runtime has no allocator of its own. A list that cannot grow says so, and the lookup fails as libc's does then.

use core::ffi::c_void;
use core::ops::{Deref, DerefMut};
use core::{ptr, slice};

unsafe extern "C" {
    fn malloc(size: usize) -> *mut c_void;
    fn realloc(at: *mut c_void, size: usize) -> *mut c_void;
    fn free(at: *mut c_void);
}

/// There is no memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfMemory;

/// A list that grows.
#[derive(Debug)]
pub struct List<T> {
    at: *mut T,
    len: usize,
    capacity: usize,
}

impl<T: Copy> List<T> {
    /// Empty, without memory.
    pub const fn new() -> Self {
        const { assert!(align_of::<T>() <= 16, "what malloc promises") };
        Self {
            at: ptr::null_mut(),
            len: 0,
            capacity: 0,
        }
    }

    /// Appends an element.
    pub fn push(&mut self, value: T) -> Result<(), OutOfMemory> {
        self.reserve(1)?;
        // SAFETY: there is room behind the last element.
        unsafe { self.at.add(self.len).write(value) };
        self.len += 1;
        Ok(())
    }

    /// Appends elements.
    pub fn extend(&mut self, values: &[T]) -> Result<(), OutOfMemory> {
        self.reserve(values.len())?;
        // SAFETY: there is room behind the last element; nobody else has this memory.
        unsafe { ptr::copy_nonoverlapping(values.as_ptr(), self.at.add(self.len), values.len()) };
        self.len += values.len();
        Ok(())
    }

    /// Forgets all elements from this one on.
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// Makes room for so many more.
    fn reserve(&mut self, more: usize) -> Result<(), OutOfMemory> {
        let needed = self.len.checked_add(more).ok_or(OutOfMemory)?;
        if needed <= self.capacity {
            return Ok(());
        }
        let capacity = needed.max(self.capacity * 2).max(8);
        let bytes = capacity.checked_mul(size_of::<T>()).ok_or(OutOfMemory)?;
        // SAFETY: null, or what malloc gave and nobody has freed.
        let at = unsafe { realloc(self.at.cast(), bytes) };
        if at.is_null() {
            return Err(OutOfMemory);
        }
        self.at = at.cast();
        self.capacity = capacity;
        Ok(())
    }
}

impl<T: Copy> Default for List<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl List<u8> {
    /// Makes it so long; new bytes are zero.
    pub fn resize(&mut self, len: usize) -> Result<(), OutOfMemory> {
        if let Some(more) = len.checked_sub(self.len) {
            self.reserve(more)?;
            // SAFETY: there is room behind the last element.
            unsafe { self.at.add(self.len).write_bytes(0, more) };
        }
        self.len = len;
        Ok(())
    }
}

impl<T> Deref for List<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        if self.len == 0 {
            return &[];
        }
        // SAFETY: so many elements were written.
        unsafe { slice::from_raw_parts(self.at, self.len) }
    }
}

impl<T> DerefMut for List<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        if self.len == 0 {
            return &mut [];
        }
        // SAFETY: so many elements were written; the list is borrowed.
        unsafe { slice::from_raw_parts_mut(self.at, self.len) }
    }
}

impl<T> Drop for List<T> {
    fn drop(&mut self) {
        // SAFETY: null, or what malloc gave. Elements are `Copy`: nothing is to be dropped.
        unsafe { free(self.at.cast()) };
    }
}

/// Memory that the caller of libc's function frees, zeroed. Null if there is none.
pub fn allocate(bytes: usize) -> *mut u8 {
    // SAFETY: plain allocation.
    let at = unsafe { malloc(bytes) }.cast::<u8>();
    if !at.is_null() {
        // SAFETY: so many bytes are ours.
        unsafe { at.write_bytes(0, bytes) };
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_grows_and_shrinks() {
        let mut list = List::new();
        for i in 0..100_u32 {
            list.push(i).expect("memory");
        }
        list.extend(&[7, 8]).expect("memory");
        assert_eq!((list.len(), list[99], list[101]), (102, 99, 8));
        list.truncate(3);
        assert_eq!(&*list, [0, 1, 2]);
        list[0] = 5;
        assert_eq!(&*list, [5, 1, 2]);
    }

    #[test]
    fn memory_for_others_is_zero_and_libcs() {
        let at = allocate(100);
        assert!(!at.is_null());
        // SAFETY: so many bytes are ours, and freed once.
        unsafe {
            assert_eq!(core::slice::from_raw_parts(at, 100), [0; 100]);
            free(at.cast());
        }
    }

    #[test]
    fn new_bytes_are_zero() {
        let mut bytes = List::new();
        bytes.extend(b"abc").expect("memory");
        bytes.resize(5).expect("memory");
        assert_eq!(&*bytes, b"abc\0\0");
        bytes.resize(1).expect("memory");
        assert_eq!(&*bytes, b"a");
        assert_eq!(&*List::<u64>::new(), []);
    }
}
