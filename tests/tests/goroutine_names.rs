//! What a goroutine is called, wherever it is told of: in messages of panics, tracebacks, traces and gdb.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use gobuild_tests::gdb::session_with_script;
use gobuild_tests::perfetto::tracks;
use gobuild_tests::process::{BUILD, Outcome, RUN, run};
use gobuild_tests::project::Project;

const MAIN: &str = r#"
use std::panic;
use rtlib::Builder;

static ARGS: std::sync::LazyLock<Vec<String>> = std::sync::LazyLock::new(|| std::env::args().collect());

fn asked(what: &str) -> bool { ARGS.get(1).is_some_and(|one| one == what) }

#[rtlib::init]
fn early() {
    if asked("init") { panic!("early"); }
    if asked("init-caught") { _ = panic::catch_unwind(|| panic!("early")); }
    if asked("init-goroutine") { _ = rtlib::spawn(|| panic!("early")).join(); }
    if asked("hook-of-init") { panic::set_hook(Box::new(|_| eprintln!("mine"))); }
}

fn named(name: &str) -> Builder { Builder::new().name(name) }

fn panics(what: &'static str) { _ = named("accepts").spawn(move || panic!("{what}")).join(); }

#[inline(never)]
#[unsafe(no_mangle)]
pub extern "C" fn inspect_me() { std::hint::black_box(()); }

fn main() {
    match ARGS.get(1).map_or("", String::as_str) {
        "main" => panic!("main"),
        "spawn" => panics("spawned"),
        "any" => _ = named("accepts").spawn(|| panic::panic_any(7)).join(),
        "go" => { named("accepts").go(|| panic!("went")); rtlib::park(); }
        "scope" => rtlib::scope(|s| { _ = named("borrows").spawn_scoped(s, || panic!("scoped")).join(); }),
        "unnamed" => _ = rtlib::spawn(|| panic!("spawned")).join(),
        "std" => _ = std::thread::Builder::new().name("a thread of std's".into()).spawn(|| panic!("std")).unwrap().join(),
        "twice" => {
            // The goroutine's memory is used again.
            panics("first");
            _ = rtlib::spawn(|| panic!("second")).join();
        }
        "hook-before" => { panic::set_hook(Box::new(|_| eprintln!("mine"))); panics("spawned"); }
        "hook-after" => { panics("first"); panic::set_hook(Box::new(|_| eprintln!("mine"))); panics("second"); }
        "hook-around" => {
            let hook = panic::take_hook();
            panic::set_hook(Box::new(move |info| { eprint!("mine:"); hook(info); }));
            panics("spawned");
        }
        "hook-taken" => { panics("first"); drop(panic::take_hook()); panics("second"); }
        "hook-of-init" => panics("spawned"),
        "stacks" => {
            let (send, wait) = rtlib::chan::bounded::<()>(0);
            named("accepts").go(move || drop(wait.recv()));
            let one = named("more than fifteen bytes").spawn(|| {
                rtlib::yield_now();
                rtlib::debug::stacks().iter().map(|one| format!("{one}")).collect::<String>()
            });
            println!("{}", one.join().unwrap());
            inspect_me();
            drop(send);
        }
        "trace" => {
            _ = named("accepts").spawn(rtlib::yield_now).join();
            _ = rtlib::spawn(rtlib::yield_now).join();
            _ = named("t\u{e9}l\u{e9}phone").spawn(rtlib::yield_now).join();
            _ = std::thread::Builder::new().name("audio".into()).spawn(rtlib::yield_now).unwrap().join();
        }
        _ => {}
    }
}
"#;

fn project() -> &'static Project {
    static BUILT: OnceLock<Project> = OnceLock::new();
    BUILT.get_or_init(|| {
        let rtlib = "gobuild-rtlib = { path = \"{rtlib}\" }";
        let project = Project::bin("goroutine_names", "names", rtlib, MAIN);
        _ = project.build(&["-q"]).ok();
        project
    })
}

fn ran(what: &str) -> Outcome {
    run(project().program("debug", "names").arg(what), RUN)
}

/// The names and messages of all panics, as `NAME: MESSAGE`; other lines of a hook's as they are.
fn told(outcome: &Outcome) -> Vec<String> {
    let err = outcome.err();
    let mut lines = err.lines();
    let mut told = Vec::new();
    while let Some(line) = lines.next() {
        let name = line.split_once("thread '").and_then(|(before, rest)| {
            let (name, rest) = rest.split_once("' (")?;
            let (id, place) = rest.split_once(") panicked at src/main.rs:")?;
            (id.parse::<u32>().is_ok() && place.ends_with(':')).then_some((before, name))
        });
        if let Some((before, name)) = name {
            let message = lines.next().unwrap_or_default();
            told.push(format!("{before}{name}: {message}"));
        } else if line.contains("mine") {
            told.push(line.into());
        }
    }
    told
}

