//! The one place where the code that loom checks gets its atomics and cells from.

#[cfg(not(loom))]
pub(crate) use core::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering};
#[cfg(loom)]
pub(crate) use loom::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering};

/// A `const fn`; under loom, whose types have no const constructors, an ordinary one.
macro_rules! const_unless_loom {
    ($(#[$attribute:meta])* $vis:vis const fn $name:ident($($arg:ident: $type:ty),*) -> $result:ty $body:block) => {
        #[cfg(not(loom))]
        $(#[$attribute])*
        $vis const fn $name($($arg: $type),*) -> $result $body

        #[cfg(loom)]
        $(#[$attribute])*
        $vis fn $name($($arg: $type),*) -> $result $body
    };
}
pub(crate) use const_unless_loom;

/// An `UnsafeCell` that loom can watch.
#[cfg(not(loom))]
pub(crate) struct Cell<T>(core::cell::UnsafeCell<T>);
#[cfg(loom)]
pub(crate) struct Cell<T>(loom::cell::UnsafeCell<T>);

impl<T> Cell<T> {
    #[cfg(not(loom))]
    pub(crate) fn new(value: T) -> Self {
        Self(core::cell::UnsafeCell::new(value))
    }

    #[cfg(loom)]
    pub(crate) fn new(value: T) -> Self {
        Self(loom::cell::UnsafeCell::new(value))
    }

    /// Calls `f` with the address of the value, for reading.
    #[cfg(all(test, not(loom)))]
    pub(crate) fn read<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        f(self.0.get())
    }

    #[cfg(all(test, loom))]
    pub(crate) fn read<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        self.0.with(f)
    }

    /// Calls `f` with the address of the value, for writing.
    #[cfg(not(loom))]
    pub(crate) fn write<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        f(self.0.get())
    }

    #[cfg(loom)]
    pub(crate) fn write<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        self.0.with_mut(f)
    }
}

/// Freeing is a write, too: under loom it must not race with anything.
#[cfg(loom)]
impl<T> Drop for Cell<T> {
    fn drop(&mut self) {
        self.write(|_| ());
    }
}
