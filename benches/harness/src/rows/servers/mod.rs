//! Servers, loaded by `peers/load`: one process with one thread that is all of their clients.

pub mod blocking;
pub mod connect;
pub mod echo;
pub mod http;
pub mod idle;
pub mod latency;

use std::path::{Path, PathBuf};
use std::process::Command;

use super::Turn;
use super::players::Players;
use crate::args::Effort;
use crate::error::BenchError;
use crate::measurement::Peer;
use crate::{checkout, child, programs};

/// How long a server is loaded.
const MILLISECONDS: u64 = 2000;

/// Who has which CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// The server has one, the load another one.
    Apart,
    /// Both have all.
    Together,
}

impl Place {
    const BOTH: [Self; 2] = [Self::Apart, Self::Together];

    /// At the end of a row's name.
    const fn words(self) -> &'static str {
        match self {
            Self::Apart => "one CPU",
            Self::Together => "all CPUs",
        }
    }

    const fn argument(self) -> &'static str {
        match self {
            Self::Apart => "apart",
            Self::Together => "together",
        }
    }
}

/// The program that loads servers.
struct Load(PathBuf);

impl Load {
    fn build() -> Result<Self, BenchError> {
        Ok(Self(programs::rust_peer("load")?.join("load")))
    }

    /// Loads a server in a mode of the program's and returns what it prints under these names.
    fn on<const N: usize>(
        &self,
        server: &Path,
        mode: &str,
        place: Place,
        numbers: &[u64],
        names: [&'static str; N],
    ) -> Result<[f64; N], BenchError> {
        let mut command = Command::new(&self.0);
        checkout::clean(&mut command);
        command.arg(mode).arg(server).arg(place.argument());
        command.args(numbers.iter().map(u64::to_string));
        child::numbers(&mut command, names)
    }

    /// A turn for each of the servers.
    fn turns<'a, const N: usize>(
        &'a self,
        servers: &'a Players,
        mode: &'static str,
        place: Place,
        numbers: &'a [u64],
        names: [&'static str; N],
    ) -> Vec<Turn<'a, N>> {
        let turn = |(peer, server): (Peer, &'a Path)| -> Turn<'a, N> {
            let go = move || self.on(server, mode, place, numbers, names);
            (peer, Box::new(go))
        };
        servers.programs().map(turn).collect()
    }
}

/// The echo servers of ours, of Go and of others.
fn echoes(others: &[Peer]) -> Result<Players, BenchError> {
    let mut all = vec![
        (Peer::Ours, programs::ours("on-std")?.join("echo")),
        (Peer::Go, programs::go()?.join("echo")),
    ];
    for other in others {
        let program = match other {
            Peer::Tokio => programs::rust_peer("on-tokio")?.join("echo"),
            Peer::Threads => programs::ours_by_cargo("on-std")?.join("echo"),
            Peer::Epoll => programs::static_c("echo")?,
            _ => continue,
        };
        all.push((*other, program));
    }
    Ok(Players::of(all))
}

/// How long, in ms; in a quick run just long enough for every client to have had its turn.
fn milliseconds(effort: &Effort) -> u64 {
    effort.of(MILLISECONDS).max(50)
}
