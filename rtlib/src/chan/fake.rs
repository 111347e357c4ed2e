//! The runtime's own channels on std threads, for unit tests: those who wait are threads. So both layers of a channel run under miri. (`fake_sync.rs` uses the same threads.)

use core::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use core::time::Duration;
use std::boxed::Box;
use std::sync::{Condvar, Mutex};
use std::thread;
use std::thread_local;

use rtlib_runtime::chan::{Commit, Env, RawLock, WaitReason};

/// See the module's head.
pub(crate) struct Threads;

/// A thread that can wait. Never freed.
#[derive(Default)]
pub(crate) struct Waiter {
    awake: Mutex<bool>,
    changed: Condvar,
    done: AtomicU32,
    word: AtomicUsize,
}

/// One that any thread may unlock.
pub(crate) struct Lock(AtomicBool);

impl Lock {
    pub(crate) const fn unlocked() -> Self {
        Self(AtomicBool::new(false))
    }
}

impl RawLock for Lock {
    fn new() -> Self {
        Self::unlocked()
    }

    fn lock(&self) {
        while self.0.swap(true, Ordering::Acquire) {
            thread::yield_now();
        }
    }

    unsafe fn unlock(&self) {
        self.0.store(false, Ordering::Release);
    }
}

impl Env for Threads {
    type G = Waiter;
    type Lock = Lock;

    fn waiter() -> &'static Waiter {
        thread_local! {
            static WAITER: &'static Waiter = Box::leak(Box::default());
        }
        WAITER.with(|waiter| *waiter)
    }

    fn arm(me: &'static Waiter) {
        me.done.store(0, Ordering::Relaxed);
    }

    fn win(waiter: &'static Waiter) -> bool {
        waiter
            .done
            .compare_exchange(0, 1, Ordering::AcqRel, Ordering::Relaxed)
            .is_ok()
    }

    fn leave_word(waiter: &'static Waiter, word: usize) {
        waiter.word.store(word, Ordering::Relaxed);
    }

    fn word(me: &'static Waiter) -> usize {
        me.word.load(Ordering::Relaxed)
    }

    fn park(
        me: &'static Waiter,
        _why: WaitReason,
        commit: Commit<Self>,
        arg: usize,
        deadline: u64,
    ) -> bool {
        commit(me, arg);
        let mut awake = me.awake.lock().unwrap();
        while !*awake {
            let left = deadline.saturating_sub(rtlib_abi::time::nanotime());
            if deadline == u64::MAX {
                awake = me.changed.wait(awake).unwrap();
            } else if left > 0 {
                let left = Duration::from_nanos(left);
                awake = me.changed.wait_timeout(awake, left).unwrap().0;
            } else if Self::win(me) {
                return true;
            } else {
                awake = me.changed.wait(awake).unwrap();
            }
        }
        *awake = false;
        false
    }

    fn publish(_left: &'static Waiter) {}

    fn ready(waiter: &'static Waiter) {
        let mut awake = waiter.awake.lock().unwrap();
        assert!(!*awake, "woken twice");
        *awake = true;
        waiter.changed.notify_one();
    }

    fn random() -> u32 {
        static STATE: AtomicU32 = AtomicU32::new(1);
        STATE
            .fetch_add(0x9e37_79b9, Ordering::Relaxed)
            .wrapping_mul(0x85eb_ca6b)
    }
}

rtlib_runtime::export_channels!(Threads);
