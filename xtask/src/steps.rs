//! The chores, as lists of steps. Every expensive step has a target directory that only it uses, so that nothing is compiled twice because flags
//! differ, and nothing waits for another step's compilers.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::package::{self, Verify};
use crate::run::Runner;
use crate::workspace::{cargo, cargo_in, others, root, shown, target};
use crate::{
    book as pages, calls, names_of_chores, needs, pip, release, suites as others_tests,
    tidy as rules, toolchains,
};

/// The toolchain for miri, and one of those that the tool is tested with.
pub const NIGHTLY: &str = "+nightly";

const FMT: &[&str] = &["fmt", "--all", "--check"];

/// All checks and tests: cheap ones first, then the tools that many of the others need, then two rows at the same time. The first row builds in the checkout's own target directory.
pub fn test(runner: &mut Runner, only: &[String]) {
    runner.only(only);
    runner.function("needs", needs::get);
    runner.child("fmt", &mut cargo(FMT));
    tidy(runner, &[]);
    pip::check(runner);
    let tools = Tools {
        checked: runner.before(&["e2e"], checked_tool),
        plain: runner.before(
            &["e2e", "package", "toolchain", "suite", "with", "benchmark"],
            plain_tool,
        ),
    };
    runner.beside(
        |runner| {
            lints(runner);
            runner.child(
                "unit",
                cargo(&["test", "--workspace", "--exclude", "gobuild-tests"]).args(WITH_SIGNAL),
            );
            docs(runner);
            end_to_end(runner, &tools);
        },
        |runner| {
            other_workspaces(runner);
            loom(runner, "3");
            miri(runner);
            others_tools(runner, &tools.plain);
            runner.child(
                "fuzz (short)",
                cargo_in(&root().join("fuzz"), &["test"])
                    .env("CARGO_TARGET_DIR", target().join("fuzz")),
            );
            package::package(runner, Verify::No, &tools.plain);
            toolchains::test(runner, &tools.plain);
            others_tests::short(runner, &tools.plain);
            runner.child(
                "benchmark programs",
                cargo(&["run", "--quiet", "-p", "gobuild-bench", "--", "--quick"])
                    .env("GOBUILD_BIN", &tools.plain),
            );
        },
    );
}

/// As [`test()`], on a machine that starts from nothing and whose build products nobody keeps.
pub fn ci(runner: &mut Runner, only: &[String]) {
    for (name, value) in [
        ("CARGO_INCREMENTAL", "0"),
        ("CARGO_TERM_COLOR", "never"),
        ("CARGO_TERM_PROGRESS_WHEN", "never"),
    ] {
        runner.env(name, value);
    }
    runner.child("lockfile", &mut cargo(&["fetch", "--locked", "--quiet"]));
    test(runner, only);
}

/// The rules of [`rules`].
pub fn tidy(runner: &mut Runner, _: &[String]) {
    runner.function("tidy", || rules::check(root(), &names_of_chores()));
    runner.function("table of calls", || calls::check(root()));
}

/// The documents as a book.
pub fn book(runner: &mut Runner, _: &[String]) {
    pages::book(runner);
}

/// Everything that a registry would get, used from there.
pub fn package(runner: &mut Runner, only: &[String]) {
    runner.only(only);
    let tool = runner.before(&["package"], plain_tool);
    package::package(runner, Verify::Yes, &tool);
}

/// What a release has besides the packages.
pub fn release(runner: &mut Runner, only: &[String]) {
    runner.only(only);
    release::release(runner);
}

/// Rewrites the expected outputs: trybuild's, and those that snapbox compares.
pub fn bless(runner: &mut Runner, _: &[String]) {
    runner.function("bless table of calls", || calls::write(root()));
    runner.child(
        "bless macros",
        cargo(&["test", "-p", "gobuild-rtlib-macros"]).env("TRYBUILD", "overwrite"),
    );
    for (name, tests) in [
        ("bless codegen", &["-p", "gobuild-codegen", "--lib"][..]),
        (
            "bless messages, examples",
            &[
                "-p",
                "gobuild-tests",
                "--test",
                "bad_input",
                "--test",
                "examples",
            ],
        ),
    ] {
        let mut command = cargo(&["test"]);
        runner.child(name, command.args(tests).env("SNAPSHOTS", "overwrite"));
    }
}

