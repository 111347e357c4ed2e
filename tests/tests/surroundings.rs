//! Unusual surroundings, in which plain cargo builds: a narrow or a wide umask, file systems that refuse chmod, no directory for temporary files, a parent that
//! ignores SIGCHLD, variables that are not UTF-8, objects that were torn. Each builds, and the program runs; where that cannot be, the help says why.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use gobuild_tests::process::{BUILD, Outcome, RUN, run};
use gobuild_tests::project::Project;
use gobuild_tests::{files, tool};

fn hello() -> Project {
    let project = Project::alone();
    project.package("", "hello", "");
    project.file("src/main.rs", "fn main() { println!(\"hello\"); }\n");
    project
}

#[track_caller]
fn says_hello(project: &Project) {
    let outcome = run(&mut project.program("debug", "hello"), RUN).ok();
    assert_eq!(outcome.out(), "hello\n");
}

/// `command`, started by this line of a shell, in which `"$@"` stands for it.
fn started_by(script: &str, command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", script, "sh"])
        .arg(command.get_program())
        .args(command.get_args());
    shell.current_dir(command.get_current_dir().expect("a directory"));
    tool::clean(&mut shell);
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell
}

fn build(project: &Project) -> Command {
    let mut command = project.gobuild();
    command.arg("build");
    command
}

/// The files that the tool made.
fn of_tool(project: &Project) -> Vec<PathBuf> {
    let mut all = files::below(project.target());
    all.retain(|path| {
        let in_ours = path.components().any(|part| part.as_os_str() == "gobuild");
        in_ours && path.is_file() && !path.is_symlink()
    });
    all
}

fn mode(path: &Path) -> u32 {
    let metadata = fs::metadata(path).expect("metadata");
    metadata.permissions().mode() & 0o777
}

#[test]
fn files_have_the_modes_that_the_umask_leaves() {
    for (umask, file, program) in [
        ("077", 0o600, 0o700),
        ("002", 0o664, 0o775),
        ("022", 0o644, 0o755),
    ] {
        let project = hello();
        let script = format!("umask {umask}; exec \"$@\"");
        _ = run(&mut started_by(&script, &build(&project)), BUILD).ok();
        let made = of_tool(&project);
        assert!(made.len() > 8, "{made:?}");
        let wrong: Vec<_> = made.iter().filter(|path| mode(path) != file).collect();
        assert!(wrong.is_empty(), "umask {umask}: {wrong:?}");
        let exe = project.exe("debug", "hello");
        assert_eq!(mode(&exe), program, "umask {umask}");
    }
}

/// Starts a program for which the kernel answers the system calls with these numbers as if they were not permitted.
const DENY: &str = r#"
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(int argc, char **argv) {
    struct sock_filter filter[64] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    };
    int length = 1;
    for (char *nr = strtok(argv[1], ","); nr; nr = strtok(NULL, ",")) {
        filter[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, atoi(nr), 0, 1);
        filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
    }
    filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = { length, filter };
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
        return 98;
    execvp(argv[2], argv + 2);
    return 97;
}
"#;
/// chmod, fchmod, fchmodat, fchmodat2.
const CHMOD: &str = "90,91,268,452";
const BIND: &str = "49";

#[track_caller]
fn build_without(project: &Project, calls: &str) -> Outcome {
    project.file("deny.c", DENY);
    let mut cc = Command::new("cc");
    cc.args(["-o", "deny", "deny.c"])
        .current_dir(project.path());
    _ = run(&mut cc, BUILD).ok();
    let script = format!("exec {}/deny {calls} \"$@\"", project.path().display());
    run(&mut started_by(&script, &build(project)), BUILD)
}

#[test]
fn file_systems_may_refuse_chmod() {
    let project = hello();
    _ = build_without(&project, CHMOD).ok();
    says_hello(&project);
}

#[test]
fn sandboxes_may_refuse_sockets() {
    let project = hello();
    let outcome = build_without(&project, BIND).ok();
    assert!(
        outcome.err().contains("cannot open a socket for reports"),
        "{}",
        outcome.report()
    );
    says_hello(&project);
}

/// Builds with this TMPDIR, and once more what does not compile for the linker: its message comes through the tool's socket.
#[track_caller]
fn builds_with_tmpdir(dir: &Path) {
    let project = hello();
    let with = |command: &mut Command| run(command.env("TMPDIR", dir), BUILD);
    _ = with(&mut build(&project)).ok();
    says_hello(&project);
    let mut install = project.gobuild();
    install.args(["install", "--path", ".", "--root", "root", "--offline"]);
    _ = with(&mut install).ok();
    project.file(
        "src/main.rs",
        "unsafe extern \"C\" { safe fn nowhere(); }\nfn main() { nowhere() }\n",
    );
    let outcome = with(&mut build(&project)).fails_with(101);
    assert_eq!(
        outcome.err().matches("put its own objects").count(),
        1,
        "{}",
        outcome.report()
    );
}

#[test]
fn the_directory_for_temporary_files_may_be_missing() {
    builds_with_tmpdir(Path::new("/no/such/directory"));
}

#[test]
fn the_directory_for_temporary_files_may_have_a_long_name() {
    let project = hello();
    let long = project.path().join("d".repeat(150));
    fs::create_dir(&long).expect("create directory");
    builds_with_tmpdir(&long);
}

