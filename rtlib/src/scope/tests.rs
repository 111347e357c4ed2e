//! Scopes as a user sees them: borrows, results, panics, and nothing left running.

use core::sync::atomic::{AtomicUsize, Ordering};
use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc;
use std::vec::Vec;
use std::{thread, vec};

use crate::{Builder, fake_runtime, scope};

/// What `f` panics with.
fn panic_of(f: impl FnOnce()) -> std::string::String {
    let payload = panic::catch_unwind(AssertUnwindSafe(f)).expect_err("a panic");
    crate::panics::message(&*payload).into()
}

#[test]
fn goroutines_borrow_what_is_outside_and_the_scope_waits_for_them() {
    let text = ["a", "bc", "def"];
    let mut lengths = vec![0; text.len()];
    let sum = scope(|s| {
        for (word, length) in text.iter().zip(&mut lengths) {
            s.spawn(|| *length = word.len());
        }
        s.spawn(|| text.iter().map(|word| word.len()).sum::<usize>())
            .join()
            .unwrap()
    });
    assert_eq!((sum, lengths), (6, vec![1, 2, 3]));
}

#[test]
fn results_may_borrow_too() {
    let words = ["x", "longest", "yz"];
    let longest = scope(|s| {
        let longest = s.spawn(|| words.iter().max_by_key(|word| word.len()));
        longest.join().unwrap()
    });
    assert_eq!(longest, Some(&"longest"));
}

#[test]
fn a_scoped_goroutine_starts_more_of_them() {
    let count = AtomicUsize::new(0);
    scope(|s| {
        s.spawn(|| {
            for _ in 0..3 {
                s.spawn(|| {
                    s.spawn(|| count.fetch_add(1, Ordering::Relaxed));
                });
            }
        });
    });
    assert_eq!(count.into_inner(), 3);
}

#[test]
fn closures_too_large_for_the_new_stack_arrive_whole() {
    let big = [7_u32; 20_000];
    let sum = scope(|s| {
        let by_value = s.spawn(move || big.iter().sum::<u32>());
        let sized = Builder::new().stack_size(1 << 20);
        let borrowed = sized.spawn_scoped(s, || big.len());
        by_value.join().unwrap() + u32::try_from(borrowed.join().unwrap()).unwrap()
    });
    assert_eq!(sum, 160_000);
}

#[test]
fn a_leaked_handle_does_not_skip_the_wait() {
    let (release, released) = mpsc::channel::<()>();
    let mut done = false;
    scope(|s| {
        let done = &mut done;
        core::mem::forget(s.spawn(move || {
            released.recv().unwrap();
            *done = true;
            std::boxed::Box::new(1)
        }));
        release.send(()).unwrap();
    });
    assert!(done);
}

#[test]
fn a_panic_that_nobody_joined_is_the_scopes() {
    let finished = AtomicUsize::new(0);
    let message = panic_of(|| {
        scope(|s| {
            s.spawn(|| panic!("lost"));
            s.spawn(|| finished.fetch_add(1, Ordering::Relaxed));
        });
    });
    assert_eq!(message, "a scoped goroutine panicked");
    assert_eq!(finished.into_inner(), 1);
}

#[test]
fn a_panic_that_was_joined_is_not() {
    scope(|s| {
        let payload = s.spawn(|| panic!("found")).join().expect_err("a panic");
        assert_eq!(crate::panics::message(&*payload), "found");
    });
}

#[test]
fn a_panic_of_the_closure_comes_after_the_goroutines_have_ended() {
    let (release, released) = mpsc::channel::<()>();
    let mut done = false;
    let message = panic_of(|| {
        scope(|s| {
            let done = &mut done;
            s.spawn(move || {
                released.recv().unwrap();
                *done = true;
                panic!("of a goroutine");
            });
            release.send(()).unwrap();
            panic!("of the closure")
        });
    });
    assert_eq!(message, "of the closure");
    assert!(done);
}

#[test]
fn the_scope_waits_for_the_destructors_of_thread_locals() {
    let destroyed = std::sync::Arc::new(AtomicUsize::new(0));
    scope(|s| {
        let destroyed = std::sync::Arc::clone(&destroyed);
        s.spawn(|| {
            fake_runtime::at_thread_local_destruction(move || {
                destroyed.fetch_add(1, Ordering::Relaxed);
            });
        });
    });
    assert_eq!(destroyed.load(Ordering::Relaxed), 1);
}

#[test]
fn scopes_nest_and_work_on_goroutines_and_threads() {
    let nested = || {
        let numbers: Vec<usize> = (0..10).collect();
        scope(|s| {
            let halves = numbers.chunks(5).map(|half| {
                s.spawn(move || {
                    scope(|s| {
                        let each: Vec<_> = half.iter().map(|n| s.spawn(move || n * 2)).collect();
                        each.into_iter().map(|n| n.join().unwrap()).sum::<usize>()
                    })
                })
            });
            let halves: Vec<_> = halves.collect();
            halves.into_iter().map(|n| n.join().unwrap()).sum::<usize>()
        })
    };
    assert_eq!(nested(), 90);
    assert_eq!(crate::spawn(nested).join().unwrap(), 90);
    assert_eq!(thread::spawn(nested).join().unwrap(), 90);
}
