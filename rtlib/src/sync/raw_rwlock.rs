//! The lock below [`RwLock`](super::RwLock): the rules of Go's `RWMutex` (sync/rwmutex.go), with deadlines.
//!
//! Writers first compete for a mutex, `writers`; its holder alone uses the *gate*, one word that readers pass through:
//!
//! | bits | meaning |
//! |---|---|
//! | `WRITER` | a writer has the gate, or waits for it: new readers wait |
//! | `DRAINING` | that writer sleeps until the readers are out; whoever takes the bit away owes it a unit of `drained` |
//! | readers | those that are in, and some that added themselves, see `WRITER`, and are about to move over to those who wait |
//! | waiting | readers that wait for this writer |
//!
//! When a writer is done, all readers that waited are in at once, before the next writer: so neither side starves the other. One change of the word does all of it; then each of
//! them gets a unit of `admitted`. So the readers that are blocked are as many as are counted as waiting and units together, and one whose deadline comes leaves by taking off one
//! of either: it does not matter whose.

use core::fmt;

use super::raw_mutex::RawMutex;
use super::rt::{self, Deadline, Sema};
use crate::shim::{AtomicU64, Ordering, const_unless_loom};

const WRITER: u64 = 1;
const DRAINING: u64 = 2;
const READER: u64 = 4;
const READERS: u64 = (1 << 32) - READER;
/// Set when there are more readers than anybody can mean. The other half of the field is for those that come before the first has gone again.
const TOO_MANY: u64 = 1 << 31;
const WAITING: u64 = 1 << 32;

/// A readers-writer lock without a value, for [`lock_api`]. It may be unlocked on another goroutine or thread than it was locked on.
///
/// A writer that waits blocks new readers, so readers cannot starve it; readers that wait for a writer go before the next one. A goroutine that reads must therefore not lock
/// for reading once more: a writer may have come between.
pub struct RawRwLock {
    gate: AtomicU64,
    writers: RawMutex,
    drained: Sema,
    admitted: Sema,
}

impl RawRwLock {
    const_unless_loom! {
        /// Unlocked.
        #[must_use]
        pub const fn new() -> Self {
            Self {
                gate: AtomicU64::new(0),
                writers: RawMutex::new(),
                drained: Sema::new(),
                admitted: Sema::new(),
            }
        }
    }

    /// The mutex of the writers, which has room for the poison bit.
    pub(super) fn poison_bit(&self) -> &RawMutex {
        &self.writers
    }

    /// Locks for reading; false: not before the deadline.
    #[inline]
    pub(super) fn read(&self, deadline: Deadline) -> bool {
        let before = self.gate.fetch_add(READER, Ordering::Acquire);
        before & (WRITER | TOO_MANY) == 0 || self.read_slow(deadline)
    }

    /// Locks for reading if that goes at once.
    #[inline]
    pub(super) fn try_read(&self) -> bool {
        let mut now = self.gate.load(Ordering::Relaxed);
        while now & (WRITER | TOO_MANY) == 0 {
            match self.gate.compare_exchange_weak(
                now,
                now + READER,
                Ordering::Acquire,
                Ordering::Relaxed,
            ) {
                Ok(_) => return true,
                Err(other) => now = other,
            }
        }
        false
    }

    /// Ends reading.
    #[inline]
    pub(super) fn unread(&self) {
        let before = self.gate.fetch_sub(READER, Ordering::Release);
        if before & DRAINING != 0 || before & READERS == 0 {
            self.unread_slow(before);
        }
    }

    /// Locks for writing; false: not before the deadline.
    #[inline]
    pub(super) fn write(&self, deadline: Deadline) -> bool {
        if !self.writers.acquire(rt::WHY_RWLOCK_WRITE, deadline) {
            return false;
        }
        let before = self.gate.fetch_add(WRITER, Ordering::Acquire);
        before & READERS == 0 || self.drain(deadline)
    }

    /// Locks for writing if that goes at once.
    pub(super) fn try_write(&self) -> bool {
        if !self.writers.try_acquire() {
            return false;
        }
        let mut now = self.gate.load(Ordering::Relaxed);
        while now & READERS == 0 {
            match self.gate.compare_exchange_weak(
                now,
                now | WRITER,
                Ordering::Acquire,
                Ordering::Relaxed,
            ) {
                Ok(_) => return true,
                Err(other) => now = other,
            }
        }
        self.writers.release();
        false
    }

    /// Ends writing.
    #[inline]
    pub(super) fn unwrite(&self) {
        self.open(0);
        self.writers.release();
    }

    /// Goes on reading instead of writing.
    pub(super) fn downgrade(&self) {
        self.open(READER);
        self.writers.release();
    }

    /// Whether nothing is left of those who used it, a unit too many for example.
    #[cfg(all(test, loom))]
    pub(super) fn is_as_new(&self) -> bool {
        self.gate.load(Ordering::Relaxed) == 0
            && self.writers.is_as_new()
            && self.drained.units_left() == 0
            && self.admitted.units_left() == 0
    }

