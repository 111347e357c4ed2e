//! Whatever the scheduler chooses, programs do the same: the behaviour programs, those of `testprog` that do not depend on who is next, and the tests of channels, with
//! random choices (`GODEBUG=schedseed`) from many seeds.
//!
//! `GOBUILD_SEEDS=N` makes it long: N seeds that nobody has tried. A failure says the command that repeats it: exactly with one P, and often enough with several.

use std::env;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use gobuild_tests::behaviours;
use gobuild_tests::process::{BUILD, Outcome, run};
use gobuild_tests::testprog;
use gobuild_tests::tool;

/// Programs take a fraction of a second; one that hangs is not waited for long.
const LIMIT: Duration = Duration::from_secs(60);

/// Behaviour programs that let others run as far as they can, which is certain with one P only.
const WITH_ONE_P: [&str; 10] = [
    "nonblock",
    "blocking",
    "closing",
    "blocked-sender-goes-deep",
    "select-leaves-queues-whole",
    "select-duplicate-channel",
    "select-keeps-locals",
    "cond-order",
    "panic-after-goexit",
    "waitgroup-negative",
];
/// Behaviour programs about goroutines that compute for long, for which nobody makes up where a seed decides.
const ABOUT_TIME: [&str; 2] = ["alternating-spinners", "ping-pong-hog"];

/// Programs of `testprog` about starting, waking, waiting and tying; as many as finish soon.
const QUICK: [&str; 41] = [
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

const ONE: &[u32] = &[1];
const ANY: &[u32] = &[1, 2, 4];

/// The seeds of this run.
fn seeds() -> Vec<u32> {
    let Ok(count) = env::var("GOBUILD_SEEDS") else {
        return vec![1, 2, 3];
    };
    let count: u32 = count
        .parse()
        .unwrap_or_else(|_| panic!("GOBUILD_SEEDS is not a number: {count}"));
    let clock = SystemTime::now().duration_since(UNIX_EPOCH);
    let first = clock.map_or(1, |now| now.as_millis() as u32) >> 1;
    (first..).take(count as usize).collect()
}

/// What a run must have in common with all others of the same program: output, exit status, and why it ended.
fn essence(outcome: &Outcome) -> (String, i32, Vec<String>) {
    let is_reason = |line: &&str| line.starts_with("panic: ") || line.starts_with("fatal error: ");
    let reasons = outcome.err();
    let reasons = reasons.lines().filter(is_reason).map(str::to_owned);
    (outcome.out(), outcome.code(), reasons.collect())
}

fn start(exe: &Path, line: &str, seed: Option<u32>, procs: u32) -> Outcome {
    let procs = procs.to_string();
    let debug = seed.map(|seed| format!("schedseed={seed}"));
    let mut env = vec![("GOMAXPROCS", procs.as_str())];
    env.extend(debug.iter().map(|debug| ("GODEBUG", debug.as_str())));
    testprog::start(exe, line, &env, LIMIT)
}

/// The program does with every seed what it does without.
fn check(exe: &Path, line: &str, procs: &[u32]) {
    let usual = start(exe, line, None, 1);
    for seed in seeds() {
        for &procs in procs {
            let outcome = start(exe, line, Some(seed), procs);
            assert!(
                essence(&outcome) == essence(&usual),
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
    let names = run(&mut Command::new(exe), LIMIT).ok().out();
    let known = |name: &&str| names.lines().any(|line| line == *name);
    assert!(WITH_ONE_P.iter().chain(&ABOUT_TIME).all(known), "{names}");
    for name in names.lines().filter(|name| !ABOUT_TIME.contains(name)) {
        let procs = if WITH_ONE_P.contains(&name) { ONE } else { ANY };
        check(exe, name, procs);
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
    for seed in seeds() {
        let debug = format!("schedseed={seed}");
        let outcome = run(
            test(&[]).env("GOMAXPROCS", "3").env("GODEBUG", debug),
            LIMIT,
        )
        .ok();
        assert!(outcome.out().contains("test result: ok"));
    }
}
