//! What programs say of their goroutines when they die, and when they look at themselves: in both profiles, release with line tables.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use gobuild_tests::process::{BUILD, Outcome, RUN, run};
use gobuild_tests::project::Project;
use gobuild_tests::testprog::{executables, start};
use gobuild_tests::tool;
use regex::Regex;

/// Runs a program in both profiles.
#[track_caller]
fn each(line: &str, env: &[(&str, &str)], judge: impl Fn(Outcome)) {
    for exe in executables() {
        judge(start(exe, line, env, RUN));
    }
}

/// Runs a program in both profiles; both must exit with this code, and say this from the line on that begins with the expectation's first word: see [`told`].
#[track_caller]
fn check_fatal(line: &str, env: &[(&str, &str)], code: i32, expect: &str) {
    let first = expect.split_whitespace().next().expect("not empty");
    each(line, env, |outcome| {
        let outcome = outcome.fails_with(code);
        let err = outcome.err();
        let from = err.lines().position(|line| line.starts_with(first));
        let from = from.unwrap_or_else(|| panic!("no {first}: {}", outcome.report()));
        let rest: Vec<&str> = err.lines().skip(from).collect();
        assert_eq!(told(&rest), expect.trim_end(), "{}", outcome.report());
    });
}

/// A traceback without what depends on the profile and on the machine: of its frames those of the fixture's functions, but no closures (which have no names when they are inlined), without places;
/// addresses and sizes as `#`; registers left out.
fn told(lines: &[&str]) -> String {
    let register = Regex::new(r"^(r[a-z0-9]+|cs|fs|gs)\s+0x[0-9a-f]+$").expect("a pattern");
    let number = Regex::new(r"0x[0-9a-f]+|[0-9]{4,}").expect("a pattern");
    let mut told = Vec::new();
    let mut lines = lines
        .iter()
        .filter(|line| !register.is_match(line))
        .peekable();
    while let Some(line) = lines.next() {
        let place = lines.next_if(|next| next.starts_with('\t'));
        let is_frame = line.ends_with("(...)");
        let is_ours = place.is_some_and(|place| place.contains("testprog/src/traces.rs:"));
        if !is_frame || (is_ours && !line.contains("closure")) {
            told.push(
                number
                    .replace_all(&line.replace("testprog::traces::", ""), "#")
                    .into_owned(),
            );
        }
    }
    told.join("\n").trim_end().to_owned()
}

/// The number of the line in the fixture that contains this.
fn line_with(text: &str) -> usize {
    let source = tool::root().join("tests/fixtures/testprog/src/traces.rs");
    let source = fs::read_to_string(source).expect("the fixture");
    let line = source.lines().position(|line| line.contains(text));
    line.expect("a line with this text") + 1
}

const PANIC: &str = "\
panic: deep

goroutine 2 [running]:
inner(...)
outer(...)
created by trace_panic in goroutine 1
";

/// A coverage profile is written at every end of a program.
#[test]
fn a_program_that_dies_leaves_its_coverage() {
    const MAIN: &str = r#"
fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("panic") => {
            rtlib::go(|| panic!("boom"));
            rtlib::park();
        }
        Some("deadlock") => loop {
            rtlib::park();
        },
        _ => {}
    }
}
"#;
    let rtlib = "gobuild-rtlib = { path = \"{rtlib}\" }\n";
    let project = Project::bin("covered", "covered", rtlib, MAIN);
    let mut build = project.gobuild();
    build.arg("build").env("RUSTFLAGS", "-Cinstrument-coverage");
    _ = run(&mut build, BUILD).ok();
    for (end, code) in [("return", 0), ("panic", 2), ("deadlock", 2)] {
        let profile = project.path().join(format!("{end}.profraw"));
        let mut program = project.program("debug", "covered");
        program.arg(end).env("LLVM_PROFILE_FILE", &profile);
        let outcome = run(&mut program, RUN);
        assert_eq!(outcome.code(), code, "{}", outcome.report());
        let written = fs::metadata(&profile).expect("a profile").len();
        assert!(written > 0, "{end}: {}", outcome.report());
    }
}

