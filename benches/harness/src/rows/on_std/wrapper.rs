//! What a call of libc costs more because it comes to the runtime first.

use crate::args::Effort;
use crate::error::BenchError;
use crate::measurement::{Group, Measurement, Peer, Target, Unit};
use crate::programs;
use crate::rows::players::{Place, Players};
use crate::rows::take_turns;

/// Of a thousand calls each.
const TURNS: u64 = 1000;
/// For a call on a goroutine, which keeps its P for as long as it lasts.
const ON_A_GOROUTINE: f64 = 15.0;
/// For a call on a thread, which only must be told from a goroutine.
const ON_A_THREAD: f64 = 2.0;

/// Calls that return at once, with and without the wrapper.
pub fn wrapper(effort: &Effort) -> Result<Vec<Measurement>, BenchError> {
    let program = programs::ours("goroutines")?.join("wrapper");
    let players = Players::of(vec![(Peer::Ours, program)]);
    let names = ["recv", "thread_recv", "thread_read", "thread_syscall"];
    let turns = players.turns(effort.of(TURNS), Place::AllCpus, names);
    let numbers = take_turns(effort.rounds, turns)?;
    let row = |((what, limit), peers)| Measurement {
        group: Group::Std,
        work: format!("the wrapper of {what}"),
        how: "The time of a thousand calls that return at once, minus the time of a thousand calls without the wrapper. Each is the smallest of a thousand \
              measurements. `recv` receives a byte that is there, `read` reads one from `/dev/zero`, `syscall` asks for the id of the parent process.",
        unit: Unit::Time,
        peers,
        targets: vec![Target::AtMost(limit)],
    };
    let calls = [
        ("`recv` on a goroutine", ON_A_GOROUTINE),
        ("`recv` on a thread of the kernel", ON_A_THREAD),
        ("`read` on a thread of the kernel", ON_A_THREAD),
        ("`syscall` on a thread of the kernel", ON_A_THREAD),
    ];
    Ok(calls.into_iter().zip(numbers).map(row).collect())
}
