//! Locks, and other ways in which goroutines wait for each other: those of std, of Go and of crossbeam. A goroutine that waits lets other goroutines run.
//!
//! | | |
//! |---|---|
//! | [`Mutex`], [`RwLock`], [`Condvar`], [`Once`], [`OnceLock`], [`LazyLock`], [`Barrier`] | as in `std::sync`, poison included |
//! | [`WaitGroup`] | as Go's `sync.WaitGroup` |
//! | [`Semaphore`] | weighted, first come first served |
//! | [`raw`] | locks without values, for `lock_api` |
//!
//! All of them work between goroutines and plain threads, have a `const fn new`, need no allocation, and serve waiters in the order of arrival.
//!
//! std's own locks park goroutines, too, by way of futex(2). What is different here: no waiter starves, guards are `Send`, and there are a [`Semaphore`] and a [`WaitGroup`].

mod barrier;
mod condvar;
mod lazy_lock;
#[cfg(all(test, loom))]
mod loom_tests;
mod mutex;
mod once;
mod once_lock;
mod poison;
#[cfg(not(loom))]
pub mod raw;
mod raw_mutex;
mod raw_rwlock;
#[cfg(not(loom))]
pub(crate) mod rt;
#[cfg(loom)]
#[path = "rt_model.rs"]
pub(crate) mod rt;
mod rwlock;
mod semaphore;
#[cfg(all(test, not(loom)))]
mod tests;
mod wait_group;

pub use barrier::{Barrier, BarrierWaitResult};
pub use condvar::{Condvar, WaitTimeoutResult};
pub use lazy_lock::LazyLock;
pub use mutex::{Mutex, MutexGuard};
pub use once::{Once, OnceState};
pub use once_lock::OnceLock;
pub use rwlock::{RwLock, RwLockReadGuard, RwLockWriteGuard};
pub use semaphore::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};
pub use wait_group::WaitGroup;
