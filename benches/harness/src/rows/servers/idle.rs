//! Connections that nothing comes from: what they cost those that something comes from, and what memory and threads they need.

use std::path::Path;
use std::thread;

use super::{Load, Place, echoes, milliseconds};
use crate::args::Effort;
use crate::error::BenchError;
use crate::measurement::{Group, Measurement, Peer, Target, Unit};
use crate::rows::{Turn, take_turns};

const ACTIVE: u64 = 100;
const CONNECTIONS: u64 = 10_000;
/// A process that may have 20,000 files has room for these.
const HELD: u64 = 19_000;
/// Beside those that run goroutines.
const OTHER_THREADS: usize = 7;

/// All of it.
pub fn idle(effort: &Effort) -> Result<Vec<Measurement>, BenchError> {
    let load = Load::build()?;
    let mut rows = beside_idle_ones(effort, &load)?;
    rows.extend(held(effort, &load)?);
    Ok(rows)
}

fn beside_idle_ones(effort: &Effort, load: &Load) -> Result<Vec<Measurement>, BenchError> {
    let servers = echoes(&[Peer::Threads, Peer::Tokio, Peer::Epoll])?;
    let turn =
        |(peer, server)| -> Turn<'_, 2> { (peer, Box::new(move || slower(effort, load, server))) };
    let [time, cpu] = take_turns(effort.rounds, servers.programs().map(turn).collect())?;
    let row = |what, peers, targets| Measurement {
        group: Group::Network,
        work: format!(
            "echo, {ACTIVE} of {CONNECTIONS} connections active: {what} for a request grows by"
        ),
        how: "The servers of the rows above, on one CPU. First there are 100 connections, each of which sends the next request as soon as the last one is answered. \
              Then there are 9,900 more, which have sent one request.",
        unit: Unit::Percent,
        peers,
        targets,
    };
    Ok(vec![
        row("time", time, vec![Target::AtMost(10.0)]),
        row("processor time of the server", cpu, Vec::new()),
    ])
}

/// By how much idle connections make a server slower and dearer, in hundredths.
fn slower(effort: &Effort, load: &Load, server: &Path) -> Result<[f64; 2], BenchError> {
    let active = effort.of(ACTIVE);
    let with = |idle| {
        let numbers = [active, idle, milliseconds(effort)];
        load.on(server, "ask", Place::Apart, &numbers, ["ns", "cpu"])
    };
    let alone = with(0)?;
    let beside = with(effort.of(CONNECTIONS) - active)?;
    Ok([0, 1].map(|n: usize| 100.0 * (beside[n] / alone[n] - 1.0)))
}

/// Threads of the kernel do not take part in the second row: so many need more mappings than a process may have.
fn held(effort: &Effort, load: &Load) -> Result<[Measurement; 2], BenchError> {
    let names = ["memory", "threads"];
    let servers = echoes(&[Peer::Threads, Peer::Tokio, Peer::Epoll])?;
    let numbers = [effort.of(CONNECTIONS)];
    let turns = load.turns(&servers, "hold", Place::Together, &numbers, names);
    let [memory, _] = take_turns(effort.rounds, turns)?;
    let servers = echoes(&[Peer::Tokio, Peer::Epoll])?;
    let numbers = [effort.of(HELD)];
    let turns = load.turns(&servers, "hold", Place::Together, &numbers, names);
    let [_, threads] = take_turns(effort.rounds, turns)?;
    let cpus = thread::available_parallelism().map_or(1, usize::from);
    Ok([
        Measurement {
            group: Group::Memory,
            work: format!(
                "memory of each of {CONNECTIONS} connections that have been answered once"
            ),
            how: "VmRSS and VmPTE of the echo servers with all connections, minus the same with one connection, divided by their number. The kernel's memory for the \
                  sockets is not included.",
            unit: Unit::Bytes,
            peers: memory,
            targets: vec![Target::Times(1.1, Peer::Go)],
        },
        Measurement {
            group: Group::Network,
            work: format!(
                "threads of the kernel with {HELD} connections that have been answered once"
            ),
            how: "The echo servers on all CPUs.",
            unit: Unit::Count,
            peers: threads,
            targets: vec![Target::AtMost((cpus + OTHER_THREADS) as f64)],
        },
    ])
}
