//! An ordinary program, built by cargo and by the tool, does the same: the fixture `behaves`, which knows nothing of rtlib.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use gobuild_tests::process::{Outcome, RUN, run, run_with_input};
use gobuild_tests::twins::{Both, Twins};
use gobuild_tests::{readelf, tool};

/// `behaves`, `result`, `exit_code` of this profile.
fn built(profile: &str, names: &[&str]) -> Vec<Twins> {
    let source = tool::root().join("tests/fixtures/behaves");
    Twins::build(
        &source,
        &tool::scratch().join("behaves"),
        profile,
        names,
        &["--locked"],
    )
}

fn dev() -> &'static [Twins] {
    static BUILT: OnceLock<Vec<Twins>> = OnceLock::new();
    BUILT.get_or_init(|| built("dev", &["behaves", "result", "exit_code"]))
}

fn behaves() -> &'static Twins {
    &dev()[0]
}

fn optimised() -> &'static Twins {
    static BUILT: OnceLock<Vec<Twins>> = OnceLock::new();
    &BUILT.get_or_init(|| built("release", &["behaves"]))[0]
}

/// Both run this mode, without input, and do the same.
#[track_caller]
fn same(mode: &str) -> Both {
    same_with(mode, |command| run(command, RUN))
}

#[track_caller]
fn same_with(mode: &str, arrange: impl Fn(&mut Command) -> Outcome) -> Both {
    let both = behaves().run(|command| arrange(command.arg(mode)));
    both.same_after(|text| without_thread_ids(&text))
}

