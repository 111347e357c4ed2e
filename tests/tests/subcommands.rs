//! Cargo's subcommands of others, in a workspace that is set up: nextest, and coverage by cargo-llvm-cov. Each needs its program (`cargo install cargo-nextest cargo-llvm-cov`), so
//! `cargo xtask test` runs them where it is there, and says so where it is not.

use std::process::Command;

use gobuild_tests::process::{BUILD, Outcome, run, says};
use gobuild_tests::project::Project;
use gobuild_tests::tool;

/// A library with an init and unit tests, a program that can die, and a test that starts it.
fn app() -> Project {
    let project = Project::alone();
    project.package("", "app", "gobuild-rtlib = { path = \"{rtlib}\" }\n");
    project.file(
        "src/lib.rs",
        "use std::sync::atomic::{AtomicBool, Ordering};\n\
         static READY: AtomicBool = AtomicBool::new(false);\n\
         #[rtlib::init] fn ready() { READY.store(true, Ordering::Relaxed); }\n\
         pub fn twice(n: usize) -> usize { rtlib::spawn(move || 2 * n).join().unwrap() }\n\
         pub fn dies() {\n    \
             panic!(\"dies\");\n\
         }\n\
         #[test] fn init_ran() { assert!(READY.load(Ordering::Relaxed)); }\n\
         #[test] fn doubles() { assert_eq!(twice(4), 8); }\n",
    );
    project.file(
        "src/main.rs",
        "fn main() {\n    \
             println!(\"{}\", app::twice(std::env::args().count()));\n    \
             if std::env::args().len() > 1 {\n        \
                 rtlib::go(app::dies);\n        \
                 std::thread::park();\n    \
             }\n\
         }\n",
    );
    project.file(
        "tests/starts.rs",
        "use std::process::{Command, Output};\n\
         fn app(args: &[&str]) -> Output { Command::new(env!(\"CARGO_BIN_EXE_app\")).args(args).output().unwrap() }\n\
         #[test] fn runs() { assert_eq!(app(&[]).stdout, b\"2\\n\"); }\n\
         #[test] fn dies() { assert_eq!(app(&[\"die\"]).status.code(), Some(2)); }\n",
    );
    let mut setup = project.gobuild();
    _ = run(setup.arg("setup").env("PATH", tool::path_with_it()), BUILD).ok();
    project
}

fn cargo(project: &Project, args: &[&str]) -> Outcome {
    let mut command: Command = project.cargo();
    run(command.args(args).env("PATH", tool::path_with_it()), BUILD).ok()
}

#[test]
#[ignore = "needs cargo-nextest"]
fn nextest_runs_each_test_in_a_process_of_its_own() {
    let project = app();
    says(
        &cargo(&project, &["nextest", "run"]),
        &["4 tests run: 4 passed, 0 skipped"],
    );
    says(
        &cargo(&project, &["nextest", "run", "--release", "init_ran"]),
        &["1 test run: 1 passed, 3 skipped"],
    );
}

/// Lines that a goroutine ran count, and so do those of a program that died of a panic.
#[test]
#[ignore = "needs cargo-llvm-cov"]
fn llvm_cov_counts_what_goroutines_ran_and_what_a_dying_program_did() {
    let project = app();
    let outcome = cargo(&project, &["llvm-cov", "--text"]);
    let shown = outcome.out();
    let count = |line: &str| {
        let found = shown.lines().find(|shown| shown.ends_with(line));
        let count = found.and_then(|shown| shown.split('|').nth(1));
        count
            .unwrap_or_else(|| panic!("{line} is not in\n{}", outcome.report()))
            .trim()
            .parse::<u32>()
            .unwrap_or_else(|_| panic!("no count of {line} in\n{}", outcome.report()))
    };
    assert_eq!(
        count("pub fn twice(n: usize) -> usize { rtlib::spawn(move || 2 * n).join().unwrap() }"),
        3
    );
    assert_eq!(count("panic!(\"dies\");"), 1);
    assert_eq!(count("rtlib::go(app::dies);"), 1);
}