/// The benchmark program.
pub fn bench(runner: &mut Runner, args: &[String]) {
    let mut bench = cargo(&["run", "--release", "-p", "gobuild-bench", "--"]);
    runner.child("bench", bench.args(args));
}

/// Tests that others wrote, on goroutines.
pub fn suites(runner: &mut Runner, args: &[String]) {
    let tool = plain_tool(runner);
    others_tests::suites(runner, args, &tool);
}

/// What takes long: minutes for each fuzz target, `MINUTES` as the first argument.
pub fn long(runner: &mut Runner, args: &[String]) {
    let minutes = minutes(args, "long");
    let seconds = (minutes * 60).to_string();
    for fuzz_target in ["elf", "names", "scan"] {
        runner.child(
            &format!("fuzz {fuzz_target}"),
            cargo_in(
                &root().join("fuzz"),
                &["run", "--release", "--bin", fuzz_target, "--", &seconds],
            )
            .env("CARGO_TARGET_DIR", target().join("fuzz")),
        );
    }
    runner.child(
        "order oracle",
        cargo(&["test", "-p", "gobuild-tests", "--test", "order_oracle"])
            .env("GOBUILD_ORACLE_GRAPHS", (minutes * 20).to_string()),
    );
    loom(runner, "4");
    thread_sanitizer(runner);
    let tools = tools(runner);
    for (name, count) in [("seeds", minutes * 20), ("faults", minutes * 10)] {
        runner.child(
            name,
            cargo(&["test", "-p", "gobuild-tests", "--test", name])
                .env("GOBUILD_BIN", &tools.plain)
                .env("GOBUILD_FAULTY_BIN", &tools.checked)
                .env("GOBUILD_SEEDS", count.to_string()),
        );
    }
    soak_with(runner, args, &tools);
}

/// Programs that do everything at once, with `MINUTES` for those of the checked tool and as much for those of the plain one; the second argument is a seed.
pub fn soak(runner: &mut Runner, args: &[String]) {
    let tools = tools(runner);
    soak_with(runner, args, &tools);
}

fn soak_with(runner: &mut Runner, args: &[String], tools: &Tools) {
    let minutes = minutes(args, "soak");
    for (name, tool) in [
        ("soak, runtime checked", &tools.checked),
        ("soak", &tools.plain),
    ] {
        let mut command = cargo(&["test", "-p", "gobuild-tests", "--test", "soak"]);
        command
            .args(["--", "--nocapture"])
            .env("GOBUILD_BIN", tool)
            .env("GOBUILD_SOAK_SECONDS", (minutes * 60).to_string());
        if let Some(seed) = args.get(1) {
            command.env("GOBUILD_SOAK_SEED", seed);
        }
        runner.child(name, &mut command);
    }
}

/// With what of `rtlib` is a feature.
const WITH_SIGNAL: [&str; 2] = ["--features", "gobuild-rtlib/signal"];

/// The first argument of a chore; 5 when there is none.
fn minutes(args: &[String], chore: &str) -> u32 {
    args.first()
        .map_or(Ok(5), |text| text.parse())
        .unwrap_or_else(|_| {
            eprintln!("`cargo xtask {chore} MINUTES`: a whole number of minutes");
            std::process::exit(2)
        })
}

fn lints(runner: &mut Runner) {
    let all = ["--workspace", "--all-targets"];
    runner.child("clippy", &mut clippy(&[all, WITH_SIGNAL].concat()));
    runner.child(
        "clippy runtime",
        &mut clippy(&["-p", "gobuild-rtlib-runtime", "--features", "object"]),
    );
    runner.child(
        "clippy runtime, faults",
        &mut clippy(&["-p", "gobuild-rtlib-runtime", "--features", "object,faults"]),
    );
    runner.child(
        "clippy no_std",
        &mut clippy(&["-p", "gobuild-rtlib", "--no-default-features"]),
    );
}

