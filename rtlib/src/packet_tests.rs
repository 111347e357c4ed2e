//! The packet between threads: under loom every interleaving of small cases, else (and under miri) the cases as they come.
//!
//! ```text
//! RUSTFLAGS="--cfg loom" cargo test -p rtlib --lib --release
//! ```

use super::*;

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

impl Waiter for thread::Thread {
    fn current() -> Self {
        thread::current()
    }

    fn block(&self) {
        thread::park();
    }

    fn wake(&self) {
        self.unpark();
    }
}

/// Never blocks for long, and so may see the end before it is woken.
#[derive(Clone)]
struct Restless;

impl Waiter for Restless {
    fn current() -> Self {
        Self
    }

    fn block(&self) {
        thread::yield_now();
    }

    fn wake(&self) {}
}

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
fn sending<W: Waiter + 'static>() -> (
    Receiver<Counted, W>,
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
        let (receiver, drops, thread) = sending::<thread::Thread>();
        let value = receiver.wait();
        assert_eq!(drops.load(Ordering::Relaxed), 0);
        drop(value);
        assert!(!thread.join().unwrap());
        assert_eq!(drops.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn a_waiter_that_wakes_for_no_reason_waits_on() {
    check(|| {
        let (receiver, drops, thread) = sending::<Restless>();
        drop(receiver.wait());
        assert_eq!(drops.load(Ordering::Relaxed), 1);
        thread.join().unwrap();
    });
}

#[test]
fn a_value_that_nobody_waits_for_is_dropped_once() {
    check(|| {
        let (receiver, drops, thread) = sending::<thread::Thread>();
        drop(receiver);
        thread.join().unwrap();
        assert_eq!(drops.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn a_value_is_the_senders_when_the_handle_was_dropped_first() {
    check(|| {
        let drops = Arc::new(AtomicUsize::new(0));
        let (sender, receiver) = packet::<_, thread::Thread>();
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
    use core::cell::{Cell, RefCell};
    use std::thread_local;

    thread_local! {
        static STORED_BY: RefCell<Option<Stored<(), Scripted>>> = const { RefCell::new(None) };
        static STRAY_TOKENS: Cell<u32> = const { Cell::new(0) };
        static WAKES: Cell<u32> = const { Cell::new(0) };
    }

    /// Its block returns for each stray token, then lets the sender finish.
    #[derive(Clone)]
    struct Scripted;

    impl Waiter for Scripted {
        fn current() -> Self {
            Self
        }

        fn block(&self) {
            match STRAY_TOKENS.get() {
                0 => STORED_BY
                    .take()
                    .expect("a sender that has not finished")
                    .finish(),
                n => STRAY_TOKENS.set(n - 1),
            }
        }

        fn wake(&self) {
            WAKES.set(WAKES.get() + 1);
        }
    }

    /// How often somebody wakes a waiter that takes this many tokens before its own.
    fn wakes_with(stray_tokens: u32) -> u32 {
        let (sender, receiver) = packet();
        STORED_BY.set(Some(sender.store(()).0));
        STRAY_TOKENS.set(stray_tokens);
        WAKES.set(0);
        receiver.wait();
        WAKES.get()
    }

    #[test]
    fn a_token_for_something_else_is_handed_back() {
        let only_by_the_sender = 1;
        let and_by_itself = only_by_the_sender + 1;
        assert_eq!(wakes_with(0), only_by_the_sender);
        assert_eq!(wakes_with(1), and_by_itself);
        assert_eq!(wakes_with(3), and_by_itself);
    }

    #[test]
    fn stored_is_seen_before_done() {
        let (sender, receiver) = packet::<_, thread::Thread>();
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
        let (sender, receiver) = packet::<_, thread::Thread>();
        let (stored, unwanted) = sender.store(Counted(Arc::clone(&drops)));
        assert!(unwanted.is_none());
        drop(receiver);
        assert_eq!(drops.load(Ordering::Relaxed), 1);
        stored.finish();
        assert_eq!(drops.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_value_without_bytes_arrives() {
        let (sender, receiver) = packet::<(), thread::Thread>();
        sender.store(()).0.finish();
        receiver.wait();
    }
}
