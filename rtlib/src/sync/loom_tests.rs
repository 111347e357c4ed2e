//! Models of the locks: every interleaving of small cases. Semaphores and lists are `rt_model.rs`'s; those of the runtime have models of their own.
//!
//! ```text
//! RUSTFLAGS="--cfg loom" cargo test -p gobuild-rtlib --lib --release
//! ```

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread::{self, JoinHandle};

use super::raw_mutex::RawMutex;
use super::raw_rwlock::RawRwLock;
use super::rt::{self, Deadline, WHY_MUTEX};
use super::{Barrier, Condvar, Mutex, Once, Semaphore, WaitGroup};

/// A number behind a lock; loom notices two who access it at once.
struct Guarded<L> {
    lock: L,
    number: UnsafeCell<u32>,
}

// SAFETY: the models access the number under the lock, and loom checks it.
unsafe impl<L: Sync> Sync for Guarded<L> {}
// SAFETY: as above.
unsafe impl<L: Send> Send for Guarded<L> {}

impl<L> Guarded<L> {
    fn new(lock: L) -> Arc<Self> {
        Arc::new(Self {
            lock,
            number: UnsafeCell::new(0),
        })
    }

    /// Under the lock.
    fn increment(&self) {
        // SAFETY: loom fails the model if this races.
        self.number.with_mut(|number| unsafe { *number += 1 });
    }

    /// Under the lock.
    fn get(&self) -> u32 {
        // SAFETY: as above.
        self.number.with(|number| unsafe { *number })
    }
}

impl Guarded<RawMutex> {
    fn lock_and_increment(&self, deadline: Deadline) -> bool {
        let locked = self.lock.acquire(WHY_MUTEX, deadline);
        if locked {
            self.increment();
            self.lock.release();
        }
        locked
    }
}

impl Guarded<RawRwLock> {
    fn write_and_increment(&self, deadline: Deadline) -> bool {
        let locked = self.lock.write(deadline);
        if locked {
            self.increment();
            self.lock.unwrite();
        }
        locked
    }

    fn read_and_look(&self, deadline: Deadline) -> bool {
        let locked = self.lock.read(deadline);
        if locked {
            self.get();
            self.lock.unread();
        }
        locked
    }
}

fn spawn<T: 'static, R: 'static>(
    shared: &Arc<T>,
    f: impl FnOnce(&T) -> R + 'static,
) -> JoinHandle<R> {
    let shared = Arc::clone(shared);
    thread::spawn(move || f(&shared))
}

fn join<R>(handle: JoinHandle<R>) -> R {
    handle.join().expect("a thread of the model")
}

/// How many of these locked.
fn count<const N: usize>(locked: [bool; N]) -> u32 {
    locked.into_iter().map(u32::from).sum()
}

/// Runs a model in both of the mutex's modes; with three preemptions at least, fewer do not lead into all corners of it.
fn in_both_modes(model: impl Fn() + Send + Sync + Clone + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.map(|bound| bound.max(3));
    for starving in [false, true] {
        rt::everybody_starves(starving);
        builder.check(model.clone());
    }
    rt::everybody_starves(false);
}

#[test]
fn a_mutex_has_one_holder_and_wakes_everybody() {
    in_both_modes(|| {
        let shared = Guarded::new(RawMutex::new());
        let others = [0, 1].map(|_| spawn(&shared, |it| it.lock_and_increment(Deadline::NEVER)));
        shared.lock_and_increment(Deadline::NEVER);
        assert_eq!(others.map(join), [true; 2]);
        shared.lock_and_increment(Deadline::NEVER);
        assert_eq!(shared.get(), 4);
        assert!(shared.lock.is_as_new());
    });
}

#[test]
fn a_mutex_survives_those_who_give_up() {
    in_both_modes(|| {
        let shared = Guarded::new(RawMutex::new());
        let patient = spawn(&shared, |it| it.lock_and_increment(Deadline::NEVER));
        let impatient = spawn(&shared, |it| it.lock_and_increment(Deadline::Passed));
        // Twice, so that one who was woken may lose.
        let mine = [0, 1].map(|_| shared.lock_and_increment(Deadline::NEVER));
        let [patient, impatient] = [join(patient), join(impatient)];
        assert_eq!(shared.get(), 3 + u32::from(impatient));
        assert!(mine == [true; 2] && patient);
        assert!(shared.lock.is_as_new());
    });
}

#[test]
fn a_mutex_that_is_tried_is_locked_or_not() {
    loom::model(|| {
        let shared = Guarded::new(RawMutex::new());
        let other = spawn(&shared, |it| {
            let locked = it.lock.try_acquire();
            if locked {
                it.increment();
                it.lock.release();
            }
            locked
        });
        shared.lock_and_increment(Deadline::NEVER);
        let others = count([join(other)]);
        assert_eq!(shared.get(), 1 + others);
    });
}

#[test]
fn a_rwlock_has_one_writer_or_readers() {
    loom::model(|| {
        let shared = Guarded::new(RawRwLock::new());
        let writer = spawn(&shared, |it| it.write_and_increment(Deadline::NEVER));
        let reader = spawn(&shared, |it| it.read_and_look(Deadline::NEVER));
        shared.read_and_look(Deadline::NEVER);
        assert!(join(writer) && join(reader));
        assert_eq!(shared.get(), 1);
        assert!(shared.lock.is_as_new());
    });
}

