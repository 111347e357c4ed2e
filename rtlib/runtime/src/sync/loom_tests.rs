//! Models of semaphores, condition variables' queues and events, on `chan/model.rs`.
//!
//! Run with `RUSTFLAGS="--cfg loom" cargo test -p gobuild-rtlib-runtime --release loom`.

use std::mem::MaybeUninit;
use std::ptr;
use std::sync::OnceLock;

use loom::sync::{Arc, Mutex};
use loom::thread::{self, JoinHandle};

use super::futex::{self, Ended};
use super::table::{Bucket, Table};
use super::{event, notify, sema};
use crate::chan::WaitReason;
use crate::chan::env::RawLock;
use crate::chan::model::{Lock, Model};
use crate::shim::{AtomicU32, AtomicUsize, Ordering};

const NEVER: u64 = u64::MAX;
const SOON: u64 = 1;

/// A semaphore and the table it is waited for in.
#[derive(Clone)]
struct Units {
    table: &'static Table<Model>,
    word: Arc<AtomicU32>,
}

fn table() -> &'static Table<Model> {
    let buckets = std::array::from_fn(|_| Bucket::new(Lock::new()));
    Box::leak(Box::new(Table(buckets, OnceLock::new())))
}

impl Units {
    fn new() -> Self {
        Self {
            table: table(),
            word: Arc::new(AtomicU32::new(0)),
        }
    }

    fn acquire(&self, in_front: bool, deadline: u64) -> bool {
        let wait = sema::Wait {
            why: WaitReason::Semacquire,
            in_front,
            deadline,
        };
        sema::acquire(self.table, &self.word, wait)
    }

    fn release(&self, handoff: bool) -> bool {
        // SAFETY: the word lives as long as `self`.
        unsafe { sema::release(self.table, &raw const *self.word, handoff) }
    }

    fn left(&self) -> u32 {
        self.word.load(Ordering::SeqCst)
    }

    fn spawn<R: 'static>(&self, f: impl FnOnce(Self) -> R + 'static) -> JoinHandle<R> {
        let units = self.clone();
        thread::spawn(move || f(units))
    }
}

fn join<R>(handle: JoinHandle<R>) -> R {
    handle.join().expect("a thread of the model")
}

#[test]
fn loom_sema_no_unit_and_no_wake_up_is_lost() {
    for handoff in [false, true] {
        loom::model(move || {
            let units = Units::new();
            let takers = [0, 1].map(|_| units.spawn(|units| units.acquire(false, NEVER)));
            units.release(handoff);
            units.release(handoff);
            assert_eq!(takers.map(join), [true; 2]);
            assert!(units.left() == 0 && units.table.bucket(0).is_empty());
        });
    }
}

#[test]
fn loom_sema_a_unit_is_taken_once_or_left() {
    loom::model(|| {
        let units = Units::new();
        let patient = units.spawn(|units| units.acquire(false, NEVER));
        let impatient = units.spawn(|units| units.acquire(true, SOON));
        units.release(false);
        if join(impatient) {
            units.release(false);
        }
        assert!(join(patient));
        assert!(units.left() == 0 && units.table.bucket(0).is_empty());
    });
}

#[test]
fn loom_sema_a_deadline_and_a_release_agree() {
    for handoff in [false, true] {
        loom::model(move || {
            let units = Units::new();
            let taker = units.spawn(|units| units.acquire(false, SOON));
            units.release(handoff);
            let taken = join(taker);
            assert_eq!(units.left(), u32::from(!taken));
            assert!(units.table.bucket(0).is_empty());
        });
    }
}

/// A condition variable's use, reduced: a number behind a lock.
struct Board {
    table: &'static Table<Model>,
    number: Mutex<u32>,
}

impl Board {
    const ADDR: usize = 64;

    fn new() -> Arc<Self> {
        Arc::new(Self {
            table: table(),
            number: Mutex::new(0),
        })
    }

