//! The packet between threads: under loom every interleaving of small cases, else (and under miri) the cases as they come.
//!
//! ```text
//! RUSTFLAGS="--cfg loom" cargo test -p gobuild-rtlib --lib --release
//! ```

use super::*;
use crate::event::restless::Restless;

#[cfg(loom)]
use loom::{
    sync::{Arc, atomic::AtomicUsize},
    thread,
};
#[cfg(not(loom))]
use std::{
    sync::{Arc, atomic::AtomicUsize},
    thread,
};

/// A result that counts how often it is dropped.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn check(test: impl Fn() + Send + Sync + 'static) {
    #[cfg(loom)]
    loom::model(test);
    #[cfg(not(loom))]
    for _ in 0..if cfg!(miri) { 20 } else { 1000 } {
        test();
    }
}

/// A counted result, its counter, and a thread that sends it.
fn sending() -> (
    Receiver<Counted, Restless>,
    Arc<AtomicUsize>,
    thread::JoinHandle<bool>,
) {
    let drops = Arc::new(AtomicUsize::new(0));
    let value = Counted(Arc::clone(&drops));
    let (sender, receiver) = packet();
    let thread = thread::spawn(move || {
        let (stored, unwanted) = sender.store(value);
        let was_unwanted = unwanted.is_some();
        drop(unwanted);
        stored.finish();
        was_unwanted
    });
    (receiver, drops, thread)
}

#[test]
fn the_waiter_gets_the_value_whenever_it_comes() {
    check(|| {
        let (receiver, drops, thread) = sending();
        let value = receiver.wait();
        assert_eq!(drops.load(Ordering::Relaxed), 0);
        drop(value);
        assert!(!thread.join().unwrap());
        assert_eq!(drops.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn a_value_that_nobody_waits_for_is_dropped_once() {
    check(|| {
        let (receiver, drops, thread) = sending();
        drop(receiver);
        thread.join().unwrap();
        assert_eq!(drops.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn a_value_is_the_senders_when_the_handle_was_dropped_first() {
    check(|| {
        let drops = Arc::new(AtomicUsize::new(0));
        let (sender, receiver) = packet::<_, Restless>();
        drop(receiver);
        let (stored, unwanted) = sender.store(Counted(Arc::clone(&drops)));
        assert!(unwanted.is_some());
        stored.finish();
        assert_eq!(drops.load(Ordering::Relaxed), 0);
        drop(unwanted);
        assert_eq!(drops.load(Ordering::Relaxed), 1);
    });
}

/// Cases without a second thread: nothing to interleave.
#[cfg(not(loom))]
mod alone {
    use super::*;

    #[test]
    fn stored_is_seen_before_done() {
        let (sender, receiver) = packet::<_, Restless>();
        assert!(!receiver.is_stored());
        let (stored, unwanted) = sender.store(7);
        assert_eq!(unwanted, None);
        assert!(receiver.is_stored());
        stored.finish();
        assert_eq!(receiver.wait(), 7);
    }

    #[test]
    fn a_handle_dropped_between_stored_and_done_takes_the_value_with_it() {
        let drops = Arc::new(AtomicUsize::new(0));
        let (sender, receiver) = packet::<_, Restless>();
        let (stored, unwanted) = sender.store(Counted(Arc::clone(&drops)));
        assert!(unwanted.is_none());
        drop(receiver);
        assert_eq!(drops.load(Ordering::Relaxed), 1);
        stored.finish();
        assert_eq!(drops.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_value_without_bytes_arrives() {
        let (sender, receiver) = packet::<(), Restless>();
        sender.store(()).0.finish();
        receiver.wait();
    }
}
