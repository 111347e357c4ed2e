//! A timer, and the timers of a P. States and rules: see `super`.

use core::hint::spin_loop;
use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering, fence};

use rtlib_abi::time::RawTimer;

use super::heap::Heap;
use crate::lock::Lock;
use crate::os::linux::{nanotime, proc};
use crate::sched::g::G;
use crate::sched::global::{ALLP, SPIN, allp};
use crate::sched::p::P;
use crate::sched::park::{goready, goready_behind, my_p};
use crate::sched::threads;

/// No deadline.
pub const NEVER: u64 = u64::MAX;
/// Rounds of the fast path between two looks at the clock.
const LOOK_EVERY: u64 = 16;
/// Sysmon leaves timers that are late by less than this to the Ps.
const SLACK_NS: u64 = 100_000;

const IDLE: u32 = 0;
const SET: u32 = 1;
const FIRING: u32 = 2;
const ENDING: u32 = 3;

/// What a timer does when it is due. Returns a goroutine to be readied once the timer is no longer in use.
pub type Fire = unsafe extern "C" fn(arg: *mut u8) -> Option<&'static G>;

/// See the head of `super`.
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
    pub(super) arg: *mut u8,
}

const _: () = assert!(size_of::<Timer>() <= size_of::<RawTimer>());
const _: () = assert!(align_of::<Timer>() <= align_of::<RawTimer>());

// SAFETY: `fire` and `arg` are only read while others may look; who sets them vouches for what the callback does.
unsafe impl Sync for Timer {}

impl Timer {
    /// A timer that calls `fire(arg)`. Not set.
    pub const fn new(fire: Fire, arg: *mut u8) -> Self {
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

    /// Sets it: due at `when`, and every `period` ns after that if `period` is not 0.
    ///
    /// # Safety
    /// It is not set, nobody else sets it at the same time, and it stays where it is until it has been stopped or, unless it is periodic, has fired. The callback may be
    /// called on any thread until then.
    pub unsafe fn set(&self, when: u64, period: u64) {
        self.period.store(period, Ordering::Relaxed);
        let pp = my_p();
        timers_of(pp).add(self, when);
        // Somebody must look at it in time: a P that is busy with something else may not.
        if pp.is_none() || SPIN.idle() != 0 {
            threads::wakep(false);
        }
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
        let still = self.state.load(Ordering::Relaxed) == SET
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
        const SPINS: u32 = 200;
        // A periodic timer is not to be set again.
        let _ = self
            .state
            .compare_exchange(FIRING, ENDING, Ordering::AcqRel, Ordering::Relaxed);
        for round in 0_u32.. {
            match self.state.load(Ordering::Acquire) {
                // A periodic timer that was set again before we could say so.
                SET => return self.stop(),
                IDLE => break,
                _ if round < SPINS => spin_loop(),
                _ => proc::osyield(),
            }
        }
        false
    }
}

/// The timers of a P. Made from zero bytes: none.
pub struct Timers {
    /// The earliest deadline, 0 for none. Written under the lock.
    first: AtomicU64,
    pub(super) heap: Lock<Heap<Timer>>,
}

impl Timers {
    fn publish_first(&self, heap: &Heap<Timer>) {
        self.first.store(
            heap.first().map_or(0, |first| first.max(1)),
            Ordering::SeqCst,
        );
    }

    /// How many are set.
    pub fn len(&self) -> usize {
        self.heap.lock().len()
    }

    /// Whether none is set.
    pub fn is_empty(&self) -> bool {
        self.first.load(Ordering::SeqCst) == 0
    }

    fn add(&self, timer: &Timer, when: u64) {
        let mut heap = self.heap.lock();
        self.add_locked(&mut heap, timer, when);
    }

    pub(super) fn add_locked(&self, heap: &mut Heap<Timer>, timer: &Timer, when: u64) {
        timer.when.store(when, Ordering::Relaxed);
        timer.slot.store(
            heap.insert(when, core::ptr::from_ref(timer)),
            Ordering::Relaxed,
        );
        timer
            .owner
            .store(core::ptr::from_ref(self).cast_mut(), Ordering::Release);
        timer.state.store(SET, Ordering::Release);
        self.publish_first(heap);
    }