    /// Takes one off, waiting for it; false: gave up.
    fn take(&self, deadline: u64) -> bool {
        let mut number = self.number.lock().expect("board");
        while *number == 0 {
            let guard = std::cell::Cell::new(Some(number));
            let notified = notify::wait(
                self.table,
                Self::ADDR,
                WaitReason::SyncCondWait,
                deadline,
                || drop(guard.take()),
            );
            number = self.number.lock().expect("board");
            if !notified && *number == 0 {
                return false;
            }
        }
        *number -= 1;
        true
    }

    fn put(&self, n: u32) {
        *self.number.lock().expect("board") += n;
        match n {
            1 => notify::notify_one(self.table, Self::ADDR),
            _ => notify::notify_all(self.table, Self::ADDR),
        }
    }
}

#[test]
fn loom_notify_reaches_whoever_has_queued() {
    for n in [1, 2] {
        loom::model(move || {
            let board = Board::new();
            let takers: Vec<_> = (0..n)
                .map(|_| {
                    let board = Arc::clone(&board);
                    thread::spawn(move || board.take(NEVER))
                })
                .collect();
            board.put(n);
            for taker in takers {
                assert!(join(taker));
            }
            assert!(board.table.bucket(Board::ADDR).is_empty());
        });
    }
}

#[test]
fn loom_notify_is_not_wasted_on_one_who_gave_up() {
    loom::model(|| {
        let board = Board::new();
        let [impatient, patient] = [SOON, NEVER].map(|deadline| {
            let board = Arc::clone(&board);
            thread::spawn(move || board.take(deadline))
        });
        board.put(1);
        if join(impatient) {
            board.put(1);
        }
        assert!(join(patient));
        assert!(board.table.bucket(Board::ADDR).is_empty());
    });
}

#[test]
fn loom_event_is_seen_whenever_it_is_set() {
    loom::model(|| {
        let event = Box::into_raw(Box::new(AtomicUsize::new(0)));
        let address = event as usize;
        let setter = thread::spawn(move || {
            let event = ptr::with_exposed_provenance::<AtomicUsize>(address);
            // SAFETY: the waiter frees it when it is set.
            unsafe { event::set::<Model>(event) };
        });
        // SAFETY: ours; set once, so nobody touches it any more when the wait is over.
        unsafe {
            event::wait::<Model>(&*event, WaitReason::Join);
            drop(Box::from_raw(event));
        }
        join(setter);
    });
}

/// A word that is waited for until it is 1, as std's locks do.
#[derive(Clone)]
struct Word {
    table: &'static Table<Model>,
    word: Arc<AtomicU32>,
}

impl Word {
    fn new() -> Self {
        Self {
            table: table(),
            word: Arc::new(AtomicU32::new(0)),
        }
    }

    /// Whether it became 1 before the deadline.
    fn wait(&self, bits: u32, deadline: u64) -> bool {
        while self.word.load(Ordering::Acquire) == 0 {
            let ended = futex::wait(self.table, &self.word, 0, bits, deadline, WaitReason::Futex);
            if ended == Ended::TooLate {
                return self.word.load(Ordering::Acquire) == 1;
            }
        }
        true
    }

    fn set_and_wake(&self, most: u32, bits: u32) -> u32 {
        self.word.store(1, Ordering::Release);
        futex::wake(self.table, &raw const *self.word as usize, most, bits)
    }

    fn spawn<R: 'static>(&self, f: impl FnOnce(Self) -> R + 'static) -> JoinHandle<R> {
        let word = self.clone();
        thread::spawn(move || f(word))
    }
}

#[test]
fn loom_futex_no_wake_up_is_lost() {
    loom::model(|| {
        let word = Word::new();
        let waiters = [0, 1].map(|_| word.spawn(|word| word.wait(u32::MAX, NEVER)));
        let woken = word.set_and_wake(u32::MAX, u32::MAX);
        assert_eq!(waiters.map(join), [true; 2]);
        assert!(woken <= 2 && word.table.bucket(0).is_empty());
    });
}

