//! Large programs of others, which compute on all CPUs and wait for little: they must not notice who has built them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::args::Effort;
use crate::error::BenchError;
use crate::measurement::{Group, Measurement, Peer, Target, Unit};
use crate::rows::players::{Place, Players};
use crate::rows::{Turn, take_turns};
use crate::tool::Tool;
use crate::{checkout, child, programs};

const RIPGREP: &str = "15.2.0";
/// What it looks for: rare, and no plain word, so that it reads lines.
const PATTERN: &str = r"unsafe\s+impl\s+Send";
/// Sorted by rayon.
const NUMBERS: u64 = 10_000_000;
const TARGET: [Target; 1] = [Target::Times(1.02, Peer::Cargo)];

/// Both.
pub fn unmodified(effort: &Effort) -> Result<Vec<Measurement>, BenchError> {
    Ok(vec![ripgrep(effort)?, rayon(effort)?])
}

fn ripgrep(effort: &Effort) -> Result<Measurement, BenchError> {
    let tree = sources()?;
    let mut gobuild = Tool::build()?.command();
    let gobuild = gobuild.args(["install", "--std", "goroutines"]);
    let ours = install(gobuild, "ripgrep-ours")?;
    let plain = install(checkout::cargo().arg("install"), "ripgrep-plain")?;
    // Reads the files into the page cache as well.
    let expected = search(&plain, &tree)?.lines;
    let turn = |peer, program: PathBuf| -> Turn<'_, 1> {
        let tree = &tree;
        let go = move || {
            let found = search(&program, tree)?;
            if found.lines == expected {
                return Ok([found.ns]);
            }
            Err(BenchError::Wrong {
                command: program.display().to_string(),
                found: found.lines as f64,
                expected,
            })
        };
        (peer, Box::new(go))
    };
    let turns = vec![turn(Peer::Ours, ours), turn(Peer::Cargo, plain)];
    let [peers] = take_turns(effort.rounds, turns)?;
    Ok(Measurement {
        group: Group::Std,
        work: format!("ripgrep {RIPGREP} through the sources of crates"),
        how: "The crate as it is published, installed by `cargo gobuild install --std goroutines` and by `cargo install`. It reads the packages that cargo has \
              unpacked on this machine, from the page cache. Both programs must find the same number of matches.",
        unit: Unit::Time,
        peers,
        targets: TARGET.to_vec(),
    })
}

/// Has an `install` of cargo's or ours install it below a directory of this name.
fn install(cargo: &mut Command, name: &str) -> Result<PathBuf, BenchError> {
    let root = checkout::scratch().join(name);
    cargo.args(["--quiet", "--locked", "ripgrep"]);
    cargo.args(["--version", RIPGREP, "--root"]).arg(&root);
    // What the tool makes of it changes with the tool, which cargo does not see.
    cargo
        .arg("--force")
        .arg("--target-dir")
        .arg(root.join("target"));
    child::output(cargo)?;
    Ok(root.join("bin/rg"))
}

/// Where cargo keeps the sources of what it has compiled.
fn sources() -> Result<PathBuf, BenchError> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    let sources = home.unwrap_or_default().join("registry/src");
    match sources.read_dir() {
        Ok(_) => Ok(sources),
        Err(error) => Err(BenchError::file("read", sources)(error)),
    }
}

/// What came of a search.
struct Found {
    lines: u64,
    ns: f64,
}

fn search(ripgrep: &Path, tree: &Path) -> Result<Found, BenchError> {
    let mut command = Command::new(ripgrep);
    checkout::clean(&mut command);
    command.args(["--no-config", "--no-ignore", "--count", "--no-filename"]);
    command.arg(PATTERN).arg(tree);
    let start = Instant::now();
    let output = child::output(&mut command)?;
    let ns = start.elapsed().as_nanos() as f64;
    let counts = output.lines().filter_map(|line| line.parse::<u64>().ok());
    let lines = counts.sum();
    Ok(Found { lines, ns })
}

fn rayon(effort: &Effort) -> Result<Measurement, BenchError> {
    let players = Players::of(vec![
        (Peer::Ours, programs::ours("on-rayon")?.join("on-rayon")),
        (
            Peer::Cargo,
            programs::ours_by_cargo("on-rayon")?.join("on-rayon"),
        ),
    ]);
    let numbers = effort.of(NUMBERS);
    let turns = players.answering(numbers, Place::AllCpus, |numbers| numbers - 1);
    let [peers, _] = take_turns(effort.rounds, turns)?;
    Ok(Measurement {
        group: Group::Std,
        work: format!("rayon makes, sorts and counts {numbers} numbers"),
        how: "The crate as it is published, in a program that is built with `std = \"goroutines\"` and by plain cargo.",
        unit: Unit::Time,
        peers,
        targets: TARGET.to_vec(),
    })
}
