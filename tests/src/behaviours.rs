//! The fixture `go_behaviours`: one binary with many programs, each of which has a twin in Go.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::process::{BUILD, RUN, run};
use crate::{rtlib, tool};

/// Programs that let others run as far as they can, or want one thread only: certain with one P.
const WITH_ONE_P: [&str; 12] = [
    "nonblock",
    "blocking",
    "closing",
    "blocked-sender-goes-deep",
    "lock-first-thread",
    "lock-keeps-state-to-itself",
    "select-leaves-queues-whole",
    "select-duplicate-channel",
    "select-keeps-locals",
    "cond-order",
    "panic-after-goexit",
    "waitgroup-negative",
];

/// Programs about goroutines that compute for long, for which others get their share of the time only when a thread can be had and nothing but the clock decides.
const ABOUT_TIME: [&str; 2] = ["alternating-spinners", "ping-pong-hog"];

/// Where it is; the programs in Go are below, in `go`.
#[must_use]
pub fn fixture() -> PathBuf {
    tool::root().join("tests/fixtures/go_behaviours")
}

/// The executable, in the release profile. Built at the first call. Without arguments it prints the names of its programs.
///
/// # Panics
/// If it does not build.
pub fn executable() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| build(tool::cargo_gobuild(), "go_behaviours"))
}

/// The same, built by [`tool::faulty`].
///
/// # Panics
/// Likewise.
pub fn faulty_executable() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        // Only the link differs.
        let built = tool::scratch().join("go_behaviours");
        let target = tool::scratch().join("go_behaviours-faulty");
        if built.is_dir() && !target.is_dir() {
            rtlib::copy(&built, &target);
        }
        build(tool::faulty(), "go_behaviours-faulty")
    })
}

fn build(by: &Path, target: &str) -> PathBuf {
    let target = tool::scratch().join(target);
    let mut build = tool::gobuild_by(by, &fixture());
    build.args(["build", "--locked", "--release"]);
    _ = run(build.env("CARGO_TARGET_DIR", &target), BUILD).ok();
    target.join("release/go_behaviours")
}

/// The names of all programs that do the same whoever gets how much time, and with how many Ps each does so.
///
/// # Panics
/// If the executable does not tell them.
#[must_use]
pub fn programs(exe: &Path) -> Vec<(String, &'static [u32])> {
    let names = run(&mut Command::new(exe), RUN).ok().out();
    let known = |name: &&str| names.lines().any(|line| line == *name);
    let mut named_here = WITH_ONE_P.iter().chain(&ABOUT_TIME);
    assert!(named_here.all(known), "{names}");
    let procs = |name: &str| -> &'static [u32] {
        if WITH_ONE_P.contains(&name) {
            &[1]
        } else {
            &[1, 2, 4]
        }
    };
    names
        .lines()
        .filter(|name| !ABOUT_TIME.contains(name))
        .map(|name| (name.to_owned(), procs(name)))
        .collect()
}
