//! libc's functions, one file for each family: `__wrap_<name>` for the lookups of `rtlib_abi::calls::TABLE`.
//!
//! Here is what they share: whether glibc's own is to be called, texts of C, and results in the caller's memory.

mod addrinfo;
mod entries;
mod groups;
mod hostent;
mod interfaces;
mod nameinfo;
mod passwd;
mod services;

use core::ffi::{CStr, c_char, c_int};
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

use super::memory;
use crate::godebug;
use crate::hooks::set_errno;
use crate::os::linux::sys::{ENOMEM, ERANGE};

/// Whether libc is to look a host up. With `GODEBUG=netdns=1` it is printed, once.
fn hosts_by_libc() -> bool {
    static IS_TOLD: AtomicBool = AtomicBool::new(false);
    let by_libc = godebug::netdns_cgo();
    if godebug::netdns_level() > 0 && !IS_TOLD.swap(true, Ordering::Relaxed) {
        let what = match by_libc {
            true => "GODEBUG setting forcing use of the cgo resolver",
            false => "using the Go DNS resolver",
        };
        crate::print!("go package net: {what}\n");
    }
    by_libc
}

/// The caller's buffer is too small.
#[derive(Clone, Copy, Debug)]
struct TooSmall;

/// A text of C's; empty for none.
///
/// # Safety
/// Null, or a text that ends with NUL and lives for as long as the result is used.
unsafe fn text<'a>(at: *const c_char) -> &'a [u8] {
    if at.is_null() {
        return b"";
    }
    // SAFETY: the caller vouches.
    unsafe { CStr::from_ptr(at) }.to_bytes()
}

/// Room for a result in the caller's memory: texts, and arrays of pointers to them.
struct Room {
    at: *mut u8,
    left: usize,
}

impl Room {
    fn take(&mut self, len: usize, align: usize) -> Result<*mut u8, TooSmall> {
        let skip = self.at.align_offset(align);
        let needed = skip.checked_add(len).ok_or(TooSmall)?;
        self.left = self.left.checked_sub(needed).ok_or(TooSmall)?;
        let place = self.at.wrapping_add(skip);
        self.at = self.at.wrapping_add(needed);
        Ok(place)
    }

    /// A copy with a NUL behind it.
    fn text(&mut self, text: &[u8]) -> Result<*mut c_char, TooSmall> {
        let place = self.bytes(text, 1, 1)?;
        // SAFETY: one byte more was taken.
        unsafe { place.add(text.len()).write(0) };
        Ok(place.cast())
    }

    /// A copy, with so many bytes of room behind it.
    fn bytes(&mut self, bytes: &[u8], more: usize, align: usize) -> Result<*mut u8, TooSmall> {
        let place = self.take(bytes.len() + more, align)?;
        // SAFETY: so many bytes were taken.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), place, bytes.len()) };
        Ok(place)
    }

    /// An array of pointers to texts, with a null behind them.
    fn texts<'a>(
        &mut self,
        texts: impl Iterator<Item = &'a [u8]> + Clone,
    ) -> Result<*mut *mut c_char, TooSmall> {
        let count = texts.clone().count();
        let array = self.pointers(count)?;
        for (index, text) in texts.enumerate().take(count) {
            let text = self.text(text)?;
            // SAFETY: within the array.
            unsafe { array.add(index).write(text) };
        }
        Ok(array)
    }

    /// An array for so many pointers, all null, and one more that stays so.
    fn pointers(&mut self, count: usize) -> Result<*mut *mut c_char, TooSmall> {
        let size = size_of::<*mut c_char>();
        let array = self.take((count + 1) * size, size)?.cast::<*mut c_char>();
        // SAFETY: so many were taken.
        unsafe { array.write_bytes(0, count + 1) };
        Ok(array)
    }
}

/// What a function with a buffer of the caller's gives: 0, or an errno. `fill` says whether there is such an entry.
///
/// # Safety
/// `result` can be written; `buffer` has `len` bytes.
unsafe fn reentrant<T>(
    value: *mut T,
    buffer: *mut c_char,
    len: usize,
    result: *mut *mut T,
    fill: impl FnOnce(&mut Room) -> Result<Option<T>, TooSmall>,
) -> c_int {
    let mut room = Room {
        at: buffer.cast(),
        left: len,
    };
    let filled = fill(&mut room);
    // SAFETY: the caller vouches.
    unsafe {
        match filled {
            Ok(Some(filled)) => {
                value.write(filled);
                result.write(value);
                0
            }
            Ok(None) => {
                result.write(ptr::null_mut());
                0
            }
            Err(TooSmall) => {
                result.write(ptr::null_mut());
                ERANGE as c_int
            }
        }
    }
}

/// Memory of the functions that return a pointer into static memory. It is made anew, larger, when a result does not fit; the old one is left, because somebody may look at it.
struct Static(AtomicPtr<Block>);

/// How much there is behind this.
#[repr(C, align(16))]
struct Block {
    len: usize,
}

/// Results do not get larger.
const LARGEST: usize = 64 << 20;

impl Static {
    const fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    fn larger(&self, len: usize) -> *mut Block {
        let new = memory::allocate(size_of::<Block>() + len).cast::<Block>();
        if !new.is_null() {
            // SAFETY: fresh memory, aligned as malloc does.
            unsafe { new.write(Block { len }) };
            self.0.store(new, Ordering::Release);
        }
        new
    }

    /// Calls `f`, a function with a buffer, with more and more memory until the result fits. Null, and errno, if there is none.
    fn result<T>(
        &self,
        mut f: impl FnMut(*mut T, *mut c_char, usize, *mut *mut T) -> c_int,
    ) -> *mut T {
        const FIRST: usize = 1024;
        const { assert!(align_of::<T>() <= align_of::<Block>()) };
        let mut block = self.0.load(Ordering::Acquire);
        if block.is_null() {
            block = self.larger(FIRST);
        }
        loop {
            if block.is_null() {
                set_errno(ENOMEM);
                return ptr::null_mut();
            }
            // SAFETY: it is one of ours, and never freed.
            let len = unsafe { (*block).len };
            let value = block.wrapping_add(1).cast::<T>();
            let buffer = value.wrapping_add(1).cast::<c_char>();
            let mut result = ptr::null_mut();
            match f(value, buffer, len - size_of::<T>(), &raw mut result) {
                0 => return result,
                error if error == ERANGE as c_int && len < LARGEST => {
                    block = self.larger(len * 2);
                }
                error => {
                    set_errno(error as u32);
                    return ptr::null_mut();
                }
            }
        }
    }
}