#[test]
fn loom_futex_a_wake_up_is_for_those_who_listen() {
    loom::model(|| {
        let word = Word::new();
        let deaf = word.spawn(|word| word.wait(2, SOON));
        let listening = word.spawn(|word| word.wait(1, NEVER));
        word.set_and_wake(1, 1);
        assert!(join(listening));
        join(deaf);
        assert!(word.table.bucket(0).is_empty());
    });
}

#[test]
fn loom_futex_a_deadline_and_a_wake_up_agree() {
    loom::model(|| {
        let word = Word::new();
        let patient = word.spawn(|word| word.wait(u32::MAX, NEVER));
        let impatient = word.spawn(|word| word.wait(u32::MAX, SOON));
        // One wake-up that the impatient one does not take with it: it is for whoever sleeps.
        word.set_and_wake(1, u32::MAX);
        join(impatient);
        word.set_and_wake(1, u32::MAX);
        assert!(join(patient));
        assert!(word.table.bucket(0).is_empty());
    });
}

/// Two words of which either may be set, by two who do not know of each other.
fn wait_for_either(words: &[Word; 2], deadline: u64) -> bool {
    let is_set = || words.iter().any(|w| w.word.load(Ordering::Acquire) != 0);
    while !is_set() {
        let mut places = [MaybeUninit::uninit(), MaybeUninit::uninit()];
        let bucket = |word: &Word| word.table.bucket(&raw const *word.word as usize);
        let all = words.iter().map(|word| (bucket(word), &*word.word, 0));
        let ended = futex::wait_any(all, &mut places, deadline, WaitReason::IoWait);
        if ended == Ended::TooLate {
            return is_set();
        }
    }
    true
}

/// In one bucket or in two.
fn two_words(apart: bool) -> [Word; 2] {
    let first = Word::new();
    let table = first.table;
    let word = Arc::new(AtomicU32::new(0));
    if apart {
        _ = table.1.set(&raw const *word as usize);
    }
    [first, Word { table, word }]
}

fn nobody_waits(table: &Table<Model>) -> bool {
    table.0.iter().all(Bucket::is_empty)
}

#[test]
fn loom_futex_one_of_several_wakes_once() {
    for apart in [false, true] {
        loom::model(move || {
            let words = two_words(apart);
            let both = words.clone();
            let waiter = thread::spawn(move || wait_for_either(&both, NEVER));
            let other = words[1].spawn(|word| word.set_and_wake(u32::MAX, u32::MAX));
            let woken = words[0].set_and_wake(u32::MAX, u32::MAX) + join(other);
            assert!(join(waiter) && woken <= 1);
            assert!(nobody_waits(words[0].table));
        });
    }
}

#[test]
fn loom_futex_one_of_several_is_enough() {
    for (set, apart) in [(0, false), (0, true), (1, true)] {
        loom::model(move || {
            let words = two_words(apart);
            let both = words.clone();
            let several = thread::spawn(move || wait_for_either(&both, NEVER));
            let single = words[set].spawn(|word| word.wait(u32::MAX, NEVER));
            words[set].set_and_wake(u32::MAX, u32::MAX);
            assert!(join(several) && join(single));
            assert!(nobody_waits(words[0].table));
        });
    }
}

#[test]
fn loom_futex_one_of_several_and_a_deadline_agree() {
    for apart in [false, true] {
        loom::model(move || {
            let words = two_words(apart);
            let both = words.clone();
            let several = thread::spawn(move || wait_for_either(&both, SOON));
            let patient = words[0].spawn(|word| word.wait(u32::MAX, NEVER));
            // One wake-up that `several` does not take with it when its time is over.
            words[0].set_and_wake(1, u32::MAX);
            join(several);
            words[0].set_and_wake(1, u32::MAX);
            assert!(join(patient));
            assert!(nobody_waits(words[0].table));
        });
    }
}
