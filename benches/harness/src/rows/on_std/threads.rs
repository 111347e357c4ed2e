//! Threads of std: that wait for each other, that end, that live.

use std::path::PathBuf;

use crate::args::Effort;
use crate::error::BenchError;
use crate::measurement::{Group, Measurement, Peer, Target, Unit};
use crate::programs;
use crate::rows::players::{Place, Players};
use crate::rows::take_turns;

const ROUNDS: u64 = 1_000_000;
const THREADS: u64 = 100_000;

/// A program of std's by `cargo gobuild` and by plain cargo.
fn both(name: &str) -> Result<Vec<(Peer, PathBuf)>, BenchError> {
    Ok(vec![
        (Peer::Ours, programs::ours("on-std")?.join(name)),
        (Peer::Threads, programs::ours_by_cargo("on-std")?.join(name)),
    ])
}

/// Two threads, whose turn it is alternately.
pub fn locks(effort: &Effort) -> Result<Vec<Measurement>, BenchError> {
    let mut rows = Vec::new();
    for (name, about) in [("condvar", "`Mutex` and `Condvar`"), ("mpsc", "`mpsc`")] {
        let mut all = both(name)?;
        all.push((Peer::Rtlib, programs::ours("goroutines")?.join("pingpong")));
        let players = Players::of(all);
        for place in Place::BOTH {
            let turns = players.answering(effort.of(ROUNDS), place, |rounds| rounds);
            let [time, _] = take_turns(effort.rounds, turns)?;
            let mut targets = vec![Target::Times(1.2, Peer::Rtlib)];
            if place == Place::AllCpus {
                targets.push(Target::Times(0.1, Peer::Threads));
            }
            rows.push(Measurement {
                group: Group::Std,
                work: format!("ping-pong with std's {about}, a round trip, {}", place.words()),
                how: "Two threads of std, which `std = \"goroutines\"` makes goroutines, pass a number to each other. In one program it is under a lock, and each thread \
                      waits for its turn with a condition variable of its own. In the other one it goes through two channels without a bound. The peers are the same \
                      programs built by plain cargo, and two goroutines with channels of `rtlib` without a buffer.",
                unit: Unit::Time,
                peers: time,
                targets,
            });
        }
    }
    Ok(rows)
}

/// Threads that end at once, and threads that do not.
pub fn spawn(effort: &Effort) -> Result<Vec<Measurement>, BenchError> {
    let players = Players::of(both("join")?);
    let turns = players.answering(effort.of(THREADS), Place::AllCpus, |threads| threads);
    let [time, _] = take_turns(effort.rounds, turns)?;
    let mut rows = vec![Measurement {
        group: Group::Std,
        work: "start a thread of std and join it".into(),
        how: "100,000 times, one after the other, with `std = \"goroutines\"`; 5,000 times by plain cargo.",
        unit: Unit::Time,
        peers: time,
        targets: vec![Target::Times(0.1, Peer::Threads)],
    }];
    rows.extend(living(effort)?);
    Ok(rows)
}

/// Ours and Go's, which have as many as this; threads of the kernel would need more mappings than a process may have.
fn living(effort: &Effort) -> Result<[Measurement; 2], BenchError> {
    let count = effort.of(THREADS);
    let players = Players::of(vec![
        (Peer::Ours, programs::ours("on-std")?.join("living")),
        (Peer::Go, programs::go()?.join("parked")),
    ]);
    let turns = players.turns(count, Place::AllCpus, ["resident", "page_tables"]);
    let [resident, page_tables] = take_turns(effort.rounds, turns)?;
    let row = |what, how, peers, targets| Measurement {
        group: Group::Memory,
        work: format!("{what} of each of {count} threads of std that wait"),
        how,
        unit: Unit::Bytes,
        peers,
        targets,
    };
    Ok([
        row(
            "resident memory",
            "VmRSS with all of them in `thread::park` less VmRSS before the first, by their number, with `std = \"goroutines\"`. Go's are goroutines in an empty `select`.",
            resident,
            vec![Target::AtMost(6500.0)],
        ),
        row(
            "page tables",
            "VmPTE in the same runs. The stacks of std's threads are 2 MiB of address space, as much as one page table maps: each has one of its own, with threads of the kernel as well. \
             Eight stacks of 256 KiB (`RUST_MIN_STACK=262144`, `thread::Builder::stack_size`) share one.",
            page_tables,
            Vec::new(),
        ),
    ])
}
