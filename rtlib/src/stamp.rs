//! Stamps: constant strings whose values are chosen when the program is linked.

use core::fmt;
use core::ops::Deref;

use rtlib_abi::layout::Str;

/// The type of a static that is marked with [`#[stamp]`](macro@crate::stamp). It dereferences to its value, a `&'static str` that never changes, also before `main` and in build scripts.
pub struct Stamp {
    current: *const &'static Text,
}

// SAFETY: it reads constant memory.
unsafe impl Sync for Stamp {}
// SAFETY: as above.
unsafe impl Send for Stamp {}

impl Stamp {
    /// A stamp that reads the word at `current`.
    ///
    /// # Safety
    /// The word is constant and always there.
    pub(crate) const unsafe fn reading(current: *const &'static Text) -> Self {
        Self { current }
    }

    /// The value.
    #[must_use]
    pub fn get(&self) -> &'static str {
        // SAFETY: by the condition of `reading`.
        let Text(text) = unsafe { *self.current };
        // SAFETY: a text of this program, or one that the tool has written, which is UTF-8.
        unsafe {
            let bytes = core::slice::from_raw_parts(text.ptr, text.len as usize);
            core::str::from_utf8_unchecked(bytes)
        }
    }
}

impl Deref for Stamp {
    type Target = str;

    fn deref(&self) -> &str {
        self.get()
    }
}

impl fmt::Debug for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

/// A text as it lies in memory. For expansions of `#[stamp]`, by way of `__private`.
#[derive(Debug)]
#[repr(transparent)]
pub struct Text(Str);

// SAFETY: it is constant.
unsafe impl Sync for Text {}

impl Text {
    pub(crate) const fn of(text: &'static str) -> Self {
        Self(Str::of(text))
    }
}