#[track_caller]
fn tells(what: &str, expect: &[&str]) {
    let outcome = ran(what);
    assert_eq!(told(&outcome), expect, "{}", outcome.report());
}

#[test]
fn a_panic_is_told_with_the_goroutines_name() {
    tells("main", &["main: main"]);
    tells("spawn", &["accepts: spawned"]);
    tells("any", &["accepts: Box<dyn Any>"]);
    tells("go", &["accepts: went"]);
    tells("scope", &["borrows: scoped"]);
    tells("unnamed", &["<unnamed>: spawned"]);
    tells("std", &["a thread of std's: std"]);
    tells("twice", &["accepts: first", "<unnamed>: second"]);
}

#[test]
fn a_panic_before_main_is_told_with_the_package() {
    tells("init", &["init of main: early"]);
    tells("init-caught", &["init of main: early"]);
    tells("init-goroutine", &["<unnamed>: early"]);
}

#[test]
fn hooks_of_the_program_stay() {
    tells("hook-before", &["mine"]);
    tells("hook-after", &["accepts: first", "mine"]);
    tells("hook-around", &["mine:", "accepts: spawned"]);
    tells("hook-taken", &["accepts: first", "<unnamed>: second"]);
    tells("hook-of-init", &["mine"]);
}

#[test]
fn the_message_is_as_long_as_stds_and_so_is_the_backtrace() {
    let with = |value: &str| {
        let mut command = project().program("debug", "names");
        run(command.arg("spawn").env("RUST_BACKTRACE", value), RUN)
            .ok()
            .err()
    };
    let hint = "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n";
    let err = with("0");
    assert!(
        err.starts_with("\nthread 'accepts' (") && err.ends_with(hint),
        "{err}"
    );
    let err = with("1");
    let (_, trace) = err
        .split_once(":\nspawned\nstack backtrace:\n")
        .expect("a backtrace");
    assert!(
        !trace.contains("::panics::names::") && trace.contains("names::panics::"),
        "{err}"
    );
    // With v0 names a crate has its hash: `rtlib[0a1b]::panics`.
    assert!(with("full").contains("::panics::names::"));
}

/// With `panic = "abort"` the hook is all that runs.
#[test]
fn a_name_is_told_when_panics_abort() {
    let project = project();
    let mut build = project.gobuild();
    build.args([
        "build",
        "-q",
        "--release",
        "--config",
        "profile.release.panic=\"abort\"",
    ]);
    _ = run(&mut build, BUILD).ok();
    for (what, expect) in [
        ("spawn", "accepts: spawned"),
        ("init", "init of main: early"),
    ] {
        let outcome = run(project.program("release", "names").arg(what), RUN);
        assert_eq!(told(&outcome), [expect], "{}", outcome.report());
    }
}

/// The name that a builder gives, cut as the kernel cuts those of threads.
#[test]
fn stacks_have_the_names() {
    let out = ran("stacks").ok().out();
    for name in ["[chan receive, \"accepts\"]:", "\"more than fifte\"]:"] {
        assert!(out.contains(name), "no {name} in {out}");
    }
}

#[test]
fn gdb_shows_the_names() {
    let commands = ["break inspect_me", "run stacks", "info goroutines"];
    let out = session_with_script(&project().exe("debug", "names"), &commands);
    let is_listed = |line: &str| line.contains("waiting  [chan receive] \"accepts\"");
    assert!(out.lines().any(is_listed), "{out}");
}

/// Whichever of the two comes first in the file, that the goroutine is made or that it has a name.
#[test]
fn traces_have_the_names() {
    let dir = tempfile::tempdir().expect("a directory");
    for procs in ["1", "4"] {
        let file = dir.path().join(procs);
        let mut command = project().program("debug", "names");
        command.arg("trace").env("GOMAXPROCS", procs);
        _ = run(command.env("RTLIB_TRACE", &file), RUN).ok();
        let names = goroutines(&file);
        assert_eq!(
            names,
            [
                "G1 main",
                "G2 accepts",
                "G3",
                "G4 t\u{e9}l\u{e9}phone",
                "G5 audio"
            ]
        );
    }
}

fn goroutines(trace: &Path) -> Vec<String> {
    let tracks = tracks(&fs::read(trace).expect("a trace"));
    tracks
        .into_keys()
        .filter(|name| name.starts_with('G'))
        .collect()
}