/// Looking up names takes memory; where there is none a dying program does without.
#[test]
fn a_program_that_dies_without_memory_tells_what_it_can() {
    for kilobytes in (60_000..=160_000).step_by(20_000) {
        let mut command = Command::new("sh");
        tool::clean(&mut command);
        let line = format!("ulimit -v {kilobytes} && exec \"$0\" go-panic");
        command.args(["-c", &line]).arg(&executables()[0]);
        let outcome = run(&mut command, RUN).fails_with(2);
        let err = outcome.err();
        assert!(
            err.contains("\npanic: boom") && err.contains("\ngoroutine "),
            "{kilobytes} kB: {}",
            outcome.report()
        );
    }
}

#[test]
fn a_panic_hook_may_wait_for_timers_and_may_unwind() {
    each("hook-waits-for-timer", &[], |outcome| {
        assert_eq!(outcome.ok().out(), "Ok(1)\n");
    });
    each("hook-unwinds", &[], |outcome| {
        assert_eq!(outcome.ok().out(), "over\n");
    });
}

#[test]
fn an_unrecovered_panic_tells_where_it_came_from_and_who_started_the_goroutine() {
    check_fatal("trace-panic", &[], 2, PANIC);
    check_fatal("trace-panic", &[("GOTRACEBACK", "single")], 2, PANIC);
    check_fatal(
        "trace-panic-while-others-panic",
        &[],
        2,
        &PANIC
            .replace("goroutine 2", "goroutine 22")
            .replace("trace_panic", "trace_panic_while_others_panic"),
    );
    each("trace-panic-spawned-by-thread", &[], |outcome| {
        let err = outcome.fails_with(2).err();
        let created = err.lines().find(|line| line.starts_with("created by "));
        assert!(
            created.is_some_and(|line| !line.contains("in goroutine")),
            "{err}"
        );
    });
}

#[test]
fn frames_and_creators_have_files_and_lines() {
    each("trace-panic", &[], |outcome| {
        let err = outcome.fails_with(2).err();
        let place = |after: &str| {
            let mut lines = err.lines().skip_while(|line| !line.starts_with(after));
            lines
                .nth(1)
                .unwrap_or_else(|| panic!("no {after} in\n{err}"))
                .to_owned()
        };
        for (after, text) in [
            ("testprog::traces::inner(...)", "the line of the panic"),
            (
                "created by testprog::traces::trace_panic",
                "the line of the creation",
            ),
        ] {
            let (file, offset) = place(after)
                .rsplit_once(" +0x")
                .map(|(file, offset)| (file.to_owned(), offset.to_owned()))
                .expect("an offset");
            assert!(file.starts_with("\t/"), "{err}");
            assert!(
                file.ends_with(&format!("testprog/src/traces.rs:{}", line_with(text))),
                "{err}"
            );
            assert!(
                usize::from_str_radix(&offset, 16).is_ok_and(|offset| offset > 0),
                "{err}"
            );
        }
    });
}

#[test]
fn gotraceback_says_how_much_is_told() {
    check_fatal(
        "trace-panic",
        &[("GOTRACEBACK", "none")],
        2,
        "panic: deep\n",
    );
    check_fatal("trace-panic", &[("GOTRACEBACK", "0")], 2, "panic: deep\n");
    let all = format!("{PANIC}\ngoroutine 1 [chan receive]:\nreceive(...)\ntrace_panic(...)\n");
    check_fatal("trace-panic", &[("GOTRACEBACK", "all")], 2, &all);
    check_fatal("trace-panic", &[("GOTRACEBACK", "1")], 2, &all);
    for (level, code) in [("system", 2), ("2", 2), ("crash", 128 + 6)] {
        each("trace-panic", &[("GOTRACEBACK", level)], |outcome| {
            let err = outcome.fails_with(code).err();
            for part in [
                "goroutine 2 gp=0x",
                "runtime.gostart(...)",
                "std::panicking::",
                " pc=0x",
                "goroutine 1 gp=0x",
                "m=nil [chan receive]:",
            ] {
                assert!(err.contains(part), "{level}: {part} is not in\n{err}");
            }
        });
    }
}

