//! Contexts as a user sees them, and that nothing of them stays behind.

use core::sync::atomic::{AtomicUsize, Ordering};
use std::string::ToString;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};
use std::vec::Vec;

use super::*;

const LONG: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(20);

/// Blocks until `context` is done; checks what it says then.
#[track_caller]
fn wait(context: &Context, expect: Error) {
    assert!(context.done().recv().is_err(), "nothing is ever sent");
    assert_eq!(context.err(), Some(expect));
}

#[track_caller]
fn assert_live(context: &Context) {
    assert_eq!(context.err(), None);
    assert!(context.cause().is_none());
    assert_eq!(context.done().try_recv(), Err(chan::TryRecvError::Empty));
}

fn children(context: &Context) -> usize {
    context
        .node
        .as_ref()
        .expect("not the background")
        .children()
}

#[test]
fn the_background_is_never_done() {
    let root = background();
    assert_live(&root);
    assert_eq!(root.deadline(), None);
    assert_live(&background().clone());
}

#[test]
fn a_handle_ends_its_context_and_what_is_below_but_not_what_is_above() {
    let (top, _top) = with_cancel(&background());
    let (middle, handle) = with_cancel(&top);
    let (low, _low) = with_cancel(&middle);
    let (beside, _beside) = with_cancel(&top);
    handle.cancel();
    for done in [&middle, &low] {
        wait(done, Error::Canceled);
    }
    for live in [&top, &beside] {
        assert_live(live);
    }
    handle.cancel();
    wait(&middle, Error::Canceled);
}

#[test]
fn clones_are_one_context() {
    let (context, handle) = with_cancel(&background());
    let clone = context.clone();
    let waiter = crate::spawn(move || wait(&clone, Error::Canceled));
    handle.cancel();
    waiter.join().unwrap();
    wait(&context, Error::Canceled);
}

#[test]
fn dropping_the_handle_cancels() {
    let (context, handle) = with_cancel(&background());
    drop(handle);
    wait(&context, Error::Canceled);
}

#[test]
fn a_child_of_a_context_that_is_done_is_done() {
    let (parent, handle) = with_cancel(&background());
    handle.cancel_with_cause("too late");
    let (child, _child) = with_timeout(&parent, LONG);
    wait(&child, Error::Canceled);
    assert_eq!(child.cause().unwrap().to_string(), "too late");
}

#[test]
fn a_deadline_ends_the_context_and_what_is_below() {
    let deadline = Instant::now() + SHORT;
    let (context, handle) = with_deadline(&background(), deadline);
    let (below, _below) = with_cancel(&context);
    assert_eq!(context.deadline(), Some(deadline));
    assert_eq!(below.deadline(), Some(deadline));
    wait(&below, Error::DeadlineExceeded);
    wait(&context, Error::DeadlineExceeded);
    assert!(Instant::now() >= deadline);
    handle.cancel();
    wait(&context, Error::DeadlineExceeded);
}

#[test]
fn the_earlier_deadline_counts() {
    let (parent, _parent) = with_timeout(&background(), LONG);
    let (later, _later) = with_timeout(&parent, LONG * 2);
    assert_eq!(later.deadline(), parent.deadline());
    let (earlier, _earlier) = with_timeout(&parent, SHORT);
    assert!(earlier.deadline() < parent.deadline());
    wait(&earlier, Error::DeadlineExceeded);
    assert_live(&later);
}

#[test]
fn a_deadline_that_has_passed_makes_a_context_that_is_done() {
    let (context, _handle) = with_deadline(&background(), Instant::now());
    wait(&context, Error::DeadlineExceeded);
    let (context, _handle) = with_timeout(&background(), Duration::ZERO);
    wait(&context, Error::DeadlineExceeded);
}

#[test]
fn a_timeout_beyond_all_clocks_is_none() {
    let (context, handle) = with_timeout(&background(), Duration::MAX);
    assert_eq!(context.deadline(), None);
    assert_live(&context);
    handle.cancel();
    wait(&context, Error::Canceled);
}

#[test]
fn the_first_cause_is_told_to_all_below() {
    let (top, top_handle) = with_cancel(&background());
    let (low, low_handle) = with_cancel(&top);
    let cause = std::io::Error::other("disk on fire");
    top_handle.cancel_with_cause(cause);
    low_handle.cancel_with_cause("second");
    assert_eq!(low.err(), Some(Error::Canceled));
    let cause = low.cause().unwrap();
    assert!(cause.downcast_ref::<std::io::Error>().is_some());
    assert_eq!(top.cause().unwrap().to_string(), "disk on fire");
}

