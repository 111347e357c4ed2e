//! Models of timers: setting, firing and stopping at once, and a deadline against a wake-up.
//!
//! Run with `RUSTFLAGS="--cfg loom" cargo test -p gobuild-rtlib-runtime --release loom`.

use std::boxed::Box;

use loom::thread;
use rtlib_abi::api::OpaqueG;

use super::timers::{Timer, Timers};
use crate::shim::{AtomicU32, Ordering};

/// A timer that counts how often it has fired, and where it may be set.
struct Model {
    timers: [Timers; 2],
    timer: Timer,
    fired: AtomicU32,
    /// What the callback uses is gone.
    gone: AtomicU32,
}

impl Model {
    fn new() -> &'static Self {
        let model = Box::leak(Box::new(Self {
            timers: [Timers::new(), Timers::new()],
            timer: Timer::new(count, std::ptr::null_mut()),
            fired: AtomicU32::new(0),
            gone: AtomicU32::new(0),
        }));
        model.timer.arg = (&raw mut *model).cast();
        model
    }

    fn set(&'static self, when: u64, period: u64) {
        // SAFETY: never moves; the tests set it when it is not set, one thread at a time.
        unsafe { self.timer.set(&self.timers[0], when, period) };
    }

    /// What a thread does that looks at timers, of which one at most is due.
    fn run(&'static self, timers: usize, now: u64) {
        if let Some(timer) = self.timers[timers].take_due(now) {
            timer.fire(now, || &self.timers[1]);
        }
    }

    fn fired(&self) -> u32 {
        self.fired.load(Ordering::SeqCst)
    }
}

unsafe extern "C" fn count(model: *mut u8) -> *const OpaqueG {
    // SAFETY: `Model::new` leaks it.
    let model = unsafe { &*model.cast::<Model>() };
    assert_eq!(model.gone.load(Ordering::Relaxed), 0, "fired after stop");
    model.fired.fetch_add(1, Ordering::SeqCst);
    std::ptr::null()
}

#[test]
fn loom_timer_is_stopped_or_fires() {
    loom::model(|| {
        let model = Model::new();
        model.set(1, 0);
        let runners = [1, 1].map(|now| thread::spawn(move || model.run(0, now)));
        let stopped = model.timer.stop();
        let fired = model.fired();
        model.gone.store(1, Ordering::Relaxed);
        for runner in runners {
            runner.join().expect("runner");
        }
        assert_eq!((fired, model.fired()), (!stopped as u32, fired));
    });
}

#[test]
fn loom_timer_that_is_periodic_ends_when_it_is_stopped() {
    // Without a bound it takes hours.
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound.get_or_insert(4);
    builder.check(|| {
        let model = Model::new();
        model.set(1, 1);
        let runner = thread::spawn(move || {
            model.run(0, 1);
            model.run(1, 2);
        });
        model.timer.stop();
        model.gone.store(1, Ordering::Relaxed);
        runner.join().expect("runner");
        assert!(model.timers.iter().all(|timers| timers.first().is_none()));
        assert!(!model.timer.stop());
    });
}

#[test]
fn loom_timer_that_moves_is_stopped_or_fires() {
    loom::model(|| {
        let model = Model::new();
        model.set(1, 0);
        let runner = thread::spawn(move || {
            model.timers[0].move_to(&model.timers[1]);
            model.run(1, 1);
        });
        let stopped = model.timer.stop();
        model.gone.store(1, Ordering::Relaxed);
        runner.join().expect("runner");
        assert_eq!(model.fired(), !stopped as u32);
        assert!(model.timers.iter().all(|timers| timers.first().is_none()));
    });
}

#[test]
fn loom_timer_fires_once_for_each_setting_that_is_not_taken_back() {
    loom::model(|| {
        let model = Model::new();
        model.set(1, 0);
        let runner = thread::spawn(move || model.run(0, 2));
        let taken_back = model.timer.stop() as u32;
        model.set(2, 0);
        runner.join().expect("runner");
        model.run(0, 2);
        assert_eq!(model.fired() + taken_back, 2);
    });
}

/// Somebody who waits with a deadline, as in `park`.
struct Wait {
    timer: Timer,
    select_done: AtomicU32,
    expired: AtomicU32,
    woken: AtomicU32,
}

impl Wait {
    fn win(&self) -> bool {
        self.select_done
            .compare_exchange(0, 1, Ordering::AcqRel, Ordering::Relaxed)
            .is_ok()
    }
}

unsafe extern "C" fn expire(wait: *mut u8) -> *const OpaqueG {
    // SAFETY: the test leaks it.
    let shared = unsafe { &*wait.cast::<Wait>() };
    if !shared.win() {
        return std::ptr::null();
    }
    shared.expired.store(1, Ordering::Release);
    wait.cast()
}

/// The memory belongs to whoever waited once it has been woken and, if it was not the deadline, has stopped the timer: here it is set again at once, elsewhere.
#[test]
fn loom_timer_deadline_and_wake_up_agree() {
    loom::model(|| {
        let timers: &'static [Timers; 2] = Box::leak(Box::new([Timers::new(), Timers::new()]));
        let wait = Box::leak(Box::new(Wait {
            timer: Timer::new(expire, std::ptr::null_mut()),
            select_done: AtomicU32::new(0),
            expired: AtomicU32::new(0),
            woken: AtomicU32::new(0),
        }));
        wait.timer.arg = (&raw mut *wait).cast();
        let wait: &'static Wait = wait;
        // SAFETY: leaked, set for the first time.
        unsafe { wait.timer.set(&timers[0], 1, 0) };
        let runner = thread::spawn(move || {
            if let Some(timer) = timers[0].take_due(1)
                && !timer.fire(1, || &timers[1]).is_null()
            {
                wait.woken.fetch_add(1, Ordering::AcqRel);
            }
        });
        let waker = thread::spawn(move || {
            if wait.win() {
                wait.woken.fetch_add(1, Ordering::AcqRel);
            }
        });
        while wait.woken.load(Ordering::Acquire) == 0 {
            thread::yield_now();
        }
        if wait.expired.load(Ordering::Acquire) == 0 {
            wait.timer.stop();
        }
        // SAFETY: it has fired or been stopped.
        unsafe { wait.timer.set(&timers[1], 5, 0) };
        runner.join().expect("runner");
        waker.join().expect("waker");
        assert_eq!(wait.woken.load(Ordering::Relaxed), 1, "woken once");
        assert_eq!(timers[1].first(), Some(5));
        assert!(wait.timer.stop(), "somebody else has touched the timer");
    });
}