#[test]
fn stack_overflow_names_the_goroutine_its_size_and_what_to_do() {
    let builder =
        "raise it with rtlib::Builder::stack_size, or stack-size in [package.metadata.gobuild]";
    let process = "the main goroutine runs on the process stack: raise it with `ulimit -s`";
    for (line, env, goroutine, how) in [
        ("overflow", "", 2, builder),
        ("overflow-sized 65536", "", 2, builder),
        ("overflow-sized 1048576", "", 2, builder),
        ("overflow-main", "", 1, process),
        ("overflow", "guardinstall=0", 2, builder),
    ] {
        each(line, &[("GODEBUG", env)], |outcome| {
            let err = outcome.fails_with(2).err();
            let lines: Vec<&str> = err.lines().collect();
            let head = format!(
                "runtime: goroutine stack exceeds #-byte limit\n\
                 runtime: goroutine {goroutine}, stack=[#, #]; {how}\n\
                 fatal error: stack overflow\n\ngoroutine {goroutine} [running]:"
            );
            assert_eq!(told(&lines[..5]), head, "{err}");
            let count =
                |wanted: &dyn Fn(&str) -> bool| lines.iter().filter(|line| wanted(line)).count();
            let deep = count(&|line| line == "testprog::stacks::recurse(...)");
            let elided =
                count(&|line| line.starts_with("...") && line.ends_with(" frames elided..."));
            assert!((80..=100).contains(&deep) && elided == 1, "{err}");
        });
    }
}

#[test]
fn a_deadlock_tells_what_all_goroutines_wait_for() {
    check_fatal(
        "trace-deadlock",
        &[],
        2,
        "\
fatal error: all goroutines are asleep - deadlock!

goroutine 1 [chan receive]:
receive(...)
trace_deadlock(...)

goroutine 2 [chan send]:
send(...)
created by trace_deadlock in goroutine 1

goroutine 3 [park]:
created by trace_deadlock in goroutine 1
",
    );
    check_fatal(
        "trace-deadlock",
        &[("GOTRACEBACK", "none")],
        2,
        "fatal error: all goroutines are asleep - deadlock!",
    );
}

#[test]
fn whoever_starts_a_goroutine_is_told_and_not_the_function_of_rtlib() {
    each("trace-creators", &[], |outcome| {
        let out = outcome.ok().out();
        let is_ours = |line: &&str| !line.contains("rtlib");
        assert_eq!(out.lines().filter(is_ours).count(), 8, "{out}");
        assert_eq!(out.lines().count(), 8, "{out}");
    });
}

#[test]
fn a_fatal_error_tells_where_it_was() {
    let expect = "fatal error: all is lost\n\ngoroutine 1 [running]:\ntrace_throw(...)\n";
    check_fatal("trace-throw", &[], 2, expect);
}

/// The goroutines that are told of, by id: header and functions.
fn goroutines(text: &str) -> BTreeMap<u64, (String, Vec<String>)> {
    let header = Regex::new(r"^goroutine (\d+) \[([^\]]+)\]:$").expect("a pattern");
    let mut all = BTreeMap::new();
    let mut last = None;
    for line in text.lines() {
        if let Some(found) = header.captures(line) {
            let id: u64 = found[1].parse().expect("a number");
            all.insert(id, (found[2].to_owned(), Vec::new()));
            last = Some(id);
        } else if let Some(function) = line.strip_prefix("testprog::traces::")
            && let Some((_, functions)) = last.and_then(|id| all.get_mut(&id))
        {
            functions.push(function.trim_end_matches("(...)").to_owned());
        }
    }
    all
}

