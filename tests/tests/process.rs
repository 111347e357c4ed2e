//! What a process shares with the system: children of forks, signals, and how it was started.

use gobuild_tests::process::RUN;
use gobuild_tests::testprog::{executables, start};

#[track_caller]
fn prints(line: &str, env: &[(&str, &str)], expect: &str) {
    for exe in executables() {
        let outcome = start(exe, line, env, RUN).ok();
        assert_eq!(outcome.out(), format!("{expect}\n"), "{}", outcome.report());
    }
}

#[test]
fn the_child_of_a_fork_has_the_goroutine_that_forked_and_no_other() {
    prints("fork-alone", &[], "alone");
    prints("fork-twice", &[], "twice");
}

/// From main, from goroutines, from threads, and from calls that block; a child that hangs is killed.
#[test]
fn the_child_of_a_fork_goes_on_whatever_its_parent_was_doing() {
    for procs in ["1", "2", "4"] {
        prints("fork-under-load 8", &[("GOMAXPROCS", procs)], "all lived");
    }
}

#[test]
fn the_child_of_a_fork_dies_as_any_program() {
    for exe in executables() {
        let outcome = start(exe, "fork-panics", &[], RUN).ok();
        let said = outcome.err();
        assert_eq!(outcome.out(), "Some(2)\n", "{}", outcome.report());
        assert!(said.contains("panic: in the child\n\ngoroutine "), "{said}");
        let outcome = start(exe, "fork-and-end", &[], RUN).ok();
        assert_eq!(outcome.out(), "Some(2)\n", "{}", outcome.report());
        assert!(
            outcome.err().contains("no goroutines"),
            "{}",
            outcome.report()
        );
    }
}

#[test]
fn a_pipe_that_nobody_reads_is_an_error_in_inits_as_in_main() {
    let error = "Err(BrokenPipe)";
    prints(
        "sigpipe",
        &[],
        &format!("init: {error}\ngoroutine: {error}\nmain: {error}"),
    );
}

#[test]
fn a_constructor_that_starts_a_goroutine_is_told_that_it_is_too_early() {
    for exe in executables() {
        let outcome = start(exe, "go-in-a-constructor", &[], RUN).fails_with(2);
        let why = "fatal error: rtlib is used before the runtime is there";
        assert!(outcome.err().starts_with(why), "{}", outcome.report());
    }
}

#[test]
fn destructors_of_pthread_keys_that_wait_leave_nothing_behind() {
    prints("key-destructors", &[], "destroyed");
}

#[test]
fn who_waits_for_a_signal_is_not_deadlocked() {
    for exe in executables() {
        let outcome = start(exe, "wait-for-signal", &[], RUN).fails_with(9);
        assert_eq!(outcome.err(), "", "{}", outcome.report());
    }
}

#[test]
fn a_stack_that_runs_out_is_told_though_the_signal_was_blocked_at_the_start() {
    for exe in executables() {
        let outcome = start(exe, "with-faults-blocked overflow", &[], RUN).fails_with(2);
        assert!(
            outcome.err().contains("fatal error: stack overflow"),
            "{}",
            outcome.report()
        );
    }
}

#[test]
fn a_sandbox_without_sigaltstack_is_no_reason_to_end() {
    prints("without-sigaltstack spawn-join", &[], "332833500");
}
