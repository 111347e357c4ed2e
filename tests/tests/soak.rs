//! Everything that the runtime does, at once: the fixture `soak`, a program that checks what it does, in both profiles, with few and many Ps, and with schedulers that choose unusually.
//!
//! The seed is printed. `GOBUILD_SOAK_SEED` repeats a run as far as threads can be made to repeat themselves, `GOBUILD_SOAK_SECONDS` makes it long; `cargo xtask soak` sets both. A program that hangs
//! says who does and what its threads and goroutines are at, and ends.

use std::env;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use gobuild_tests::process::{BUILD, run};
use gobuild_tests::tool;

/// How long all programs run together, when the environment does not say.
const SECONDS: f64 = 10.0;
/// How long a program may take beyond its time: to notice that it hangs, to let gdb look, and to end.
const PATIENCE: Duration = Duration::from_secs(100);

const PROFILES: [(&str, &str); 2] = [("dev", "debug"), ("release", "release")];
const PROCS: [&str; 4] = ["1", "2", "4", "16"];
/// GODEBUG; `SEED` is replaced.
const SETTINGS: [&str; 3] = ["", "schedmigrate=1,guardinstall=0", "schedseed=SEED"];

#[test]
fn nothing_is_lost_and_nothing_is_left() {
    let seconds: f64 = number("GOBUILD_SOAK_SECONDS").unwrap_or(SECONDS);
    let mut seed: u32 = number("GOBUILD_SOAK_SEED").unwrap_or_else(clock);
    println!("GOBUILD_SOAK_SECONDS={seconds} GOBUILD_SOAK_SEED={seed}");
    let each = seconds / (PROFILES.len() * PROCS.len() * SETTINGS.len()) as f64;
    for exe in PROFILES.map(|(profile, dir)| build(profile, dir)) {
        for procs in PROCS {
            for setting in SETTINGS {
                soak(&exe, procs, setting, each, seed);
                seed = seed.wrapping_add(1);
            }
        }
    }
}

fn number<T: FromStr<Err: Display>>(name: &str) -> Option<T> {
    let text = env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|error| panic!("{name}={text}: {error}")),
    )
}

fn clock() -> u32 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |time| time.subsec_nanos())
}

fn build(profile: &str, dir: &str) -> PathBuf {
    let target = tool::scratch().join("soak");
    let mut build = tool::gobuild(&tool::root().join("tests/fixtures/soak"));
    build.args(["build", "--locked", "--profile", profile]);
    _ = run(build.env("CARGO_TARGET_DIR", &target), BUILD).ok();
    target.join(dir).join("soak")
}

fn soak(exe: &Path, procs: &str, setting: &str, seconds: f64, seed: u32) {
    let setting = setting.replace("SEED", &seed.to_string());
    let mut command = Command::new(exe);
    tool::clean(&mut command);
    command
        .args([seconds.to_string(), seed.to_string()])
        .env("GOMAXPROCS", procs)
        .env("GODEBUG", &setting);
    let outcome = run(&mut command, Duration::from_secs_f64(seconds) + PATIENCE).ok();
    let last = outcome.err();
    println!(
        "GOMAXPROCS={procs} GODEBUG={setting} {} {seconds:.1} {seed}: {}",
        exe.display(),
        last.lines().last().unwrap_or_default()
    );
    assert_eq!(outcome.out(), "nothing lost, nothing left\n");
}
