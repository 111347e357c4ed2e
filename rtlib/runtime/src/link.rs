//! `Link<T>`: a nullable reference to something that is never freed, in one atomic word.
//!
//! Gs, Ms and Ps are type-stable: once made they live as long as the process, and are reused, not freed. So the scheduler
//! passes them as `&'static` and keeps them in `Link`s, and its code needs no `unsafe`. `get` and `set` are relaxed: for words
//! that one owner or one lock protects. The others name their ordering.

use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

/// See the module's head.
#[repr(transparent)]
pub struct Link<T: 'static>(AtomicPtr<T>);

impl<T: Sync> Link<T> {
    /// No reference.
    pub const fn none() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    #[inline]
    fn read(&self, order: Ordering) -> Option<&'static T> {
        // SAFETY: only `&'static T` are ever stored.
        unsafe { self.0.load(order).as_ref() }
    }

    /// Reads (relaxed).
    #[inline]
    pub fn get(&self) -> Option<&'static T> {
        self.read(Ordering::Relaxed)
    }

    /// Writes (relaxed).
    #[inline]
    pub fn set(&self, to: Option<&'static T>) {
        self.0.store(word(to), Ordering::Relaxed);
    }

    /// Reads with acquire.
    #[cfg(feature = "object")]
    #[inline]
    pub fn get_acquire(&self) -> Option<&'static T> {
        self.read(Ordering::Acquire)
    }

    /// Writes with release.
    #[cfg(feature = "object")]
    #[inline]
    pub fn set_release(&self, to: Option<&'static T>) {
        self.0.store(word(to), Ordering::Release);
    }

    /// Takes the reference out (relaxed).
    #[inline]
    pub fn take(&self) -> Option<&'static T> {
        let it = self.get();
        self.set(None);
        it
    }
}

#[inline]
fn word<T>(it: Option<&'static T>) -> *mut T {
    it.map_or(ptr::null_mut(), |it| ptr::from_ref(it).cast_mut())
}
