//! What watches over the scheduler, in real programs: calls that block, hogs, slow calls, deadlocks, `GODEBUG=schedtrace`.

use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;
use std::thread;

use gobuild_tests::go::go;
use gobuild_tests::process::{BUILD, Outcome, RUN, run};
use gobuild_tests::testprog::{executables, start};
use gobuild_tests::tool;
use regex::Regex;

const PROCS: [&str; 3] = ["1", "2", "4"];

/// Runs the program in both profiles, with one P and with more; it must succeed and print this line and nothing else.
#[track_caller]
fn check(line: &str, expect: &str) {
    each(line, |outcome| {
        let outcome = outcome.ok();
        assert_eq!(
            (outcome.out(), outcome.err()),
            (format!("{expect}\n"), String::new())
        );
    });
}

/// The same for a program that ends as Go ends one that is deadlocked.
#[track_caller]
fn check_deadlock(line: &str) {
    each(line, |outcome| {
        let outcome = outcome.fails_with(2);
        assert_eq!(outcome.out(), "");
        let first = "fatal error: all goroutines are asleep - deadlock!\n";
        assert!(outcome.err().starts_with(first), "{}", outcome.report());
    });
}

#[track_caller]
fn each(line: &str, judge: impl Fn(Outcome)) {
    for exe in executables() {
        for procs in PROCS {
            judge(start(exe, line, &[("GOMAXPROCS", procs)], RUN));
        }
    }
}

#[test]
fn goroutines_in_blocking_calls_run_in_parallel() {
    check("all-block 300", "in parallel");
}

#[test]
fn goroutines_that_sleep_in_the_kernel_unannounced_run_in_parallel() {
    check("all-sleep 300", "in parallel");
}

#[test]
fn more_goroutines_than_gomaxprocs_can_be_sleep_in_a_lock_of_std() {
    check("std-barrier 1200", "1 leader");
}

#[test]
fn a_goroutine_that_computes_does_not_hold_up_the_others() {
    check("hog-returns", "made up for");
}

#[test]
fn who_waits_behind_a_goroutine_that_keeps_its_p_runs_though_the_others_are_busy() {
    check("waits-behind-hog", "it ran");
    check("waits-behind-sleeper", "it ran");
    for seed in 1..5 {
        let env = [
            ("GODEBUG", &*format!("schedseed={seed}")),
            ("GOMAXPROCS", "1"),
        ];
        let outcome = start(&executables()[1], "waits-behind-sleeper", &env, RUN).ok();
        assert_eq!(outcome.out(), "it ran\n");
    }
}

#[test]
fn a_goroutine_in_a_blocking_call_may_do_everything() {
    check("block-and-schedule", "5000");
    check("block-everywhere", "7");
    let env = [("GODEBUG", "schedmigrate=1"), ("GOMAXPROCS", "4")];
    let outcome = start(&executables()[1], "block-and-schedule", &env, RUN).ok();
    assert_eq!(outcome.out(), "5000\n");
}

#[test]
fn who_makes_calls_that_block_has_his_turn_as_often_as_the_others() {
    check("serve-all-alike 100", "alike");
    for exe in executables() {
        let outcome = start(exe, "short-calls 4", &[("GOMAXPROCS", "1")], RUN).ok();
        assert_eq!(outcome.out(), "in turns\n", "{}", outcome.report());
    }
}

#[test]
fn whoever_needs_a_thread_too_many_waits_for_one() {
    check("more-calls-than-threads 16", "all have read");
    check("threads-are-refused 40", "40 have slept");
}

#[test]
fn a_program_ends_whose_threads_all_wait_for_a_goroutine_that_has_none() {
    let told = Regex::new(
        r"(?s)^runtime: program exceeds 8-thread limit
runtime: goroutine \d+ waits for a thread, and all threads wait for goroutines or for each other
fatal error: thread exhaustion
.*goroutine 1 \[runnable\]:
",
    )
    .expect("valid");
    for program in ["no-thread-for-the-sender", "no-thread-for-the-holder"] {
        each(program, |outcome| {
            let outcome = outcome.fails_with(2);
            assert!(told.is_match(&outcome.err()), "{}", outcome.report());
        });
    }
}

