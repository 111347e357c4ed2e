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
fn a_constructor_that_needs_the_scheduler_is_told_that_it_is_too_early() {
    let needs = [
        "go",
        "join",
        "scope",
        "channel",
        "after",
        "after-func",
        "context",
        "lock",
        "wait-group",
        "gomaxprocs",
        "wait-for-ever",
    ];
    for exe in executables() {
        for what in needs {
            let outcome = start(exe, &format!("in-constructor {what}"), &[], RUN).fails_with(2);
            let why = "fatal error: rtlib is used before the runtime is there";
            assert!(outcome.err().starts_with(why), "{}", outcome.report());
            assert_eq!(outcome.out(), "", "{}", outcome.report());
        }
    }
}

#[test]
fn a_constructor_may_do_what_needs_no_scheduler() {
    for what in [
        "sleep", "park", "yield", "blocking", "tied", "stack", "stacks", "stats", "leaks",
        "memory", "std-lock",
    ] {
        prints(&format!("in-constructor {what}"), &[], "main");
    }
}

#[test]
fn rtlib_works_to_the_very_end_of_the_program() {
    for place in [
        "atexit",
        "atexit-of-goroutine",
        "atexit-of-thread",
        "atexit-in-blocking",
        "atexit-of-tied",
        "quick-exit",
        "destructor-of-main",
        "destructor-in-exit",
    ] {
        prints(&format!("use-late {place}"), &[], "all called");
    }
    prints("in-finaliser", &[], "main\nall called");
}

#[test]
fn rtlib_works_in_destructors_of_goroutines_and_threads() {
    for place in [
        "destructor-of-goroutine",
        "destructor-of-thread",
        "key-of-goroutine",
        "key-of-thread",
    ] {
        prints(&format!("use-late {place}"), &[], "all called");
    }
}

#[test]
fn only_threads_end_as_threads() {
    for who in ["main", "goroutine", "key"] {
        for exe in executables() {
            let outcome = start(exe, &format!("end-as-thread {who}"), &[], RUN).fails_with(2);
            let why = "fatal error: pthread_exit would end a goroutine as a thread";
            assert!(outcome.err().starts_with(why), "{}", outcome.report());
        }
    }
    prints("end-as-thread thread", &[], "ended");
}

#[test]
fn a_destructor_that_sets_its_key_again_is_called_four_times() {
    prints("key-set-again goroutine", &[], "12");
    prints("key-set-again thread", &[], "12");
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
