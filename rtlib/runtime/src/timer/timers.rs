//! A timer, and the timers of a P: their states and who may touch what, as `super` says. When they are looked at, and by whom, is `run`'s; so loom checks what is here with
//! clocks and waiters of its own.

use rtlib_abi::api::OpaqueG;
use rtlib_abi::time::Fire;

use super::heap::Heap;
#[cfg(feature = "object")]
use crate::shim::Guard;
use crate::shim::{AtomicPtr, AtomicU32, AtomicU64, Lock, Ordering, pause};

/// No deadline.
#[cfg(feature = "object")]
pub const NEVER: u64 = u64::MAX;

const IDLE: u32 = 0;
const SET: u32 = 1;
const FIRING: u32 = 2;
const ENDING: u32 = 3;

/// See the head of `super`. Its callback may return a waiter that is to be readied once the timer is no longer in use.
#[repr(C)]
pub struct Timer {
    state: AtomicU32,
    /// Where in the heap. Under the heap's lock.
    slot: AtomicU32,
    owner: AtomicPtr<Timers>,
    /// ns of the monotonic clock. Written while it is in no heap.
    when: AtomicU64,
    /// ns between two times; 0 for once. Written while `IDLE`.
    period: AtomicU64,
    fire: Option<Fire>,
    pub arg: *mut u8,
}

#[cfg(not(loom))]
const _: () = {
    use rtlib_abi::time::RawTimer;
    assert!(size_of::<Timer>() <= size_of::<RawTimer>());
    assert!(align_of::<Timer>() <= align_of::<RawTimer>());
};

// SAFETY: `fire` and `arg` are only read while others may look; who sets them vouches for what the callback does.
unsafe impl Sync for Timer {}

impl Timer {
    /// A timer that calls `fire(arg)`. Not set.
    pub fn new(fire: Fire, arg: *mut u8) -> Self {
        Self {
            state: AtomicU32::new(IDLE),
            slot: AtomicU32::new(0),
            owner: AtomicPtr::new(core::ptr::null_mut()),
            when: AtomicU64::new(0),
            period: AtomicU64::new(0),
            fire: Some(fire),
            arg,
        }
    }

    /// Sets it, in `timers`: due at `when`, and every `period` ns after that if `period` is not 0.
    ///
    /// # Safety
    /// It is not set, nobody else sets it at the same time, and it stays where it is until it has been stopped or, unless it is periodic, has fired. The callback may be
    /// called on any thread until then.
    pub unsafe fn set(&self, timers: &Timers, when: u64, period: u64) {
        self.period.store(period, Ordering::Relaxed);
        timers.add(&mut timers.heap.lock(), self, when);
    }

    /// Takes it back. True when it was set and has not fired since; false when it has fired already or was not set. When this returns the callback does not run and will
    /// not run. Not from the callback itself.
    pub fn stop(&self) -> bool {
        loop {
            match self.state.load(Ordering::Acquire) {
                IDLE => return false,
                SET => {
                    if self.take_from_heap() {
                        return true;
                    }
                }
                _ => return self.wait_until_fired(),
            }
        }
    }

    fn take_from_heap(&self) -> bool {
        // SAFETY: the heaps belong to Ps, which are never freed; `owner` is set before `state` becomes SET.
        let Some(timers) = (unsafe { self.owner.load(Ordering::Acquire).as_ref() }) else {
            return false;
        };
        let mut heap = timers.heap.lock();
        // Acquire: if it has been set again, the new owner is read below.
        let still = self.state.load(Ordering::Acquire) == SET
            && core::ptr::eq(self.owner.load(Ordering::Relaxed), timers);
        if still {
            heap.remove(self.slot.load(Ordering::Relaxed));
            timers.publish_first(&heap);
            self.state.store(IDLE, Ordering::Release);
        }
        still
    }

    #[cold]
    fn wait_until_fired(&self) -> bool {
        // A periodic timer is not to be set again.
        let ending =
            self.state
                .compare_exchange(FIRING, ENDING, Ordering::AcqRel, Ordering::Acquire);
        match ending {
            Err(IDLE) => return false,
            Err(SET) => return self.stop(), // it has been
            Ok(_) | Err(_) => {}
        }
        let mut round = 0;
        while self.state.load(Ordering::Acquire) != IDLE {
            pause(round);
            round += 1;
        }
        false
    }

    /// Calls the callback of a timer that [`Timers::take_due`] gave. A periodic timer goes on in `home`. Returns who is to be readied, who may then use the timer's memory
    /// for something else.
    pub fn fire(&self, now: u64, home: impl FnOnce() -> &'static Timers) -> *const OpaqueG {
        let ready = match self.fire {
            // SAFETY: what `set`'s caller vouched for.
            Some(fire) => unsafe { fire(self.arg) },
            None => core::ptr::null(),
        };
        let period = self.period.load(Ordering::Relaxed);
        if period == 0 || !self.set_again(home(), period, now) {
            // A swap, because loom does not know that a store comes after the ENDING of somebody who has replaced our FIRING.
            self.state.swap(IDLE, Ordering::AcqRel);
        }
        ready
    }

    /// A periodic timer is due again at the next multiple of its period after now: times that were missed are left out. False when it is being stopped.
    fn set_again(&self, timers: &Timers, period: u64, now: u64) -> bool {
        let when = self.when.load(Ordering::Relaxed);
        let missed = now.saturating_sub(when) / period;
        let next = when.saturating_add(period.saturating_mul(missed + 1));
        let mut heap = timers.heap.lock();
        timers.insert(&mut heap, self, next);
        let again = self
            .state
            .compare_exchange(FIRING, SET, Ordering::AcqRel, Ordering::Relaxed)
            .is_ok();
        if !again {
            heap.remove(self.slot.load(Ordering::Relaxed));
        }
        timers.publish_first(&heap);
        again
    }
}

