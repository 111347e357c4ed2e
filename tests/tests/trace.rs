//! `RTLIB_TRACE=file`: the timeline of real programs, read back.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Command;

use gobuild_tests::perfetto::{Event, What, tracks};
use gobuild_tests::process::{RUN, run};
use gobuild_tests::testprog::{executables, start};

/// The slices' names, in the order in which they begin. Panics when a slice ends that has not begun.
#[track_caller]
fn slices(events: &[Event]) -> Vec<&str> {
    let mut depth = 0;
    let mut names = Vec::new();
    for event in events {
        match &event.what {
            What::Begin(name) => {
                depth += 1;
                names.push(name.as_str());
            }
            What::End => depth -= 1,
            What::Instant(_) => {}
        }
        assert!(depth >= 0, "a slice ends that has not begun: {event:?}");
    }
    names
}

fn traced(line: &str, procs: &str, file: &Path) -> Vec<u8> {
    let trace = file.to_str().expect("UTF-8");
    _ = start(
        &executables()[1],
        line,
        &[("GOMAXPROCS", procs), ("RTLIB_TRACE", trace)],
        RUN,
    )
    .ok();
    fs::read(file).expect("a trace")
}

#[test]
fn a_trace_shows_what_goroutines_did() {
    let dir = tempfile::tempdir().expect("a directory");
    for procs in ["1", "4"] {
        let bytes = traced("sleepers 300", procs, &dir.path().join(procs));
        let tracks = tracks(&bytes);
        let goroutines: Vec<_> = tracks
            .iter()
            .filter(|(name, _)| name.starts_with('G'))
            .collect();
        assert!(goroutines.len() > 300, "{} goroutines", goroutines.len());
        let states = slices(&tracks["G100"]);
        assert_eq!(
            states,
            ["runnable", "running", "sleep", "runnable", "running"]
        );
        assert!(slices(&tracks["G1 main"]).starts_with(&["runnable", "running"]));
        assert_eq!(slices(&tracks["init"])[0], "runtime");
        assert!(slices(&tracks["P0"]).contains(&"G1"));
        assert!(slices(&tracks["M0"]).starts_with(&["P0", "G1"]));
        tracks.values().for_each(|events| drop(slices(events)));
    }
}

/// Every run of a goroutine is the end of an arrow that starts where it was woken.
#[test]
fn every_wake_up_is_an_arrow() {
    let dir = tempfile::tempdir().expect("a directory");
    let bytes = traced("spawn-join", "2", &dir.path().join("trace"));
    let tracks = tracks(&bytes);
    let events = || tracks.values().flatten();
    let starts: BTreeSet<u64> = events().filter_map(|event| event.flow).collect();
    let ends: BTreeSet<u64> = events().filter_map(|event| event.end_of_flow).collect();
    assert!(
        !ends.is_empty() && ends.is_subset(&starts),
        "{:?}",
        ends.difference(&starts)
    );
    let makes =
        |event: &Event| matches!(&event.what, What::Instant(name) if name.starts_with("go G"));
    assert!(tracks["G1 main"].iter().any(makes));
}

/// What a goroutine does last.
#[track_caller]
fn last_state<'a>(tracks: &'a BTreeMap<String, Vec<Event>>, goroutine: &str) -> &'a str {
    slices(&tracks[goroutine]).last().expect("a state")
}

/// Goroutines, and what they do last.
type LastStates<'a> = &'a [(&'a str, &'a str)];