/// Formatting and lints of the workspaces besides the main one, whose members cargo does not reach from there.
fn other_workspaces(runner: &mut Runner) {
    for dir in others() {
        let name = shown(&dir);
        runner.child(&format!("fmt {name}"), &mut cargo_in(&dir, FMT));
        let mut command = clippy(&["--all-targets"]);
        command
            .current_dir(&dir)
            .env("CARGO_TARGET_DIR", target().join("others"));
        runner.child(&format!("clippy {name}"), &mut command);
    }
}

fn clippy(args: &[&str]) -> Command {
    let mut command = cargo(&["clippy", "--quiet"]);
    command.args(args).args(["--", "-D", "warnings"]);
    command
}

fn docs(runner: &mut Runner) {
    let doc = |args: &[&str]| {
        let mut command = cargo(&["doc", "--no-deps", "--quiet"]);
        command.args(args).env("RUSTDOCFLAGS", "-D warnings");
        command
    };
    runner.child(
        "doc",
        &mut doc(&[&["--workspace"], &WITH_SIGNAL[..]].concat()),
    );
    let runtime = [
        "-p",
        "gobuild-rtlib-runtime",
        "--features",
        "object",
        "--document-private-items",
    ];
    runner.child("doc runtime", &mut doc(&runtime));
}

/// The models of the queues and protocols, with so many preemptions at most: each one more takes ten times as long, and without a limit some do not end. In `rtlib` every test is a model, in the runtime those that say
/// so by name.
fn loom(runner: &mut Runner, preemptions: &str) {
    for (package, filter) in [
        ("gobuild-rtlib", None),
        ("gobuild-rtlib-runtime", Some("loom")),
    ] {
        let mut command = cargo(&["test", "-p", package, "--release", "--lib"]);
        command
            .args(filter)
            .env("RUSTFLAGS", "--cfg loom -D warnings")
            .env("CARGO_TARGET_DIR", target().join("loom"))
            .env("LOOM_MAX_PREEMPTIONS", preemptions);
        runner.child(&format!("loom {package}"), &mut command);
    }
}

fn miri(runner: &mut Runner) {
    let name = "miri";
    let installed = cargo(&[NIGHTLY, "miri", "--version"]).output();
    if !installed.is_ok_and(|output| output.status.success()) {
        runner.skip(
            name,
            "install it with `rustup toolchain install nightly --component miri,rust-src`",
        );
        return;
    }
    // The queues hold `&'static`s, which their tests leak, and the stand-in for the runtime leaves threads behind.
    runner.child(
        name,
        cargo(&[
            NIGHTLY,
            "miri",
            "test",
            "-p",
            "gobuild-rtlib",
            "-p",
            "gobuild-rtlib-runtime",
            "-p",
            "gobuild-rtlib-abi",
            "--lib",
        ])
        .env("MIRIFLAGS", "-Zmiri-ignore-leaks"),
    );
}

/// What others have made and users use with this: where it is installed.
fn others_tools(runner: &mut Runner, tool: &Path) {
    for (version, test, filter, how) in [
        (
            "cargo-nextest nextest --version",
            "subcommands",
            "nextest",
            "cargo install --locked cargo-nextest",
        ),
        (
            "cargo-llvm-cov llvm-cov --version",
            "subcommands",
            "llvm_cov",
            "cargo install --locked cargo-llvm-cov",
        ),
        (
            "rust-analyzer --version",
            "editor",
            "",
            "rustup component add rust-analyzer",
        ),
    ] {
        let mut words = version.split(' ');
        let program = words.next().unwrap_or_default();
        let name = format!("with {program}");
        // rustup puts a rust-analyzer on PATH that only says how to install it.
        let is_there = Command::new(program).args(words).output();
        if !is_there.is_ok_and(|output| output.status.success()) {
            runner.skip(&name, &format!("install it with `{how}`"));
            continue;
        }
        let command = ["test", "-p", "gobuild-tests", "--test", test, "--"];
        runner.child(
            &name,
            cargo(&command)
                .args(["--ignored", filter])
                .env("GOBUILD_BIN", tool),
        );
    }
}

