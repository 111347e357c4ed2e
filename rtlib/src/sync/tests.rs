//! The typed layer on the fake runtime, where every goroutine is a thread; also for miri.

use core::time::Duration;
use std::boxed::Box;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::string::String;
use std::sync::{Arc, TryLockError};
use std::thread;
use std::vec::Vec;
use std::{format, vec};

use super::raw::{RawMutex, RawRwLock};
use super::*;

const ROUNDS: usize = if cfg!(miri) { 20 } else { 2000 };
const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(5);

/// The message of the panic that `f` ends in.
fn panic_of<R>(f: impl FnOnce() -> R) -> String {
    let payload = catch_unwind(AssertUnwindSafe(f)).err().expect("a panic");
    crate::panics::message(&*payload).into()
}

/// Calls `f` in several goroutines and waits for them.
fn together(n: usize, f: impl Fn(usize) + Sync) {
    thread::scope(|scope| {
        for i in 0..n {
            let f = &f;
            scope.spawn(move || f(i));
        }
    });
}

/// Ends with a panic, the guard held.
fn panic_with<G>(guard: G) {
    let message = panic_of(move || {
        let _guard = guard;
        panic!("on purpose");
    });
    assert_eq!(message, "on purpose");
}

#[test]
fn locks_are_small_and_made_at_compile_time() {
    static MUTEX: Mutex<()> = Mutex::new(());
    static RW_LOCK: RwLock<()> = RwLock::new(());
    static CONDVAR: Condvar = Condvar::new();
    static ONCE: Once = Once::new();
    let _ = (&MUTEX, &RW_LOCK, &CONDVAR, &ONCE);
    assert_eq!(size_of::<Mutex<()>>(), 8);
    assert_eq!(size_of::<RwLock<()>>(), 24);
    assert_eq!(size_of::<Condvar>(), 4);
    assert_eq!(size_of::<Once>(), 8);
}

#[test]
fn guards_go_where_their_values_may() {
    fn send<T: Send>() {}
    fn sync<T: Sync>() {}
    send::<MutexGuard<'_, core::cell::Cell<u8>>>();
    sync::<MutexGuard<'_, u8>>();
    send::<RwLockReadGuard<'_, u8>>();
    send::<RwLockWriteGuard<'_, u8>>();
    let mutex = Mutex::new(1);
    let mut guard = mutex.lock().unwrap();
    thread::scope(|scope| {
        scope.spawn(move || *guard += 1);
    });
    assert_eq!(mutex.try_lock().map(|value| *value).ok(), Some(2));
}

#[test]
fn a_mutex_counts_right() {
    let mutex = Mutex::new(0);
    together(4, |_| {
        for _ in 0..ROUNDS {
            *mutex.lock().unwrap() += 1;
        }
    });
    assert_eq!(mutex.into_inner().unwrap(), 4 * ROUNDS);
}

#[test]
fn a_mutex_is_poisoned_until_it_is_cured() {
    let mut mutex = Mutex::new(7);
    panic_with(mutex.lock());
    assert!(mutex.is_poisoned());
    assert_eq!(*mutex.lock().unwrap_err().into_inner(), 7);
    assert!(matches!(mutex.try_lock(), Err(TryLockError::Poisoned(_))));
    assert_eq!(*mutex.get_mut().unwrap_err().into_inner(), 7);
    assert_eq!(
        format!("{mutex:?}"),
        "Mutex { data: 7, poisoned: true, .. }"
    );
    mutex.clear_poison();
    assert_eq!(*mutex.lock().unwrap(), 7);
    panic_with(mutex.lock());
    assert_eq!(mutex.into_inner().unwrap_err().into_inner(), 7);
}

#[test]
fn a_mutex_that_is_held_is_not_locked_again() {
    let mutex = Mutex::new(7);
    let guard = mutex.lock().unwrap();
    assert!(matches!(mutex.try_lock(), Err(TryLockError::WouldBlock)));
    assert_eq!(
        format!("{mutex:?}"),
        "Mutex { data: <locked>, poisoned: false, .. }"
    );
    assert_eq!(format!("{guard:?} {guard}"), "7 7");
}

