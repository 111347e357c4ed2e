//! What `rtlib::debug::leaks` and `GODEBUG=leaktrace` find of goroutines that are blocked for ever, and that they find nobody else.

use gobuild_tests::process::{Outcome, RUN};
use gobuild_tests::testprog::{executables, start};
use regex::Regex;

/// Runs a program in both profiles, with one P and with more.
#[track_caller]
fn each(line: &str, env: &[(&str, &str)], judge: impl Fn(Outcome)) {
    for exe in executables() {
        for procs in ["1", "2", "4"] {
            judge(start(
                exe,
                line,
                &[&[("GOMAXPROCS", procs)], env].concat(),
                RUN,
            ));
        }
    }
}

/// The program succeeds and prints this line.
#[track_caller]
fn check(line: &str, expect: &str) {
    each(line, &[], |outcome| {
        let outcome = outcome.ok();
        assert_eq!(
            (outcome.out(), outcome.err()),
            (format!("{expect}\n"), String::new())
        );
    });
}

#[test]
fn goroutines_that_nobody_can_wake_are_found() {
    check("leak-all", "found");
    check("leak-many", "found");
    check("leak-three", "found");
}

#[test]
fn goroutines_that_somebody_can_wake_are_not() {
    check("leak-none", "[]");
}

#[test]
fn nor_are_those_whom_a_goroutine_on_another_stack_can_wake() {
    check("foreign-stack-leaks", "none");
}

#[test]
fn who_could_be_woken_by_one_that_cannot_is_found_too() {
    check("leak-chain", "found");
}

#[test]
fn those_that_were_found_are_marked_from_then_on() {
    check("leak-found-late", "false true");
}

#[test]
fn nobody_is_found_while_handles_move() {
    check("leak-storm 100", "survived");
}

#[test]
fn searches_and_requests_for_stacks_do_not_stop_each_other() {
    check("leak-beside-stacks 200", "searched");
}

#[test]
fn a_thread_that_cannot_be_stopped_is_said() {
    check(
        "leak-deaf-thread",
        "cannot search for leaked goroutines: a thread blocks SIGURG and cannot be stopped",
    );
}

#[test]
fn leaks_are_reported_at_exit_on_demand() {
    let report = Regex::new(
        r"^LEAK (1 goroutine is|\d+ goroutines are) blocked for ever\ngoroutine \d+ \[chan receive \(leaked\)\]:\n(?s:.*)created by (?s:.*) in goroutine \d+\n\t[^\n]*leaks\.rs:\d+[^\n]*\n\n$",
    )
    .expect("a pattern");
    for code in [0, 3] {
        let line = format!("leak-at-exit {code}");
        each(&line, &[("GODEBUG", "leaktrace=1")], |outcome| {
            let outcome = outcome.fails_with(code);
            assert!(report.is_match(&outcome.err()), "{}", outcome.report());
        });
    }
    // Copies of handles that functions have left on the stack are none.
    each(
        "leak-on-used-stack",
        &[("GODEBUG", "leaktrace=1")],
        |outcome| {
            let outcome = outcome.ok();
            assert!(report.is_match(&outcome.err()), "{}", outcome.report());
        },
    );
    // Nor does the child of a fork, for which it would be the second time.
    each("leak-and-fork", &[("GODEBUG", "leaktrace=1")], |outcome| {
        let outcome = outcome.ok();
        assert_eq!(
            outcome.err().matches("LEAK").count(),
            1,
            "{}",
            outcome.report()
        );
    });
    each("leak-at-exit 0", &[], |outcome| {
        assert_eq!(outcome.ok().err(), "");
    });
    each("spawn-join", &[("GODEBUG", "leaktrace=1")], |outcome| {
        assert_eq!(outcome.ok().err(), "");
    });
}
