//! The surroundings of channels and semaphores on loom's threads, which stand for goroutines: a thread of its own for each deadline. Loom watches the cells that the locks protect.

use std::cell::UnsafeCell;
use std::mem::transmute;

use loom::sync::atomic::{AtomicU32, AtomicUsize};
use loom::sync::{Condvar, Mutex, MutexGuard};
use loom::thread;

use super::{Commit, Env, RawLock, WaitReason};
use crate::shim::Ordering;

/// Loom's threads.
pub struct Model;

/// A thread that can wait; leaked.
pub struct Waiter {
    awake: Mutex<bool>,
    changed: Condvar,
    timed_out: Mutex<bool>,
    done: AtomicU32,
    word: AtomicUsize,
}

loom::thread_local! {
    static WAITER: &'static Waiter = Box::leak(Box::new(Waiter {
        awake: Mutex::new(false),
        changed: Condvar::new(),
        timed_out: Mutex::new(false),
        done: AtomicU32::new(0),
        word: AtomicUsize::new(0),
    }));
}

/// One that any thread may unlock.
pub struct Lock {
    mutex: Mutex<()>,
    guard: UnsafeCell<Option<MutexGuard<'static, ()>>>,
}

impl RawLock for Lock {
    fn new() -> Self {
        Self {
            mutex: Mutex::new(()),
            guard: UnsafeCell::new(None),
        }
    }

    fn lock(&self) {
        let guard = self.mutex.lock().expect("not poisoned");
        // SAFETY: the guard is dropped before the mutex, in `unlock`; the cell is protected by the mutex.
        unsafe {
            *self.guard.get() = Some(transmute::<MutexGuard<'_, ()>, MutexGuard<'static, ()>>(
                guard,
            ))
        };
    }

    unsafe fn unlock(&self) {
        // SAFETY: the lock is held.
        let guard = unsafe { (*self.guard.get()).take() };
        drop(guard.expect("unlocked twice"));
    }
}

impl Env for Model {
    type G = Waiter;
    type Lock = Lock;

    fn waiter() -> &'static Waiter {
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
        let timer = (deadline != u64::MAX).then(|| {
            thread::spawn(move || {
                if Self::win(me) {
                    *me.timed_out.lock().expect("timer") = true;
                    Self::ready(me);
                }
            })
        });
        {
            let mut awake = me.awake.lock().expect("park");
            while !*awake {
                awake = me.changed.wait(awake).expect("park");
            }
            *awake = false;
        }
        if let Some(timer) = timer {
            timer.join().expect("timer");
        }
        std::mem::take(&mut *me.timed_out.lock().expect("park"))
    }

    fn publish(_left: &'static Waiter) {}

    fn ready(waiter: &'static Waiter) {
        let mut awake = waiter.awake.lock().expect("ready");
        assert!(!*awake, "woken twice");
        *awake = true;
        waiter.changed.notify_one();
    }

    fn random() -> u32 {
        0
    }
}
