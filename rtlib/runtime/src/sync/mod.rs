//! What goroutines wait for each other with: semaphores, the queues of condition variables, one-shot events. `rtlib::sync` is made of them.
//!
//! A semaphore is a number anywhere in memory, as in Go: who waits for it is found by its address in one table for the whole program, so that a mutex is small and
//! costs the runtime nothing while nobody waits.
//!
//! - `queues`: FIFO queues by address; `table`: the buckets of the table; `sema`: acquire and release; `notify`: condition variables;
//!   `event`: for one who waits for one thing; `futex`: words of memory, as futex(2) has them; `api`: the C interface.
//!
//! Like `chan`, all of it is generic over [`Env`](crate::chan::env::Env): programs use it on the scheduler, models and tests on threads.
//!
//! Locks: a bucket's lock is the only one that is taken here, and nobody is readied under it.

pub mod event;
#[cfg(any(feature = "object", all(test, loom)))]
pub mod futex;
pub mod notify;
pub mod queues;
pub mod sema;
pub mod table;

#[cfg(feature = "object")]
mod api;
#[cfg(feature = "object")]
pub use api::{forget, forget_in};
#[cfg(all(test, loom))]
mod loom_tests;