    /// Whether somebody writes, or waits for readers to be out.
    pub(super) fn is_written(&self) -> bool {
        self.gate.load(Ordering::Relaxed) & WRITER != 0
    }

    /// Whether somebody reads or writes.
    pub(super) fn is_held(&self) -> bool {
        self.gate.load(Ordering::Relaxed) & (WRITER | READERS) != 0
    }

    /// The caller has added itself to the readers, though there was a writer.
    #[cold]
    fn read_slow(&self, deadline: Deadline) -> bool {
        if !self.become_waiting() {
            return true;
        }
        let mut deadline = deadline;
        while !self.admitted.acquire(rt::WHY_RWLOCK_READ, false, deadline) {
            if self.stop_waiting() {
                return false;
            }
            // There is a unit, or will be at once.
            deadline = Deadline::shortly();
        }
        true
    }

    /// Takes one off those who wait, if any are counted.
    fn stop_waiting(&self) -> bool {
        let mut now = self.gate.load(Ordering::Relaxed);
        while now >= WAITING {
            match self.gate.compare_exchange_weak(
                now,
                now - WAITING,
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => return true,
                Err(other) => now = other,
            }
        }
        false
    }

    /// Moves the caller from the readers to those who wait. False when the writer has gone: the caller is a reader then.
    fn become_waiting(&self) -> bool {
        let mut now = self.gate.load(Ordering::Acquire);
        loop {
            if now & TOO_MANY != 0 {
                self.unread();
                panic!("too many readers of one lock");
            }
            if now & WRITER == 0 {
                return false;
            }
            match self.gate.compare_exchange_weak(
                now,
                now - READER + WAITING,
                Ordering::Acquire,
                Ordering::Acquire,
            ) {
                Ok(_) => break,
                Err(other) => now = other,
            }
        }
        self.end_draining();
        true
    }

    #[cold]
    fn unread_slow(&self, before: u64) {
        if before & READERS == 0 {
            rt::fatal("sync: RUnlock of unlocked RWMutex");
        }
        self.end_draining();
    }

    /// After the caller has left the readers: wakes the writer that waits for the last of them.
    fn end_draining(&self) {
        let mut now = self.gate.load(Ordering::Relaxed);
        while now & DRAINING != 0 && now & READERS == 0 {
            match self.gate.compare_exchange_weak(
                now,
                now - DRAINING,
                Ordering::AcqRel,
                Ordering::Relaxed,
            ) {
                Ok(_) => return self.drained.release(false),
                Err(other) => now = other,
            }
        }
    }

    /// The caller is the writer at the gate: waits until the readers are out.
    #[cold]
    fn drain(&self, deadline: Deadline) -> bool {
        let mut now = self.gate.load(Ordering::Acquire);
        while now & READERS != 0 {
            match self.gate.compare_exchange_weak(
                now,
                now | DRAINING,
                Ordering::Acquire,
                Ordering::Acquire,
            ) {
                Ok(_) => return self.wait_until_drained(deadline),
                Err(other) => now = other,
            }
        }
        true
    }

    fn wait_until_drained(&self, deadline: Deadline) -> bool {
        if self.drained.acquire(rt::WHY_RWLOCK_WRITE, false, deadline) {
            return true;
        }
        let given_up = self.open_if(0, |now| now & DRAINING != 0);
        if given_up {
            self.writers.release();
            return false;
        }
        // The last reader is out: the unit is on its way.
        self.drained
            .acquire(rt::WHY_RWLOCK_WRITE, false, Deadline::NEVER)
    }

    /// The writer leaves the gate, and those who wait are in; `and` is added.
    #[inline]
    fn open(&self, and: u64) {
        self.open_if(and, |_| true);
    }

    /// [`RawRwLock::open`], if the word is such.
    #[inline]
    fn open_if(&self, and: u64, such: impl Fn(u64) -> bool) -> bool {
        let mut now = self.gate.load(Ordering::Relaxed);
        loop {
            if !such(now) {
                return false;
            }
            if now & WRITER == 0 {
                rt::fatal("sync: Unlock of unlocked RWMutex");
            }
            let waiting = now / WAITING;
            let next = (now & READERS) + waiting * READER + and;
            match self
                .gate
                .compare_exchange_weak(now, next, Ordering::AcqRel, Ordering::Relaxed)
            {
                Ok(_) => {
                    if waiting != 0 {
                        self.admit(waiting);
                    }
                    return true;
                }
                Err(other) => now = other,
            }
        }
    }

    #[cold]
    fn admit(&self, readers: u64) {
        for _ in 0..readers {
            self.admitted.release(false);
        }
    }
}

impl Default for RawRwLock {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for RawRwLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawRwLock")
            .field("locked", &self.is_held())
            .field("written", &self.is_written())
            .finish_non_exhaustive()
    }
}
