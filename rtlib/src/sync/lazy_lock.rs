//! [`LazyLock`]: std's, on [`OnceLock`].

use core::cell::Cell;
use core::fmt;
use core::ops::{Deref, DerefMut};

use super::once_lock::OnceLock;
use crate::shim::const_unless_loom;

/// A value that is computed when it is first used: `std::sync::LazyLock`, for goroutines.
///
/// For statics whose value is wanted before `main` there is [`#[rtlib::var]`](macro@crate::var).
///
/// ```no_run,standalone_crate
/// use rtlib::sync::LazyLock;
///
/// static ARGUMENTS: LazyLock<Vec<String>> = LazyLock::new(|| std::env::args().collect());
///
/// println!("{}", ARGUMENTS.len());
/// ```
pub struct LazyLock<T, F = fn() -> T> {
    value: OnceLock<T>,
    /// Taken by the function of `value`, of which one runs at a time.
    f: Cell<Option<F>>,
}

// SAFETY: `f` is only accessed by the function that `value` calls, one at a time; it moves to whoever that is, hence `Send`.
unsafe impl<T: Sync + Send, F: Send> Sync for LazyLock<T, F> {}

impl<T: std::panic::RefUnwindSafe + std::panic::UnwindSafe, F: std::panic::UnwindSafe>
    std::panic::RefUnwindSafe for LazyLock<T, F>
{
}

impl<T, F: FnOnce() -> T> LazyLock<T, F> {
    const_unless_loom! {
        /// One that will be computed by `f`.
        #[must_use]
        pub const fn new(f: F) -> Self {
            Self {
                value: OnceLock::new(),
                f: Cell::new(Some(f)),
            }
        }
    }

    /// The value, computed if it is not there yet. Waits if another goroutine is computing it.
    ///
    /// # Panics
    /// The function panicked, now or before.
    #[inline]
    pub fn force(this: &Self) -> &T {
        this.value.get_or_init(|| match this.f.take() {
            Some(f) => f(),
            None => panic!("the function of a `LazyLock` panicked when it was called first"),
        })
    }

    /// The value, computed if it was not yet.
    ///
    /// # Panics
    /// The function panicked, now or before.
    pub fn force_mut(this: &mut Self) -> &mut T {
        Self::force(this);
        this.value
            .get_mut()
            .expect("`force` has computed the value")
    }
}

impl<T, F> LazyLock<T, F> {
    /// The value, if it has been computed. Never blocks.
    #[inline]
    pub fn get(this: &Self) -> Option<&T> {
        this.value.get()
    }

    /// The value, if it has been computed.
    pub fn get_mut(this: &mut Self) -> Option<&mut T> {
        this.value.get_mut()
    }
}

impl<T, F: FnOnce() -> T> Deref for LazyLock<T, F> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        Self::force(self)
    }
}

impl<T, F: FnOnce() -> T> DerefMut for LazyLock<T, F> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        Self::force_mut(self)
    }
}

impl<T: Default> Default for LazyLock<T> {
    fn default() -> Self {
        Self::new(T::default)
    }
}

impl<T: fmt::Debug, F> fmt::Debug for LazyLock<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_tuple("LazyLock");
        match self.value.get() {
            Some(value) => out.field(value),
            None => out.field(&format_args!("<uninit>")),
        };
        out.finish()
    }
}
