//! `info goroutines` and `goroutine` in gdb: the script that is embedded in the program, on a live process and on core files, in both profiles.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use gobuild_tests::gdb::{session, session_with_script};
use gobuild_tests::process::{RUN, run};
use gobuild_tests::testprog::executables;
use gobuild_tests::tool;
use regex::Regex;

/// gdb, stopped in `inspect_me`.
fn at_stop(exe: &Path, line: &str, env: &[&str], commands: &[&str]) -> String {
    let mut all: Vec<String> = env
        .iter()
        .map(|one| format!("set environment {one}"))
        .collect();
    all.extend(["break inspect_me".into(), format!("run {line}")]);
    all.extend(commands.iter().map(|one| (*one).to_owned()));
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    session_with_script(exe, &all)
}

/// The lines of `info goroutines`, without the paths of functions.
fn listed(text: &str) -> Vec<String> {
    let is_listed = |line: &&str| {
        let mut words = line.trim_start_matches(['*', ' ']).split(' ');
        let (id, status) = (words.next(), words.next());
        id.is_some_and(|id| id.parse::<u64>().is_ok())
            && matches!(status, Some("running" | "waiting" | "runnable" | "syscall"))
    };
    let lines = text.lines().filter(is_listed);
    lines
        .map(|line| line.replace("testprog::gdb::", ""))
        .collect()
}

/// The functions of a `bt`, without their paths and hashes; the frames of the runtime and of std are in it, too.
fn functions(text: &str) -> Vec<String> {
    let frame =
        Regex::new(r"^#\d+ +(?:0x[0-9a-f]+ in )?(.*?)(?:::h[0-9a-f]{16})? \(").expect("a pattern");
    let names = text.lines().filter_map(|line| frame.captures(line));
    names
        .map(|name| name[1].rsplit("::").next().unwrap_or_default().to_owned())
        .collect()
}

const WAITING: [(u64, &str, &str); 4] = [
    (2, "chan receive", "receives"),
    (3, "select", "selects"),
    (4, "sleep", "sleeps"),
    (5, "sync.Mutex.Lock", "locks"),
];

#[track_caller]
fn assert_waiting_are_listed(text: &str) {
    let lines = listed(text);
    for (id, reason, function) in WAITING {
        let line = format!("  {id} waiting  [{reason}] {function}");
        assert!(lines.contains(&line), "no {line:?} in\n{text}");
    }
    assert!(lines.contains(&"* 6 running  spins".to_owned()), "{text}");
}

/// A backtrace from the program's function to the first frame of the goroutine, without complaints.
#[track_caller]
fn assert_whole(text: &str, function: &str) {
    let functions = functions(text);
    assert!(
        functions.iter().any(|name| name == function),
        "no {function} in\n{text}"
    );
    let last = functions.last().expect("frames");
    assert!(
        matches!(last.as_str(), "runtime[gostart]" | "runtime.gostart"),
        "{text}"
    );
    for trouble in [
        "previous frame",
        "corrupt stack",
        "Backtrace stopped",
        "Python Exception",
    ] {
        assert!(!text.contains(trouble), "{text}");
    }
}

/// A backtrace of each goroutine, with a line before it that says whose it is.
const BACKTRACES: [&str; 12] = [
    "echo \\n@1\\n",
    "goroutine 1 bt",
    "echo \\n@2\\n",
    "goroutine 2 bt",
    "echo \\n@3\\n",
    "goroutine 3 bt",
    "echo \\n@4\\n",
    "goroutine 4 bt",
    "echo \\n@5\\n",
    "goroutine 5 bt",
    "echo \\n@6\\n",
    "goroutine 6 bt",
];

/// The answers to [`BACKTRACES`] are whole, each with its own function and not that of another: of the goroutines that wait and of these.
#[track_caller]
fn assert_backtraces(text: &str, others: &[(u64, &str)]) {
    let waiting = WAITING.map(|(id, _, function)| (id, function));
    let all = [&waiting, others].concat();
    for (id, function) in &all {
        let label = format!("\n@{id}\n");
        let (_, from) = text
            .split_once(&label)
            .unwrap_or_else(|| panic!("no {label} in\n{text}"));
        let until = from.find("\n@").unwrap_or(from.len());
        let stack = &from[..until];
        assert_whole(stack, function);
        for (_, other) in all.iter().filter(|(other, _)| other != id) {
            let is_there = functions(stack).iter().any(|name| name == other);
            assert!(!is_there, "{other} in the stack of {id}:\n{text}");
        }
    }
}

#[test]
fn goroutines_are_listed_with_what_they_wait_for_and_where_they_are() {
    for exe in executables() {
        let text = at_stop(exe, "gdb-kinds", &[], &["info goroutines"]);
        assert_waiting_are_listed(&text);
        assert_eq!(listed(&text).len(), 6, "{text}");
        assert!(listed(&text)[0].starts_with("* 1 running  "), "{text}");
    }
}

