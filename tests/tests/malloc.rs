//! `malloc = "runtime"`: memory that belongs to processors. What POSIX and glibc say of malloc(3) and its family holds, goroutines keep nothing, wrong frees are told, and memory goes back.

use std::process::Command;
use std::sync::OnceLock;

use gobuild_tests::process::{BUILD, Outcome, RUN, run};
use gobuild_tests::project::Project;

const MANIFEST: &str =
    "gobuild-rtlib = { path = \"{rtlib}\" }\n\n[package.metadata.gobuild]\nmalloc = \"runtime\"\n";

/// One program for all of these: its first argument says what it does.
fn program() -> &'static Project {
    static BUILT: OnceLock<Project> = OnceLock::new();
    BUILT.get_or_init(|| {
        let project = Project::new("malloc");
        project.package("", "memory", MANIFEST);
        project.file("src/main.rs", include_str!("malloc/program.rs"));
        let mut on_threads = project.gobuild();
        on_threads.args(["build", "-q", "--profile", "dev", "--std", "threads"]);
        _ = run(&mut on_threads, BUILD).ok();
        _ = project.build(&["-q", "--release"]).ok();
        project
    })
}

fn ran(what: &str) -> Outcome {
    run(program().program("release", "memory").arg(what), RUN)
}

#[test]
fn the_family_answers_as_posix_and_glibc_say() {
    assert_eq!(ran("family").ok().out(), "as they say\n");
}

#[test]
fn a_goroutine_that_has_worked_keeps_nothing() {
    let shown = ran("worked").ok().out();
    let bytes: usize = shown.trim().parse().expect("a number");
    // Its stack is a page, and the runtime needs some hundred bytes. With glibc's malloc it is 35,000.
    assert!(bytes < 10_000, "{bytes} bytes each");
}

#[test]
fn memory_is_freed_by_whoever_has_it() {
    assert_eq!(ran("threads").ok().out(), "all came back\n");
    // Threads of the kernel have no processor: they use caches that they share.
    let mut on_threads = program().program("debug", "memory");
    let outcome = run(on_threads.arg("threads"), RUN).ok();
    assert_eq!(outcome.out(), "all came back\n");
}

#[test]
fn what_is_freed_wrongly_ends_the_program() {
    for (what, says) in [
        ("twice", "free(): double free detected"),
        ("inside", "free(): invalid pointer"),
        ("foreign", "free(): invalid pointer"),
        ("realloc", "realloc(): invalid pointer"),
    ] {
        let ended = ran(what).fails_with(2);
        assert_eq!(ended.reasons(), [format!("fatal error: {says}")]);
        assert!(ended.err().contains("\ngoroutine "), "{}", ended.report());
    }
}

#[test]
fn a_child_of_a_fork_allocates() {
    assert_eq!(ran("fork").ok().out(), "200 children\n");
}

#[test]
fn free_memory_goes_back_to_the_system() {
    for how in ["back", "back-watched", "trim"] {
        assert_eq!(ran(how).ok().out(), "it went back\n", "{how}");
    }
}

#[test]
fn whose_it_is_is_the_programs_choice() {
    let project = Project::new("malloc_choice");
    project.package("", "memory", MANIFEST);
    project.file("src/main.rs", "fn main() {}\n");
    let built = |args: &[&str]| {
        _ = project.build(args).ok();
        let program = project.exe("debug", "memory");
        let shown = run(project.gobuild().arg("inspect").arg(program), RUN).ok();
        shown.out().contains("malloc    runtime")
    };
    assert!(built(&["-q"]));
    assert!(!built(&["-q", "--malloc", "libc"]));
    let mut wrong = project.gobuild();
    let refused = run(wrong.args(["build", "--malloc", "mine"]), BUILD).fails_with(1);
    assert!(refused.err().contains("`libc` or of the `runtime`"));
    let exe = project.exe("debug", "memory");
    let symbols = run(Command::new("nm").arg(exe), RUN).ok().out();
    assert!(symbols.contains(" runtime.main"), "{symbols}");
}
