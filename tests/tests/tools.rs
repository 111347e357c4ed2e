//! Programs under the tools of others: valgrind and profilers.

use std::process::Command;

use gobuild_tests::process::{Outcome, RUN, run};
use gobuild_tests::testprog::{executables, start};
use gobuild_tests::tool;

/// Programs whose goroutines meet threads, timers, panics, commands and the ends of a program, and what they print.
const PROGRAMS: [(&str, i32, &str); 6] = [
    ("spawn-join", 0, "332833500\n"),
    ("goroutine-starts-thread", 0, "210\n"),
    ("goroutine-runs-command", 0, "45\n"),
    ("caught", 0, "true\n"),
    ("sleep-order", 0, "in order\n"),
    ("park-unpark", 0, "100000\n"),
];

/// The dev program under a tool of valgrind's.
#[track_caller]
fn under_valgrind(tool_options: &[&str], line: &str) -> Outcome {
    let mut command = Command::new("valgrind");
    tool::clean(&mut command);
    command.arg("--quiet").args(tool_options);
    command.arg(&executables()[0]).args(line.split_whitespace());
    run(&mut command, RUN)
}

#[track_caller]
fn each_program(tool_options: &[&str]) {
    for (line, status, out) in PROGRAMS {
        let outcome = under_valgrind(tool_options, line).fails_with(status);
        assert_eq!(outcome.out(), out, "{}", outcome.report());
    }
}

#[test]
fn programs_run_under_valgrind_without_a_tool() {
    each_program(&["--tool=none"]);
}

#[test]
fn programs_run_under_callgrind() {
    each_program(&["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
}

#[test]
fn programs_run_under_massif() {
    each_program(&["--tool=massif", "--massif-out-file=/dev/null"]);
}

#[test]
fn programs_run_under_helgrind() {
    for line in ["spawn-join", "caught"] {
        _ = under_valgrind(&["--tool=helgrind"], line).ok();
    }
}

/// It takes a switch to another stack for what it is: it would call every access to the other one invalid.
#[test]
fn memcheck_knows_the_stacks_of_goroutines() {
    for (line, status, out) in PROGRAMS {
        let outcome = under_valgrind(&["--tool=memcheck"], line).fails_with(status);
        assert_eq!(outcome.out(), out, "{}", outcome.report());
        let said = outcome.err();
        for complaint in ["Invalid read", "Invalid write", "switching stacks"] {
            assert!(!said.contains(complaint), "{}", outcome.report());
        }
    }
}

#[test]
fn a_program_dies_under_valgrind_as_ever() {
    let outcome = under_valgrind(&["--tool=none"], "trace-panic").fails_with(2);
    assert!(outcome.err().contains("panic: "), "{}", outcome.report());
}

/// libgcc's own unwinder is interrupted, too, where it has loaded half of the registers of another frame.
#[test]
fn a_sampling_profiler_may_unwind_goroutines_that_unwind() {
    for exe in executables() {
        let outcome = start(exe, "profile-unwinding 20000", &[], RUN).ok();
        assert_eq!(outcome.out(), "profiled\n");
    }
}
