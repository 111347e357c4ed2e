//! Locks without values, which implement the traits of [`lock_api`]: for crates that bring their own guards, and for `lock_api::{Mutex, RwLock, ReentrantMutex, …}` themselves.
//!
//! They do not know poison. Unlocking what is not locked ends the program: `fatal error: sync: unlock of unlocked mutex`.

use core::time::Duration;
use std::time::Instant;

use lock_api::GuardSend;

pub use super::raw_mutex::RawMutex;
pub use super::raw_rwlock::RawRwLock;
use super::rt::{Deadline, WHY_MUTEX};

/// `lock_api` wants constants; loom's atomics have none.
#[allow(
    clippy::declare_interior_mutable_const,
    reason = "a constant to make new locks of, as lock_api has it"
)]
mod constants {
    pub(super) const MUTEX: super::RawMutex = super::RawMutex::new();
    pub(super) const RW_LOCK: super::RawRwLock = super::RawRwLock::new();
}

// SAFETY: one holder at a time, whoever it is: `loom` and the state's description in `raw_mutex.rs`.
unsafe impl lock_api::RawMutex for RawMutex {
    const INIT: Self = constants::MUTEX;
    type GuardMarker = GuardSend;

    #[inline]
    fn lock(&self) {
        self.acquire(WHY_MUTEX, Deadline::NEVER);
    }

    #[inline]
    fn try_lock(&self) -> bool {
        self.try_acquire()
    }

    #[inline]
    unsafe fn unlock(&self) {
        self.release();
    }

    fn is_locked(&self) -> bool {
        self.is_held()
    }
}

// SAFETY: as above; true is returned with the lock held only.
unsafe impl lock_api::RawMutexTimed for RawMutex {
    type Duration = Duration;
    type Instant = Instant;

    fn try_lock_for(&self, timeout: Duration) -> bool {
        self.try_acquire() || self.acquire(WHY_MUTEX, Deadline::after(timeout))
    }

    fn try_lock_until(&self, timeout: Instant) -> bool {
        self.try_acquire() || self.acquire(WHY_MUTEX, Deadline::at(timeout))
    }
}

// SAFETY: readers or one writer: `loom` and the description of the gate in `raw_rwlock.rs`.
unsafe impl lock_api::RawRwLock for RawRwLock {
    const INIT: Self = constants::RW_LOCK;
    type GuardMarker = GuardSend;

    #[inline]
    fn lock_shared(&self) {
        self.read(Deadline::NEVER);
    }

    #[inline]
    fn try_lock_shared(&self) -> bool {
        self.try_read()
    }

    #[inline]
    unsafe fn unlock_shared(&self) {
        self.unread();
    }

    #[inline]
    fn lock_exclusive(&self) {
        self.write(Deadline::NEVER);
    }

    #[inline]
    fn try_lock_exclusive(&self) -> bool {
        self.try_write()
    }

    #[inline]
    unsafe fn unlock_exclusive(&self) {
        self.unwrite();
    }

    fn is_locked(&self) -> bool {
        self.is_held()
    }

    fn is_locked_exclusive(&self) -> bool {
        self.is_written()
    }
}

// SAFETY: as above; true is returned with the lock held only.
unsafe impl lock_api::RawRwLockTimed for RawRwLock {
    type Duration = Duration;
    type Instant = Instant;

    fn try_lock_shared_for(&self, timeout: Duration) -> bool {
        self.try_read() || self.read(Deadline::after(timeout))
    }

    fn try_lock_shared_until(&self, timeout: Instant) -> bool {
        self.try_read() || self.read(Deadline::at(timeout))
    }

    fn try_lock_exclusive_for(&self, timeout: Duration) -> bool {
        self.try_write() || self.write(Deadline::after(timeout))
    }

    fn try_lock_exclusive_until(&self, timeout: Instant) -> bool {
        self.try_write() || self.write(Deadline::at(timeout))
    }
}

// SAFETY: the writer becomes a reader in one change of the gate.
unsafe impl lock_api::RawRwLockDowngrade for RawRwLock {
    unsafe fn downgrade(&self) {
        RawRwLock::downgrade(self);
    }
}