#[cfg(feature = "object")]
impl crate::lockrank::Ranked for Heap<Timer> {
    const RANK: crate::lockrank::Rank = crate::lockrank::Rank::Timers;
}

/// The timers of a P. Made from zero bytes: none.
pub struct Timers {
    /// The earliest deadline, 0 for none. Written under the lock.
    first: AtomicU64,
    /// How many were taken out to be fired and have not been. Raised under the lock.
    firing: AtomicU32,
    heap: Lock<Heap<Timer>>,
}

impl Timers {
    /// None.
    #[cfg(loom)]
    pub fn new() -> Self {
        Self {
            first: AtomicU64::new(0),
            firing: AtomicU32::new(0),
            heap: Lock::new(Heap::new()),
        }
    }

    /// Holds them all where they are: none is taken out or fires until the guard is gone.
    #[cfg(feature = "object")]
    pub fn hold(&self) -> Guard<'_, Heap<Timer>> {
        self.heap.lock()
    }

    /// Sets a timer that is not periodic, as [`Timer::set`], in timers that are held.
    ///
    /// # Safety
    /// As there; the guard is of these timers.
    #[cfg(feature = "object")]
    pub unsafe fn set_held(&self, heap: &mut Heap<Timer>, timer: &Timer, when: u64) {
        self.add(heap, timer, when);
    }

    fn publish_first(&self, heap: &Heap<Timer>) {
        self.first.store(
            heap.first().map_or(0, |first| first.max(1)),
            Ordering::SeqCst,
        );
    }

    /// The earliest deadline; may be stale.
    #[inline]
    pub fn first(&self) -> Option<u64> {
        Some(self.first.load(Ordering::Relaxed)).filter(|&first| first != 0)
    }

    /// The earliest deadline. A timer that was set before a full barrier of the caller's counts.
    #[cfg(feature = "object")]
    pub fn first_after_barrier(&self) -> Option<u64> {
        Some(self.first.load(Ordering::SeqCst)).filter(|&first| first != 0)
    }

    /// How many are set.
    #[cfg(feature = "object")]
    pub fn len(&self) -> usize {
        self.heap.lock().len()
    }

    /// Takes a timer out whose deadline is not after `now`, the earliest first. The caller [fires](Timer::fire) it.
    pub fn take_due(&self, now: u64) -> Option<&Timer> {
        let mut heap = self.heap.lock();
        let timer = heap.pop_due(now)?;
        // SAFETY: what is in the heap is set, and stays where it is until it is stopped, for which it must leave the state FIRING again.
        let timer = unsafe { &*timer };
        timer.state.store(FIRING, Ordering::Relaxed);
        self.firing.fetch_add(1, Ordering::Relaxed);
        self.publish_first(&heap);
        Some(timer)
    }

    /// One that [`take_due`](Self::take_due) gave has been fired.
    #[cfg(feature = "object")]
    pub fn fired(&self) {
        self.firing.fetch_sub(1, Ordering::Release);
    }

    /// Keeps them as they are, if at this moment nobody changes or fires any, until [`let_go`](Self::let_go).
    #[cfg(feature = "object")]
    pub fn try_keep(&self) -> bool {
        let Some(held) = self.heap.try_lock() else {
            return false;
        };
        let is_still = self.firing.load(Ordering::Acquire) == 0;
        if is_still {
            core::mem::forget(held);
        }
        is_still
    }

    /// Ends what [`try_keep`](Self::try_keep) began.
    ///
    /// # Safety
    /// It said yes.
    #[cfg(feature = "object")]
    pub unsafe fn let_go(&self) {
        // SAFETY: the caller vouches.
        unsafe { self.heap.unlock() }
    }

    /// Takes all out, as if each had been stopped: nobody is there to be woken.
    ///
    /// # Safety
    /// They are kept ([`try_keep`](Self::try_keep)); this ends that.
    #[cfg(feature = "object")]
    pub unsafe fn forget(&self) {
        // SAFETY: the caller vouches; what is in the heap is set, and stays where it is until it is stopped.
        unsafe {
            let mut heap = self.heap.taken();
            while let Some(timer) = heap.pop_due(u64::MAX) {
                (*timer).state.store(IDLE, Ordering::Release);
            }
            self.publish_first(&heap);
        }
    }

    /// Moves all to `to`, which is another P's.
    pub fn move_to(&self, to: &Self) {
        // The locks of two heaps in the order of their addresses.
        let (mut from_heap, mut to_heap);
        if core::ptr::from_ref(self) < core::ptr::from_ref(to) {
            from_heap = self.heap.lock();
            to_heap = to.heap.lock();
        } else {
            to_heap = to.heap.lock();
            from_heap = self.heap.lock();
        }
        while let Some(timer) = from_heap.pop_due(u64::MAX) {
            // SAFETY: it is set, and not stopped while we hold the heap that it is in.
            let timer = unsafe { &*timer };
            to.insert(&mut to_heap, timer, timer.when.load(Ordering::Relaxed));
        }
        self.publish_first(&from_heap);
        to.publish_first(&to_heap);
    }

    fn add(&self, heap: &mut Heap<Timer>, timer: &Timer, when: u64) {
        self.insert(heap, timer, when);
        timer.state.store(SET, Ordering::Release);
        self.publish_first(heap);
    }

    fn insert(&self, heap: &mut Heap<Timer>, timer: &Timer, when: u64) {
        timer.when.store(when, Ordering::Relaxed);
        let slot = heap.insert(when, core::ptr::from_ref(timer));
        timer.slot.store(slot, Ordering::Relaxed);
        let owner = core::ptr::from_ref(self).cast_mut();
        timer.owner.store(owner, Ordering::Release);
    }
}
