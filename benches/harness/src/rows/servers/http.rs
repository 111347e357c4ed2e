//! Servers of HTTP: one for threads of std that knows nothing of goroutines, beside those of Go and of tokio.

use super::{Load, Place, milliseconds};
use crate::args::Effort;
use crate::error::BenchError;
use crate::measurement::{Group, Measurement, Peer, Unit};
use crate::programs;
use crate::rows::players::Players;
use crate::rows::take_turns;

const CONNECTIONS: u64 = 64;

/// Requests on connections that stay.
pub fn http(effort: &Effort) -> Result<Vec<Measurement>, BenchError> {
    let servers = Players::of(vec![
        (Peer::Ours, programs::ours("on-std")?.join("http")),
        (Peer::Go, programs::go()?.join("http")),
        (Peer::Tokio, programs::rust_peer("on-tokio")?.join("http")),
        (
            Peer::Threads,
            programs::ours_by_cargo("on-std")?.join("http"),
        ),
    ]);
    let load = Load::build()?;
    let mut rows = Vec::new();
    for place in Place::BOTH {
        let numbers = [CONNECTIONS, milliseconds(effort)];
        let turns = load.turns(&servers, "http", place, &numbers, ["ns", "cpu"]);
        let [time, cpu] = take_turns(effort.rounds, turns)?;
        let row = |what, peers| Measurement {
            group: Group::Network,
            work: format!("HTTP, {what}, {CONNECTIONS} connections, {}", place.words()),
            how: "A greeting of 13 bytes on connections that stay open. `gobuild` is the unchanged crate `tiny_http`, built with `std = \"goroutines\"`. It has a thread \
                  for each connection and another one that answers. \"Threads\" is the same program, built by plain cargo. Go uses `net/http`, tokio uses `hyper`.",
            unit: Unit::Time,
            peers,
            targets: Vec::new(),
        };
        rows.push(row("time for a request", time));
        rows.push(row("processor time of the server for a request", cpu));
    }
    Ok(rows)
}
