//! Poison: a lock whose holder panicked says so to the next one. As in std, with std's types.

use std::sync::{LockResult, PoisonError, TryLockError, TryLockResult};
use std::thread;

/// What a guard remembers: whether its goroutine was panicking already when it took the lock. Then it is not the guard's holder that left something half done.
pub(super) struct Panicking(bool);

impl Panicking {
    /// At the moment of locking.
    #[inline]
    pub(super) fn now() -> Self {
        Self(thread::panicking())
    }

    /// At the moment of unlocking: whether a panic has come between.
    #[inline]
    pub(super) fn has_begun(&self) -> bool {
        !self.0 && thread::panicking()
    }
}

/// `guard`, of a lock that is poisoned or not.
#[inline]
pub(super) fn result<G>(guard: G, poisoned: bool) -> LockResult<G> {
    if poisoned {
        Err(PoisonError::new(guard))
    } else {
        Ok(guard)
    }
}

/// The same, when there may be no guard.
#[inline]
pub(super) fn try_result<G>(result: Option<LockResult<G>>) -> TryLockResult<G> {
    match result {
        None => Err(TryLockError::WouldBlock),
        Some(result) => result.map_err(TryLockError::from),
    }
}