#[test]
fn a_thread_that_is_refused_for_want_of_memory_is_no_matter_of_processes() {
    each("no-memory-for-a-thread", |outcome| {
        let outcome = outcome.fails_with(2);
        let err = outcome.err();
        assert!(err.contains("ulimit -d"), "{}", outcome.report());
        assert!(!err.contains("ulimit -u"), "{}", outcome.report());
        assert!(
            err.contains("fatal error: newosproc"),
            "{}",
            outcome.report()
        );
    });
}

#[test]
fn a_deadlock_is_reported() {
    check_deadlock("main-parks");
    check_deadlock("main-parks-tied");
    check_deadlock("everybody-parks");
}

#[test]
fn a_deadlock_is_reported_when_the_last_thread_that_could_help_ends_or_waits_too() {
    check_deadlock("last-thread-ends");
    check_deadlock("threads-wait-too");
    check_deadlock("block-then-park");
    check_deadlock("block-for-ever");
}

#[test]
fn deadlocks_and_hogs_are_found_without_proc() {
    check_deadlock("without-files main-parks");
    check_deadlock("without-files last-thread-ends");
    check_deadlock("without-files threads-wait-too");
    check_deadlock("without-files block-for-ever");
    check("without-files woken-by-thread", "woken");
    check("without-files woken-by-blocking", "woken");
    check("without-files all-sleep 20", "in parallel");
}

#[test]
fn who_may_yet_be_woken_is_not_deadlocked() {
    check("woken-by-thread", "woken");
    check("woken-by-blocking", "woken");
    check("woken-by-hog", "woken");
    check("woken-late-at-exit", "woken");
}

#[test]
fn a_thread_and_a_goroutine_wake_each_other() {
    check("thread-ping-pong", "40000");
}

#[test]
fn memory_of_a_burst_of_goroutines_comes_back() {
    // Alone and in this order: they take gigabytes together.
    for line in ["burst-at-once 20000", "burst-in-background 20000"] {
        let outcome = start(&executables()[1], line, &[], RUN).ok();
        assert_eq!(outcome.out(), "back\n");
    }
}

#[test]
fn handles_of_goroutines_whose_memory_was_given_back_are_harmless() {
    check("handles-outlive-goroutines 1000", "ignored");
}

#[test]
fn goroutines_are_looked_at_while_their_memory_comes_and_goes() {
    check("look-and-give-back 12", "looked");
}

#[test]
fn memory_below_stacks_of_parked_goroutines_comes_back() {
    let outcome = start(&executables()[1], "parked-in-background 5000", &[], RUN).ok();
    assert_eq!(outcome.out(), "back\n");
}

#[test]
fn the_scheduler_counts() {
    check("sched-stats", "counted");
}

#[test]
fn credentials_change_while_goroutines_run() {
    check("setuid", "changed");
}

/// The lines of `GODEBUG=schedtrace`, as runtime/proc.go prints them.
struct Format {
    summary: Regex,
    detail: [Regex; 4],
}

impl Format {
    fn new() -> Self {
        let regex = |text: &str| Regex::new(&format!("^{text}$")).expect("a regular expression");
        let head = r"SCHED \d+ms: gomaxprocs=\d+ idleprocs=\d+ threads=\d+ spinningthreads=\d+ needspinning=\d+ idlethreads=\d+ runqueue=\d+";
        Self {
            summary: regex(&format!(r"{head} \[( \d+)+ \] schedticks=\[( \d+)+ \]")),
            detail: [
                // Below zero for a moment, Go's and ours; four digits, since a count that wraps has more.
                regex(&format!(
                    r"{head} gcwaiting=(true|false) nmidlelocked=-?\d{{1,4}} stopwait=\d+ sysmonwait=(true|false)"
                )),
                regex(
                    r"  P\d+: status=\d schedtick=\d+ syscalltick=\d+ m=(\d+|nil) runqsize=\d+ gfreecnt=\d+ timerslen=\d+",
                ),
                regex(
                    r"  M\d+: p=(\d+|nil) curg=(\d+|nil) mallocing=\d+ throwing=\d+ preemptoff=.* locks=\d+ dying=\d+ spinning=(true|false) blocked=(true|false) lockedg=(\d+|nil)",
                ),
                regex(r"  G\d+: status=\d+\(.*\) m=(\d+|nil) lockedm=(\d+|nil)"),
            ],
        }
    }