    /// Whether the first is due. Reads the clock only when there is one.
    #[inline]
    fn is_due(&self) -> bool {
        let first = self.first.load(Ordering::Relaxed);
        first != 0 && nanotime() >= first
    }

    /// Runs what is due. True when something was.
    fn run(&self, now: u64) -> bool {
        let mut ran = false;
        while let Some(timer) = self.next_due(now) {
            // The first runs next, the others after it, in the order of their deadlines.
            if let Some(gp) = self.fire(timer, now) {
                if ran {
                    goready_behind(gp)
                } else {
                    goready(gp)
                };
            }
            ran = true;
        }
        ran
    }

    fn next_due(&self, now: u64) -> Option<&Timer> {
        let mut heap = self.heap.lock();
        let timer = heap.pop_due(now)?;
        // SAFETY: what is in the heap is set, and stays where it is until it is stopped, for which it must leave the state FIRING again.
        let timer = unsafe { &*timer };
        timer.state.store(FIRING, Ordering::Relaxed);
        self.publish_first(&heap);
        Some(timer)
    }

    /// Calls the callback; the goroutine that it wants readied may use the timer's memory for something else then.
    fn fire(&self, timer: &Timer, now: u64) -> Option<&'static G> {
        // SAFETY: what `set`'s caller vouched for.
        let ready = timer.fire.and_then(|fire| unsafe { fire(timer.arg) });
        let period = timer.period.load(Ordering::Relaxed);
        if period == 0 {
            timer.state.store(IDLE, Ordering::Release);
        } else {
            // Not with `self`: its P may be dead, and no longer be looked at when it has no timers.
            timers_of(my_p()).set_again(timer, period, now);
        }
        ready
    }

    /// A periodic timer is due again at the next multiple of its period after now: times that were missed are left out.
    fn set_again(&self, timer: &Timer, period: u64, now: u64) {
        let when = timer.when.load(Ordering::Relaxed);
        let missed = now.saturating_sub(when) / period;
        let next = when.saturating_add(period.saturating_mul(missed + 1));
        let mut heap = self.heap.lock();
        if timer.state.load(Ordering::Acquire) == ENDING {
            timer.state.store(IDLE, Ordering::Release);
            return;
        }
        // Who stops it now sees FIRING, and finds SET next.
        self.add_locked(&mut heap, timer, next);
    }
}

/// The P's timers; those of the first P for threads that have none.
pub(super) fn timers_of(pp: Option<&'static P>) -> &'static Timers {
    match pp.or_else(|| ALLP[0].get_acquire()) {
        Some(pp) => &pp.timers,
        None => crate::fatal::throw(b"timers before the first P"),
    }
}

/// In the fast path: whether the P should visit the scheduler for its timers.
#[inline]
pub fn must_visit_scheduler(pp: &'static P) -> bool {
    pp.timers.first.load(Ordering::Relaxed) != 0
        && pp
            .schedtick
            .load(Ordering::Relaxed)
            .is_multiple_of(LOOK_EVERY)
        && pp.timers.is_due()
}

/// Runs the P's timers that are due. True when there were some.
#[inline]
pub fn run_own(pp: &'static P) -> bool {
    pp.timers.is_due() && pp.timers.run(nanotime())
}

/// Runs what is due anywhere. True when there was something.
pub fn run_all() -> bool {
    first().is_some_and(|first| {
        let now = nanotime();
        first <= now && run_until(now)
    })
}

/// Sysmon: runs what nobody else has run for a while.
pub fn run_overdue(now: u64) -> bool {
    let late = now.saturating_sub(SLACK_NS);
    first().is_some_and(|first| first <= late) && run_until(now)
}

fn run_until(now: u64) -> bool {
    let due = |pp: &&'static P| {
        let first = pp.timers.first.load(Ordering::Relaxed);
        first != 0 && first <= now
    };
    allp()
        .filter(due)
        .fold(false, |ran, pp| pp.timers.run(now) | ran)
}

/// The earliest deadline of all.
pub fn first() -> Option<u64> {
    fence(Ordering::SeqCst);
    allp()
        .map(|pp| pp.timers.first.load(Ordering::SeqCst))
        .filter(|&first| first != 0)
        .min()
}
