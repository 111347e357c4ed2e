//! What a toolchain must be able to do with the tool: programs with and without `rtlib`, a build script, tests of all kinds, trimmed paths, tracebacks and gdb. One small project, built with the toolchain, the flags and
//! the configuration that were asked for (`gobuild_tests::toolchain`); `xtask` has a step for each that is supported.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use gobuild_tests::files::below;
use gobuild_tests::gdb::session_with_script;
use gobuild_tests::process::{BUILD, Outcome, RUN, run};
use gobuild_tests::project::Project;
use gobuild_tests::readelf::readelf;
use gobuild_tests::{tool, toolchain};
use rtlib_abi::calls;
use rtlib_abi::symbol::{WRAPPED, WRAPPED_FOR_INITTRACE};

/// Where cargo puts what it builds on the way, when the configuration says so.
const BUILD_DIR: &str = "build-dir";
const NEW_LAYOUT: &str = "build-dir-new-layout = true";

/// Copies of the fixture and of the registry example, below a directory with the configuration; what was built by earlier runs is kept. `rtlib` is in a folder as cargo names those of a registry.
fn place() -> &'static Path {
    static PLACE: OnceLock<PathBuf> = OnceLock::new();
    PLACE.get_or_init(|| {
        let place = tool::scratch().join("toolchain");
        let rtlib = place.join("src/gobuild-rtlib-0.1.0");
        fs::create_dir_all(place.join("src")).expect("creates");
        if !rtlib.exists() {
            symlink(tool::root().join("rtlib"), &rtlib).expect("links");
        }
        for (from, to) in [
            ("tests/fixtures/toolchain", "battery"),
            ("examples/registry", "registry"),
        ] {
            copy_sources(&tool::root().join(from), &place.join(to), &rtlib);
        }
        write(&place.join(".cargo/config.toml"), &toolchain::config());
        place
    })
}

/// Paths of `rtlib` become absolute. Files that are as they should be are left alone, because cargo looks at their times.
fn copy_sources(from: &Path, to: &Path, rtlib: &Path) {
    let rtlib = format!("{rtlib:?}");
    for file in below(from).iter().filter(|file| file.is_file()) {
        let relative = file.strip_prefix(from).expect("below it");
        if relative.starts_with("target") {
            continue;
        }
        let text = fs::read_to_string(file).expect("a source");
        let text = text
            .replace("\"../../../rtlib\"", &rtlib)
            .replace("\"../../rtlib\"", &rtlib);
        write(&to.join(relative), &text);
    }
}

fn write(file: &Path, text: &str) {
    if fs::read_to_string(file).is_ok_and(|old| old == text) {
        return;
    }
    fs::create_dir_all(file.parent().expect("a directory")).expect("creates");
    fs::write(file, text).expect("writes");
}

fn target() -> PathBuf {
    place().join("target")
}

/// `cargo gobuild`, in one of the copies. They share the target directory.
fn gobuild(project: &str, args: &[&str]) -> Outcome {
    gobuild_into(&target(), project, args)
}

fn gobuild_into(target: &Path, project: &str, args: &[&str]) -> Outcome {
    let mut command = tool::gobuild(&place().join(project));
    command.args(args).env("CARGO_TARGET_DIR", target);
    run(&mut command, BUILD)
}

/// The programs of the workspace, built and looked at.
fn programs() -> &'static [PathBuf; 3] {
    static BUILT: OnceLock<[PathBuf; 3]> = OnceLock::new();
    BUILT.get_or_init(|| {
        _ = gobuild("battery", &["build", "--locked", "--workspace"]).ok();
        ["battery", "second", "plain"].map(|name| {
            let exe = target().join("debug").join(name);
            toolchain::prove(&exe, name);
            exe
        })
    })
}

fn start(exe: &Path, args: &[&str]) -> Outcome {
    let mut command = Command::new(exe);
    tool::clean(&mut command);
    run(command.args(args), RUN)
}

#[test]
fn programs_with_and_without_rtlib_run() {
    let expected = ["ready true\n", "second ready\n", "plain 1\n"];
    for (exe, expected) in programs().iter().zip(expected) {
        assert_eq!(start(exe, &[]).ok().out(), expected, "{}", exe.display());
    }
    let fresh = gobuild("battery", &["build", "--locked", "--workspace"]).ok();
    assert!(!fresh.err().contains("Compiling"), "{}", fresh.report());
}

