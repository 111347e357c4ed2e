//! Wrappers of the compiler that do more than hand on: compilation caches, and wrappers that change or clear the environment.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use gobuild_tests::process::{BUILD, RUN, run};
use gobuild_tests::project::Project;
use gobuild_tests::readelf;
use gobuild_tests::sccache::Sccache;

/// A program with a library, and unit tests.
fn app() -> Project {
    let project = Project::alone();
    project.package("", "app", "helper = { path = \"helper\" }\n");
    let main = "fn main() { println!(\"{}\", helper::three()); }\n#[test] fn counts() { assert_eq!(helper::three(), 3); }\n";
    project.file("src/main.rs", main);
    project.package("helper", "helper", "");
    project.file("helper/src/lib.rs", "pub fn three() -> u32 { 3 }\n");
    project
}

fn script(project: &Project, text: &str) -> PathBuf {
    let path = project.path().join("wrapper");
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("write script");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("make it executable");
    path
}

fn forget(project: &Project) {
    if project.target().exists() {
        fs::remove_dir_all(project.target()).expect("remove what was built");
    }
}

#[track_caller]
fn works(project: &Project) {
    let ran = run(&mut project.program("debug", "app"), RUN).ok();
    assert_eq!(ran.out(), "3\n");
    assert!(readelf::symbol(&project.exe("debug", "app"), "runtime.rt0_go").is_some());
}

#[test]
fn sccache_finds_what_it_has_seen() {
    let project = app();
    let cache = Sccache::new();
    let build = |mut command: std::process::Command| {
        forget(&project);
        cache.equip(&mut command);
        command
            .arg("build")
            .env("RUSTC_WRAPPER", cache.program())
            .env("CARGO_INCREMENTAL", "0");
        _ = run(&mut command, BUILD).ok();
        cache.hits_and_misses()
    };
    let (hits, misses) = build(project.cargo());
    assert_eq!((hits, misses > 0), (0, true));
    // What plain cargo has compiled is found, and so is everything in the builds after.
    for _ in 0..2 {
        assert_eq!(build(project.gobuild()), (1, 0));
        works(&project);
    }
}

/// What the compilers of one build see of our variables, sorted.
fn seen(project: &Project, command: &str, variable: &str, wrapper: &Path) -> Vec<String> {
    forget(project);
    let log = project.path().join("log");
    _ = fs::remove_file(&log);
    _ = run(project.gobuild().arg(command).env(variable, wrapper), BUILD).ok();
    let text = fs::read_to_string(log).expect("the wrapper was called");
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

#[test]
fn compilers_see_the_same_in_every_build() {
    let project = app();
    let log = project.path().join("log");
    let wrapper = script(
        &project,
        &format!("env | grep -i gobuild >> '{}'\nexec \"$@\"", log.display()),
    );
    for command in ["build", "test"] {
        for variable in ["RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER"] {
            let first = seen(&project, command, variable, &wrapper);
            assert_eq!(first, seen(&project, command, variable, &wrapper));
            // A compilation cache takes those for an input.
            let known: Vec<_> = first
                .iter()
                .filter(|line| line.starts_with("CARGO_GOBUILD"))
                .collect();
            assert!(known.is_empty(), "{known:?}");
        }
    }
}

#[test]
fn wrappers_may_clear_the_environment() {
    for clearing in [
        "exec env -i PATH=\"$PATH\" HOME=\"$HOME\" \"$@\"",
        "env -i PATH=\"$PATH\" HOME=\"$HOME\" \"$@\"",
        "for name in $(env | sed -n 's/^\\([A-Z_]*GOBUILD[A-Z_]*\\)=.*/\\1/p'); do unset $name; done\nexec \"$@\"",
    ] {
        let project = app();
        let wrapper = script(&project, clearing);
        for variable in ["RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER"] {
            for args in [
                &["build"][..],
                &["build", "--trimpath"],
                &["test", "--bins"],
            ] {
                forget(&project);
                let built = run(project.gobuild().args(args).env(variable, &wrapper), BUILD).ok();
                if args[0] == "build" {
                    works(&project);
                } else {
                    assert!(built.out().contains("1 passed"), "{}", built.report());
                    let ours = built.err().contains("Running unittests");
                    assert!(ours, "{}", built.report());
                }
            }
        }
    }
}
