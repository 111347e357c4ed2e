//! Goroutines: programs in Rust and their twins in Go, which do the same work and report in the same way.

use std::path::PathBuf;
use std::process::Command;

use super::{Turn, take_turns};
use crate::args::Effort;
use crate::error::BenchError;
use crate::measurement::{Measurement, Peer, Target, Unit};
use crate::{checkout, child, programs};

const GOROUTINES: u64 = 1_000_000;
const YIELDS_EACH: u64 = 2_000_000;

/// Starts goroutines that end at once.
pub fn spawn(effort: &Effort) -> Result<Vec<Measurement>, BenchError> {
    let twins = Twins::build("spawn")?;
    let count = effort.of(GOROUTINES);
    let [peers] = take_turns(effort.rounds, twins.turns(count, None, ["ns"]))?;
    Ok(vec![Measurement {
        work: format!("start and finish {count} goroutines, each"),
        how: "One goroutine starts all others with a closure that counts down; the last one wakes it. All CPUs, from a fresh process.",
        unit: Unit::Time,
        peers,
        target: Some(Target::Times(0.45, Peer::Go)),
    }])
}

/// Two goroutines that yield.
pub fn yields(effort: &Effort) -> Result<Vec<Measurement>, BenchError> {
    let twins = Twins::build("yields")?;
    let each = effort.of(YIELDS_EACH);
    let mut rows = Vec::new();
    for (gomaxprocs, place) in [(Some(1), "GOMAXPROCS=1"), (None, "all CPUs")] {
        let turns = twins.turns(each, gomaxprocs, ["ns", "alone"]);
        let [time, alone] = take_turns(effort.rounds, turns)?;
        rows.push(Measurement {
            work: format!("yield, two goroutines, {place}"),
            how: "`yield_now` against `runtime.Gosched`, per call. A call that finds nobody to give way to counts as well and is much \
                  cheaper than a switch, so read this together with the next line.",
            unit: Unit::Time,
            peers: time,
            target: Some(Target::Times(0.2, Peer::Go)),
        });
        rows.push(Measurement {
            work: format!("of these calls without a switch, {place}"),
            how: "Calls after which the other goroutine had not run. On one CPU there are some when the machine is busy: the runtime then \
                  takes the goroutine for a hog and lets the other one run on an extra thread.",
            unit: Unit::Percent,
            peers: alone,
            target: None,
        });
    }
    Ok(rows)
}

/// Goroutines that wait for ever.
pub fn parked(effort: &Effort) -> Result<Vec<Measurement>, BenchError> {
    let twins = Twins::build("parked")?;
    let count = effort.of(GOROUTINES);
    let names = ["resident", "page_tables"];
    let [resident, page_tables] = take_turns(effort.rounds, twins.turns(count, None, names))?;
    Ok(vec![
        Measurement {
            work: format!("resident memory of each of {count} parked goroutines"),
            how: "VmRSS with all of them parked less VmRSS before the first, by their number. Go parks them in an empty `select`.",
            unit: Unit::Bytes,
            peers: resident,
            target: Some(Target::AtMost(4700.0)),
        },
        Measurement {
            work: "page tables of each of them".into(),
            how: "VmPTE in the same runs. The kernel does not count it as resident, but it is memory: stacks of 256 KiB of \
                  address space each need more page tables than Go's, which move.",
            unit: Unit::Bytes,
            peers: page_tables,
            target: None,
        },
    ])
}

/// A program and its twin.
struct Twins {
    ours: PathBuf,
    go: PathBuf,
}

impl Twins {
    fn build(name: &str) -> Result<Self, BenchError> {
        Ok(Self {
            ours: programs::ours("goroutines")?.join(name),
            go: programs::go()?.join(name),
        })
    }

    /// Both, with what they shall do; GOMAXPROCS means the same to both, `None` = all CPUs.
    fn turns<const N: usize>(
        &self,
        size: u64,
        gomaxprocs: Option<u32>,
        names: [&'static str; N],
    ) -> Vec<Turn<'_, N>> {
        let turn = |program| {
            move || {
                let mut command = Command::new(program);
                checkout::clean(&mut command);
                command.arg(size.to_string());
                command.envs(gomaxprocs.map(|n: u32| ("GOMAXPROCS", n.to_string())));
                child::numbers(&mut command, names)
            }
        };
        vec![
            (Peer::Ours, Box::new(turn(&self.ours))),
            (Peer::Go, Box::new(turn(&self.go))),
        ]
    }
}