/// Goroutines that wait, spin, yield and block, as [`goroutines`] sees them.
#[track_caller]
fn assert_all_kinds(text: &str) {
    let all = goroutines(text);
    let kinds: [(u64, &[&str], &str); 4] = [
        (2, &["chan receive"], "receive"),
        (3, &["running", "runnable"], "spin"),
        (4, &["running", "runnable"], "yields"),
        (5, &["syscall"], "blocks"),
    ];
    assert_eq!(all.len(), 5, "{text}");
    for (id, states, function) in kinds {
        let (state, functions) = &all[&id];
        assert!(states.contains(&state.as_str()), "{id}: {text}");
        assert!(
            functions.iter().any(|name| name == function),
            "{id}: {text}"
        );
    }
}

#[test]
fn sigquit_tells_what_all_goroutines_do_and_ends_the_program() {
    let first =
        Regex::new(r"^SIGQUIT: quit\nPC=0x[0-9a-f]+ m=(\d+|nil) sigcode=0\n\n").expect("a pattern");
    for procs in ["1", "2", "4"] {
        each("trace-quit", &[("GOMAXPROCS", procs)], |outcome| {
            let err = outcome.fails_with(2).err();
            assert!(first.is_match(&err), "{err}");
            assert_all_kinds(&err);
            for register in ["rax ", "rip ", "rflags ", "gs "] {
                assert!(err.lines().any(|line| line.starts_with(register)), "{err}");
            }
        });
    }
}

#[test]
fn sigquit_finds_a_program_with_one_goroutine_too() {
    each("trace-quit-alone", &[], |outcome| {
        let all = goroutines(&outcome.fails_with(2).err());
        let (state, functions) = &all[&1];
        assert_eq!((all.len(), state.as_str()), (1, "running"));
        assert!(functions.iter().any(|name| name == "trace_quit_alone"));
    });
}

/// As shells start what runs in the background.
#[test]
fn sigquit_is_not_ignored_because_the_parent_did() {
    for exe in executables() {
        let mut shell = Command::new("sh");
        tool::clean(&mut shell);
        shell.args(["-c", "trap '' QUIT && exec \"$0\" trace-quit-alone"]);
        let outcome = run(shell.arg(exe), RUN).fails_with(2);
        assert!(
            outcome.err().starts_with("SIGQUIT: quit\n"),
            "{}",
            outcome.report()
        );
    }
}

#[test]
fn a_program_may_handle_signals_of_the_runtimes_itself() {
    for line in ["trace-quit-handled", "trace-sigurg-handled"] {
        each(line, &[], |outcome| {
            assert_eq!(outcome.ok().out(), "handled\n");
        });
    }
}

#[test]
fn a_fault_is_told_of_when_that_is_asked_for_and_kills_as_ever() {
    each("trace-segv", &[], |outcome| {
        assert_eq!(outcome.fails_with(128 + 11).err(), "");
    });
    let expect = "\
[signal SIGSEGV: segmentation violation code=# addr=# pc=#]

goroutine 2 [running]:
crash(...)
created by trace_segv in goroutine 1
";
    check_fatal("trace-segv", &[("GOTRACEBACK", "single")], 128 + 11, expect);
}

#[test]
fn a_program_sees_the_stacks_of_all_its_goroutines() {
    for procs in ["1", "2", "4"] {
        each("trace-stacks", &[("GOMAXPROCS", procs)], |outcome| {
            let out = outcome.ok().out();
            assert_all_kinds(&out);
            assert!(
                out.contains("None [\"testprog::traces::trace_stacks\"]"),
                "{out}"
            );
            assert_eq!(out.matches("Some(1) [\"").count(), 4, "{out}");
        });
    }
}

#[test]
fn a_goroutine_and_a_thread_see_their_own_stacks() {
    each("trace-own-stack", &[], |outcome| {
        let out = outcome.ok().out();
        assert_eq!(
            out.matches("testprog::traces::deep(...)\n").count(),
            4,
            "{out}"
        );
        assert!(!out.contains("rtlib::debug"), "{out}");
    });
}

