//! The part of the C interface that has to do with waiting for each other: semaphores, condition variables, events. `rtlib::sync` is made of them.
//!
//! As in [`api`](crate::api): any thread may call, nothing unwinds. Wait reasons are the numbers `WHY_*`. Deadlines are nanoseconds of `CLOCK_MONOTONIC`, [`NEVER`] is none.

use core::ffi::c_void;

/// A deadline that does not come.
pub const NEVER: u64 = u64::MAX;

/// `JoinHandle::join`.
pub const WHY_JOIN: u8 = 2;
/// A semaphore.
pub const WHY_SEMACQUIRE: u8 = 10;
/// `sync::Mutex`.
pub const WHY_MUTEX: u8 = 11;
/// `sync::RwLock`, reading.
pub const WHY_RWLOCK_READ: u8 = 12;
/// `sync::RwLock`, writing.
pub const WHY_RWLOCK_WRITE: u8 = 13;
/// `sync::Condvar`.
pub const WHY_CONDVAR: u8 = 14;
/// `sync::WaitGroup`.
pub const WHY_WAIT_GROUP: u8 = 15;
/// `sync::Barrier`.
pub const WHY_BARRIER: u8 = 16;
/// `sync::Once`.
pub const WHY_ONCE: u8 = 17;

unsafe extern "C" {
    /// Takes a unit of the semaphore (a `u32` that is accessed atomically), waiting for it in the order of arrival, or in front of all others. False: there was none until the deadline.
    ///
    /// # Safety
    /// `units` is valid until this returns.
    #[link_name = "sync.runtime_Semacquire"]
    pub fn semacquire(units: *const u32, why: u8, in_front: bool, deadline: u64) -> bool;

    /// Adds a unit and wakes the first who waits for one. With `handoff` the unit is given to that one, which runs at once.
    ///
    /// # Safety
    /// `units` is valid until the unit is there; with `handoff`, until this returns.
    #[link_name = "sync.runtime_Semrelease"]
    pub fn semrelease(units: *const u32, handoff: bool);

    /// Queues the caller at the address, calls `release(arg)`, and blocks until it is notified; who was notified meanwhile does not block. False: the deadline came first.
    ///
    /// # Safety
    /// `release` may be called with `arg`, and does not unwind.
    #[link_name = "sync.runtime_notifyListWait"]
    pub fn notify_wait(
        addr: usize,
        why: u8,
        deadline: u64,
        release: unsafe extern "C" fn(*const c_void),
        arg: *const c_void,
    ) -> bool;

    /// Wakes the one who has waited at the address for longest.
    #[link_name = "sync.runtime_notifyListNotifyOne"]
    pub fn notify_one(addr: usize);

    /// Wakes all who wait at the address.
    #[link_name = "sync.runtime_notifyListNotifyAll"]
    pub fn notify_all(addr: usize);

    /// Blocks until the event (a word that was 0 in the beginning) is set.
    ///
    /// # Safety
    /// The event is valid until this returns, and nobody else waits for it.
    #[link_name = "sync.runtime_eventWait"]
    pub fn event_wait(event: *const usize, why: u8);

    /// Sets the event. Its memory may be gone as soon as it is set.
    ///
    /// # Safety
    /// The event is valid until then, and nobody else sets it.
    #[link_name = "sync.runtime_eventSet"]
    pub fn event_set(event: *const usize);

    /// For one who wants a lock that is held and has spun so often: whether it can help to spin once more.
    #[link_name = "sync.runtime_canSpin"]
    pub fn can_spin(times: u32) -> bool;
}
