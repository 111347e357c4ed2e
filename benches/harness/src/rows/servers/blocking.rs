//! A server with a goroutine or a thread for each of its clients, whose every read is in `blocking`.

use super::{Load, MILLISECONDS, Place};
use crate::args::Effort;
use crate::error::BenchError;
use crate::measurement::{Group, Measurement, Peer, Target, Unit};
use crate::programs;
use crate::rows::players::Players;
use crate::rows::take_turns;

/// Less would be over before every client has had its turn.
const AT_LEAST: u64 = 300;

/// How many clients, and whether they have a CPU for themselves.
const LOADS: [(u64, Place); 3] = [
    (200, Place::Apart),
    (200, Place::Together),
    (2000, Place::Apart),
];

/// Clients that ask, and ask again when they are answered.
pub fn server(effort: &Effort) -> Result<Vec<Measurement>, BenchError> {
    // The others' reads need nothing said: they are the servers of the row `echo`.
    let players = Players::of(vec![
        (Peer::Ours, programs::ours("goroutines")?.join("server")),
        (Peer::Go, programs::go()?.join("echo")),
        (
            Peer::Threads,
            programs::ours_by_cargo("on-std")?.join("echo"),
        ),
    ]);
    let load = Load::build()?;
    let milliseconds = effort.of(MILLISECONDS).max(AT_LEAST);
    let mut rows = Vec::new();
    for (clients, place) in LOADS {
        let numbers = [clients, 0, milliseconds];
        let turns = load.turns(&players, "ask", place, &numbers, ["ns", "p99", "behind"]);
        let [each, p99, behind] = take_turns(effort.rounds, turns)?;
        let row = |work: &str, unit, peers, targets| Measurement {
            group: Group::Network,
            work: format!("{work}, {clients} clients, {}", place.words()),
            how: "A server on the loopback device answers 64 bytes with the same bytes. It has one goroutine or thread for each client; in `gobuild`'s server every read \
                  is in `blocking`. One thread of another process has all clients, each of which sends the next request as soon as the last one is answered. \"One \
                  CPU\": the server has one CPU, and the clients have another one.",
            unit,
            peers,
            targets,
        };
        rows.push(row(
            "a server's time for a request in `blocking`",
            Unit::Time,
            each,
            vec![Target::Times(1.05, Peer::Threads)],
        ));
        rows.push(row("99 of 100 requests take", Unit::Time, p99, Vec::new()));
        rows.push(row(
            "the client with the fewest answers has less than the median by",
            Unit::Percent,
            behind,
            vec![Target::AtMost(70.0)],
        ));
    }
    Ok(rows)
}