#[test]
fn of_a_long_stack_both_ends_are_kept() {
    each("trace-deep 100000", &[], |outcome| {
        let out = outcome.ok().out();
        assert!(out.starts_with("100 frames, true elided\n"), "{out}");
        assert_eq!(out.matches(" frames elided...").count(), 1, "{out}");
    });
}

#[test]
fn stacks_are_taken_a_thousand_times_under_load() {
    for (line, procs) in [("trace-storm 1000", "2"), ("trace-storm 300", "4")] {
        each(
            line,
            &[("GOMAXPROCS", procs), ("GODEBUG", "schedmigrate=1")],
            |outcome| {
                assert_eq!(outcome.ok().out(), "survived\n");
            },
        );
    }
}

#[test]
fn goexit_runs_destructors_and_leaves_the_program_running() {
    each("goexit-nested", &[], |outcome| {
        assert_eq!(outcome.ok().out(), "inner\nouter\ntrue\n");
    });
    each("goexit-main", &[], |outcome| {
        assert_eq!(outcome.ok().out(), "main is left\nothers go on\n");
    });
    each("goexit-main-in-scope", &[], |outcome| {
        assert_eq!(outcome.ok().out(), "7\n");
    });
    for line in ["goexit-main-alone", "goexit-main-tied"] {
        each(line, &[], |outcome| {
            let outcome = outcome.fails_with(2);
            assert_eq!(outcome.out(), "main is left\n");
            assert_eq!(
                outcome.err(),
                "fatal error: no goroutines (main called runtime.Goexit) - deadlock!\n"
            );
        });
    }
}

#[test]
fn a_panic_that_goes_on_after_another_in_a_destructor_is_shown_where_it_began() {
    let expect = PANIC.replace("trace_panic", "trace_panic_after_another_in_drop");
    check_fatal("trace-panic-after-another-in-drop", &[], 2, &expect);
}

#[test]
fn main_waits_for_a_panic_that_ends_the_program() {
    each("go-panic-beside-the-end", &[], |outcome| {
        let outcome = outcome.fails_with(2);
        assert!(
            outcome.err().starts_with("panic: boom\n"),
            "{}",
            outcome.report()
        );
    });
}

#[test]
fn further_lines_of_a_message_cannot_be_taken_for_a_traceback() {
    each("trace-panic-lines", &[], |outcome| {
        let outcome = outcome.fails_with(2);
        let message = "\npanic: one\n\t\n\tgoroutine 9 [running]:\n\ngoroutine 2 [running]:\n";
        assert!(outcome.err().contains(message), "{}", outcome.report());
    });
}

#[test]
fn a_program_whose_file_is_gone_knows_its_functions() {
    let dir = tempfile::tempdir().expect("a directory");
    for exe in executables() {
        let copy = dir.path().join("gone");
        fs::copy(exe, &copy).expect("a copy");
        let outcome = start(&copy, "trace-panic-without-a-file", &[], RUN).fails_with(2);
        let err = outcome.err();
        for function in ["inner", "outer"] {
            let frame = format!("\ntestprog::traces::{function}(...)\n");
            assert!(err.contains(&frame), "{}", outcome.report());
        }
    }
}

