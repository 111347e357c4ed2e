//! Channels, select, locks and timers: the same small programs for everyone, on one CPU and on all.

use super::players::{Place, Players};
use super::take_turns;
use crate::args::Effort;
use crate::error::BenchError;
use crate::measurement::{Group, Measurement, Peer, Target, Unit};

/// A piece of work that every peer has a program for.
struct Work {
    /// The programs' name.
    program: &'static str,
    /// What one number of the row is.
    about: &'static str,
    /// For a reader who wants to judge the numbers.
    how: &'static str,
    /// How often, or how much.
    size: u64,
    /// Ours over Go's, to be reached.
    target: f64,
    /// Who takes part besides ours and Go.
    others: &'static [Peer],
    /// The answer of a program that has done all of a size, and nothing twice.
    answer: fn(u64) -> u64,
}

/// There and back.
pub fn ping_pong(effort: &Effort) -> Result<Vec<Measurement>, BenchError> {
    measure(effort, &PING_PONG)
}

/// One token for many.
pub fn ring(effort: &Effort) -> Result<Vec<Measurement>, BenchError> {
    measure(effort, &RING)
}

/// A stream.
pub fn buffered(effort: &Effort) -> Result<Vec<Measurement>, BenchError> {
    measure(effort, &BUFFERED)
}

/// Two streams.
pub fn selects(effort: &Effort) -> Result<Vec<Measurement>, BenchError> {
    measure(effort, &SELECTS)
}

/// One lock for many.
pub fn mutex(effort: &Effort) -> Result<Vec<Measurement>, BenchError> {
    measure(effort, &MUTEX)
}

/// A tree.
pub fn skynet(effort: &Effort) -> Result<Vec<Measurement>, BenchError> {
    measure(effort, &SKYNET)
}

/// A growing chain.
pub fn sieve(effort: &Effort) -> Result<Vec<Measurement>, BenchError> {
    measure(effort, &SIEVE)
}

/// Many timers.
pub fn sleepers(effort: &Effort) -> Result<Vec<Measurement>, BenchError> {
    measure(effort, &SLEEPERS)
}

const PING_PONG: Work = Work {
    program: "pingpong",
    about: "ping-pong, a round trip",
    how: "Two goroutines and two channels without a buffer. One goroutine sends a number, and the other one returns it, increased by one. Tokio's channels have \
          room for one item, and may's have no bound. These are the most similar channels that they have, and with a single number on its way it makes no \
          difference.",
    size: 1_000_000,
    target: 0.45,
    others: &[Peer::Tokio, Peer::May, Peer::Threads],
    answer: |rounds| rounds,
};

const RING: Work = Work {
    program: "ring",
    about: "ring of 503, a hop",
    how: "503 goroutines, in a ring of channels like those of ping-pong, pass a token on.",
    size: 2_000_000,
    target: 0.45,
    others: &[Peer::Tokio, Peer::May, Peer::Threads],
    answer: |hops| hops / 503 + 1,
};

const BUFFERED: Work = Work {
    program: "buffered",
    about: "channel with room for 128, an item",
    how: "One goroutine sends numbers, and another one adds them up. May has no channel with a bound.",
    size: 5_000_000,
    target: 0.5,
    others: &[Peer::Tokio, Peer::Threads],
    answer: sum_below,
};

const SELECTS: Work = Work {
    program: "selects",
    about: "select over two channels, an item",
    how: "Two goroutines send numbers, each on its own channel without a buffer. A third goroutine selects from both channels and adds the numbers up. Tokio's \
          channels have room for one item.",
    size: 1_000_000,
    target: 0.5,
    others: &[Peer::Tokio, Peer::Threads],
    answer: sum_below,
};

const MUTEX: Work = Work {
    program: "mutex",
    about: "mutex, 8 goroutines, an increment",
    how: "Eight goroutines lock a mutex, increment a counter and unlock the mutex. On one CPU the mutex is never locked when a goroutine arrives.",
    size: 4_000_000,
    target: 0.5,
    others: &[Peer::Tokio, Peer::May, Peer::Threads],
    answer: |increments| increments,
};

const SKYNET: Work = Work {
    program: "skynet",
    about: "skynet",
    how: "A goroutine starts ten others, each of which starts ten more, down to 1,000,000 leaves. The leaves send their numbers up. Every other goroutine adds \
          up what its ten children send over its own channel without a buffer (tokio's has room for one item). `may` fails when it needs more than 65,530 \
          mappings, two for each stack.",
    size: 1_000_000,
    target: 0.5,
    others: &[Peer::Tokio],
    answer: sum_below,
};

const SIEVE: Work = Work {
    program: "sieve",
    about: "prime sieve",
    how: "A chain of filters, one for each prime, that are connected by channels without a buffer (tokio's have room for one item). It ends with the 2,000th \
          prime.",
    size: 2000,
    target: 0.5,
    others: &[Peer::Tokio],
    answer: nth_prime,
};

const SLEEPERS: Work = Work {
    program: "sleepers",
    about: "sleepers of 100 ms",
    how: "100,000 goroutines start, sleep for 100 ms and end. The time is from the first start to the last end. The program also checks that no goroutine wakes \
          too early.",
    size: 100_000,
    target: 0.6,
    others: &[Peer::Tokio],
    answer: |sleepers| sleepers,
};

fn sum_below(end: u64) -> u64 {
    end * (end - 1) / 2
}

fn nth_prime(n: u64) -> u64 {
    let is_prime = |number: &u64| {
        (2..)
            .take_while(|d| d * d <= *number)
            .all(|d| !number.is_multiple_of(d))
    };
    let mut primes = (2..).filter(is_prime);
    primes
        .nth(usize::try_from(n).expect("a small number") - 1)
        .expect("there is always another prime")
}

/// Time on one CPU and on all, and the peak of resident memory on all.
fn measure(effort: &Effort, work: &Work) -> Result<Vec<Measurement>, BenchError> {
    let players = Players::build(work.program, work.others)?;
    let size = effort.of(work.size);
    let mut rows = Vec::new();
    for place in Place::BOTH {
        let turns = players.answering(size, place, work.answer);
        let [time, peak] = take_turns(effort.rounds, turns)?;
        rows.push(Measurement {
            group: Group::Goroutines,
            work: format!("{}, {}", work.about, place.words()),
            how: work.how,
            unit: Unit::Time,
            peers: time,
            targets: vec![Target::Times(work.target, Peer::Go)],
        });
        if place == Place::AllCpus {
            rows.push(Measurement {
                group: Group::Memory,
                work: format!("{}: peak", work.program),
                how: PEAK,
                unit: Unit::Bytes,
                peers: peak,
                targets: Vec::new(),
            });
        }
    }
    Ok(rows)
}

const PEAK: &str = "The most memory that was resident (VmHWM), including the program itself, in the run on all CPUs whose time is above.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answers_are_known_without_the_programs() {
        assert_eq!([1, 2, 10, 2000].map(nth_prime), [2, 3, 29, 17389]);
        assert_eq!((SKYNET.answer)(1000), 499_500);
        // 0 hops: the token ends where it starts; 503: there as well, which has seen it twice by then.
        assert_eq!([0, 502, 503].map(RING.answer), [1, 1, 2]);
    }
}
