//! Ownership: every message is dropped once, whoever has it when; and the races of both layers, for miri. What channels do as such is tested in real programs (tests/fixtures/chan).

use std::boxed::Box;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::string::{String, ToString};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;
use std::vec::Vec;

use super::*;
use crate::{select, select_biased};

/// Counts how many of its kind live, and panics when it is dropped if told so.
struct Counted(Arc<AtomicUsize>, bool);

impl Counted {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count), false)
    }

    fn that_panics(count: &Arc<AtomicUsize>) -> Self {
        Self(Self::new(count).take(), true)
    }

    fn take(self) -> Arc<AtomicUsize> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Arc::clone(&self.0)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
        assert!(!self.1, "a destructor that panics");
    }
}

fn count() -> Arc<AtomicUsize> {
    Arc::default()
}

#[track_caller]
fn assert_none_left(count: &Arc<AtomicUsize>) {
    assert_eq!(count.load(Ordering::Relaxed), 0, "messages still alive");
}

/// A `Select` may be taken elsewhere with receivers whose messages may not.
#[test]
fn a_message_that_nobody_took_is_dropped_where_it_may_be() {
    struct Stays(Counted, core::marker::PhantomData<*const ()>);

    let count = count();
    let (sender, receiver) = unbounded();
    for _ in 0..2 {
        let stays = Stays(Counted::new(&count), core::marker::PhantomData);
        assert!(stays.0.0.load(Ordering::Relaxed) > 0);
        assert!(sender.send(stays).is_ok());
    }
    let mut select = Select::new();
    select.recv(&receiver);
    let give_up = |select: &mut Select<'_>| {
        let operation = select.select();
        assert!(catch_unwind(AssertUnwindSafe(|| drop(operation))).is_err());
    };
    thread::scope(|scope| _ = scope.spawn(|| give_up(&mut select)).join());
    assert_eq!(count.load(Ordering::Relaxed), 2);
    give_up(&mut select);
    assert_eq!(count.load(Ordering::Relaxed), 1);
}

#[test]
fn messages_left_in_the_buffer_are_dropped_with_the_last_receiver() {
    for (sender, receiver) in [bounded(10), unbounded()] {
        let count = count();
        for _ in 0..10 {
            sender.send(Counted::new(&count)).unwrap();
        }
        drop(receiver.recv());
        let other = receiver.clone();
        drop(receiver);
        assert_eq!(count.load(Ordering::Relaxed), 9);
        drop(other);
        assert_none_left(&count);
        assert!(sender.send(Counted::new(&count)).is_err());
        assert_none_left(&count);
    }
}

#[test]
fn messages_outlive_their_senders() {
    let (sender, receiver) = unbounded();
    for n in 0..1000 {
        sender.send(n.to_string()).unwrap();
    }
    drop(sender);
    let all: Vec<String> = receiver.iter().collect();
    assert_eq!(all.len(), 1000);
    assert_eq!(all[999], "999");
    assert_eq!(receiver.recv(), Err(RecvError));
}

#[test]
fn a_destructor_that_panics_keeps_no_other_from_running() {
    let count = count();
    let (sender, receiver) = unbounded();
    for n in 0..5 {
        let message = if n == 2 {
            Counted::that_panics(&count)
        } else {
            Counted::new(&count)
        };
        sender.send(message).unwrap();
    }
    let outcome = catch_unwind(AssertUnwindSafe(|| drop(receiver)));
    assert!(outcome.is_err());
    assert_none_left(&count);
}

#[test]
fn what_cannot_be_sent_comes_back() {
    let (sender, receiver) = bounded(1);
    sender.send(Box::new(1)).unwrap();
    assert_eq!(
        sender.try_send(Box::new(2)),
        Err(TrySendError::Full(Box::new(2)))
    );
    let late = sender.send_timeout(Box::new(3), Duration::from_millis(1));
    assert_eq!(late, Err(SendTimeoutError::Timeout(Box::new(3))));
    drop(receiver);
    assert_eq!(sender.send(Box::new(4)), Err(SendError(Box::new(4))));
}

#[test]
fn a_waiting_sender_gets_its_message_back_when_the_receivers_go() {
    let (sender, receiver) = bounded(0);
    thread::scope(|scope| {
        let waiter = scope.spawn(|| sender.send(String::from("back")));
        drop(receiver);
        assert_eq!(waiter.join().unwrap(), Err(SendError(String::from("back"))));
    });
}