#[test]
fn a_killed_build_leaves_no_temporary_directory() {
    let project = hello();
    let tmp = project.path().join("tmp");
    fs::create_dir(&tmp).expect("create directory");
    // The linker kills the subcommand: its parents are rustc, cargo, and then that.
    let linker = project.path().join("killer");
    let script =
        "#!/bin/sh\nfor arg; do [ \"$arg\" = -c ] && exec cc \"$@\"; done\nkill -KILL \"$FRONT\"\n";
    fs::write(&linker, script).expect("write script");
    fs::set_permissions(&linker, fs::Permissions::from_mode(0o755)).expect("make it executable");
    let mut command = build(&project);
    command.arg("--linker").arg(&linker).env("TMPDIR", &tmp);
    let outcome = run(&mut started_by("FRONT=$$ exec \"$@\"", &command), BUILD);
    assert_eq!(outcome.code(), 128 + 9, "{}", outcome.report());
    let left: Vec<_> = fs::read_dir(&tmp)
        .expect("list")
        .flatten()
        .map(|entry| entry.path())
        .collect();
    let ours: Vec<_> = left
        .iter()
        .filter(|path| path.to_string_lossy().contains("gobuild"))
        .collect();
    assert!(ours.is_empty(), "{ours:?}");
    _ = run(&mut build(&project), BUILD).ok();
    says_hello(&project);
}

#[test]
fn a_parent_may_ignore_sigchld() {
    let project = hello();
    let command = build(&project);
    let mut python = Command::new("python3");
    python.args(["-c", "import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); os.execvp(sys.argv[1], sys.argv[1:])"]);
    python
        .arg(command.get_program())
        .args(command.get_args())
        .current_dir(project.path());
    tool::clean(&mut python);
    _ = run(python.env("CARGO_TARGET_DIR", project.target()), BUILD).ok();
    says_hello(&project);
}

#[test]
fn variables_may_hold_bytes_that_are_not_utf_8() {
    let project = hello();
    for name in [
        "RUSTFLAGS",
        "CARGO_TERM_COLOR",
        "CARGO_BUILD_RUSTFLAGS",
        "OTHER",
    ] {
        let mut command = build(&project);
        command.env(name, OsStr::from_bytes(b"--cfg a\xff"));
        let plain = run(
            project
                .cargo()
                .arg("build")
                .env(name, OsStr::from_bytes(b"--cfg a\xff")),
            BUILD,
        );
        let ours = run(&mut command, BUILD);
        assert_eq!(
            ours.code(),
            plain.code(),
            "{}\n{}",
            plain.report(),
            ours.report()
        );
    }
}

/// The two assembled objects.
fn assembled(project: &Project) -> Vec<PathBuf> {
    let mut all = files::below(&project.target().join("debug/gobuild"));
    all.retain(|path| {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        name.contains("_amd64-") && name.ends_with(".o")
    });
    assert_eq!(all.len(), 2, "{all:?}");
    all
}

#[track_caller]
fn relink(project: &Project) -> Outcome {
    fs::remove_file(project.exe("debug", "hello")).ok();
    let main = fs::read_to_string(project.path().join("src/main.rs")).expect("read");
    project.file("src/main.rs", &format!("{main}// again\n"));
    run(&mut build(project), BUILD)
}

#[test]
fn what_was_torn_is_made_again() {
    let project = hello();
    _ = run(&mut build(&project), BUILD).ok();
    for tear in [
        |_: Vec<u8>| Vec::new(),
        |old: Vec<u8>| old[..old.len() / 2].to_vec(),
        |old: Vec<u8>| vec![0; old.len()],
    ] {
        for path in of_tool(&project) {
            let old = fs::read(&path).expect("read");
            fs::write(&path, tear(old)).expect("write");
        }
        _ = relink(&project).ok();
        says_hello(&project);
    }
}

#[test]
fn a_compiler_that_writes_nothing_is_found_out_and_does_no_harm() {
    let project = hello();
    let compiler = project.path().join("silent");
    fs::write(&compiler, "#!/bin/sh\nexit 0\n").expect("write script");
    fs::set_permissions(&compiler, fs::Permissions::from_mode(0o755)).expect("make it executable");
    let path = project.path().join("bin");
    fs::create_dir(&path).expect("create directory");
    fs::rename(&compiler, path.join("cc")).expect("rename");
    let usual = std::env::var_os("PATH").unwrap_or_default();
    let paths = std::env::join_paths(std::iter::once(path).chain(std::env::split_paths(&usual)));
    let outcome = run(build(&project).env("PATH", paths.expect("a path")), BUILD).fails_with(101);
    assert!(
        outcome.err().contains("made no object of"),
        "{}",
        outcome.report()
    );
    _ = run(&mut build(&project), BUILD).ok();
    assert_eq!(assembled(&project).len(), 2);
    says_hello(&project);
}

#[test]
fn the_help_names_a_file_system_without_execution() {
    let project = hello();
    let namespace = ["--map-root-user", "--mount"];
    let granted = Command::new("unshare").args(namespace).arg("true").status();
    if !granted.is_ok_and(|status| status.success()) {
        println!("no mount namespaces here: nothing can be mounted with `noexec`");
        return;
    }
    fs::create_dir_all(project.target()).expect("create directory");
    let mut command = project.gobuild();
    command.arg("run");
    let script = "mount -t tmpfs -o noexec none \"$CARGO_TARGET_DIR\" && \"$@\"";
    let inner = started_by(script, &command);
    let mut outer = Command::new("unshare");
    outer
        .args(namespace)
        .arg(inner.get_program())
        .args(inner.get_args())
        .current_dir(project.path());
    tool::clean(&mut outer);
    outer.env("CARGO_TARGET_DIR", project.target());
    let outcome = run(&mut outer, BUILD).fails_with(101);
    assert!(outcome.err().contains("`noexec`"), "{}", outcome.report());
}