/// The unit tests with threads, watched by ThreadSanitizer. std is compiled for that, too, because it synchronises.
fn thread_sanitizer(runner: &mut Runner) {
    const TARGET: &str = "x86_64-unknown-linux-gnu";
    let name = "thread sanitizer";
    if !has_std_sources(NIGHTLY) {
        runner.skip(
            name,
            "install it with `rustup toolchain install nightly --component rust-src`",
        );
        return;
    }
    runner.child(
        name,
        cargo(&[NIGHTLY, "test", "-Zbuild-std", "--target", TARGET])
            .args([
                "-p",
                "gobuild-rtlib",
                "-p",
                "gobuild-rtlib-runtime",
                "--lib",
            ])
            .env("RUSTFLAGS", "-Zsanitizer=thread")
            .env("CARGO_TARGET_DIR", target().join("tsan")),
    );
}

/// Whether the toolchain is there, with its component rust-src.
fn has_std_sources(toolchain: &str) -> bool {
    let sysroot = Command::new("rustc")
        .args([toolchain, "--print", "sysroot"])
        .output();
    sysroot.is_ok_and(|output| {
        let sysroot = String::from_utf8_lossy(&output.stdout);
        Path::new(sysroot.trim())
            .join("lib/rustlib/src/rust/library/std")
            .is_dir()
    })
}

/// Where builds of the tool are. They stay as they are while cargo builds the tool for other reasons.
struct Tools {
    plain: PathBuf,
    /// Its programs have a runtime with debug assertions, which knows the order of its locks, and whose system calls can be made to fail.
    checked: PathBuf,
}

/// Builds them.
fn tools(runner: &mut Runner) -> Tools {
    Tools {
        checked: checked_tool(runner),
        plain: plain_tool(runner),
    }
}

fn checked_tool(runner: &mut Runner) -> PathBuf {
    let features = ["--features", "checked,faults"];
    tool(runner, "tool, runtime checked", "checked", &features)
}

fn plain_tool(runner: &mut Runner) -> PathBuf {
    tool(runner, "tool", "plain", &[])
}

/// Builds it with these arguments, and copies it to where no other build takes its place.
fn tool(runner: &mut Runner, name: &str, dir: &str, features: &[&str]) -> PathBuf {
    let kept = target().join(dir).join("cargo-gobuild");
    let mut build = cargo(&["build", "-p", "cargo-gobuild"]);
    runner.child(name, build.args(features));
    runner.function(&format!("{name}, kept"), || keep_tool(&kept));
    kept
}

/// One test binary after the other.
fn end_to_end(runner: &mut Runner, tools: &Tools) {
    let mut command: Command = cargo(&["test", "-p", "gobuild-tests", "--no-fail-fast"]);
    command
        .env("GOBUILD_BIN", &tools.plain)
        .env("GOBUILD_FAULTY_BIN", &tools.checked);
    runner.child("e2e", &mut command);
    let mut command: Command = cargo(&["test", "-p", "gobuild-tests", "--no-fail-fast"]);
    command
        .args(["--test", "go_behaviours"])
        .args(["--test", "watching"])
        .args(["--test", "soak"])
        .env("GOBUILD_BIN", &tools.checked);
    runner.child("e2e, runtime checked", &mut command);
}

/// Copies the tool that was just built, before another one takes its place.
fn keep_tool(to: &Path) -> Result<(), Vec<String>> {
    let from = target().join("debug/cargo-gobuild");
    // What is there may be running.
    let new = to.with_extension("new");
    to.parent()
        .map_or(Ok(()), std::fs::create_dir_all)
        .and_then(|()| std::fs::copy(&from, &new))
        .and_then(|_| std::fs::rename(&new, to))
        .map_err(|error| vec![format!("{} to {}: {error}", from.display(), to.display())])
}