    /// Each line has the format, every format occurs, and the state was printed at least three times.
    #[track_caller]
    fn check(&self, outcome: &Outcome, text: &str, detailed: bool) {
        let formats = if detailed {
            &self.detail[..]
        } else {
            std::slice::from_ref(&self.summary)
        };
        for line in text.lines() {
            let known = formats.iter().any(|format| format.is_match(line));
            assert!(known, "{line:?} in\n{}", outcome.report());
        }
        for format in formats {
            let found = text.lines().any(|line| format.is_match(line));
            assert!(found, "no {format} in\n{}", outcome.report());
        }
        let lines = text.lines().filter(|line| line.starts_with("SCHED"));
        assert!(lines.count() >= 3, "{}", outcome.report());
    }
}

const SUMMARY: (&str, &str) = ("GODEBUG", "schedtrace=10");
const DETAIL: (&str, &str) = ("GODEBUG", "schedtrace=10,scheddetail=1");

#[test]
fn schedtrace_has_the_format_of_gos() {
    let format = Format::new();
    for program in ["main-sleeps", "busy", "locked-ping-pong 20000"] {
        for (env, detailed) in [(SUMMARY, false), (DETAIL, true)] {
            let outcome = start(&executables()[1], program, &[env], RUN).ok();
            let text = outcome.err();
            assert!(
                text.ends_with('\n'),
                "a part of a line: {}",
                outcome.report()
            );
            format.check(&outcome, &text, detailed);
        }
    }
}

#[test]
fn lines_of_schedtrace_are_written_whole() {
    // A datagram for each write.
    let (reader, stderr) = UnixDatagram::pair().expect("a pair of sockets");
    reader.set_read_timeout(Some(RUN)).expect("a time limit");
    let end = stderr.try_clone().expect("a second descriptor");
    let mut command = Command::new(&executables()[1]);
    tool::clean(&mut command);
    command.arg("busy").envs([DETAIL]);
    let mut child = command
        .stderr(OwnedFd::from(stderr))
        .spawn()
        .expect("a child");
    let ending = thread::spawn(move || (child.wait(), end.send(b"")));
    let mut write = [0; 4096];
    let mut count = 0;
    loop {
        let len = reader.recv(&mut write).expect("a write, or the end");
        if len == 0 {
            break;
        }
        let text = String::from_utf8_lossy(&write[..len]);
        assert!(text.ends_with('\n'), "{text}");
        count += 1;
    }
    let (status, _) = ending.join().expect("a thread that waits");
    assert!(status.expect("wait").success());
    assert!(count >= 3, "{count} writes");
}

#[test]
fn the_format_is_gos() {
    let dir = tempfile::tempdir().expect("a directory");
    let exe = go_program(dir.path());
    let format = Format::new();
    for (env, detailed) in [(SUMMARY, false), (DETAIL, true)] {
        let mut command = Command::new(&exe);
        tool::clean(&mut command);
        let outcome = run(command.envs([env]), RUN).ok();
        let text = outcome.err();
        // Go writes each item of a line by itself, and the program may end in between.
        let (whole_lines, _) = text.rsplit_once('\n').expect("a line");
        format.check(&outcome, whole_lines, detailed);
    }
}

