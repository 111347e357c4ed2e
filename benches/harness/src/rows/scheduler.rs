//! Goroutines as such: starting, yielding, being there.

use super::players::{Place, Players};
use super::take_turns;
use crate::args::Effort;
use crate::error::BenchError;
use crate::measurement::{Group, Measurement, Peer, Target, Unit};

const GOROUTINES: u64 = 1_000_000;
const YIELDS_EACH: u64 = 2_000_000;
const NAPS: u64 = 1000;
const DEEP: u64 = 20_000;

/// Starts goroutines that end at once.
pub fn spawn(effort: &Effort) -> Result<Vec<Measurement>, BenchError> {
    let players = Players::build("spawn", &[Peer::Tokio])?;
    let count = effort.of(GOROUTINES);
    let mut rows = Vec::new();
    for place in Place::BOTH {
        let [peers] = take_turns(effort.rounds, players.turns(count, place, ["ns"]))?;
        rows.push(Measurement {
            group: Group::Goroutines,
            work: format!("start and finish a goroutine, {}", place.words()),
            how: "In a new process, one goroutine starts 1,000,000 others. Each of them decrements a counter, and the last one wakes the first goroutine. `may` fails \
                  when it needs more than 65,530 mappings, two for each stack.",
            unit: Unit::Time,
            peers,
            targets: vec![Target::Times(0.45, Peer::Go)],
        });
    }
    Ok(rows)
}

/// Two goroutines that yield.
pub fn yields(effort: &Effort) -> Result<Vec<Measurement>, BenchError> {
    let players = Players::build("yields", &[Peer::Tokio, Peer::May])?;
    let each = effort.of(YIELDS_EACH);
    let mut rows = Vec::new();
    for place in Place::BOTH {
        let turns = players.turns(each, place, ["ns", "alone"]);
        let [time, alone] = take_turns(effort.rounds, turns)?;
        rows.push(Measurement {
            group: Group::Goroutines,
            work: format!("yield, two goroutines, {}", place.words()),
            how: "The time of one call of `yield_now`, `runtime.Gosched` and similar functions. A call that finds no other goroutine to run counts as well, and it is \
                  much cheaper than a switch. So read this row together with the next one.",
            unit: Unit::Time,
            peers: time,
            targets: vec![Target::Times(0.2, Peer::Go)],
        });
        rows.push(Measurement {
            group: Group::Goroutines,
            work: format!("of these calls without a switch, {}", place.words()),
            how: "The share of calls after which the other goroutine had not run. On one CPU there are such calls when the machine is busy: the runtime then takes the \
                  goroutine for a hog, and the other one runs on an extra thread. Tokio on one thread runs the two tasks in the order 0, 1, 1, 0.",
            unit: Unit::Percent,
            peers: alone,
            targets: Vec::new(),
        });
    }
    Ok(rows)
}

/// One goroutine that sleeps.
pub fn lateness(effort: &Effort) -> Result<Vec<Measurement>, BenchError> {
    let players = Players::build("lateness", &[Peer::Tokio, Peer::Threads])?;
    let turns = players.turns(effort.of(NAPS), Place::AllCpus, ["median", "p99"]);
    let [median, p99] = take_turns(effort.rounds, turns)?;
    let row = |work: &str, peers| Measurement {
        group: Group::Goroutines,
        work: work.into(),
        how: "One goroutine sleeps 1,000 times for a millisecond and reads the clock each time. Tokio's timers have a resolution of a millisecond.",
        unit: Unit::Time,
        peers,
        targets: Vec::new(),
    };
    Ok(vec![
        row("a sleep of 1 ms: later by, median", median),
        row("a sleep of 1 ms: later by, 99 of 100", p99),
    ])
}

/// Goroutines that used a lot of stack, and ended.
pub fn burst(effort: &Effort) -> Result<Vec<Measurement>, BenchError> {
    let players = Players::build("burst", &[])?;
    let count = effort.of(DEEP);
    let turns = players.turns(count, Place::AllCpus, ["before", "peak", "after"]);
    let numbers = take_turns(effort.rounds, turns)?;
    let row = |(what, peers)| Measurement {
        group: Group::Memory,
        work: format!("{count} goroutines of 32 KiB of stack: resident {what}"),
        how: "All of them exist at the same time, and then end. \"Afterwards\" is a pause of 500 µs for each of them, in which the program does nothing.",
        unit: Unit::Bytes,
        peers,
        targets: Vec::new(),
    };
    let names = ["before", "at the peak", "afterwards"];
    Ok(names.into_iter().zip(numbers).map(row).collect())
}

/// Goroutines that wait for ever.
pub fn parked(effort: &Effort) -> Result<Vec<Measurement>, BenchError> {
    let players = Players::build("parked", &[Peer::Tokio])?;
    let count = effort.of(GOROUTINES);
    let names = ["resident", "page_tables"];
    let turns = players.turns(count, Place::AllCpus, names);
    let [resident, page_tables] = take_turns(effort.rounds, turns)?;
    Ok(vec![
        Measurement {
            group: Group::Memory,
            work: format!("resident memory of each of {count} parked goroutines"),
            how: "VmRSS when all of them are parked, minus VmRSS before the first one, divided by their number. Go parks them in an empty `select`. Tokio's tasks have \
                  no stacks.",
            unit: Unit::Bytes,
            peers: resident,
            targets: vec![Target::AtMost(4700.0)],
        },
        Measurement {
            group: Group::Memory,
            work: "page tables of each of them".into(),
            how: "VmPTE in the same runs. The kernel does not count page tables as resident, but they are memory. A stack that reserves 256 KiB of address space needs \
                  more page tables than Go's stacks, which move.",
            unit: Unit::Bytes,
            peers: page_tables,
            targets: Vec::new(),
        },
    ])
}