/// A program that does not depend on `rtlib` has names, and neither files nor lines. Frames of std around a thread are left out.
#[test]
fn a_program_without_rtlib_tells_names() {
    let main = "\
use std::thread;
struct Sleeper<T>(T);
trait Sleeps { fn sleep(&self); }
impl<T> Sleeps for Sleeper<T> {
    #[inline(never)]
    fn sleep(&self) { loop { thread::park() } }
}
fn main() {
    thread::Builder::new().name(\"sleeper\".into()).spawn(|| Sleeper(1_u8).sleep()).unwrap().join().unwrap();
}
";
    let project = Project::bin("traces", "plain", "", main);
    _ = project.build(&["-q"]).ok();
    let err = run(&mut project.program("debug", "plain"), RUN)
        .fails_with(2)
        .err();
    let at = r"\(\.\.\.\)\n\t\?:0 \+0x[0-9a-f]+\n";
    let stack = r#"\ngoroutine 2 \[futex, "sleeper"\]:\n(?:<?std[^\n]+AT)+<plain::Sleeper<[^>]+> as plain::Sleeps>::sleepATplain::main::\{\{closure\}\}AT$"#.replace("AT", at);
    let stack = Regex::new(&stack).expect("a pattern");
    assert!(stack.is_match(&err), "{err}");
    assert!(err.contains("\nplain::main(...)\n"), "{err}");
}

/// With `strip = true` there are no names; the program still says what it can.
#[test]
fn a_stripped_program_tells_addresses() {
    let main = "fn main() { rtlib::go(|| panic!(\"bare\")); rtlib::park(); }\n";
    let project = Project::bin(
        "traces",
        "stripped",
        "gobuild-rtlib = { path = \"{rtlib}\" }",
        main,
    );
    project.file(".cargo/config.toml", "[profile.dev]\nstrip = true\n");
    _ = project.build(&["-q"]).ok();
    let err = run(&mut project.program("debug", "stripped"), RUN)
        .fails_with(2)
        .err();
    let end = Regex::new(r"panic: bare\n\ngoroutine 2 \[running\]:\n(0x[0-9a-f]+\(\.\.\.\)\n\t\?:0 \+0x[0-9a-f]+\n)+created by 0x[0-9a-f]+ in goroutine 1\n\t\?:0 \+0x[0-9a-f]+\n$").expect("a pattern");
    assert!(end.is_match(&err), "{err}");
}

/// With v0 names and without line tables, a goroutine's closure is told once, whether it is inlined (release) or not. The closures differ, or the compiler merges what runs them.
#[test]
fn closures_of_goroutines_have_the_names_of_their_functions() {
    let main = "fn show(n: u32) { println!(\"{n}:\\n{}\", rtlib::debug::stack()); }\n\
        fn spawned() { rtlib::spawn(|| show(1)).join().unwrap(); }\n\
        fn named() { rtlib::Builder::new().name(\"one\").spawn(|| show(2)).join().unwrap(); }\n\
        fn nested() { rtlib::spawn(|| rtlib::spawn(|| show(3)).join().unwrap()).join().unwrap(); }\n\
        fn scoped() { rtlib::scope(|s| { s.spawn(|| show(4)); }); }\n\
        fn thread() { std::thread::spawn(|| show(5)).join().unwrap(); }\n\
        fn went() { let (done, wait) = rtlib::chan::bounded::<()>(0); rtlib::go(move || { show(6); drop(done); }); _ = wait.recv(); }\n\
        fn main() { spawned(); named(); nested(); scoped(); thread(); went(); }\n";
    let project = Project::bin(
        "closures",
        "closures",
        "gobuild-rtlib = { path = \"{rtlib}\" }",
        main,
    );
    for (profile, dir) in [("dev", "debug"), ("release", "release")] {
        let mut build = project.gobuild();
        build.args(["build", "-q", "--profile", profile, "--config"]);
        build.arg(format!("profile.{profile}.debug=false"));
        build.env("RUSTFLAGS", "-Csymbol-mangling-version=v0");
        _ = run(&mut build, BUILD).ok();
        let out = run(&mut project.program(dir, "closures"), RUN).ok().out();
        let closures: Vec<&str> = out
            .lines()
            .filter(|line| line.ends_with("}(...)"))
            .collect();
        let expect = [
            "closures::spawned::{closure#0}(...)",
            "closures::named::{closure#0}(...)",
            "closures::nested::{closure#0}::{closure#0}(...)",
            "closures::scoped::{closure#0}::{closure#0}(...)",
            "closures::thread::{closure#0}(...)",
            "closures::went::{closure#0}(...)",
        ];
        assert_eq!(closures, expect, "{profile}: {out}");
    }
}
