//! Who does a piece of concurrent work: one program for each peer, all of them of one name, with one protocol (see `benches/programs/report`).

use std::path::{Path, PathBuf};
use std::process::Command;

use super::Turn;
use crate::error::BenchError;
use crate::measurement::Peer;
use crate::{checkout, child, programs};

/// Threads of the system do such a share of the work: they need microseconds where the others need nanoseconds. Their time for each operation is the same.
const SHARE_OF_THREADS: u64 = 20;

/// How many threads run goroutines; means the same to all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// `GOMAXPROCS=1`; tokio's runtime for one thread.
    OneCpu,
    /// As many as there are CPUs.
    AllCpus,
}

impl Place {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::OneCpu, Self::AllCpus];

    /// At the end of a row's name.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::OneCpu => "one CPU",
            Self::AllCpus => "all CPUs",
        }
    }
}

/// A piece of work's programs.
pub struct Players(Vec<(Peer, PathBuf)>);

impl Players {
    /// Builds the program `name` of ours, of Go and of others.
    ///
    /// # Errors
    /// When one cannot be built.
    pub fn build(name: &str, others: &[Peer]) -> Result<Self, BenchError> {
        let mut all = vec![
            (Peer::Ours, programs::ours("goroutines")?),
            (Peer::Go, programs::go()?),
        ];
        for (peer, package) in [
            (Peer::Tokio, "on-tokio"),
            (Peer::May, "on-may"),
            (Peer::Threads, "on-threads"),
        ] {
            if others.contains(&peer) {
                all.push((peer, programs::rust_peer(package)?));
            }
        }
        let programs = all.into_iter().map(|(peer, dir)| (peer, dir.join(name)));
        Ok(Self::of(programs.collect()))
    }

    /// Programs that are there already.
    #[must_use]
    pub fn of(programs: Vec<(Peer, PathBuf)>) -> Self {
        Self(programs)
    }

    /// Each peer's program.
    pub fn programs(&self) -> impl Iterator<Item = (Peer, &Path)> {
        self.at(Place::AllCpus)
    }

    /// Each peer's command.
    pub fn commands(&self, size: u64, place: Place) -> impl Iterator<Item = (Peer, Command)> {
        self.at(place)
            .map(move |(peer, program)| (peer, command(program, size, place)))
    }

    /// A turn for each, which gives the numbers that its program prints under these names. Threads of the system are not confined to one CPU: they have no
    /// turn there.
    pub fn turns<const N: usize>(
        &self,
        size: u64,
        place: Place,
        names: [&'static str; N],
    ) -> Vec<Turn<'_, N>> {
        self.at(place)
            .map(|(peer, program)| -> Turn<'_, N> {
                let go = move || child::numbers(&mut command(program, size, place), names);
                (peer, Box::new(go))
            })
            .collect()
    }

    /// The same for programs that report time, peak memory and an answer, which must be `answer(size)`.
    pub fn answering(&self, size: u64, place: Place, answer: fn(u64) -> u64) -> Vec<Turn<'_, 2>> {
        self.at(place)
            .map(|(peer, program)| -> Turn<'_, 2> {
                let size = if peer == Peer::Threads {
                    size / SHARE_OF_THREADS
                } else {
                    size
                };
                let expected = answer(size);
                let go = move || answered(&mut command(program, size, place), expected);
                (peer, Box::new(go))
            })
            .collect()
    }

    fn at(&self, place: Place) -> impl Iterator<Item = (Peer, &Path)> {
        let confined = place == Place::OneCpu;
        let all = self.0.iter().map(|(peer, path)| (*peer, path.as_path()));
        all.filter(move |(peer, _)| !(confined && *peer == Peer::Threads))
    }
}

fn command(program: &Path, size: u64, place: Place) -> Command {
    let mut command = Command::new(program);
    checkout::clean(&mut command);
    if place == Place::OneCpu {
        command.env("GOMAXPROCS", "1");
    }
    command.arg(size.to_string());
    command
}

fn answered(command: &mut Command, expected: u64) -> Result<[f64; 2], BenchError> {
    let [time, peak, found] = child::numbers(command, ["ns", "peak", "answer"])?;
    if found == expected as f64 {
        return Ok([time, peak]);
    }
    Err(BenchError::Wrong {
        command: child::shown(command),
        found,
        expected,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(answer: &str) -> Command {
        let mut command = Command::new("printf");
        command.arg(format!("ns 1.5\\npeak 4096\\nanswer {answer}\\n"));
        command
    }

    #[test]
    fn a_wrong_answer_gives_no_time() {
        assert_eq!(answered(&mut says("42"), 42).expect("right"), [1.5, 4096.0]);
        let error = answered(&mut says("41"), 42).expect_err("wrong");
        assert!(error.to_string().contains("41 instead of 42"), "{error}");
    }

    #[test]
    fn threads_have_no_turn_on_one_cpu() {
        let players = Players(vec![
            (Peer::Ours, "ours".into()),
            (Peer::Threads, "threads".into()),
        ]);
        let peers = |place| players.at(place).map(|(peer, _)| peer).collect::<Vec<_>>();
        assert_eq!(peers(Place::OneCpu), [Peer::Ours]);
        assert_eq!(peers(Place::AllCpus), [Peer::Ours, Peer::Threads]);
    }
}
