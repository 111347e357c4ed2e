//! [`OnceLock`]: std's, on [`Once`].

use core::cell::UnsafeCell;
use core::fmt;

use super::once::Once;
use crate::shim::const_unless_loom;

/// A cell that is written once: `std::sync::OnceLock`, for goroutines.
///
/// ```no_run,standalone_crate
/// use rtlib::sync::OnceLock;
///
/// static HOME: OnceLock<String> = OnceLock::new();
///
/// let home = HOME.get_or_init(|| std::env::var("HOME").unwrap_or_default());
/// assert_eq!(HOME.get(), Some(home));
/// ```
pub struct OnceLock<T> {
    once: Once,
    /// Written by the function of `once`; `Some` when that is completed.
    value: UnsafeCell<Option<T>>,
}

// SAFETY: one goroutine writes the value, others read it or drop it.
unsafe impl<T: Send> Send for OnceLock<T> {}
// SAFETY: as above; what is written on one is read on others.
unsafe impl<T: Sync + Send> Sync for OnceLock<T> {}

impl<T: std::panic::RefUnwindSafe + std::panic::UnwindSafe> std::panic::RefUnwindSafe
    for OnceLock<T>
{
}
impl<T: std::panic::UnwindSafe> std::panic::UnwindSafe for OnceLock<T> {}

impl<T> OnceLock<T> {
    const_unless_loom! {
        /// An empty one.
        #[must_use]
        pub const fn new() -> Self {
            Self {
                once: Once::new(),
                value: UnsafeCell::new(None),
            }
        }
    }

    /// The value, if it is there. Never blocks.
    #[inline]
    pub fn get(&self) -> Option<&T> {
        if !self.once.is_completed() {
            return None;
        }
        // SAFETY: completed: nobody writes any more.
        unsafe { (*self.value.get()).as_ref() }
    }

    /// The value, if it is there.
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.value.get_mut().as_mut()
    }

    /// Writes the value, unless there is one. Waits if another goroutine is computing it.
    ///
    /// # Errors
    /// There is one; `value` comes back.
    pub fn set(&self, value: T) -> Result<(), T> {
        let mut value = Some(value);
        self.get_or_init(|| value.take().expect("this function is called once at most"));
        value.map_or(Ok(()), Err)
    }

    /// The value, computed by `f` if there is none. When several goroutines call this at once, one computes and the others wait.
    ///
    /// A panic of `f` goes to its caller, and the cell stays empty. Calling this from within `f` is a deadlock.
    #[inline]
    pub fn get_or_init(&self, f: impl FnOnce() -> T) -> &T {
        match self.get() {
            Some(value) => value,
            None => self.init(f),
        }
    }

    /// Blocks until the value is there.
    pub fn wait(&self) -> &T {
        self.once.wait_force();
        self.expect()
    }

    /// The value, if it is there.
    pub fn into_inner(self) -> Option<T> {
        self.value.into_inner()
    }

    /// Takes the value out; the cell is empty again.
    pub fn take(&mut self) -> Option<T> {
        core::mem::take(self).into_inner()
    }

    #[cold]
    fn init(&self, f: impl FnOnce() -> T) -> &T {
        self.once.call_once_force(|_| {
            let value = f();
            // SAFETY: this function alone accesses the value until it is completed.
            unsafe { *self.value.get() = Some(value) };
        });
        self.expect()
    }

    /// After the function of `once` has returned.
    fn expect(&self) -> &T {
        self.get().expect("the function of `once` writes the value")
    }
}

impl<T> Default for OnceLock<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> From<T> for OnceLock<T> {
    fn from(value: T) -> Self {
        let cell = Self::new();
        cell.get_or_init(|| value);
        cell
    }
}

impl<T: Clone> Clone for OnceLock<T> {
    fn clone(&self) -> Self {
        self.get().cloned().map_or_else(Self::new, Self::from)
    }
}

impl<T: PartialEq> PartialEq for OnceLock<T> {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl<T: Eq> Eq for OnceLock<T> {}

impl<T: fmt::Debug> fmt::Debug for OnceLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_tuple("OnceLock");
        match self.get() {
            Some(value) => out.field(value),
            None => out.field(&format_args!("<uninit>")),
        };
        out.finish()
    }
}