/// std names the operating system's thread: `thread 'main' (1234) panicked`.
fn without_thread_ids(text: &str) -> String {
    let line = |line: &str| match line.split_once("' (") {
        Some((before, after)) if before.starts_with("thread '") => {
            let rest = after.split_once(')').map_or("", |(_, rest)| rest);
            format!("{before}'{rest}")
        }
        _ => line.to_owned(),
    };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_tools_twin_is_another_program_than_cargos() {
    let has = |path: &Path| readelf::symbol(path, "runtime.rt0_go").is_some();
    assert!(has(&behaves().gobuild) && !has(&behaves().plain));
}

#[test]
fn standard_output_and_error() {
    let both = same("out-and-err");
    assert_eq!(both.gobuild.stdout, b"one\nthree, 3.25\xff\0");
    assert_eq!(both.gobuild.err(), "two\n");
}

#[test]
fn arguments_also_those_that_are_not_utf8() {
    let strange = OsStr::from_bytes(b"\xff\xfe not text");
    let arguments = ["", "a b", "ä", "--flag=1"].map(OsString::from);
    let with = |command: &mut Command| run(command.args(&arguments).arg(strange), RUN);
    let both = same_with("args", with);
    assert!(
        both.gobuild
            .out()
            .contains(r#""", "a b", "ä", "--flag=1", "\xFF"#)
    );
    assert_eq!(same_with("args-utf8", with).gobuild.code(), 101);
}

#[test]
fn environment_and_working_directory() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let both = same_with("env", |command| {
        let given = OsStr::from_bytes(b"some\xffthing");
        run(command.env("GIVEN", given).current_dir(dir.path()), RUN)
    });
    assert!(both.gobuild.out().contains(r#"Some("some\xFFthing")"#));
}

#[test]
fn standard_input() {
    let text = "first\nsecond\nno newline at the end";
    let both = same_with("stdin", |command| {
        run_with_input(command, text.as_bytes(), RUN)
    });
    assert!(both.gobuild.out().ends_with("END\n3 lines\n"));
}

#[test]
fn files_sockets_names_and_commands() {
    for mode in ["files", "sockets", "resolve", "command"] {
        assert_eq!(same(mode).gobuild.code(), 0, "{mode}");
    }
}

#[test]
fn a_reader_that_is_gone() {
    for (mode, code, said) in [
        ("print-for-ever", 101, "Broken pipe"),
        ("write-for-ever", 0, "BrokenPipe"),
    ] {
        let through_pipe = |command: &mut Command| {
            let mut shell = Command::new("sh");
            tool::clean(&mut shell);
            let script = r#"{ "$0" "$1"; echo "exit $?" >&2; } | true"#;
            run(
                shell
                    .args(["-c", script])
                    .arg(command.get_program())
                    .args(command.get_args()),
                RUN,
            )
        };
        let both = same_with(mode, through_pipe);
        assert!(
            both.gobuild.err().contains(said),
            "{}",
            both.gobuild.report()
        );
        assert!(both.gobuild.err().ends_with(&format!("exit {code}\n")));
    }
}

#[test]
fn main_may_return_a_result_or_an_exit_code() {
    let [_, result, exit_code] = dev() else {
        panic!("three programs")
    };
    let code = |twins: &Twins, argument: &str| {
        twins
            .run(|command| run(command.arg(argument), RUN))
            .same()
            .gobuild
    };
    assert_eq!(code(result, "ok").code(), 0);
    let failed = code(result, "fail").fails_with(1);
    assert!(failed.err().contains("it did not work"));
    assert_eq!(code(exit_code, "42").code(), 42);
    assert!(
        code(exit_code, "x")
            .fails_with(1)
            .err()
            .starts_with("Error: ParseIntError")
    );
}

#[test]
fn exit_abort_and_signals() {
    for (mode, code) in [
        ("exit", 7),
        ("exit-on-thread", 8),
        ("abort", 134),
        ("segfault", 139),
        ("killed", 143),
    ] {
        assert_eq!(same(mode).gobuild.code(), code, "{mode}");
    }
}

#[test]
fn panics_are_reported_the_same() {
    for (mode, code) in [
        ("panic", 101),
        ("panic-thread", 0),
        ("panic-caught", 0),
        ("panic-any", 101),
        ("panic-hook", 101),
        ("overflow-arithmetic", 101),
    ] {
        assert_eq!(same(mode).gobuild.code(), code, "{mode}");
    }
}

/// std prints a full backtrace here, with addresses, whatever the environment says.
#[test]
fn a_panic_during_a_panic_aborts() {
    let both = behaves().run(|command| run(command.arg("panic-in-drop"), RUN));
    let both = both.same_after(|text| {
        let text = without_thread_ids(&text);
        let told = |line: &&str| !line.starts_with(' ');
        text.lines().filter(told).collect::<Vec<_>>().join("\n")
    });
    assert_eq!(both.gobuild.code(), 134);
    assert!(
        both.gobuild
            .err()
            .contains("panic in a destructor during cleanup")
    );
}

#[test]
fn backtraces_of_panics_are_the_same() {
    for twins in [behaves(), optimised()] {
        for mode in ["panic", "panic-thread", "panic-caught"] {
            let both = twins.run(|command| run(command.arg(mode).env("RUST_BACKTRACE", "1"), RUN));
            let both = both.same_after(|text| without_thread_ids(&text));
            assert!(both.gobuild.err().contains("stack backtrace:"));
            assert!(both.gobuild.err().contains("behaves::ends::panics_here"));
        }
    }
}

#[test]
fn a_full_backtrace_reaches_down_to_the_runtime() {
    let mut command = Command::new(&behaves().gobuild);
    tool::clean(&mut command);
    let outcome = run(command.arg("panic").env("RUST_BACKTRACE", "full"), RUN).fails_with(101);
    for frame in [
        "behaves::ends::panics_here",
        "behaves::main",
        "rtlib/runtime/src/boot/main.rs:",
        "runtime.gostart",
    ] {
        assert!(
            outcome.err().contains(frame),
            "no {frame}: {}",
            outcome.report()
        );
    }
}

#[test]
fn programs_that_abort_on_panic() {
    let [aborts] = &built("aborts", &["behaves"])[..] else {
        panic!("one program")
    };
    for mode in ["panic", "panic-thread", "panic-caught"] {
        let both = aborts.run(|command| run(command.arg(mode), RUN));
        let both = both.same_after(|text| without_thread_ids(&text));
        assert_eq!(both.gobuild.code(), 134, "{mode}");
    }
}

#[test]
fn threads_locks_and_thread_locals() {
    for mode in [
        "threads",
        "scoped",
        "sync",
        "park",
        "thread-locals",
        "main-thread",
    ] {
        assert_eq!(same(mode).gobuild.code(), 0, "{mode}");
    }
}

#[test]
fn constructors_run_once_on_mains_thread_locals() {
    assert_eq!(
        same("constructors").gobuild.out(),
        "1\n42\n[\"before main\"]\n0\n"
    );
}

#[test]
fn what_runs_at_the_end_runs_in_the_same_order() {
    let both = same("exit-order");
    assert_eq!(both.gobuild.out(), "no newline at the end");
    assert!(both.gobuild.err().contains("exit handler"));
}

/// A stack that overflows is a goroutine's, and is reported so, with this status, this advice and this goroutine. With plain cargo it is SIGABRT.
#[track_caller]
fn overflows_as_a_goroutine(mode: &str, status: i32, advice: &str, goroutine: &str) {
    let both = behaves().run(|command| run(command.arg(mode), RUN));
    assert_eq!((both.plain.code(), both.gobuild.code()), (134, status));
    let lines: Vec<String> = both.gobuild.err().lines().map(str::to_owned).collect();
    assert!(
        lines[0].starts_with("runtime: goroutine stack exceeds "),
        "{lines:?}"
    );
    assert!(lines[1].ends_with(advice), "{lines:?}");
    assert_eq!(lines[2..5], ["fatal error: stack overflow", "", goroutine]);
}

/// A difference by design: a thread is a goroutine. The program ends by SIGABRT, as with std.
#[test]
fn a_thread_that_overflows_its_stack_is_a_goroutine_that_does() {
    let advice = "; raise it with std::thread::Builder::stack_size, or RUST_MIN_STACK";
    overflows_as_a_goroutine(
        "overflow-thread",
        134,
        advice,
        "goroutine 2 [running, \"deep\"]:",
    );
}

#[test]
fn a_thread_of_the_kernel_that_overflows_its_stack() {
    let both = same_with("overflow-thread", |command| {
        run(command.env("GODEBUG", "stdthreads=os"), RUN)
    });
    assert_eq!(both.gobuild.code(), 134);
    assert!(
        both.gobuild.err().starts_with("\nthread 'deep'"),
        "{}",
        both.gobuild.report()
    );
    assert!(both.gobuild.err().contains("has overflowed its stack"));
}

/// Main is one, too, and ends with exit status 2 and not by SIGABRT.
#[test]
fn main_that_overflows_its_stack_is_a_goroutine_that_does() {
    let advice = "raise it with `ulimit -s`";
    overflows_as_a_goroutine("overflow-main", 2, advice, "goroutine 1 [running]:");
}