#[test]
fn a_rwlock_has_one_writer_of_several() {
    loom::model(|| {
        let shared = Guarded::new(RawRwLock::new());
        let writer = spawn(&shared, |it| it.write_and_increment(Deadline::NEVER));
        let reader = spawn(&shared, |it| it.read_and_look(Deadline::NEVER));
        shared.write_and_increment(Deadline::NEVER);
        assert!(join(writer) && join(reader));
        assert_eq!(shared.get(), 2);
        assert!(shared.lock.is_as_new());
    });
}

#[test]
fn a_rwlock_survives_writers_who_give_up() {
    loom::model(|| {
        let shared = Guarded::new(RawRwLock::new());
        let writer = spawn(&shared, |it| it.write_and_increment(Deadline::Passed));
        let reader = spawn(&shared, |it| it.read_and_look(Deadline::NEVER));
        assert!(shared.read_and_look(Deadline::NEVER) && join(reader));
        let written = count([join(writer)]);
        assert_eq!(shared.get(), written);
        assert!(shared.lock.is_as_new());
    });
}

#[test]
fn a_rwlock_survives_readers_who_give_up() {
    loom::model(|| {
        let shared = Guarded::new(RawRwLock::new());
        let readers = [Deadline::Passed, Deadline::NEVER]
            .map(|deadline| spawn(&shared, move |it| it.read_and_look(deadline)));
        assert!(shared.write_and_increment(Deadline::NEVER));
        let [_, patient] = readers.map(join);
        assert!(patient);
        assert!(shared.lock.is_as_new());
    });
}

#[test]
fn a_writer_that_goes_on_reading_lets_no_writer_between() {
    loom::model(|| {
        let shared = Guarded::new(RawRwLock::new());
        let writer = spawn(&shared, |it| it.write_and_increment(Deadline::NEVER));
        shared.lock.write(Deadline::NEVER);
        shared.increment();
        let before = shared.get();
        shared.lock.downgrade();
        assert_eq!(shared.get(), before);
        shared.lock.unread();
        join(writer);
        assert_eq!(shared.get(), 2);
    });
}

#[test]
fn a_condition_variable_wakes_whoever_waits() {
    loom::model(|| {
        let shared = Arc::new((Mutex::new(0), Condvar::new()));
        let takers = [0, 1].map(|_| {
            spawn(&shared, |(number, changed)| {
                let number = number.lock().unwrap();
                let mut number = changed.wait_while(number, |number| *number == 0).unwrap();
                *number -= 1;
            })
        });
        let (number, changed) = &*shared;
        *number.lock().unwrap() += 2;
        changed.notify_all();
        takers.into_iter().for_each(join);
        assert_eq!(*number.lock().unwrap(), 0);
    });
}

#[test]
fn a_once_runs_once_and_everybody_sees_it() {
    loom::model(|| {
        let shared = Guarded::new(Once::new());
        let others = [0, 1].map(|_| {
            spawn(&shared, |it| {
                it.lock.call_once(|| it.increment());
                it.get()
            })
        });
        shared.lock.wait();
        assert_eq!(others.map(join), [1, 1]);
        assert_eq!(shared.get(), 1);
    });
}

#[test]
fn a_wait_group_waits_for_all() {
    loom::model(|| {
        let shared = Guarded::new(WaitGroup::new());
        shared.lock.add(1);
        let waiter = spawn(&shared, |it| {
            it.lock.wait();
            it.get()
        });
        shared.increment();
        shared.lock.done();
        shared.lock.wait();
        assert_eq!(join(waiter), 1);
    });
}

#[test]
fn a_semaphore_gives_no_permit_twice() {
    loom::model(|| {
        let shared = Guarded::new(Semaphore::new(1));
        let others = [0, 1].map(|_| {
            spawn(&shared, |it| {
                let permit = it.lock.acquire(1);
                it.increment();
                drop(permit);
            })
        });
        others.into_iter().for_each(join);
        assert_eq!(shared.get(), 2);
        assert_eq!(shared.lock.available_permits(), 1);
    });
}

#[test]
fn a_semaphore_survives_those_who_give_up() {
    loom::model(|| {
        let shared = Arc::new(Semaphore::new(1));
        let impatient = spawn(&shared, |it| {
            if it.take(2, Deadline::Passed) {
                it.add_permits(2);
            }
        });
        let patient = spawn(&shared, |it| drop(it.acquire(1)));
        shared.add_permits(1);
        join(patient);
        join(impatient);
        assert!(shared.try_acquire(2).is_some());
    });
}

#[test]
fn a_barrier_lets_all_go_and_has_one_leader() {
    loom::model(|| {
        let shared = Arc::new(Barrier::new(2));
        let other = spawn(&shared, |it| it.wait().is_leader());
        let leaders = count([shared.wait().is_leader(), join(other)]);
        assert_eq!(leaders, 1);
    });
}
