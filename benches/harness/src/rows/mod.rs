//! What is measured: one function a row, in the order of the report.

mod builds;
mod concurrency;
mod on_std;
mod patch;
mod players;
mod rest;
mod scheduler;
mod servers;
mod start;

use crate::args::Effort;
use crate::error::BenchError;
use crate::measurement::{Measurement, Peer, Samples};

/// One thing to measure. It may give several numbers.
#[derive(Debug)]
pub struct Row {
    /// Its name for `--only`.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// Whether it measures what small programs do, and neither the tool nor large programs of others: a quick run shows that they still do it.
    pub programs: bool,
    /// Measures it.
    pub measure: fn(&Effort) -> Result<Vec<Measurement>, BenchError>,
}

/// All of them.
pub const ROWS: &[Row] = &[
    Row {
        name: "spawn",
        about: "start a goroutine and see it end",
        programs: true,
        measure: scheduler::spawn,
    },
    Row {
        name: "yield",
        about: "two goroutines that yield, on one CPU and on all",
        programs: true,
        measure: scheduler::yields,
    },
    Row {
        name: "ping-pong",
        about: "two goroutines and a number that goes there and back",
        programs: true,
        measure: concurrency::ping_pong,
    },
    Row {
        name: "ring",
        about: "a token round a ring of goroutines",
        programs: true,
        measure: concurrency::ring,
    },
    Row {
        name: "buffered",
        about: "a channel with a buffer",
        programs: true,
        measure: concurrency::buffered,
    },
    Row {
        name: "select",
        about: "select over two channels",
        programs: true,
        measure: concurrency::selects,
    },
    Row {
        name: "mutex",
        about: "a lock that eight goroutines want",
        programs: true,
        measure: concurrency::mutex,
    },
    Row {
        name: "skynet",
        about: "a million goroutines that add up",
        programs: true,
        measure: concurrency::skynet,
    },
    Row {
        name: "sieve",
        about: "the prime sieve",
        programs: true,
        measure: concurrency::sieve,
    },
    Row {
        name: "sleepers",
        about: "a hundred thousand goroutines that sleep",
        programs: true,
        measure: concurrency::sleepers,
    },
    Row {
        name: "lateness",
        about: "how late a sleeper wakes",
        programs: true,
        measure: scheduler::lateness,
    },
    Row {
        name: "rest",
        about: "wake-ups and processor time of programs that wait, and that tick",
        programs: true,
        measure: rest::rest,
    },
    Row {
        name: "parked",
        about: "what a parked goroutine costs",
        programs: true,
        measure: scheduler::parked,
    },
    Row {
        name: "burst",
        about: "what stays resident of many deep goroutines that have ended",
        programs: true,
        measure: scheduler::burst,
    },
    Row {
        name: "server",
        about: "a server whose every read is in `blocking`, under load",
        programs: true,
        measure: servers::blocking::server,
    },
    Row {
        name: "echo",
        about: "what a server's answer takes, from one connection to ten thousand",
        programs: true,
        measure: servers::echo::echo,
    },
    Row {
        name: "latency",
        about: "how long answers take at half of a server's peak rate",
        programs: true,
        measure: servers::latency::latency,
    },
    Row {
        name: "idle-connections",
        about: "connections that nothing comes from: what they cost",
        programs: true,
        measure: servers::idle::idle,
    },
    Row {
        name: "connect",
        about: "connections that come and go, and that come at once",
        programs: true,
        measure: servers::connect::connect,
    },
    Row {
        name: "http",
        about: "servers of HTTP that others have written",
        programs: true,
        measure: servers::http::http,
    },
    Row {
        name: "std-locks",
        about: "two threads of std that wait for each other",
        programs: true,
        measure: on_std::threads::locks,
    },
    Row {
        name: "std-spawn",
        about: "threads of std that are started, and that live",
        programs: true,
        measure: on_std::threads::spawn,
    },
    Row {
        name: "wrapper",
        about: "what it costs that calls of libc come to the runtime first",
        programs: true,
        measure: on_std::wrapper::wrapper,
    },
    Row {
        name: "unmodified",
        about: "ripgrep and rayon, by `cargo gobuild` and by cargo",
        programs: false,
        measure: on_std::unmodified::unmodified,
    },
    Row {
        name: "start",
        about: "from the start of a process to `main` and out",
        programs: true,
        measure: start::start,
    },
    Row {
        name: "build",
        about: "full builds, with and without inits",
        programs: false,
        measure: builds::full,
    },
    Row {
        name: "no-op",
        about: "builds with nothing to do",
        programs: false,
        measure: builds::nothing_to_do,
    },
    Row {
        name: "patch",
        about: "the last step of the link of a 500 MB program",
        programs: false,
        measure: patch::patch,
    },
];

/// What a peer does when it has its turn; it returns `N` numbers.
type Turn<'a, const N: usize> = (Peer, Box<dyn FnMut() -> Result<[f64; N], BenchError> + 'a>);

/// Gives every peer a turn in every round, each round beginning with another one, and returns the samples of each number.
fn take_turns<const N: usize>(
    rounds: u32,
    mut turns: Vec<Turn<'_, N>>,
) -> Result<[Vec<(Peer, Samples)>; N], BenchError> {
    let mut taken = turns.iter().map(|_| Vec::new()).collect::<Vec<_>>();
    for round in 0..rounds as usize {
        for turn in 0..turns.len() {
            let who = (round + turn) % turns.len();
            taken[who].push((turns[who].1)()?);
        }
    }
    let peers: Vec<Peer> = turns.iter().map(|(peer, _)| *peer).collect();
    Ok(std::array::from_fn(|number| {
        let of_peer = |samples: &Vec<[f64; N]>| Samples::new(samples.iter().map(|all| all[number]));
        peers
            .iter()
            .copied()
            .zip(taken.iter().map(of_peer))
            .collect()
    }))
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn every_peer_has_its_turn_in_every_round_and_no_one_always_goes_first() {
        let order = RefCell::new(String::new());
        let turn = |peer, letter, number: f64| -> Turn<'_, 2> {
            let order = &order;
            let go = move || {
                order.borrow_mut().push(letter);
                Ok([number, -number])
            };
            (peer, Box::new(go))
        };
        let turns = vec![turn(Peer::Ours, 'a', 1.0), turn(Peer::Go, 'b', 2.0)];
        let [plus, minus] = take_turns(3, turns).expect("nobody fails");
        assert_eq!(*order.borrow(), "abbaab");
        let medians = |row: &[(Peer, Samples)]| {
            row.iter()
                .map(|(p, s)| (*p, s.median(), s.count()))
                .collect::<Vec<_>>()
        };
        assert_eq!(medians(&plus), [(Peer::Ours, 1.0, 3), (Peer::Go, 2.0, 3)]);
        assert_eq!(
            medians(&minus),
            [(Peer::Ours, -1.0, 3), (Peer::Go, -2.0, 3)]
        );
    }
}