#[test]
fn every_goroutine_has_a_backtrace() {
    for exe in executables() {
        let text = at_stop(exe, "gdb-kinds", &[], &BACKTRACES);
        assert_backtraces(&text, &[(1, "inspect_me"), (6, "spins")]);
    }
}

#[test]
fn a_command_for_all_goroutines_leaves_the_selected_frame_as_it_was() {
    for exe in executables() {
        let commands = ["up", "goroutine all bt", "echo and then\\n", "frame"];
        let text = at_stop(exe, "gdb-kinds", &[], &commands);
        for (id, reason, function) in WAITING {
            let (_, from) = text
                .split_once(&format!("\nGoroutine {id} [{reason}]:\n"))
                .unwrap_or_else(|| panic!("no goroutine {id} in\n{text}"));
            let until = from.find("\nGoroutine ").unwrap_or(from.len());
            assert_whole(&from[..until], function);
        }
        let after = text.split_once("and then\n").expect("an echo").1;
        assert!(after.starts_with("#1 "), "{text}");
        assert!(after.contains("gdb_kinds"), "{text}");
    }
}

/// Its first instruction is the end of its stack.
#[test]
fn a_goroutine_that_has_not_run_is_at_its_start() {
    for exe in executables() {
        let commands = ["info goroutines", "goroutine 2 bt"];
        let text = at_stop(exe, "gdb-fresh", &["GOMAXPROCS=1"], &commands);
        assert_eq!(listed(&text).len(), 2, "{text}");
        assert_whole(&text, functions(&text).last().expect("frames"));
    }
}

#[test]
fn mistakes_are_answered() {
    let exe = &executables()[0];
    let commands = [
        "goroutine",
        "goroutine 2",
        "goroutine x bt",
        "goroutine 99 bt",
    ];
    let text = at_stop(exe, "gdb-kinds", &[], &commands);
    let count = |answer| text.lines().filter(|line| line.starts_with(answer)).count();
    assert_eq!(count("Usage: goroutine ID COMMAND"), 3, "{text}");
    assert_eq!(count("No goroutine has the id 99."), 1, "{text}");
    let text = session_with_script(exe, &["info goroutines"]);
    assert!(text.contains("No process and no core file."), "{text}");
}

/// Without permission gdb says what to do.
#[test]
fn gdb_says_how_the_script_may_be_loaded() {
    let text = session(&executables()[0], &["info goroutines"]);
    assert!(text.contains("add-auto-load-safe-path"), "{text}");
}

/// `generate-core-file` reads memory through the kernel, as debuggers do, and cannot read guards that are no mappings of their own.
#[test]
fn a_core_file_that_gdb_has_written_has_the_goroutines() {
    for (exe, profile) in executables().iter().zip(["debug", "release"]) {
        let dir = place(&format!("gcore-{profile}"));
        let core = dir.join("core");
        let write = format!("generate-core-file {}", core.display());
        let text = at_stop(exe, "gdb-kinds", &["GODEBUG=guardinstall=0"], &[&write]);
        assert!(core.exists(), "{text}");
        assert_core_is_readable(exe, &core);
    }
}

/// What a program leaves that dies with `GOTRACEBACK=crash`, where the system writes core files into the current directory.
#[test]
fn a_core_file_of_a_crash_has_the_goroutines() {
    let pattern = fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap_or_default();
    if pattern.starts_with('|') || pattern.contains('/') {
        eprintln!("core files go elsewhere: {pattern}");
        return;
    }
    for (exe, profile) in executables().iter().zip(["debug", "release"]) {
        let dir = place(&format!("core-{profile}"));
        let mut shell = Command::new("sh");
        tool::clean(&mut shell);
        shell
            .args([
                "-c",
                "ulimit -c unlimited && exec \"$0\" gdb-kinds-and-panic",
            ])
            .arg(exe)
            .current_dir(&dir)
            .env("GOTRACEBACK", "crash");
        _ = run(&mut shell, RUN).fails_with(128 + 6);
        let core = fs::read_dir(&dir).expect("lists").flatten().next();
        let core = core.expect("a core file").path();
        assert_core_is_readable(exe, &core);
        let text = on_core(exe, &core, &["info goroutines"]);
        assert!(
            listed(&text)
                .iter()
                .any(|line| line.starts_with("  1 waiting  [park] ")),
            "{text}"
        );
        fs::remove_dir_all(&dir).expect("removes");
    }
}

/// An empty directory.
fn place(name: &str) -> PathBuf {
    let dir = tool::scratch().join(name);
    _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).expect("creates");
    dir
}

fn on_core(exe: &Path, core: &Path, commands: &[&str]) -> String {
    let open = format!("core-file {}", core.display());
    let all: Vec<&str> = std::iter::once(&*open)
        .chain(commands.iter().copied())
        .collect();
    session_with_script(exe, &all)
}

#[track_caller]
fn assert_core_is_readable(exe: &Path, core: &Path) {
    let commands: Vec<&str> = ["info goroutines"].into_iter().chain(BACKTRACES).collect();
    let text = on_core(exe, core, &commands);
    assert_waiting_are_listed(&text);
    assert_backtraces(&text, &[]);
}