#[test]
fn a_guard_made_while_panicking_does_not_poison() {
    struct LocksWhenDropped<'a>(&'a Mutex<u32>);
    impl Drop for LocksWhenDropped<'_> {
        fn drop(&mut self) {
            *self.0.lock().unwrap() += 1;
        }
    }
    let mutex = Mutex::new(0);
    panic_with(LocksWhenDropped(&mutex));
    assert_eq!(*mutex.lock().unwrap(), 1);
}

#[test]
fn unlocking_what_is_not_locked_is_fatal() {
    use lock_api::{RawMutex as _, RawRwLock as _};
    let fatal = |misuse: fn()| {
        let goroutine = crate::spawn(misuse).goroutine();
        crate::fake_runtime::fatal_message(goroutine.id())
    };
    // SAFETY: misuse that the locks are to notice, here and below.
    let message = fatal(|| unsafe { RawMutex::new().unlock() });
    assert_eq!(message, "sync: unlock of unlocked mutex");
    // SAFETY: see above.
    let message = fatal(|| unsafe { RawRwLock::new().unlock_exclusive() });
    assert_eq!(message, "sync: Unlock of unlocked RWMutex");
    // SAFETY: see above.
    let message = fatal(|| unsafe { RawRwLock::new().unlock_shared() });
    assert_eq!(message, "sync: RUnlock of unlocked RWMutex");
}

#[test]
fn raw_locks_carry_lock_apis_own() {
    type Mutex = lock_api::Mutex<RawMutex, u32>;
    type RwLock = lock_api::RwLock<RawRwLock, u32>;
    let mutex = Mutex::new(0);
    let guard = mutex.lock();
    assert!(mutex.is_locked() && mutex.try_lock_for(SHORT).is_none());
    drop(guard);
    assert!(mutex.try_lock_for(LONG).is_some() && !mutex.is_locked());
    let lock = RwLock::new(0);
    let reader = lock.read();
    assert!(lock.try_write_for(SHORT).is_none());
    assert!(lock.try_read_for(SHORT).is_some());
    drop(reader);
    let writer = lock.try_write_for(LONG).unwrap();
    assert!(lock.is_locked_exclusive() && lock.try_read_for(SHORT).is_none());
    let reader = lock_api::RwLockWriteGuard::downgrade(writer);
    assert!(lock.try_read().is_some() && *reader == 0);
}

#[test]
fn those_who_give_up_disturb_nobody() {
    let mutex: lock_api::Mutex<RawMutex, u32> = lock_api::Mutex::new(0);
    let lock: lock_api::RwLock<RawRwLock, u32> = lock_api::RwLock::new(0);
    let tiny = Duration::from_micros(50);
    together(4, |i| {
        for round in 0..ROUNDS {
            if (i + round) % 2 == 0 {
                *mutex.lock() += 1;
                *lock.write() += 1;
            } else {
                drop(mutex.try_lock_for(tiny));
                drop(lock.try_read_for(tiny));
                drop(lock.try_write_for(tiny));
            }
        }
    });
    assert_eq!(
        (*mutex.lock(), *lock.read()),
        (2 * ROUNDS as u32, 2 * ROUNDS as u32)
    );
}

#[test]
fn a_rwlock_has_readers_or_a_writer() {
    let lock = RwLock::new((0, 0));
    together(4, |i| {
        for round in 0..ROUNDS {
            if (i + round) % 4 == 0 {
                let mut pair = lock.write().unwrap();
                pair.0 += 1;
                pair.1 += 1;
            } else {
                let pair = lock.read().unwrap();
                assert_eq!(pair.0, pair.1);
            }
        }
    });
    assert_eq!(lock.into_inner().unwrap().0, ROUNDS);
}

