//! A scope with a context: the first error ends the others.

use core::fmt;
use core::mem;
use std::sync::{Arc, OnceLock, PoisonError};

use super::{CancelHandle, Context, with_cancel};
use crate::scope::{Scope, ScopedJoinHandle, scope};
use crate::sync::{Mutex, Semaphore};

/// Starts goroutines that may borrow and may fail: what [`try_scope`] hands to its closure.
///
/// Cheap to clone; a goroutine that is to start more of them captures a clone.
pub struct Group<'scope, 'env: 'scope, E> {
    scope: &'scope Scope<'scope, 'env>,
    context: Context,
    failure: Arc<Failure<E>>,
}

/// The first error, and what ends the others.
struct Failure<E> {
    first: Mutex<Option<E>>,
    cancel: CancelHandle,
    limit: OnceLock<Arc<Semaphore>>,
}

/// Calls `f` with a [`Group`], on which it can start goroutines that borrow and that return a `Result`; returns when all of them have ended.
///
/// They share a context, a child of `parent`. The first error (or panic) among the goroutines and `f` cancels it; the others
/// should watch it and end early, and [`scope`](crate::scope()) waits for them in any case.
///
/// ```no_run,standalone_crate
/// use rtlib::context;
///
/// fn parse_all(texts: &[&str]) -> Result<u64, std::num::ParseIntError> {
///     let sum = std::sync::atomic::AtomicU64::new(0);
///     context::try_scope(&context::background(), |group| {
///         for text in texts {
///             group.spawn(|| {
///                 sum.fetch_add(text.parse()?, std::sync::atomic::Ordering::Relaxed);
///                 Ok(())
///             });
///         }
///         Ok(())
///     })?;
///     Ok(sum.into_inner())
/// }
/// assert_eq!(parse_all(&["1", "2"]), Ok(3));
/// assert!(parse_all(&["1", "two"]).is_err());
/// ```
///
/// # Errors
/// The first error.
///
/// # Panics
/// As [`scope`](crate::scope()).
pub fn try_scope<'env, F, T, E>(parent: &Context, f: F) -> Result<T, E>
where
    F: for<'scope> FnOnce(&Group<'scope, 'env, E>) -> Result<T, E>,
    E: Send + 'env,
{
    let (context, cancel) = with_cancel(parent);
    let failure = Arc::new(Failure {
        first: Mutex::new(None),
        cancel,
        limit: OnceLock::new(),
    });
    let value = scope(|s| {
        let group = Group {
            scope: s,
            context,
            failure: Arc::clone(&failure),
        };
        group.failure.watch(|| f(&group))
    });
    // A leaked group would keep the handle.
    failure.cancel.cancel();
    match failure.take() {
        Some(error) => Err(error),
        None => Ok(value.expect("without an error the closure returned a value")),
    }
}

impl<'scope, E: Send + 'scope> Group<'scope, '_, E> {
    /// Starts a goroutine that may borrow anything that outlives the call of [`try_scope`]. An error that it returns, or a panic, cancels the group's context. With a
    /// [limit](Group::set_limit) it waits until there are fewer.
    #[inline(always)]
    pub fn spawn<F>(&self, f: F)
    where
        F: FnOnce() -> Result<(), E> + Send + 'scope,
    {
        self.spawn_with_handle(f);
    }

    /// The same, and gives a handle to get at the value that `f` returns. `None` says that `f` has failed, with an error that is the group's. Dropping the handle is fine.
    ///
    /// ```no_run,standalone_crate
    /// use rtlib::context::{background, try_scope};
    ///
    /// let sum: Result<u32, std::num::ParseIntError> = try_scope(&background(), |group| {
    ///     let numbers = ["1", "2"].map(|text| group.spawn_with_handle(move || text.parse::<u32>()));
    ///     Ok(numbers.into_iter().filter_map(|number| number.join().unwrap()).sum())
    /// });
    /// assert_eq!(sum, Ok(3));
    /// ```
    #[inline(always)]
    pub fn spawn_with_handle<F, T>(&self, f: F) -> ScopedJoinHandle<'scope, Option<T>>
    where
        F: FnOnce() -> Result<T, E> + Send + 'scope,
        T: Send + 'scope,
    {
        let failure = Arc::clone(&self.failure);
        let limit = self.failure.limit.get();
        let permit = limit.map(|limit| limit.acquire_owned(1));
        self.scope.spawn(move || {
            let value = failure.watch(f);
            drop(permit);
            value
        })
    }
}

impl<E> Group<'_, '_, E> {
    /// From now on at most `n` goroutines that [`spawn`](Group::spawn) starts run at a time: errgroup's `SetLimit`. One of them that starts another in a full group waits for a third to end.
    ///
    /// # Panics
    /// When `n` is 0, or the group has a limit.
    pub fn set_limit(&self, n: usize) {
        assert!(n != 0, "a group that may run nothing");
        let is_first = self.failure.limit.set(Arc::new(Semaphore::new(n))).is_ok();
        assert!(is_first, "the group has a limit already");
    }

    /// What the group's goroutines should watch: done after the first error, when the parent is, and when the call of [`try_scope`] has returned.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.context
    }
}

impl<E> Failure<E> {
    /// Calls `f`; keeps its error, if it is the first, and ends the others for an error or a panic.
    fn watch<T>(&self, f: impl FnOnce() -> Result<T, E>) -> Option<T> {
        let unwinds = CancelOnDrop(&self.cancel);
        let outcome = f();
        mem::forget(unwinds);
        match outcome {
            Ok(value) => Some(value),
            Err(error) => {
                self.keep(error);
                None
            }
        }
    }

    fn keep(&self, error: E) {
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        let later = match *first {
            None => {
                *first = Some(error);
                None
            }
            Some(_) => Some(error),
        };
        drop(first);
        self.cancel.cancel();
        drop(later);
    }

    fn take(&self) -> Option<E> {
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        first.take()
    }
}

/// Dropped by unwinding only.
struct CancelOnDrop<'a>(&'a CancelHandle);

impl Drop for CancelOnDrop<'_> {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

impl<E> Clone for Group<'_, '_, E> {
    fn clone(&self) -> Self {
        Self {
            scope: self.scope,
            context: self.context.clone(),
            failure: Arc::clone(&self.failure),
        }
    }
}

impl<E> fmt::Debug for Group<'_, '_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group")
            .field("context", &self.context)
            .finish_non_exhaustive()
    }
}
