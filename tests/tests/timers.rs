//! Timers in real programs: `testprog`'s modules `timers` and `timers_at_work`, which check themselves, in both profiles, with one P and with more.

use gobuild_tests::process::RUN;
use gobuild_tests::testprog::{executables, start};

/// It must succeed and print this line and nothing else.
#[track_caller]
fn check(line: &str, expect: &str) {
    for exe in executables() {
        for procs in ["1", "2", "4"] {
            let outcome = start(exe, line, &[("GOMAXPROCS", procs)], RUN).ok();
            assert_eq!(
                (outcome.out(), outcome.err()),
                (format!("{expect}\n"), String::new()),
                "{line} with {procs} Ps"
            );
        }
    }
}

#[test]
fn sleepers_sleep_long_enough_wherever_they_are() {
    check("sleep-alone", "slept");
    check("sleep-on-a-thread", "slept");
    check("sleep-locked", "slept at home");
}

#[test]
fn sleepers_wake_in_the_order_of_their_deadlines() {
    check("sleep-order", "in order");
}

#[test]
fn many_sleep_at_once() {
    check("sleepers 20000", "20000 woke");
}

#[test]
fn a_stopped_timer_sends_nothing() {
    check("timer-stop", "stopped");
    check("timer-reset-storm 20000", "once");
}

#[test]
fn a_ticker_leaves_out_what_nobody_receives() {
    check("ticker-slow", "ticked");
}

#[test]
fn delayed_functions_are_called_on_goroutines() {
    check("after-func", "called");
}

#[test]
fn a_deadline_and_a_sender_never_both_win() {
    check("timeout-race 20000", "nothing lost, nothing twice");
}

#[test]
fn timers_survive_changes_of_gomaxprocs() {
    check("timers-and-procs", "all napped");
}

#[test]
fn timers_run_although_every_p_is_held() {
    check("timers-under-hogs", "woken");
    check("timer-before-hogs", "woken before most");
}

#[test]
fn who_computes_for_long_is_made_up_for_beside_a_seed_too() {
    for exe in executables() {
        let env = [("GOMAXPROCS", "2"), ("GODEBUG", "schedseed=1")];
        let outcome = start(exe, "timers-under-hogs", &env, RUN).ok();
        assert_eq!(outcome.out(), "woken\n");
    }
}

#[test]
fn timers_are_not_kept_waiting_by_those_who_never_sleep() {
    check("timer-and-senders", "received");
    check("timer-in-a-chain", "called");
    check("ticker-stress", "ticked");
    check("after-func-beside-main", "called");
}

#[test]
fn timers_that_are_never_due_harm_nobody() {
    check("timer-never", "not yet");
}

#[test]
fn a_function_is_stopped_or_called() {
    check("timer-stop-stress 5000", "stopped or called");
}

#[test]
fn many_deadlines_are_kept_in_order() {
    for exe in executables() {
        let one = [("GOMAXPROCS", "1")];
        let outcome = start(exe, "deadline-order 1000", &one, RUN).ok();
        assert_eq!(outcome.out(), "in order\n");
    }
}

#[test]
fn parking_has_a_limit() {
    check("park-timeout", "parked");
    check("park-timeout-race 5000", "undisturbed");
}