#[test]
fn a_rwlock_is_poisoned_by_writers_only() {
    let lock = RwLock::new(7);
    panic_with(lock.read());
    assert!(!lock.is_poisoned());
    panic_with(lock.write());
    assert!(lock.is_poisoned());
    assert_eq!(*lock.read().unwrap_err().into_inner(), 7);
    assert!(matches!(lock.try_write(), Err(TryLockError::Poisoned(_))));
    lock.clear_poison();
    let writer = lock.write().unwrap();
    assert!(matches!(lock.try_read(), Err(TryLockError::WouldBlock)));
    let reader = RwLockWriteGuard::downgrade(writer);
    assert!(lock.try_read().is_ok() && lock.try_write().is_err());
    assert_eq!(
        format!("{reader} {lock:?}"),
        "7 RwLock { data: 7, poisoned: false, .. }"
    );
}

#[test]
fn a_condition_is_waited_for() {
    let (turn, changed) = (Mutex::new(0), Condvar::new());
    together(3, |i| {
        for round in 0..ROUNDS / 10 {
            let mine = round * 3 + i;
            let mut turn = changed
                .wait_while(turn.lock().unwrap(), |turn| *turn != mine)
                .unwrap();
            *turn += 1;
            changed.notify_all();
        }
    });
    assert_eq!(turn.into_inner().unwrap(), ROUNDS / 10 * 3);
}

#[test]
fn a_wait_ends_with_its_time() {
    let (mutex, condvar) = (Mutex::new(()), Condvar::new());
    condvar.notify_one();
    let (guard, result) = condvar.wait_timeout(mutex.lock().unwrap(), SHORT).unwrap();
    assert!(result.timed_out());
    let (guard, result) = condvar.wait_timeout_while(guard, SHORT, |_| true).unwrap();
    assert!(result.timed_out());
    let (_guard, result) = condvar.wait_timeout_while(guard, SHORT, |_| false).unwrap();
    assert!(!result.timed_out());
}

#[test]
fn a_wait_says_when_the_mutex_is_poisoned() {
    let (mutex, condvar) = (Mutex::new(false), Condvar::new());
    thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            condvar
                .wait_while(mutex.lock().unwrap(), |go_on| !*go_on)
                .is_err()
        });
        let mut guard = mutex.lock().unwrap();
        *guard = true;
        panic_with(guard);
        condvar.notify_one();
        // It may have come too late to be notified; then it was refused the lock.
        assert!(waiter.join().unwrap_or(true));
    });
}

#[test]
fn a_once_that_panicked_stays_so_unless_forced() {
    let once = Once::new();
    assert_eq!(panic_of(|| once.call_once(|| panic!("first"))), "first");
    let poisoned = "the function of a `Once` panicked when it was called first";
    assert_eq!(panic_of(|| once.call_once(|| ())), poisoned);
    assert_eq!(panic_of(|| once.wait()), poisoned);
    assert!(!once.is_completed());
    let mut was_poisoned = false;
    once.call_once_force(|state| was_poisoned = state.is_poisoned());
    assert!(was_poisoned && once.is_completed());
    once.call_once(|| unreachable!("called twice"));
    once.wait();
}

#[test]
fn a_once_lock_has_one_value() {
    let cell = OnceLock::new();
    together(4, |i| {
        assert!(*cell.get_or_init(|| Box::new(i)) == *cell.wait())
    });
    assert!(cell.set(Box::new(9)).is_err());
    let copy = cell.clone();
    assert_eq!(copy, cell);
    let mut cell = copy;
    assert!(cell.take().is_some() && cell.get().is_none());
    assert_eq!(format!("{cell:?}"), "OnceLock(<uninit>)");
    assert_eq!(
        panic_of(|| cell.get_or_init(|| panic!("empty still"))),
        "empty still"
    );
    cell.set(Box::new(5)).unwrap();
    assert_eq!(
        (cell.get_mut().map(|five| **five), cell.into_inner()),
        (Some(5), Some(Box::new(5)))
    );
}

