//! The life of a process that does nothing: `posix_spawn`, the way to `main`, the way out, `waitpid`.

use std::path::PathBuf;
use std::process::Command;

use super::{Turn, take_turns};
use crate::args::Effort;
use crate::error::BenchError;
use crate::measurement::{Group, Measurement, Peer, Target, Unit};
use crate::{child, programs};

/// Processes of each peer for every round that is asked for. Static C and ours stand side by side in the order, so that they make pairs.
const PROCESSES: u32 = 50;

/// Starts empty programs.
pub fn start(effort: &Effort) -> Result<Vec<Measurement>, BenchError> {
    let ours = programs::ours("empty")?;
    let static_c = programs::static_c("empty")?;
    let processes = effort.rounds * PROCESSES;
    let targets = vec![Target::Times(1.05, Peer::StaticC)];
    let [whole] = take_turns(
        processes,
        vec![
            turn(Peer::StaticC, static_c.clone()),
            turn(Peer::Ours, ours.join("empty")),
            turn(Peer::StaticRust, programs::static_rust()?),
            turn(Peer::Go, programs::go()?.join("empty")),
        ],
    )?;
    let [bare] = take_turns(
        processes,
        vec![
            turn(Peer::StaticC, static_c),
            turn(Peer::Ours, ours.join("bare")),
        ],
    )?;
    Ok(vec![
        Measurement {
            group: Group::Tool,
            work: "process start to `main` and out".into(),
            how: "The time from `posix_spawn` to `waitpid` of an empty program, 50 times in each round for each peer. Static C is the start-up of glibc alone. Static \
                  Rust is the same program as `gobuild`'s, built by plain cargo; both also include std's start-up.",
            unit: Unit::Time,
            peers: whole,
            targets: targets.clone(),
        },
        Measurement {
            group: Group::Tool,
            work: "the same without std's start-up".into(),
            how: "A Rust program with the `main` of C, so that both programs do the same work. The difference between them is the boot of the runtime.",
            unit: Unit::Time,
            peers: bare,
            targets,
        },
    ])
}

fn turn(peer: Peer, program: PathBuf) -> Turn<'static, 1> {
    let go = move || {
        let life = child::lifetime(Command::new(&program).env_clear())?;
        Ok([life.as_nanos() as f64])
    };
    (peer, Box::new(go))
}
