//! How long answers take when a server has half as much to do as it could.

use super::{Load, Place, echoes, milliseconds};
use crate::args::Effort;
use crate::error::BenchError;
use crate::measurement::{Group, Measurement, Peer, Target, Unit};
use crate::rows::players::Players;
use crate::rows::take_turns;

const CONNECTIONS: u64 = 1000;

/// Requests by the clock, for all servers as many.
pub fn latency(effort: &Effort) -> Result<Vec<Measurement>, BenchError> {
    let servers = echoes(&[Peer::Threads, Peer::Tokio, Peer::Epoll])?;
    let load = Load::build()?;
    let connections = effort.of(CONNECTIONS);
    let mut rows = Vec::new();
    for place in Place::BOTH {
        let rate = half_of_gos_peak(&servers, &load, place, effort)?;
        let numbers = [connections, rate, milliseconds(effort)];
        let turns = load.turns(&servers, "rate", place, &numbers, ["p50", "p99", "p999"]);
        let numbers = take_turns(effort.rounds, turns)?;
        let row = |(share, peers)| Measurement {
            group: Group::Network,
            work: format!(
                "echo at half of Go's peak rate: {share} requests take at most, {CONNECTIONS} connections, {}",
                place.words()
            ),
            how: "The servers of the rows above. Each request has a scheduled time, whether or not earlier ones are answered. Its latency is measured from the scheduled \
                  time, even if the request is sent later. The rate is the same for all peers: half of the rate that Go's server reaches when every connection sends the \
                  next request at once. That rate is measured before.",
            unit: Unit::Time,
            peers,
            targets: vec![Target::Times(1.0, Peer::Go)],
        };
        let shares = ["half of the", "99 of 100", "999 of 1000"];
        rows.extend(shares.into_iter().zip(numbers).map(row));
    }
    Ok(rows)
}

/// Requests a second.
fn half_of_gos_peak(
    servers: &Players,
    load: &Load,
    place: Place,
    effort: &Effort,
) -> Result<u64, BenchError> {
    let mut programs = servers.programs();
    let (_, go) = programs
        .find(|(peer, _)| *peer == Peer::Go)
        .expect("Go always takes part");
    let numbers = [effort.of(CONNECTIONS), 0, milliseconds(effort)];
    let [each] = load.on(go, "ask", place, &numbers, ["ns"])?;
    Ok((1e9 / each / 2.0) as u64)
}