#[test]
fn a_lazy_lock_is_computed_when_it_is_used() {
    static LAZY: LazyLock<Vec<u32>> = LazyLock::new(|| vec![1, 2]);
    assert_eq!(format!("{LAZY:?}"), "LazyLock(<uninit>)");
    together(4, |_| assert_eq!(LAZY.len(), 2));
    let bad: LazyLock<u32> = LazyLock::new(|| panic!("no value"));
    assert_eq!(panic_of(|| *bad), "no value");
    assert_eq!(
        panic_of(|| *bad),
        "the function of a `LazyLock` panicked when it was called first"
    );
}

#[test]
fn a_lazy_lock_can_be_looked_into_and_changed() {
    let mut lazy = LazyLock::new(|| vec![1]);
    assert_eq!(LazyLock::get(&lazy), None);
    assert_eq!(LazyLock::get_mut(&mut lazy), None);
    lazy.push(2);
    LazyLock::force_mut(&mut lazy).push(3);
    assert_eq!(LazyLock::get(&lazy), Some(&vec![1, 2, 3]));
    assert_eq!(LazyLock::get_mut(&mut lazy), Some(&mut vec![1, 2, 3]));
}

#[test]
fn a_wait_group_waits_for_what_was_added() {
    let group = Arc::new(WaitGroup::new());
    let sum = Arc::new(Mutex::new(0));
    for _ in 0..3 {
        for i in 1..=4 {
            let sum = Arc::clone(&sum);
            group.go(move || *sum.lock().unwrap() += i);
        }
        group.wait();
    }
    assert_eq!(*sum.lock().unwrap(), 30);
    assert_eq!(format!("{group:?}"), "WaitGroup { counter: 0, waiters: 0 }");
}

#[test]
fn a_wait_group_notices_misuse() {
    let group = WaitGroup::new();
    assert_eq!(
        panic_of(|| group.done()),
        "sync: negative WaitGroup counter"
    );
    let group = WaitGroup::new();
    group.add(2);
    group.add(-2);
    group.wait();
}

#[test]
fn a_semaphore_serves_in_order() {
    let semaphore = Arc::new(Semaphore::new(3));
    let two = semaphore.acquire(2);
    assert!(semaphore.try_acquire(2).is_none());
    assert!(semaphore.acquire_timeout(2, SHORT).is_none());
    assert_eq!((semaphore.available_permits(), two.num_permits()), (1, 2));
    thread::scope(|scope| {
        let all = scope.spawn(|| semaphore.acquire_owned(3));
        while format!("{:?}", semaphore.try_acquire(1)) != "None" {
            thread::yield_now();
        }
        // The one that waits for all three is not overtaken.
        assert!(semaphore.try_acquire(1).is_none());
        drop(two);
        let all = all.join().unwrap();
        assert_eq!(semaphore.available_permits(), 0);
        drop(all);
    });
    assert_eq!(semaphore.available_permits(), 3);
    semaphore.try_acquire_owned(1).unwrap().forget();
    semaphore.acquire(1).forget();
    assert_eq!(semaphore.available_permits(), 1);
    semaphore.add_permits(1);
    assert!(semaphore.try_acquire(2).is_some());
    assert!(
        panic_of(|| semaphore.add_permits(Semaphore::MAX_PERMITS)).starts_with("too many permits")
    );
}

#[test]
fn a_semaphore_bounds_those_who_are_in() {
    let semaphore = Semaphore::new(2);
    let inside = Mutex::new(0);
    together(4, |i| {
        for round in 0..ROUNDS / 4 {
            let n = 1 + (i + round) % 2;
            let permit = semaphore.acquire(n);
            *inside.lock().unwrap() += n;
            assert!(*inside.lock().unwrap() <= 2);
            *inside.lock().unwrap() -= n;
            drop(permit);
        }
    });
    assert_eq!(semaphore.available_permits(), 2);
}

#[test]
fn a_barrier_has_one_leader_a_round() {
    let (barrier, leaders) = (Barrier::new(3), Mutex::new(0));
    let rounds = ROUNDS / 20;
    together(3, |_| {
        for round in 0..rounds {
            if barrier.wait().is_leader() {
                *leaders.lock().unwrap() += 1;
            }
            barrier.wait();
            assert_eq!(*leaders.lock().unwrap(), round + 1);
            barrier.wait();
        }
    });
}
