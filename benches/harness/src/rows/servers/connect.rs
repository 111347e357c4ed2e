//! Connections that come and go, and connections that come faster than a server may be able to take them.

use super::{Load, Place, echoes, milliseconds};
use crate::args::Effort;
use crate::error::BenchError;
use crate::measurement::{Group, Measurement, Peer, Target, Unit};
use crate::rows::take_turns;

const AT_ONCE: u64 = 64;
const OPENED: u64 = 10_000;

/// Both.
pub fn connect(effort: &Effort) -> Result<Vec<Measurement>, BenchError> {
    let load = Load::build()?;
    let mut rows = Vec::new();
    for place in Place::BOTH {
        rows.extend(turnover(effort, &load, place)?);
        rows.push(opened(effort, &load, place)?);
    }
    Ok(rows)
}

fn turnover(effort: &Effort, load: &Load, place: Place) -> Result<[Measurement; 2], BenchError> {
    let servers = echoes(&[Peer::Threads, Peer::Tokio, Peer::Epoll])?;
    let numbers = [AT_ONCE, milliseconds(effort)];
    let turns = load.turns(&servers, "reconnect", place, &numbers, ["ns", "cpu"]);
    let [time, cpu] = take_turns(effort.rounds, turns)?;
    let row = |what, peers, targets| Measurement {
        group: Group::Network,
        work: format!("connect, one request, close: {what}, {}", place.words()),
        how: "The echo servers. One thread of another process has 64 connections. Each connection sends one request. When it is answered, the client closes it and \
              opens a new one in its place.",
        unit: Unit::Time,
        peers,
        targets,
    };
    Ok([
        row("time", time, vec![Target::Times(1.0, Peer::Go)]),
        row("processor time of the server", cpu, Vec::new()),
    ])
}

/// Threads that plain cargo builds and tokio have no part in it: std's queue holds 128 and tokio's 1,024, and whoever finds it full tries again a second later.
fn opened(effort: &Effort, load: &Load, place: Place) -> Result<Measurement, BenchError> {
    let servers = echoes(&[Peer::Epoll])?;
    let numbers = [effort.of(OPENED)];
    let turns = load.turns(&servers, "open", place, &numbers, ["ns"]);
    let [peers] = take_turns(effort.rounds, turns)?;
    Ok(Measurement {
        group: Group::Network,
        work: format!(
            "{OPENED} connections one after the other, {}",
            place.words()
        ),
        how: "The echo servers. A client opens the connections as fast as it can and then sends a request on the last one. The time is from the first `connect` to \
              that answer. Afterwards the client sends a request on all of them.",
        unit: Unit::Time,
        peers,
        targets: vec![Target::Times(1.2, Peer::Go)],
    })
}
