//! A system that does not play along: linkers that are missing, fail or crash, a disk that is full, a target directory that is none, Ctrl-C while linking,
//! two builds at once. Each gets a clear error, leaves nothing half-written, and does no harm to the next build.

use std::fs;
use std::io::Read;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use gobuild_tests::process::{BUILD, Outcome, RUN, run, says};
use gobuild_tests::project::Project;
use gobuild_tests::{files, tool};

const FAILURE: i32 = 101;
const HELLO: &str = "fn main() { println!(\"hello\"); }\n";

/// A program without dependencies, in a target directory of its own.
fn hello() -> Project {
    let project = Project::alone();
    project.package("", "hello", "");
    project.file("src/main.rs", HELLO);
    project
}

/// A C compiler that compiles as ever but does `script` where it should link.
fn stand_in(project: &Project, script: &str) -> PathBuf {
    let path = project.path().join("stand-in");
    let text =
        format!("#!/bin/sh\nfor arg; do [ \"$arg\" = -c ] && exec cc \"$@\"; done\n{script}\n");
    fs::write(&path, text).expect("write script");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("make it executable");
    path
}

fn build_with(project: &Project, linker: &Path) -> Outcome {
    run(
        project.gobuild().arg("build").arg("--linker").arg(linker),
        BUILD,
    )
}

/// Nothing half-written is left, and the next build, with nothing in its way, works.
#[track_caller]
fn no_harm_done(project: &Project) {
    let exe = project.exe("debug", "hello");
    assert!(!exe.exists(), "a program was left behind");
    let left: Vec<PathBuf> = files::below(project.target())
        .into_iter()
        .filter(|path| path.to_string_lossy().contains(".gobuild-"))
        .collect();
    assert!(left.is_empty(), "left behind: {left:?}");
    _ = project.build(&[]).ok();
    assert_eq!(
        run(&mut project.program("debug", "hello"), RUN).ok().out(),
        "hello\n"
    );
}

#[test]
fn a_linker_that_fails() {
    let project = hello();
    let linker = stand_in(&project, "echo 'stand-in: no link today' >&2\nexit 3");
    let outcome = build_with(&project, &linker).fails_with(FAILURE);
    says(
        &outcome,
        &["stand-in: no link today", "failed to link", "exit status 3"],
    );
    no_harm_done(&project);
}

#[test]
fn a_linker_that_crashes() {
    let project = hello();
    let linker = stand_in(&project, "kill -SEGV $$");
    let outcome = build_with(&project, &linker).fails_with(FAILURE);
    says(&outcome, &["crashed while it linked", "signal 11"]);
    no_harm_done(&project);
}

#[test]
fn a_linker_that_leaves_a_torn_file_and_claims_success() {
    let project = hello();
    let script = "while [ \"$1\" != -o ]; do shift; done\nhead -c 5000 /bin/sh > \"$2\"";
    let linker = stand_in(&project, script);
    let outcome = build_with(&project, &linker).fails_with(FAILURE);
    says(&outcome, &["the linked program"]);
    no_harm_done(&project);
}

#[test]
fn no_static_libc() {
    let project = hello();
    let script = "[ \"$1\" = -print-file-name=libc.a ] && echo libc.a && exit\n\
                  echo '/usr/bin/ld: cannot find -lc: No such file or directory' >&2\nexit 1";
    let linker = stand_in(&project, script);
    let outcome = build_with(&project, &linker).fails_with(FAILURE);
    says(
        &outcome,
        &[
            "there is no static C library (libc.a)",
            "apt install libc6-dev",
        ],
    );
    no_harm_done(&project);
}

/// A PATH with cargo and rustc and nothing else.
fn bare_path(project: &Project) -> PathBuf {
    let bin = project.path().join("bin");
    fs::create_dir_all(&bin).expect("create directory");
    for name in ["cargo", "rustc"] {
        symlink(
            which::which(name).expect("Rust is installed"),
            bin.join(name),
        )
        .expect("link");
    }
    bin
}

#[test]
fn no_c_compiler() {
    let project = hello();
    let path = bare_path(&project);
    let outcome = run(project.gobuild().arg("build").env("PATH", path), BUILD).fails_with(FAILURE);
    says(&outcome, &["cannot run `cc`", "install a C compiler"]);
    no_harm_done(&project);
}

#[test]
fn no_cargo() {
    let project = hello();
    let empty = project.path().join("empty");
    std::fs::create_dir(&empty).expect("make directory");
    for command in [
        &["build"][..],
        &["run"],
        &["install", "hello"],
        &["--", "tree"],
    ] {
        let mut tool = project.gobuild();
        let outcome = run(
            tool.args(command).env("PATH", &empty).env_remove("CARGO"),
            BUILD,
        )
        .fails_with(FAILURE);
        let called = if command[0] == "install" {
            "`rustc`"
        } else {
            "`cargo`"
        };
        says(
            &outcome,
            &[called, "help: install Rust with rustup (https://rustup.rs)"],
        );
    }
}