#[test]
fn the_trace_of_a_program_that_dies_ends_with_its_death() {
    let dir = tempfile::tempdir().expect("a directory");
    let deaths: [(&str, i32, LastStates); 7] = [
        ("trace-panic", 2, &[("G2", "running")]),
        ("trace-panic-after 20000", 2, &[("G3", "running")]),
        (
            "trace-deadlock",
            2,
            &[
                ("G1 main", "chan receive"),
                ("G2", "chan send"),
                ("G3", "park"),
            ],
        ),
        ("goexit-main-alone", 2, &[("G2", "running")]),
        ("trace-throw", 2, &[("G1 main", "running")]),
        (
            "trace-quit",
            2,
            &[("G2", "chan receive"), ("G5", "syscall")],
        ),
        ("trace-segv", 128 + 11, &[("G2", "running")]),
    ];
    for (line, code, states) in deaths {
        for traceback in ["none", "single"] {
            let file = dir.path().join(line);
            let trace = file.to_str().expect("UTF-8");
            let env = [
                ("RTLIB_TRACE", trace),
                ("GOTRACEBACK", traceback),
                ("GOMAXPROCS", "1"), // so that the goroutines have these numbers
            ];
            let outcome = start(&executables()[1], line, &env, RUN).fails_with(code);
            let tracks = tracks(&fs::read(&file).expect("a trace"));
            for (goroutine, state) in states {
                let last = last_state(&tracks, goroutine);
                assert_eq!(last, *state, "{goroutine} of {}", outcome.report());
            }
        }
    }
}

/// A pipe that takes no more, or as much as one takes that nobody reads.
fn unread_pipe(path: &Path, full: bool) -> File {
    const O_NONBLOCK: i32 = 0o4000;
    let made = Command::new("mkfifo").arg(path).status();
    assert!(made.expect("mkfifo").success());
    let mut pipe = File::options()
        .read(true)
        .write(true)
        .custom_flags(O_NONBLOCK)
        .open(path)
        .expect("a pipe");
    while full && pipe.write(&[0; 4096]).is_ok() {}
    pipe
}

/// In a pipe that was full from the start, the dying thread cannot write; in the other somebody holds the file and does not go on, or the dying thread
/// cannot write all.
#[test]
fn a_trace_that_cannot_be_finished_does_not_keep_the_program_from_dying() {
    let cases = [
        ("trace-panic", true),
        ("trace-panic-after 2000", false),
        ("trace-panic-after 200000", false),
    ];
    for (line, full) in cases {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("pipe");
        let _pipe = unread_pipe(&path, full);
        let env = [("RTLIB_TRACE", path.to_str().expect("UTF-8"))];
        let outcome = start(&executables()[1], line, &env, RUN).fails_with(2);
        assert!(
            outcome.err().contains("panic: deep\n"),
            "{}",
            outcome.report()
        );
    }
}

/// What the child has of it when it exits, it leaves to its parent.
#[test]
fn a_child_writes_nothing_into_its_parents_trace() {
    let dir = tempfile::tempdir().expect("a directory");
    let bytes = traced("fork-and-exit", "1", &dir.path().join("trace"));
    for (name, events) in tracks(&bytes) {
        let begins = |event: &&Event| matches!(event.what, What::Begin(_));
        let times: Vec<_> = events
            .iter()
            .filter(begins)
            .map(|event| event.time)
            .collect();
        let unique: BTreeSet<_> = times.iter().collect();
        assert_eq!(unique.len(), times.len(), "{name}: {events:?}");
    }
}

/// The descriptor that is free is not the trace's.
#[test]
fn a_trace_is_never_standard_error() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("trace");
    let mut command = Command::new("sh");
    command
        .args(["-c", "exec \"$0\" trace-panic 2>&-"])
        .arg(&executables()[1])
        .env("RTLIB_TRACE", &file);
    _ = run(&mut command, RUN).fails_with(2);
    let bytes = fs::read(file).expect("a trace");
    assert!(tracks(&bytes).contains_key("G2"));
    assert!(!String::from_utf8_lossy(&bytes).contains("panic: deep"));
}

#[test]
fn a_file_that_cannot_be_created_is_said_and_does_no_harm() {
    let env = [("RTLIB_TRACE", "/no/such/directory/trace")];
    let outcome = start(&executables()[1], "spawn-join", &env, RUN).ok();
    assert_eq!(
        outcome.err(),
        "rtlib: RTLIB_TRACE=/no/such/directory/trace: cannot create this file (errno 2); nothing is traced\n"
    );
}
