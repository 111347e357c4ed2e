//! What a program says about the source it was built from: the revision, as `inspect` shows it and as the program itself reads it; when it is left out, and what makes cargo link again.

use std::fs;
use std::process::Command;

use gobuild_tests::process::{BUILD, Outcome, RUN, run};
use gobuild_tests::project::Project;
use gobuild_tests::tool;

const RTLIB: &str = "gobuild-rtlib = { path = \"{rtlib}\" }";
const MAIN: &str = "fn main() {
    let info = rtlib::debug::build_info().expect(\"the tool has linked it\");
    for key in [\"vcs\", \"vcs.revision\", \"vcs.time\", \"vcs.modified\"] {
        println!(\"{}\", info.setting(key).unwrap_or(\"none\"));
    }
    assert_eq!(info.setting(\"profile\"), Some(\"dev\"));
    let main = info.packages().next().expect(\"a package\");
    assert_eq!((main.name, main.version, main.source), (\"app\", \"0.1.0\", None));
    assert!(info.packages().any(|one| one.name == \"gobuild-rtlib\"));
}
";

/// A program that prints its revision, in a repository with one commit.
fn project() -> Project {
    let project = Project::alone();
    project.package("", "app", RTLIB);
    project.file("src/main.rs", MAIN);
    project.file("tests/it.rs", "#[test] fn it() {}\n");
    project.file(".gitignore", "/target\n");
    // Cargo takes what is not needed out of Cargo.lock.
    let mut metadata = project.cargo();
    _ = run(metadata.args(["metadata", "--format-version", "1"]), BUILD).ok();
    _ = git(&project, &["init", "-q"]);
    commit(&project);
    project
}

fn git(project: &Project, args: &[&str]) -> String {
    let mut command = Command::new("git");
    command.args(args).current_dir(project.path());
    clean(&mut command);
    run(&mut command, RUN).ok().out().trim().to_owned()
}

/// Whoever runs the tests has settings of git.
fn clean(command: &mut Command) {
    let who = [
        "GIT_AUTHOR_NAME",
        "GIT_AUTHOR_EMAIL",
        "GIT_COMMITTER_NAME",
        "GIT_COMMITTER_EMAIL",
    ];
    command
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_COMMITTER_DATE", "1700000000 +0100")
        .envs(who.map(|name| (name, "tester")));
}

fn commit(project: &Project) {
    _ = git(project, &["add", "--all"]);
    _ = git(project, &["commit", "-q", "-m", "a commit"]);
}

/// `cargo gobuild` with these arguments, and whether the program was linked.
#[track_caller]
fn build(project: &Project, args: &[&str]) -> (Outcome, bool) {
    let outcome = run(clean_gobuild(project).args(args), BUILD).ok();
    let is_linked = outcome.err().contains("Compiling app");
    (outcome, is_linked)
}

fn clean_gobuild(project: &Project) -> Command {
    let mut command = project.gobuild();
    clean(&mut command);
    command
}

/// What the program says: revision and state. What `inspect` says is the same.
#[track_caller]
fn told(project: &Project) -> Option<(String, bool)> {
    let out = run(&mut project.program("debug", "app"), RUN).ok().out();
    let lines: Vec<&str> = out.lines().collect();
    let mut inspect = project.gobuild();
    inspect.arg("inspect").arg(project.exe("debug", "app"));
    let text = run(&mut inspect, RUN).ok().out();
    let line = text.lines().find(|line| line.starts_with("vcs "));
    if lines == ["none"; 4] {
        assert_eq!(line, None);
        return None;
    }
    assert_eq!((lines[0], lines[2]), ("git", "2023-11-14T22:13:20Z"));
    let modified = if lines[3] == "true" { ", modified" } else { "" };
    let expect = format!("vcs       git {}, 2023-11-14T22:13:20Z{modified}", lines[1]);
    assert_eq!(line, Some(&*expect));
    Some((lines[1].to_owned(), lines[3] == "true"))
}

#[test]
fn a_program_names_its_revision() {
    let project = project();
    let head = || git(&project, &["rev-parse", "HEAD"]);
    let first = head();
    assert!(build(&project, &["build", "--bin", "app"]).1);
    assert_eq!(told(&project), Some((first.clone(), false)));
    assert!(!build(&project, &["build", "--bin", "app"]).1);

    // Another file than the program's own makes the state another one.
    project.file("README.md", "a file\n");
    assert!(build(&project, &["build", "--bin", "app"]).1);
    assert_eq!(told(&project), Some((first.clone(), true)));
    project.file("README.md", "another file\n");
    assert!(!build(&project, &["build", "--bin", "app"]).1);
    commit(&project);
    let second = head();
    assert!(build(&project, &["build", "--bin", "app"]).1);
    assert_eq!(told(&project), Some((second.clone(), false)));
    assert_ne!(first, second);
    // The file in which cargo keeps the program is the same all the time.
    let deps = fs::read_dir(project.target().join("debug/deps")).expect("deps");
    let programs = deps.filter(|entry| {
        let name = entry.as_ref().expect("an entry").file_name();
        name.to_string_lossy().starts_with("app-") && !name.to_string_lossy().contains('.')
    });
    assert_eq!(programs.count(), 1);

    project.file("src/bin/other.rs", "fn main() {}\n");
    commit(&project);
    let second = head();
    // Several programs at a time are linked through the wrapper.
    assert!(build(&project, &["build"]).1);
    assert_eq!(told(&project), Some((second, false)));
    assert!(!build(&project, &["build"]).1);
    project.file("README.md", "a third file\n");
    assert!(build(&project, &["build"]).1);

    // Tests name no revision, and are not linked again because of it.
    let test = || {
        let args = ["test", "--no-run", "--test", "it"];
        let (outcome, _) = build(&project, &args);
        let err = outcome.err();
        let (_, rest) = err.split_once("Executable tests/it.rs (").expect("a test");
        let path = rest.split(')').next().expect("a path");
        fs::metadata(project.path().join(path))
            .and_then(|data| data.modified())
            .expect("built")
    };
    let before = test();
    commit(&project);
    assert_eq!(test(), before);
}

#[test]
fn the_revision_is_left_out() {
    let project = project();
    assert!(build(&project, &["--buildvcs=false"]).1);
    assert_eq!(told(&project), None);
    assert!(build(&project, &["--buildvcs"]).1);
    assert!(told(&project).is_some());
    _ = build(&project, &["--trimpath"]);
    assert_eq!(told(&project), None);
    _ = build(&project, &["--trimpath", "--buildvcs=true"]);
    assert!(told(&project).is_some());
    let chosen = run(
        clean_gobuild(&project).env("CARGO_GOBUILD_BUILDVCS", "false"),
        BUILD,
    );
    _ = chosen.ok();
    assert_eq!(told(&project), None);
    let manifest = project.path().join("Cargo.toml");
    let text = fs::read_to_string(&manifest).expect("read");
    fs::write(
        &manifest,
        format!("{text}\n[package.metadata.gobuild]\nbuildvcs = false\n"),
    )
    .expect("write");
    _ = build(&project, &[]);
    assert_eq!(told(&project), None);
}

/// What git does not tell is left out, or, with `--buildvcs=true`, an error that says why.
#[test]
fn what_git_does_not_tell() {
    let project = project();
    let refused = |why: &str| {
        _ = build(&project, &[]);
        assert_eq!(told(&project), None);
        let outcome = run(clean_gobuild(&project).arg("--buildvcs=true"), BUILD).fails_with(101);
        let err = outcome.err();
        assert!(
            err.contains(why) && err.contains("--buildvcs=auto"),
            "{err}"
        );
    };
    // A manifest that belongs to no commit: a project inside of somebody else's repository.
    project.file(".gitignore", "*\n");
    _ = git(&project, &["rm", "-rq", "--cached", "."]);
    _ = git(&project, &["commit", "-q", "-m", "nothing"]);
    refused("Cargo.toml is not in the last commit of the repository");
    fs::remove_dir_all(project.path().join(".git")).expect("remove");
    _ = git(&project, &["init", "-q"]);
    refused("there is no commit");
    fs::write(
        project.path().join(".git/config"),
        "[core]\nrepositoryformatversion = 99\n",
    )
    .expect("write");
    refused("git does not tell the revision of");

    // Without git.
    let bin = tempfile::tempdir().expect("temporary directory");
    for name in ["cc", "as", "ld", "cargo", "rustc"] {
        let usual = std::env::var_os("PATH").unwrap_or_default();
        let found = std::env::split_paths(&usual)
            .map(|dir| dir.join(name))
            .find(|file| file.is_file());
        if let Some(found) = found {
            std::os::unix::fs::symlink(found, bin.path().join(name)).expect("link");
        }
    }
    let mut without = clean_gobuild(&project);
    let outcome = run(
        without.arg("--buildvcs=true").env("PATH", bin.path()),
        BUILD,
    )
    .fails_with(101);
    assert!(
        outcome.err().contains("install git"),
        "{}",
        outcome.report()
    );
    let mut without = clean_gobuild(&project);
    _ = run(without.env("PATH", bin.path()), BUILD).ok();
    assert_eq!(told(&project), None);

    // No repository is no error: there is nothing to be told.
    fs::remove_dir_all(project.path().join(".git")).expect("remove");
    _ = build(&project, &["--buildvcs=true"]);
    assert_eq!(told(&project), None);
}

/// In a workspace that is set up plain cargo links again when the revision changes, and the program is the same.
#[test]
fn plain_cargo_names_the_revision() {
    let project = project();
    let path = {
        let dir = tool::cargo_gobuild()
            .parent()
            .expect("a directory")
            .to_path_buf();
        let usual = std::env::var_os("PATH").unwrap_or_default();
        std::env::join_paths(std::iter::once(dir).chain(std::env::split_paths(&usual)))
            .expect("a path")
    };
    let plain = || {
        let mut command = project.cargo();
        clean(command.arg("build").env("PATH", &path));
        run(&mut command, BUILD)
            .ok()
            .err()
            .contains("Compiling app")
    };
    _ = run(
        clean_gobuild(&project).arg("setup").env("PATH", &path),
        BUILD,
    )
    .ok();
    commit(&project);
    let head = || git(&project, &["rev-parse", "HEAD"]);
    assert!(plain());
    assert_eq!(told(&project), Some((head(), false)));
    let bits = fs::read(project.exe("debug", "app")).expect("built");
    assert!(!plain());
    let ours = run(clean_gobuild(&project).env("PATH", &path), BUILD).ok();
    assert!(!ours.err().contains("Compiling app"), "{}", ours.report());
    assert!(fs::read(project.exe("debug", "app")).expect("built") == bits);
    project.file("src/main.rs", &format!("{MAIN}\n// changed\n"));
    assert!(plain());
    assert_eq!(told(&project), Some((head(), true)));
    commit(&project);
    assert!(plain());
    assert_eq!(told(&project), Some((head(), false)));
    assert!(!plain());
}