#[test]
fn nothing_is_lost_or_doubled_between_threads() {
    const EACH: usize = if cfg!(miri) { 20 } else { 2_000 };
    for (sender, receiver) in [bounded(0), bounded(1), bounded(3), unbounded()] {
        let sums: Vec<usize> = thread::scope(|scope| {
            for part in 0..2 {
                let sender = sender.clone();
                scope.spawn(move || {
                    for n in 0..EACH {
                        sender.send(Box::new(part * EACH + n)).unwrap();
                    }
                });
            }
            drop(sender);
            let receivers: Vec<_> = (0..2)
                .map(|_| scope.spawn(|| receiver.iter().map(|n| *n).sum::<usize>()))
                .collect();
            receivers.into_iter().map(|it| it.join().unwrap()).collect()
        });
        assert_eq!(sums.iter().sum::<usize>(), (2 * EACH) * (2 * EACH - 1) / 2);
    }
}

#[test]
fn zero_sized_and_large_messages_are_moved_whole() {
    let (sender, receiver) = bounded(2);
    sender.send([7_u8; 1000]).unwrap();
    sender.send([8_u8; 1000]).unwrap();
    assert_eq!(receiver.recv().unwrap(), [7; 1000]);
    assert_eq!(receiver.recv().unwrap(), [8; 1000]);
    let (sender, receiver) = unbounded();
    for _ in 0..1000 {
        sender.send(()).unwrap();
    }
    assert_eq!((receiver.len(), receiver.try_iter().count()), (1000, 1000));
}

#[test]
fn an_aligned_message_stays_aligned() {
    #[repr(align(64))]
    struct Aligned(u8);
    let (sender, receiver) = bounded(3);
    for n in 0..3 {
        sender.send(Aligned(n)).unwrap();
    }
    for n in 0..3 {
        let message = receiver.recv().unwrap();
        assert_eq!((message.0, (&raw const message).addr() % 64), (n, 0));
    }
}

fn no_message() -> String {
    panic!("no message")
}

#[test]
fn a_message_that_panics_while_it_is_made_is_not_sent() {
    for (sender, receiver) in [bounded::<String>(0), bounded(1)] {
        thread::scope(|scope| {
            let waiter = scope.spawn(|| receiver.recv());
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                select! { send(sender, no_message()) -> _ => {} }
            }));
            assert!(outcome.is_err());
            sender.send(String::from("the next")).unwrap();
            assert_eq!(waiter.join().unwrap().as_deref(), Ok("the next"));
        });
    }
}

#[test]
fn a_message_is_only_moved_by_the_arm_that_is_chosen() {
    let (full, _receiver) = bounded(0);
    let message = String::from("kept");
    let kept = select! {
        send(full, message) -> _ => None,
        default => Some(message),
    };
    assert_eq!(kept.as_deref(), Some("kept"));
}

#[test]
fn two_selects_meet_on_a_channel_without_a_buffer() {
    const ROUNDS: u32 = if cfg!(miri) { 10 } else { 1_000 };
    let (there, here) = bounded::<Box<u32>>(0);
    let never = never::<u32>();
    thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0..ROUNDS {
                select! {
                    send(there, Box::new(n)) -> sent => sent.unwrap(),
                    recv(never) -> _ => unreachable!(),
                }
            }
        });
        for n in 0..ROUNDS {
            select_biased! {
                recv(never) -> _ => unreachable!(),
                recv(here) -> message => assert_eq!(message, Ok(Box::new(n))),
            }
        }
    });
}

#[test]
fn a_selected_operation_that_is_not_ended_panics_and_loses_no_memory() {
    let count = count();
    let (sender, receiver) = bounded(1);
    sender.send(Counted::new(&count)).unwrap();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let mut select = Select::new();
        select.recv(&receiver);
        _ = select.try_select();
    }));
    assert!(outcome.is_err());
    assert_none_left(&count);
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let mut select = Select::new();
        select.send(&sender);
        _ = select.try_select();
    }));
    assert!(outcome.is_err());
    sender
        .try_send(Counted::new(&count))
        .expect("the room that was reserved is free again");
}

#[test]
fn a_select_can_be_used_again_and_its_operations_removed() {
    let (one, two) = (unbounded::<String>(), unbounded::<u8>());
    let mut select = Select::new_biased();
    let (first, second) = (select.recv(&one.1), select.recv(&two.1));
    for n in 0..3 {
        one.0.send(n.to_string()).unwrap();
        two.0.send(n).unwrap();
    }
    for n in 0..3 {
        let operation = select.select();
        assert_eq!(operation.index(), first);
        assert_eq!(operation.recv(&one.1), Ok(n.to_string()));
    }
    select.remove(first);
    assert_eq!(select.ready(), second);
    let operation = select.try_select().unwrap();
    assert_eq!(operation.recv(&two.1), Ok(0));
}

#[test]
fn an_operation_cannot_be_ended_on_another_channel() {
    let (one, two) = (unbounded::<u64>(), unbounded::<u64>());
    one.0.send(1).unwrap();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let mut select = Select::new();
        select.recv(&one.1);
        _ = select.select().recv(&two.1);
    }));
    assert!(outcome.is_err());
}