/// A Go program that is busy for a while.
fn go_program(dir: &Path) -> std::path::PathBuf {
    const SOURCE: &str = "package main

import (
	\"runtime\"
	\"time\"
)

func main() {
	go func() {
		runtime.LockOSThread()
		select {}
	}()
	for range 80 {
		for start := time.Now(); time.Since(start) < time.Millisecond; {
			runtime.Gosched()
		}
	}
}
";
    let source = dir.join("main.go");
    fs::write(&source, SOURCE).expect("a source file");
    let exe = dir.join("busy");
    let mut build = Command::new(go());
    tool::clean(&mut build);
    build
        .current_dir(dir)
        .env("GOCACHE", dir.join("cache"))
        .args(["build", "-o"])
        .arg(&exe)
        .arg(&source);
    _ = run(&mut build, BUILD).ok();
    exe
}

#[test]
fn hogs_are_reported_on_demand() {
    let sleeps =
        r"sleeps in nanosleep with P\d+ for \d+us while others wait: P\d+ runs them \(\d+ extra\)";
    check_hog("all-sleep 20", sleeps, "testprog::kernel::sleep");
    let runs = r"has been running with P0 for \d+us while others wait: P1 runs them \(1 extra\)";
    check_hog("hog-returns", runs, "testprog::watch::hog_returns");
}

/// With one P and `hogtrace` the program reports a goroutine that does this in this function.
#[track_caller]
fn check_hog(line: &str, does: &str, function: &str) {
    let report = format!(
        r"(?m)^HOG goroutine (\d+) {does}\ngoroutine (\d+) \[running\]:\n([^\n]+\n)*{function}\(\.\.\.\)\n\t[^\n]+:\d+"
    );
    let report = Regex::new(&report).expect("a regular expression");
    for exe in executables() {
        let env = [("GODEBUG", "hogtrace=1"), ("GOMAXPROCS", "1")];
        let outcome = start(exe, line, &env, RUN).ok();
        let err = outcome.err();
        let Some(found) = report.captures(&err) else {
            panic!("{}", outcome.report());
        };
        assert_eq!(found[1], found[2], "{}", outcome.report());
    }
    let env = [
        ("GODEBUG", "hogtrace=1"),
        ("GOMAXPROCS", "1"),
        ("GOTRACEBACK", "none"),
    ];
    let err = start(&executables()[1], line, &env, RUN).ok().err();
    assert!(err.lines().all(|line| line.starts_with("HOG ")), "{err}");
}

/// Each call that lasts is told of, with its stack: what the program says to block, what the runtime wraps, and what goes round it. One place is told of once a second.
#[test]
fn slow_calls_are_reported_on_demand() {
    for exe in executables() {
        for procs in ["1", "2"] {
            let env = [("GODEBUG", "blocktrace=20ms"), ("GOMAXPROCS", procs)];
            let outcome = start(exe, "slow-calls", &env, RUN).ok();
            let (out, err) = (outcome.out(), outcome.err());
            let locks = format!(r"flock\({}\)", out.trim_end());
            for (call, function) in [
                (
                    r"rtlib::blocking kept its thread for \d+\.\d{3}ms",
                    "says_so",
                ),
                (
                    r"nanosleep keeps its thread, \d+\.\d{3}ms so far",
                    "goes_round",
                ),
                (
                    &format!(r"{locks} kept its thread for \d+\.\d{{3}}ms"),
                    "locks",
                ),
            ] {
                let report = format!(
                    r"(?m)^BLOCK goroutine (\d+): {call}\ngoroutine (\d+) \[running\]:\n([^\n]+\n)*testprog::slow::{function}\(\.\.\.\)\n"
                );
                let report = Regex::new(&report).expect("a regular expression");
                let Some(found) = report.captures(&err) else {
                    panic!("{function}\n{}", outcome.report());
                };
                assert_eq!(found[1], found[2], "{}", outcome.report());
            }
            let often = err.matches("testprog::slow::often(...)").count();
            assert!((1..5).contains(&often), "{}", outcome.report());
        }
        for off in ["blocktrace=1h", "blocktrace=0", "blocktrace=20", ""] {
            let outcome = start(exe, "slow-calls", &[("GODEBUG", off)], RUN).ok();
            assert_eq!(outcome.err(), "", "{off}");
        }
    }
}
