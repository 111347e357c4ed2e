//! Whatever the scheduler chooses, programs do the same: the behaviour programs, those of `testprog` that do not depend on who is next, and the tests of channels, with
//! random choices (`GODEBUG=schedseed`) from many seeds.
//!
//! `GOBUILD_SEEDS=N` makes it long: N seeds that nobody has tried. A failure says the command that repeats it: exactly with one P, and often enough with several.

use std::path::Path;

use gobuild_tests::behaviours;
use gobuild_tests::process::{BUILD, Outcome, RUN, run};
use gobuild_tests::seeds::seeds;
use gobuild_tests::testprog;
use gobuild_tests::tool;

/// Programs of `testprog` about starting, waking, waiting and tying; as many as finish soon.
const QUICK: [&str; 42] = [
    "after-func",
    "all-block 30",
    "all-sleep 30",
    "block-and-schedule",
    "block-everywhere",
    "block-then-park",
    "caught",
    "everybody-parks",
    "go-panic",
    "go-panic-nested",
    "goids",
    "goroutine-runs-command",
    "goroutine-starts-thread",
    "large-closure",
    "last-thread-ends",
    "lock-many 100",
    "locked-exit-ends-thread",
    "locked-ping-pong 1000",
    "locked-stays",
    "main-ends-first",
    "main-locked-by-init",
    "main-parks",
    "main-parks-tied",
    "nested",
    "park-unpark",
    "reused 20000",
    "sleep-alone",
    "sleep-locked",
    "sleep-on-a-thread",
    "spawn-join",
    "spawn-panic",
    "thread-joins-goroutine",
    "thread-starts-goroutine",
    "threads-wait-too",
    "ticker-slow",
    "timeout-race 2000",
    "timer-reset-storm 2000",
    "timer-stop",
    "unpark-first",
    "woken-by-blocking",
    "woken-by-thread",
    "woken-late-at-exit",
];

/// So many seeds, usually.
const SEEDS: u32 = 3;
const ANY: &[u32] = &[1, 2, 4];

fn start(exe: &Path, line: &str, seed: Option<u32>, procs: u32) -> Outcome {
    let procs = procs.to_string();
    let debug = seed.map(|seed| format!("schedseed={seed}"));
    let mut env = vec![("GOMAXPROCS", procs.as_str())];
    env.extend(debug.iter().map(|debug| ("GODEBUG", debug.as_str())));
    testprog::start(exe, line, &env, RUN)
}

/// The program does with every seed what it does without.
fn check(exe: &Path, line: &str, procs: &[u32]) {
    let usual = start(exe, line, None, 1);
    for seed in seeds(SEEDS) {
        for &procs in procs {
            let outcome = start(exe, line, Some(seed), procs);
            assert!(
                outcome.essence() == usual.essence(),
                "not as without a seed. To repeat it:\nGOMAXPROCS={procs} GODEBUG=schedseed={seed} {} {line}\n{}\n=== without a seed:\n{}",
                exe.display(),
                outcome.report(),
                usual.report()
            );
        }
    }
}

#[test]
fn behaviours_do_not_depend_on_the_schedule() {
    let exe = behaviours::executable();
    for (name, procs) in behaviours::programs(exe) {
        check(exe, &name, procs);
    }
}

#[test]
fn starting_waking_and_waiting_do_not_depend_on_the_schedule() {
    let [_, release] = testprog::executables();
    for line in QUICK {
        check(release, line, ANY);
    }
}

#[test]
fn channels_keep_their_promises_with_every_schedule() {
    let test = |more: &[&str]| {
        let mut command = tool::gobuild(&tool::root().join("tests/fixtures/chan"));
        command
            .args(["test", "--locked", "--release"])
            .args(more)
            .env("CARGO_TARGET_DIR", tool::scratch().join("chan"));
        command
    };
    _ = run(&mut test(&["--no-run"]), BUILD).ok();
    for seed in seeds(SEEDS) {
        let debug = format!("schedseed={seed}");
        let outcome = run(
            test(&[]).env("GOMAXPROCS", "3").env("GODEBUG", debug),
            BUILD,
        )
        .ok();
        assert!(outcome.out().contains("test result: ok"));
    }
}