#[test]
fn linkers_that_are_not_installed() {
    let project = hello();
    let path = bare_path(&project);
    for (linker, help) in [
        ("mold", "install mold"),
        ("wild", "cargo install wild-linker"),
        ("./nowhere", "executable"),
    ] {
        let mut command = project.gobuild();
        command
            .args(["build", "--linker", linker])
            .env("PATH", &path);
        let outcome = run(&mut command, BUILD).fails_with(FAILURE);
        says(&outcome, &["there is no linker", help]);
    }
    no_harm_done(&project);
}

/// The linker may not write more than a few blocks: what a full disk looks like to it, without one.
#[test]
fn a_file_that_cannot_grow() {
    let project = hello();
    let linker = stand_in(&project, "ulimit -f 16\nexec cc \"$@\"");
    let outcome = build_with(&project, &linker).fails_with(FAILURE);
    says(&outcome, &["failed to link"]);
    no_harm_done(&project);
}

/// A real full disk: a small tmpfs, in a mount namespace of its own. Where the kernel grants none, [`a_file_that_cannot_grow`] is what there is.
#[test]
fn a_full_disk() {
    let project = hello();
    let namespace = ["--map-root-user", "--mount"];
    let granted = Command::new("unshare").args(namespace).arg("true").status();
    if !granted.is_ok_and(|status| status.success()) {
        println!("no mount namespaces here: only `a_file_that_cannot_grow` tests a full disk");
        return;
    }
    fs::create_dir_all(project.target()).expect("create directory");
    let script = "mount -t tmpfs -o size=3m none \"$CARGO_TARGET_DIR\" && \"$0\" \"$@\"; code=$?; \
                  find \"$CARGO_TARGET_DIR\" -name '*.gobuild-*'; exit $code";
    let gobuild = project.gobuild();
    let mut command = Command::new("unshare");
    command
        .args(namespace)
        .args(["sh", "-c", script])
        .arg(gobuild.get_program())
        .args(gobuild.get_args());
    command.arg("build").current_dir(project.path());
    tool::clean(&mut command);
    command
        .env("CARGO_TARGET_DIR", project.target())
        .env("CARGO_INCREMENTAL", "0");
    let outcome = run(&mut command, BUILD).fails_with(FAILURE);
    says(&outcome, &["seems to be full"]);
    assert_eq!(outcome.out(), "", "left behind");
    no_harm_done(&project);
}

#[test]
fn a_target_directory_that_cannot_be_made() {
    let project = hello();
    project.file("occupied", "a file");
    let target = project.path().join("occupied/target");
    let outcome = run(
        project
            .gobuild()
            .arg("build")
            .env("CARGO_TARGET_DIR", &target),
        BUILD,
    )
    .fails_with(FAILURE);
    says(
        &outcome,
        &[
            "occupied/target",
            "check the permissions and the free space",
        ],
    );
    no_harm_done(&project);
}

/// SIGINT to the whole process group, as a terminal sends it, while the linker is at work.
#[test]
fn control_c_while_linking() {
    let project = hello();
    let (ready, never) = (project.path().join("ready"), project.path().join("never"));
    _ = run(Command::new("mkfifo").args([&ready, &never]), RUN).ok();
    let script = format!(
        "echo $$ > '{}'\nread nothing < '{}'",
        ready.display(),
        never.display()
    );
    let linker = stand_in(&project, &script);
    let mut command = project.gobuild();
    command
        .arg("build")
        .arg("--linker")
        .arg(&linker)
        .process_group(0);
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    let stand_in = fs::read_to_string(&ready).expect("the stand-in says when it links");
    let group = format!("-{}", child.id());
    _ = run(Command::new("kill").args(["-INT", "--", &group]), RUN).ok();
    let mut err = String::new();
    child
        .stderr
        .take()
        .expect("piped")
        .read_to_string(&mut err)
        .expect("text");
    assert_eq!(child.wait().expect("wait").code(), Some(130), "{err}");
    let alive = PathBuf::from("/proc").join(stand_in.trim());
    assert!(!alive.exists(), "the linker is still running");
    no_harm_done(&project);
}

#[test]
fn two_builds_at_once_in_one_target_directory() {
    let project = hello();
    project.file("src/bin/other.rs", HELLO);
    let build = |name: &'static str| {
        let mut command = project.gobuild();
        command.args(["build", "--bin", name]);
        std::thread::spawn(move || run(&mut command, BUILD))
    };
    let builds = ["hello", "other", "hello", "other"].map(build);
    for build in builds {
        _ = build.join().expect("no panic").ok();
    }
    for name in ["hello", "other"] {
        assert_eq!(
            run(&mut project.program("debug", name), RUN).ok().out(),
            "hello\n"
        );
    }
}
