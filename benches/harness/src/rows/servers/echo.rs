//! Small requests, as many at once as there are connections: the time for each, and what of it is the server's.

use super::{Load, Place, echoes, milliseconds};
use crate::args::Effort;
use crate::error::BenchError;
use crate::measurement::{Group, Measurement, Peer, Samples, Target, Unit};
use crate::rows::take_turns;

const OTHERS: [Peer; 3] = [Peer::Threads, Peer::Tokio, Peer::Epoll];
const CONNECTIONS: [u64; 4] = [1, 64, 1000, 10_000];
/// With fewer connections a loop around epoll waits as often as it works, and so does everybody.
const MANY: u64 = 64;

/// Every connection asks again as soon as it is answered.
pub fn echo(effort: &Effort) -> Result<Vec<Measurement>, BenchError> {
    let servers = echoes(&OTHERS)?;
    let load = Load::build()?;
    let mut rows = Vec::new();
    for place in Place::BOTH {
        for connections in CONNECTIONS {
            let numbers = [effort.of(connections), 0, milliseconds(effort)];
            let turns = load.turns(&servers, "ask", place, &numbers, ["ns", "cpu"]);
            let [time, cpu] = take_turns(effort.rounds, turns)?;
            rows.push(row(TIME, connections, place, time, faster(connections)));
            rows.push(row(CPU, connections, place, cpu, CHEAPER.to_vec()));
        }
    }
    Ok(rows)
}

const TIME: &str = "echo, time for a request";
const CPU: &str = "echo, processor time of the server for a request";

/// By how much more requests a second are promised.
fn faster(connections: u64) -> Vec<Target> {
    let mut targets = vec![
        Target::Times(1.0 / 1.15, Peer::Go),
        Target::Times(1.0, Peer::Tokio),
    ];
    if connections >= MANY {
        targets.push(Target::Times(1.0 / 0.93, Peer::Epoll));
    }
    targets
}

const CHEAPER: [Target; 2] = [
    Target::Times(0.85, Peer::Go),
    Target::Times(1.0, Peer::Tokio),
];

fn row(
    work: &str,
    connections: u64,
    place: Place,
    peers: Vec<(Peer, Samples)>,
    targets: Vec<Target>,
) -> Measurement {
    Measurement {
        group: Group::Network,
        work: format!("{work}, {connections} connections, {}", place.words()),
        how: "A server on the loopback device answers 64 bytes with the same bytes. `gobuild` is a program with a thread of std for each connection, built with `std \
              = \"goroutines\"`; \"threads\" is the same program, built by plain cargo. Tokio's runtime is the multi-threaded one. The epoll loop is one thread \
              around one epoll, in C. One thread of another process has all connections, each of which sends the next request as soon as the last one is answered. \
              \"One CPU\": the server has one CPU, and the clients have another one. Processor time is that of the whole process, including the time in the kernel.",
        unit: Unit::Time,
        peers,
        targets,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loop_is_a_measure_where_many_wait() {
        let judged_by = |connections| faster(connections).len();
        assert_eq!(CONNECTIONS.map(judged_by), [2, 3, 3, 3]);
    }
}
