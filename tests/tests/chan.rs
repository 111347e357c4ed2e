//! Channels and select on the real scheduler: the fixture `chan` is a package of tests, built and run with `cargo gobuild test` in both profiles, on one P and on several, with goroutines that change
//! their thread at every step, and with std's threads as threads of the kernel.

use std::time::Duration;

use gobuild_tests::process::{BUILD, run};
use gobuild_tests::tool;

/// How long the tests may take once they are built: some ten thousand times one thread or goroutine wakes another one.
const LIMIT: Duration = Duration::from_secs(300);

fn check(profile: &str) {
    let settings: [&[(&str, &str)]; 5] = [
        &[("GOMAXPROCS", "1")],
        &[("GOMAXPROCS", "2")],
        &[("GOMAXPROCS", "5")],
        &[("GOMAXPROCS", "3"), ("GODEBUG", "schedmigrate=1")],
        &[("GODEBUG", "stdthreads=os")],
    ];
    let command = |more: &[&str]| {
        let mut command = tool::gobuild(&tool::root().join("tests/fixtures/chan"));
        command
            .args(["test", "--locked", "--profile", profile])
            .args(more)
            .env("CARGO_TARGET_DIR", tool::scratch().join("chan"));
        command
    };
    _ = run(&mut command(&["--no-run"]), BUILD).ok();
    for env in settings {
        let outcome = run(command(&[]).envs(env.iter().copied()), LIMIT).ok();
        assert!(outcome.out().contains("test result: ok"), "{env:?}");
    }
}

#[test]
fn channels_keep_their_promises_in_debug_builds() {
    check("dev");
}

#[test]
fn channels_keep_their_promises_in_release_builds() {
    check("release");
}
