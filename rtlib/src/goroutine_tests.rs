//! Goroutines as a user sees them: closures arrive whole, results and panics come back, and everything is dropped once.

use core::sync::atomic::{AtomicUsize, Ordering};
use std::borrow::ToOwned;
use std::boxed::Box;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::vec::Vec;
use std::{panic, thread};

use crate::fake_runtime;
use crate::{Builder, Goroutine, JoinHandle, current, go, lock_os_thread, spawn};

struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[repr(align(8192))]
struct OverAligned(u8);

fn counter() -> (Counted, Arc<AtomicUsize>) {
    let drops = Arc::new(AtomicUsize::new(0));
    (Counted(Arc::clone(&drops)), drops)
}

#[test]
fn closures_of_every_size_and_alignment_arrive_whole() {
    assert_eq!(spawn(|| 1).join().unwrap(), 1);
    let small = 7_u8;
    assert_eq!(spawn(move || small).join().unwrap(), 7);
    let big = [3_u32; 20_000];
    assert_eq!(
        spawn(move || big.iter().sum::<u32>()).join().unwrap(),
        60_000
    );
    let aligned = OverAligned(9);
    let place = spawn(move || {
        let aligned = aligned;
        (
            aligned.0,
            (&raw const aligned) as usize % align_of::<OverAligned>(),
        )
    });
    assert_eq!(place.join().unwrap(), (9, 0));
}

#[test]
fn what_a_closure_captured_is_dropped_once() {
    for padding in [0, 4096] {
        let (captured, drops) = counter();
        let padding = std::vec![0_u8; padding].into_boxed_slice();
        spawn(move || drop((padding, captured))).join().unwrap();
        assert_eq!(drops.load(Ordering::SeqCst), 1);
    }
    let (captured, drops) = counter();
    let large = [0_u8; 2000];
    spawn(move || {
        let _all = (&captured, &large);
    })
    .join()
    .unwrap();
    assert_eq!(drops.load(Ordering::SeqCst), 1);
}

#[test]
fn a_panic_is_what_join_returns_and_captures_are_dropped_once() {
    let (captured, drops) = counter();
    let handle: JoinHandle<()> = spawn(move || {
        let _captured = captured;
        panic!("no luck");
    });
    let payload = handle.join().expect_err("a panic");
    assert_eq!(crate::panics::message(&*payload), "no luck");
    assert_eq!(drops.load(Ordering::SeqCst), 1);
}

#[test]
fn a_payload_of_any_type_comes_back() {
    let handle: JoinHandle<()> = spawn(|| panic::resume_unwind(Box::new(42_i64)));
    let payload = handle.join().expect_err("a panic");
    assert_eq!(payload.downcast_ref(), Some(&42_i64));
}

#[test]
fn join_works_from_a_goroutine_and_from_a_plain_thread() {
    let nested = spawn(|| {
        spawn(|| spawn(|| "innermost").join().unwrap())
            .join()
            .unwrap()
    });
    assert_eq!(nested.join().unwrap(), "innermost");
    let handle = spawn(|| "for a thread");
    assert_eq!(
        thread::spawn(move || handle.join().unwrap())
            .join()
            .unwrap(),
        "for a thread"
    );
}

#[test]
fn join_waits_for_the_destructors_of_thread_locals() {
    let destroyed = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&destroyed);
    spawn(move || {
        fake_runtime::at_thread_local_destruction(move || _ = seen.fetch_add(1, Ordering::SeqCst))
    })
    .join()
    .unwrap();
    assert_eq!(destroyed.load(Ordering::SeqCst), 1);
}

