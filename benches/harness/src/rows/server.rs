//! A server under load, with a goroutine or a thread for each of its clients.

use super::players::Players;
use super::take_turns;
use crate::args::Effort;
use crate::error::BenchError;
use crate::measurement::{Group, Measurement, Peer, Target, Unit};
use crate::programs;

const MILLISECONDS: u64 = 2000;
/// Less would be over before every client has had its turn.
const AT_LEAST: u64 = 300;

/// How many clients, and whether they have a CPU for themselves: `peers/load`.
const LOADS: [(u32, &str, &str); 3] = [
    (200, "apart", "one CPU"),
    (200, "together", "all CPUs"),
    (2000, "apart", "one CPU"),
];

/// Clients that ask, and ask again when they are answered.
pub fn server(effort: &Effort) -> Result<Vec<Measurement>, BenchError> {
    let players = Players::build("server", &[Peer::Threads])?;
    let load = programs::rust_peer("load")?.join("load");
    let milliseconds = effort.of(MILLISECONDS).max(AT_LEAST);
    let mut rows = Vec::new();
    for (clients, place, words) in LOADS {
        let turns = players.loaded(&load, clients, milliseconds, place, ["ns", "p99", "behind"]);
        let [each, p99, behind] = take_turns(effort.rounds, turns)?;
        let row = |work: &str, unit, peers, target| Measurement {
            group: Group::Goroutines,
            work: format!("{work}, {clients} clients, {words}"),
            how: "A server on the loopback device answers 32 bytes with the same ones, one goroutine or thread a client; every read of ours is in `blocking`. One thread of another process \
                  has all clients, each of which asks again as soon as it is answered. \"One CPU\": the server has one, the clients another one.",
            unit,
            peers,
            target,
        };
        rows.push(row(
            "a server's time for a request",
            Unit::Time,
            each,
            Some(Target::Times(1.05, Peer::Threads)),
        ));
        rows.push(row("99 of 100 requests take", Unit::Time, p99, None));
        rows.push(row(
            "the client with the fewest answers has less than the median by",
            Unit::Percent,
            behind,
            Some(Target::AtMost(70.0)),
        ));
    }
    Ok(rows)
}
