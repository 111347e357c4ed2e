//! Links that fail: what is said, the exit code, and that nothing is left half-written.

mod common;

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use common::{Outcome, Package};

/// Does the work of a C compiler for the assembler alone.
const ASSEMBLE: &str = "case \" $* \" in *\" -c \"*) exec cc \"$@\";; esac";

/// Names in the directories with outputs that only a temporary output can have.
fn leftovers(package: &Package) -> Vec<String> {
    let mut found = Vec::new();
    for dir in ["target/debug", "target/debug/deps"] {
        for entry in fs::read_dir(package.path(dir))
            .into_iter()
            .flatten()
            .flatten()
        {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.contains(".gobuild-") || (name.starts_with("app") && !name.contains('.')) {
                found.push(name);
            }
        }
    }
    found
}

fn failing(script: &str) -> (Package, Outcome) {
    let package = Package::hello("");
    let cc = package.script("cc-of-mine", &format!("{ASSEMBLE}\n{script}"));
    let outcome = package
        .run(&["--linker", cc.to_str().expect("UTF-8")])
        .expect_code(101);
    (package, outcome)
}

#[test]
fn a_linker_that_fails_is_quoted_and_explained() {
    let (package, outcome) = failing("echo 'undefined reference to `f`' >&2; exit 3");
    outcome.expect_error(&[
        "undefined reference to `f`",
        "failed to link",
        "exit status 3",
        "cargo gobuild -x",
    ]);
    assert_eq!(leftovers(&package), [""; 0]);
}

#[test]
fn a_linker_that_crashes_is_said_to() {
    let (package, outcome) = failing("kill -SEGV $$");
    outcome.expect_error(&["crashed while it linked", "signal 11"]);
    assert_eq!(leftovers(&package), [""; 0]);
}

#[test]
fn a_linker_that_writes_rubbish_is_caught() {
    let (package, outcome) =
        failing("while [ \"$1\" != -o ]; do shift; done; echo rubbish > \"$2\"");
    outcome.expect_error(&["cannot be finished", "not an ELF program"]);
    assert_eq!(leftovers(&package), [""; 0]);
}

#[test]
fn a_missing_libc_is_named_with_its_packages() {
    let (_, outcome) = failing(
        "case $1 in -print-file-name=libc.a) echo libc.a; exit;; esac; echo 'cannot find -lc' >&2; exit 1",
    );
    outcome.expect_error(&["libc.a", "libc6-dev", "glibc-static"]);
}

#[test]
fn a_missing_compiler_is_named_with_its_packages() {
    let package = Package::hello("");
    package.write(
        ".cargo/config.toml",
        "[target.x86_64-unknown-linux-gnu]\nlinker = \"/no/such/cc\"\n",
    );
    package.run(&[]).expect_code(101).expect_error(&[
        "cannot run `/no/such/cc`",
        "gcc libc6-dev",
        "glibc-static",
    ]);
}

#[test]
fn a_full_disk_is_said_to_be_full() {
    let (_, outcome) = failing("echo 'ld: final link failed: No space left on device' >&2; exit 1");
    outcome.expect_error(&["seems to be full"]);
}

#[test]
fn a_flag_that_makes_another_kind_of_file_is_named() {
    let package = Package::hello("");
    let outcome = Outcome::of(package.gobuild(&[]).env("RUSTFLAGS", "-C link-arg=-r"));
    outcome
        .expect_code(101)
        .expect_error(&["relocatable object", "RUSTFLAGS"]);
    assert_eq!(leftovers(&package), [""; 0]);
}

#[test]
fn a_target_directory_that_cannot_be_made_is_named() {
    let package = Package::hello("");
    package.write("file", "");
    package
        .run(&["--target-dir", "file/target"])
        .expect_code(101)
        .expect_error(&["file/target"]);
}

#[test]
fn rustc_by_hand_is_told_to_go_through_the_front_door() {
    let package = Package::hello("");
    let bin = Path::new(env!("CARGO_BIN_EXE_cargo-gobuild"));
    let output = Command::new("rustc")
        .args(["src/main.rs", "-C", "link-arg=--gobuild-link=00", "-C"])
        .arg(format!("linker={}", bin.display()))
        .current_dir(package.dir())
        .output()
        .expect("starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && said.contains("GOBUILD_PLAN is not set"),
        "{said}"
    );
}

/// Starts a build whose linker writes half a file and waits, hits it with a signal, and gives the exit code.
fn interrupted(
    package: &Package,
    signal: rustix::process::Signal,
    whole_group: bool,
) -> Option<i32> {
    let fifo = package.path("started");
    assert!(
        Command::new("mkfifo")
            .arg(&fifo)
            .status()
            .expect("starts")
            .success()
    );
    let script = format!(
        "{ASSEMBLE}\nwhile [ \"$1\" != -o ]; do shift; done; echo half > \"$2\"; echo > {}; exec sleep 600",
        fifo.display()
    );
    let cc = package.script("cc-of-mine", &script);
    let mut child = Command::new(env!("CARGO_BIN_EXE_cargo-gobuild"))
        .args(["gobuild", "-q", "--linker"])
        .arg(cc)
        .current_dir(package.dir())
        .env_remove("CARGO_TARGET_DIR")
        .process_group(0)
        .stderr(Stdio::null())
        .spawn()
        .expect("starts");
    fs::read(&fifo).expect("the linker has started");
    let pid = rustix::process::Pid::from_child(&child);
    let sent = if whole_group {
        rustix::process::kill_process_group(pid, signal)
    } else {
        rustix::process::kill_process(pid, signal)
    };
    sent.expect("signals");
    child.wait().expect("ends").code()
}

#[test]
fn an_interrupted_link_leaves_nothing() {
    use rustix::process::Signal;
    for (signal, whole_group, code) in [
        (Signal::INT, true, 130),
        (Signal::TERM, true, 143),
        (Signal::INT, false, 130),
    ] {
        let package = Package::hello("");
        assert_eq!(interrupted(&package, signal, whole_group), Some(code));
        assert_eq!(leftovers(&package), [""; 0]);
    }
}