#[test]
fn one_program_and_an_example_are_built_and_run_in_one_go() {
    for (what, expected) in [
        (["--bin", "second"], "second ready\n"),
        (["--example", "example"], "example ready\n"),
    ] {
        let args = [&["run", "-q"], &what[..]].concat();
        assert_eq!(gobuild("battery", &args).ok().out(), expected);
    }
}

#[test]
fn the_registry_example_prints_what_it_is_said_to() {
    let expected = tool::root().join("examples/registry/expected.txt");
    let expected = fs::read_to_string(expected).expect("the expected output");
    let outcome = gobuild("registry", &["run", "-q", "--locked"]).ok();
    assert_eq!(outcome.out(), expected);
}

#[test]
fn unit_and_integration_tests_doctests_and_benches_run() {
    let outcome = gobuild("battery", &["test", "--workspace"]).ok();
    for test in [
        "inits_run_before_unit_tests",
        "inits_run_before_integration_tests",
        "src/lib.rs - (line 3)",
    ] {
        let passed = |line: &str| line.contains(test) && line.ends_with("... ok");
        assert!(outcome.out().lines().any(passed), "{}", outcome.report());
    }
    let outcome = gobuild("battery", &["test", "-q", "--bench", "bench"]).ok();
    assert_eq!(outcome.out(), "bench ready\n");
}

/// No program knows where it was built: not by its package, nor its build script, nor the dependencies and the standard library.
#[test]
fn trimmed_programs_hold_no_path_of_the_machine() {
    let target = place().join("trimmed");
    let args = ["build", "--trimpath", "--bin", "battery"];
    _ = gobuild_into(&target, "battery", &args).ok();
    let program = fs::read(target.join("debug/battery")).expect("it was built");
    let home = std::env::home_dir().expect("a home");
    for path in [tool::root(), &home.join(".cargo"), &home.join(".rustup")] {
        let path = path.to_str().expect("plain text");
        let at = program
            .windows(path.len())
            .position(|bytes| bytes == path.as_bytes());
        let text = at.map(|at| String::from_utf8_lossy(&program[at..at + 2 * path.len()]));
        assert!(text.is_none(), "{text:?}");
    }
}

/// Beside the program's own functions nothing is shown, but for closures of the program: what calls them depends on the compiler.
#[test]
fn tracebacks_show_the_programs_functions_only() {
    for (how, functions) in [
        ("dies", ["inner", "outer"]),
        ("blocks", ["locks", "blocks"]),
    ] {
        let outcome = start(&programs()[0], &[how]).fails_with(2);
        let frames = outcome.err();
        let frames = frames.lines().filter(|line| line.ends_with("(...)"));
        let frames: Vec<&str> = frames
            .map(|line| line.trim_end_matches("(...)"))
            .filter(|name| !name.ends_with("{closure#0}") && !name.ends_with("{{closure}}"))
            .collect();
        for name in functions {
            let name = format!("battery::{name}");
            assert!(frames.contains(&&*name), "{name}: {}", outcome.report());
        }
        let is_ours = |name: &&str| name.starts_with("battery::");
        assert!(frames.iter().all(is_ours), "{}", outcome.report());
        let creator = format!("created by battery::{how} in goroutine 1\n");
        assert!(outcome.err().contains(&creator), "{}", outcome.report());
    }
}

/// With line tables, and with nothing but symbols, whose names are as the compiler has mangled them.
#[test]
fn gdb_says_where_in_the_program_a_goroutine_waits() {
    let exe = &programs()[0];
    let bare = exe.with_file_name("battery-without-debug-information");
    let mut strip = Command::new("strip");
    strip.arg("-g").arg(exe).arg("-o").arg(&bare);
    _ = run(&mut strip, RUN).ok();
    let script = tool::root().join("templates/files/runtime-gdb.py");
    let source = format!("source {}", script.display());
    for exe in [exe, &bare] {
        let commands = ["break inspect_me", "run blocks", &source, "info goroutines"];
        let text = session_with_script(exe, &commands);
        let line = "  2 waiting  [sync.Mutex.Lock] battery::locks";
        assert!(text.lines().any(|found| found == line), "{text}");
    }
}

#[test]
fn what_is_planned_and_what_was_built_can_be_read() {
    let planned = gobuild("battery", &["build", "-n", "--bin", "battery"]).ok();
    assert!(
        planned.err().contains("gobuild-link="),
        "{}",
        planned.report()
    );
    let emitted = gobuild(
        "battery",
        &["build", "--emit", "inittask", "--bin", "battery"],
    )
    .ok();
    let mut inspect = tool::gobuild(place());
    let inspected = run(inspect.arg("inspect").arg(&programs()[0]), RUN).ok();
    for outcome in [emitted, inspected] {
        for part in ["battery::WORD", "battery::get_ready"] {
            assert!(outcome.out().contains(part), "{}", outcome.report());
        }
    }
}

