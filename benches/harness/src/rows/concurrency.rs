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
    how: "Two goroutines and two channels without a buffer; a number goes there and comes back one larger. Tokio's channels have room for one, may's have no \
          bound: nearer they have none, and it makes no difference to a single number on its way.",
    size: 1_000_000,
    target: 0.45,
    others: &[Peer::Tokio, Peer::May, Peer::Threads],
    answer: |rounds| rounds,
};

const RING: Work = Work {
    program: "ring",
    about: "ring of 503, a hop",
    how: "503 goroutines in a ring of channels as above pass a token on.",
    size: 2_000_000,
    target: 0.45,
    others: &[Peer::Tokio, Peer::May, Peer::Threads],
    answer: |hops| hops / 503 + 1,
};

const BUFFERED: Work = Work {
    program: "buffered",
    about: "channel with room for 128, an item",
    how: "One goroutine sends numbers, another adds them up. May has no channel with a bound.",
    size: 5_000_000,
    target: 0.5,
    others: &[Peer::Tokio, Peer::Threads],
    answer: sum_below,
};

const SELECTS: Work = Work {
    program: "selects",
    about: "select over two channels, an item",
    how: "Two goroutines send numbers, each on a channel without a buffer of its own; a third selects from both and adds up. Tokio's have room for one.",
    size: 1_000_000,
    target: 0.5,
    others: &[Peer::Tokio, Peer::Threads],
    answer: sum_below,
};

const MUTEX: Work = Work {
    program: "mutex",
    about: "mutex, 8 goroutines, an increment",
    how: "Eight goroutines lock, increment a counter and unlock. On one CPU nobody ever finds it locked.",
    size: 4_000_000,
    target: 0.5,
    others: &[Peer::Tokio, Peer::May, Peer::Threads],
    answer: |increments| increments,
};

const SKYNET: Work = Work {
    program: "skynet",
    about: "skynet",
    how: "A goroutine starts ten, each of these ten more, down to 1,000,000 leaves, which send their numbers up; everyone adds up what ten children send over \
          a channel of its own without a buffer (tokio's has room for one). `may` gives up when it needs more than 65,530 mappings, two for each stack.",
    size: 1_000_000,
    target: 0.5,
    others: &[Peer::Tokio],
    answer: sum_below,
};

const SIEVE: Work = Work {
    program: "sieve",
    about: "prime sieve",
    how: "A chain of filters, one for each prime found, connected by channels without a buffer (tokio's have room for one), until prime number 2,000 is found.",
    size: 2000,
    target: 0.5,
    others: &[Peer::Tokio],
    answer: nth_prime,
};

const SLEEPERS: Work = Work {
    program: "sleepers",
    about: "sleepers of 100 ms",
    how: "100,000 goroutines are started, sleep for 100 ms and end; from the first start to the last end. The answer counts those that did not wake too early.",
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

const PEAK: &str = "VmHWM at the end of the run on all CPUs whose time is above: the most that was resident, the program itself included.";

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
