//! Signals that the runtime handles and the program too: each gets what is its own, by whichever of libc's functions the program says what it wants.

use gobuild_tests::process::{Outcome, RUN, says};
use gobuild_tests::testprog::{executables, start};

const SETTERS: [&str; 6] = [
    "signal",
    "bsd_signal",
    "ssignal",
    "sysv_signal",
    "__sysv_signal",
    "sigset",
];
/// A program that a fault has ended.
const SIGSEGV: i32 = 128 + 11;

fn each(line: &str, judge: impl Fn(Outcome)) {
    for exe in executables() {
        judge(start(exe, line, &[], RUN));
    }
}

#[track_caller]
fn dies_of_a_fault(line: &str, out: &str) {
    each(line, |outcome| {
        let outcome = outcome.fails_with(SIGSEGV);
        assert_eq!(outcome.out(), out, "{}", outcome.report());
    });
}

#[test]
fn a_program_that_ignores_faults_has_its_overflows_and_stacks_told() {
    for how in SETTERS.iter().chain(&["sigignore"]) {
        each(&format!("ignored-faults {how}"), |outcome| {
            let outcome = outcome.fails_with(2);
            assert_eq!(outcome.out(), "told\n", "{}", outcome.report());
            says(&outcome, &["fatal error: stack overflow"]);
        });
    }
}

#[test]
fn a_handler_of_sigquit_is_the_programs_until_it_is_given_up() {
    for how in SETTERS {
        each(&format!("own-sigquit {how}"), |outcome| {
            let outcome = outcome.fails_with(2);
            let told = outcome.err().starts_with("SIGQUIT: quit\n");
            assert!(told, "{}", outcome.report());
        });
    }
}

#[test]
fn a_handler_for_one_signal_is_called_once() {
    dies_of_a_fault("one-shot-handler", "once\n");
}

#[test]
fn a_fault_in_the_handler_of_a_fault_ends_the_program() {
    dies_of_a_fault("unreturning-fault", "once\n");
}

#[test]
fn the_mask_of_a_handler_holds_while_it_runs() {
    each("masked-handler", |outcome| {
        assert_eq!(outcome.ok().out(), "1\n");
    });
}

#[test]
fn a_fault_that_is_sent_ends_the_program_or_is_ignored() {
    dies_of_a_fault("sent-fault", "");
    each("sent-fault ignored", |outcome| {
        assert_eq!(outcome.ok().out(), "went on\n");
    });
}

#[test]
fn a_handler_of_sigquit_interrupts_calls_if_it_is_to() {
    for (how, expect) in [("interrupt", "-1 true\n"), ("restart", "0 false\n")] {
        each(&format!("interrupted-read {how}"), |outcome| {
            assert_eq!(outcome.ok().out(), expect);
        });
    }
}

#[test]
fn sigquit_is_ignored_while_system_waits_and_told_afterwards() {
    each("quit-during-system", |outcome| {
        let outcome = outcome.fails_with(2);
        assert_eq!(outcome.out(), "0\n", "{}", outcome.report());
        says(&outcome, &["SIGQUIT: quit\n"]);
    });
}

/// Without a guard it would write on, over whatever memory lies below.
#[test]
fn a_handler_that_runs_out_of_the_alternate_stack_is_told() {
    for who in ["main", "goroutine"] {
        each(&format!("handler-that-overflows {who}"), |outcome| {
            let why = "runtime: a signal handler exceeds the alternate signal stack\nfatal error: stack overflow\n";
            says(&outcome.fails_with(2), &[why]);
        });
    }
}