/// A program that asks for names makes GNU's linkers warn, which new compilers hand on.
/// What a new std calls shows here, and not in programs that hold their threads.
#[test]
fn every_function_that_libstd_calls_is_known() {
    let libstd = toolchain::libstd();
    let symbols = readelf(&["-sW"], &libstd);
    let undefined = symbols.lines().filter_map(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        let [.., "UND", name] = fields[..] else {
            return None;
        };
        Some(name)
    });
    let of_rust = |name: &str| {
        let prefixes = ["_R", "_ZN", "__rust", "rust_"];
        prefixes.iter().any(|prefix| name.starts_with(prefix))
    };
    let calls: BTreeSet<&str> = undefined.filter(|name| !of_rust(name)).collect();
    assert!(calls.contains("recv"), "{calls:?}");
    let known = include_str!("../libstd-calls.txt");
    let known: BTreeSet<&str> = known
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_whitespace().nth(1))
        .chain(WRAPPED)
        .chain(WRAPPED_FOR_INITTRACE)
        .chain(calls::wrapped())
        .collect();
    let unknown: Vec<_> = calls.difference(&known).collect();
    assert!(
        unknown.is_empty(),
        "std of {} calls {unknown:?}: wrap them, or say in tests/libstd-calls.txt what they do",
        toolchain::rustc_version()
    );
}

#[test]
fn a_linker_that_succeeds_is_not_quoted() {
    let args = ["build", "-p", "plain", "--linker", "cc"];
    let outcome = gobuild_into(&place().join("by-cc"), "battery", &args).ok();
    for words in ["linker std", "statically linked applications"] {
        assert!(!outcome.err().contains(words), "{}", outcome.report());
    }
}

/// The configuration that was asked for has come to cargo.
#[test]
fn intermediate_files_are_where_the_configuration_wants_them() {
    let (config, exe) = (toolchain::config(), &programs()[0]);
    assert!(exe.is_file());
    let build_dir = if config.contains("build-dir =") {
        assert!(!target().join("debug/build").exists());
        place().join(BUILD_DIR)
    } else {
        target()
    };
    let profile = build_dir.join("debug");
    assert!(profile.join("build").is_dir(), "{}", profile.display());
    // The new layout has a directory for each unit below `build`, and no `deps` for all.
    let is_new = config.contains(NEW_LAYOUT);
    assert_eq!(
        profile.join("deps").is_dir(),
        !is_new,
        "{}",
        profile.display()
    );
}

/// Cargo has one directory for a profile, and in it a directory for each unit or one for all. What the tool makes is in neither.
#[test]
fn what_an_installation_generates_lies_in_one_place() {
    let into = place().join("installing");
    let root = into.join("root").display().to_string();
    let args = ["install", "--path", "plain", "--offline", "--force"];
    _ = gobuild_into(&into, "battery", &[&args[..], &["--root", &root]].concat()).ok();
    let build_dir = if toolchain::config().contains("build-dir =") {
        place().join(BUILD_DIR)
    } else {
        into
    };
    let mut made = below(&build_dir.join("release"));
    made.retain(|path| path.ends_with("gobuild"));
    assert_eq!(made, [build_dir.join("release/gobuild")]);
}

/// `build`, `run`, `test` and `install` say what cargo says, and no more.
#[test]
fn a_package_for_a_newer_compiler_gets_cargos_own_message() {
    let project = Project::alone();
    let manifest = "[package]\nname = \"newer\"\nversion = \"0.1.0\"\nedition = \"2024\"\nrust-version = \"1.999\"\n[workspace]\n";
    project.file("Cargo.toml", manifest);
    project.file("src/main.rs", "fn main() {}\n");
    let install = ["install", "--path", ".", "--root", "root"];
    for args in [&["build"][..], &["run"], &["test"], &install] {
        let ours = run(project.gobuild().args(args), BUILD);
        let cargos = run(project.cargo().args(args), BUILD);
        assert!(
            ours.err().contains("requires rustc 1.999"),
            "{}",
            ours.report()
        );
        let said = |outcome: &Outcome| {
            let err = outcome.err();
            let lines = err.lines().filter(|line| !line.contains("Blocking"));
            lines.map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!((said(&ours), ours.code()), (said(&cargos), cargos.code()));
    }
}
