//! Programs are ended while they are in the middle of things: SIGQUIT to every thread, again and again, while goroutines and threads allocate, look names up, look at each other's stacks, or end the program themselves. They
//! end, soon, and tell of every goroutine.

use std::collections::BTreeSet;

use gobuild_tests::process::{Outcome, RUN};
use gobuild_tests::testprog::{executables, start};
use regex::Regex;

const ROUNDS: usize = 3;
/// The main goroutine and eight workers.
const GOROUTINES: u64 = 9;
/// What is told before names are given up. Everything comes again after this.
const AGAIN: &str = "[names cannot be looked up now; again, with addresses]";

fn repeatedly(line: &str, judge: impl Fn(Outcome)) {
    for exe in executables() {
        for _ in 0..ROUNDS {
            judge(start(exe, line, &[], RUN).fails_with(2));
        }
    }
}

/// The ids of the goroutines that are told of, each once.
#[track_caller]
fn told(outcome: &Outcome) -> BTreeSet<u64> {
    let header = Regex::new(r"(?m)^goroutine (\d+) \[").expect("a pattern");
    let err = outcome.err();
    let complete = err.rsplit(AGAIN).next().unwrap_or_default();
    let ids = header
        .captures_iter(complete)
        .map(|found| found[1].parse().expect("a number"));
    let mut told = BTreeSet::new();
    for id in ids {
        assert!(told.insert(id), "{id} twice: {}", outcome.report());
    }
    told
}

#[track_caller]
fn assert_quit(outcome: &Outcome) {
    let err = outcome.err();
    assert!(err.starts_with("SIGQUIT: quit\n"), "{}", outcome.report());
    assert_eq!(err.matches("SIGQUIT").count(), 1, "{}", outcome.report());
    assert!(
        told(outcome).into_iter().eq(1..=GOROUTINES),
        "{}",
        outcome.report()
    );
    assert!(
        err.lines().any(|line| line.starts_with("rip ")),
        "{}",
        outcome.report()
    );
}

#[test]
fn while_memory_is_allocated() {
    repeatedly("end-while-allocating", |outcome| assert_quit(&outcome));
}

/// The interrupted thread may hold the symboliser's lock, which then nobody gets any more.
#[test]
fn while_names_are_looked_up() {
    repeatedly("end-while-looking-up", |outcome| assert_quit(&outcome));
}

#[test]
fn while_goroutines_are_held() {
    repeatedly("end-while-looking-at-stacks", |outcome| {
        assert_quit(&outcome)
    });
}

/// Or malloc's, if there is only one.
#[test]
fn while_the_only_arena_is_locked() {
    repeatedly("end-in-an-allocator-with-one-arena", |outcome| {
        assert_quit(&outcome)
    });
}

#[test]
fn by_several_at_once() {
    repeatedly("end-at-once", |outcome| {
        let err = outcome.err();
        let ends = err.matches("SIGQUIT: quit\n").count() + err.matches("panic: enough\n").count();
        assert_eq!(ends, 1, "{}", outcome.report());
        assert!(!told(&outcome).is_empty(), "{}", outcome.report());
    });
}