#[test]
fn without_a_cause_the_error_is_the_cause() {
    let (canceled, handle) = with_cancel(&background());
    handle.cancel();
    assert_eq!(canceled.cause().unwrap().to_string(), "context canceled");
    let (late, _handle) = with_timeout(&background(), Duration::ZERO);
    let cause = late.cause().unwrap();
    assert_eq!(cause.to_string(), "context deadline exceeded");
    assert_eq!(cause.downcast_ref(), Some(&Error::DeadlineExceeded));
}

#[test]
fn a_parent_forgets_children_that_are_done() {
    let (parent, handle) = with_cancel(&background());
    let kept = with_cancel(&parent);
    for _ in 0..if cfg!(miri) { 5 } else { 100 } {
        let (child, handle) = with_timeout(&parent, LONG);
        handle.cancel();
        wait(&child, Error::Canceled);
        drop(with_cancel(&parent));
        assert!(parent.after_func(|| ()).stop());
    }
    assert_eq!(children(&parent), 1);
    handle.cancel();
    assert_eq!(children(&parent), 0);
    wait(&kept.0, Error::Canceled);
}

#[test]
fn a_context_that_is_done_holds_nothing_alive() {
    let (parent, handle) = with_cancel(&background());
    let (child, _child) = with_cancel(&parent);
    let weak = Arc::downgrade(parent.node.as_ref().unwrap());
    drop((handle, parent));
    assert!(weak.upgrade().is_none());
    wait(&child, Error::Canceled);
}

#[test]
fn a_deep_chain_ends_without_a_deep_stack() {
    let depth = if cfg!(miri) { 50 } else { 100_000 };
    let (top, handle) = with_cancel(&background());
    let mut chain = Vec::from([with_cancel(&top)]);
    for _ in 1..depth {
        let (last, _) = chain.last().unwrap();
        let next = with_cancel(last);
        chain.push(next);
    }
    handle.cancel();
    let (last, _) = chain.last().unwrap();
    wait(last, Error::Canceled);
}

#[test]
fn after_func_runs_once_when_the_context_is_done() {
    let (context, handle) = with_cancel(&background());
    let (ran, runs) = mpsc::channel();
    let clone = context.clone();
    let after = context.after_func(move || ran.send(clone.err()).unwrap());
    assert_eq!(runs.try_recv(), Err(mpsc::TryRecvError::Empty));
    handle.cancel();
    assert_eq!(runs.recv(), Ok(Some(Error::Canceled)));
    assert!(!after.stop());
    assert_eq!(runs.recv(), Err(mpsc::RecvError), "it was dropped, too");
}

#[test]
fn after_func_on_a_context_that_is_done_runs_at_once() {
    let (context, handle) = with_cancel(&background());
    handle.cancel();
    let (ran, runs) = mpsc::channel();
    let after = context.after_func(move || ran.send(()).unwrap());
    assert_eq!(runs.recv(), Ok(()));
    assert!(!after.stop());
}

#[test]
fn a_function_that_was_stopped_does_not_run_and_is_dropped() {
    let (context, handle) = with_cancel(&background());
    let (ran, runs) = mpsc::channel::<()>();
    let after = context.after_func(move || ran.send(()).unwrap());
    assert!(after.stop());
    assert_eq!(runs.recv(), Err(mpsc::RecvError));
    assert!(!after.stop());
    handle.cancel();
    let never = background().after_func(|| panic!("the background is never done"));
    assert!(never.stop());
    assert!(!never.stop());
}

#[test]
fn an_after_func_whose_handle_is_dropped_does_not_run() {
    let (context, handle) = with_cancel(&background());
    drop(context.after_func(|| panic!("it was taken back")));
    handle.cancel();
}

#[test]
fn cancelling_while_children_come_and_go_ends_them_all() {
    let rounds = if cfg!(miri) { 2 } else { 200 };
    for _ in 0..rounds {
        let (parent, handle) = with_cancel(&background());
        let makers: Vec<_> = (0..4)
            .map(|_| {
                let parent = parent.clone();
                crate::spawn(move || {
                    let children: Vec<_> = (0..10).map(|_| with_cancel(&parent)).collect();
                    for (child, _) in &children {
                        wait(child, Error::Canceled);
                    }
                })
            })
            .collect();
        handle.cancel();
        makers.into_iter().for_each(|maker| maker.join().unwrap());
        assert_eq!(children(&parent), 0);
    }
}