#[test]
fn an_unwanted_result_is_dropped_before_thread_locals_are_destroyed() {
    struct Tell(mpsc::Sender<&'static str>);
    impl Drop for Tell {
        fn drop(&mut self) {
            self.0.send("result").unwrap();
        }
    }
    let (events, history) = mpsc::channel();
    let (start, started) = mpsc::channel();
    let handle = spawn(move || {
        let () = started.recv().unwrap();
        let destroyed = events.clone();
        fake_runtime::at_thread_local_destruction(move || destroyed.send("thread-local").unwrap());
        Tell(events)
    });
    drop(handle);
    start.send(()).unwrap();
    assert_eq!(
        history.iter().collect::<Vec<_>>(),
        ["result", "thread-local"]
    );
}

#[test]
fn is_finished_turns_true_when_the_closure_has_returned() {
    let (release, held) = mpsc::channel::<()>();
    let (tell, told) = mpsc::channel();
    let handle: JoinHandle<()> = spawn(move || {
        fake_runtime::at_thread_local_destruction(move || tell.send(()).unwrap());
        held.recv().unwrap();
    });
    assert!(!handle.is_finished());
    release.send(()).unwrap();
    told.recv().unwrap();
    assert!(handle.is_finished());
    handle.join().unwrap();
}

#[test]
fn a_panic_in_go_ends_the_program_with_its_message() {
    let (tell, told) = mpsc::channel();
    go(move || {
        tell.send(current().unwrap()).unwrap();
        panic!("unrecovered");
    });
    assert_eq!(
        fake_runtime::fatal_message(told.recv().unwrap().id()),
        "unrecovered"
    );
}

#[test]
fn a_result_that_panics_when_nobody_wants_it_ends_the_program() {
    struct Bad;
    impl Drop for Bad {
        fn drop(&mut self) {
            panic!("bad drop");
        }
    }
    let (start, started) = mpsc::channel();
    let handle = Builder::new().stack_size(1 << 20).spawn(move || {
        let () = started.recv().unwrap();
        Bad
    });
    let id = handle.goroutine().id();
    drop(handle);
    start.send(()).unwrap();
    let message = fake_runtime::fatal_message(id);
    assert_eq!(
        message,
        "the result of a detached goroutine panicked when it was dropped: bad drop"
    );
}

#[test]
fn the_handle_names_the_goroutine_that_runs() {
    let handle = spawn(|| current().unwrap());
    let named = handle.goroutine();
    assert_eq!(handle.join().unwrap(), named);
    assert_eq!(current(), None);
}

#[test]
fn unpark_before_park_is_not_lost() {
    let (tell, told) = mpsc::channel::<Goroutine>();
    let passed = Arc::new(Mutex::new("not yet".to_owned()));
    let pass = Arc::clone(&passed);
    let handle = spawn(move || {
        tell.send(current().unwrap()).unwrap();
        while *pass.lock().unwrap() != "now" {
            crate::park();
        }
    });
    let goroutine = told.recv().unwrap();
    "now".clone_into(&mut passed.lock().unwrap());
    goroutine.unpark();
    handle.join().unwrap();
    goroutine.unpark();
}

#[test]
fn locks_nest_and_end_when_they_are_dropped() {
    let outer = lock_os_thread();
    let inner = lock_os_thread();
    assert_eq!(fake_runtime::locks(), 2);
    drop(outer);
    assert_eq!(fake_runtime::locks(), 1);
    drop(inner);
    assert_eq!(fake_runtime::locks(), 0);
}

#[test]
fn gomaxprocs_returns_the_previous_setting_and_asks_with_none() {
    let before = crate::gomaxprocs(Some(5));
    assert_eq!(crate::gomaxprocs(None), 5);
    assert_eq!(crate::gomaxprocs(Some(0)), 5);
    assert_eq!(crate::gomaxprocs(Some(usize::MAX)), 5);
    assert_eq!(crate::gomaxprocs(Some(before)), i32::MAX as usize);
}

#[test]
fn handles_and_names_may_cross_goroutines() {
    fn assert_send_and_sync<T: Send + Sync>() {}
    assert_send_and_sync::<JoinHandle<core::cell::Cell<u8>>>();
    assert_send_and_sync::<Goroutine>();
}