/// Goroutines that wait for the group's context, and then say `outcome`.
fn waiters<'scope, E: Clone + Send + 'scope>(
    group: &Group<'scope, '_, E>,
    ended: &'scope AtomicUsize,
    outcome: &Result<(), E>,
) {
    for _ in 0..3 {
        let (context, outcome) = (group.context().clone(), outcome.clone());
        group.spawn(move || {
            wait(&context, Error::Canceled);
            ended.fetch_add(1, Ordering::Relaxed);
            outcome
        });
    }
}

#[test]
fn the_first_error_of_a_group_is_returned_and_ends_the_others() {
    let ended = AtomicUsize::new(0);
    let by_goroutine: Result<(), &str> = try_scope(&background(), |group| {
        waiters(group, &ended, &Err("second"));
        group.spawn(|| Err("first"));
        Ok(())
    });
    assert_eq!(by_goroutine, Err("first"));
    let by_closure: Result<(), &str> = try_scope(&background(), |group| {
        waiters(group, &ended, &Ok(()));
        Err("closure")
    });
    assert_eq!(by_closure, Err("closure"));
    assert_eq!(ended.into_inner(), 6);
}

#[test]
fn a_group_with_a_limit_runs_no_more_at_a_time() {
    let (running, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let outcome: Result<(), ()> = try_scope(&background(), |group| {
        group.set_limit(3);
        for _ in 0..20 {
            group.spawn(|| {
                let now = running.fetch_add(1, Ordering::SeqCst) + 1;
                most.fetch_max(now, Ordering::SeqCst);
                crate::yield_now();
                running.fetch_sub(1, Ordering::SeqCst);
                Ok(())
            });
        }
        Ok(())
    });
    assert_eq!(outcome, Ok(()));
    assert!((1..=3).contains(&most.into_inner()));
}

#[test]
fn handles_of_a_group_have_what_was_returned() {
    let outcome: Result<_, &str> = try_scope(&background(), |group| {
        let good = group.spawn_with_handle(|| Ok(7));
        assert_eq!(good.join().unwrap(), Some(7));
        let bad = group.spawn_with_handle(|| Err::<u8, _>("bad"));
        assert_eq!(bad.join().unwrap(), None);
        Ok(())
    });
    assert_eq!(outcome, Err("bad"));
}

#[test]
fn a_group_without_errors_returns_the_value_after_all_have_ended() {
    let sum = AtomicUsize::new(0);
    let outcome: Result<_, ()> = try_scope(&background(), |group| {
        let nested = group.clone();
        let sum = &sum;
        group.spawn(move || {
            nested.spawn(|| {
                sum.fetch_add(1, Ordering::Relaxed);
                Ok(())
            });
            Ok(())
        });
        assert_live(group.context());
        Ok((group.context().clone(), sum))
    });
    let (context, sum) = outcome.unwrap();
    assert_eq!(sum.load(Ordering::Relaxed), 1);
    wait(&context, Error::Canceled);
}

#[test]
fn a_group_that_was_leaked_has_ended_all_the_same() {
    let outcome: Result<_, ()> = try_scope(&background(), |group| {
        std::mem::forget(group.clone());
        Ok(group.context().clone())
    });
    wait(&outcome.unwrap(), Error::Canceled);
}

#[test]
fn a_panic_in_a_group_ends_the_others_and_goes_on() {
    let ended = AtomicUsize::new(0);
    let panicked = std::panic::catch_unwind(|| {
        try_scope(&background(), |group| -> Result<(), ()> {
            waiters(group, &ended, &Ok(()));
            group.spawn(|| panic!("no luck"));
            Ok(())
        })
    });
    assert!(panicked.is_err());
    assert_eq!(ended.into_inner(), 3);
}

#[test]
fn a_group_hears_of_its_parents_end() {
    let (parent, handle) = with_cancel(&background());
    let ended = AtomicUsize::new(0);
    let outcome: Result<(), ()> = try_scope(&parent, |group| {
        waiters(group, &ended, &Ok(()));
        handle.cancel();
        Ok(())
    });
    assert_eq!(outcome, Ok(()));
    assert_eq!(ended.into_inner(), 3);
}
