//! Programs that wait, seen from outside: how often their threads wake up, and what that costs.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{fs, thread};

use super::players::{Place, Players};
use crate::args::Effort;
use crate::child::shown;
use crate::error::BenchError;
use crate::measurement::{Group, Measurement, Peer, Samples, Target, Unit};

/// What follows the start of a program is over by then: our runtime gives memory back after five seconds, later when the machine is busy.
const SETTLING_MS: u64 = 8000;
/// How long they are watched.
const WATCHED_MS: u64 = 10_000;
/// What the programs do: the period of their ticks in ms, 0 for none; and how that is called.
const WORK: [(u64, &str); 3] = [
    (0, "1,000 goroutines at rest"),
    (1000, "a tick of 1 s"),
    (20, "a tick of 20 ms"),
];

/// What threads of a process have done since the start, or between two looks.
#[derive(Clone, Copy)]
struct Activity {
    switches: u64,
    cpu_ns: u64,
}

/// All programs of a round wait at the same time: they take next to nothing from each other.
pub fn rest(effort: &Effort) -> Result<Vec<Measurement>, BenchError> {
    let players = Players::build("atrest", &[])?;
    let commands: Vec<_> = WORK
        .iter()
        .flat_map(|(period, _)| players.commands(*period, Place::AllCpus))
        .collect();
    let peers = commands.len() / WORK.len();
    let mut samples = vec![Vec::new(); commands.len()];
    for _ in 0..effort.rounds {
        for (samples, seen) in samples.iter_mut().zip(round(effort, &players)?) {
            samples.push(seen);
        }
    }
    let of_work = samples.chunks(peers);
    let rows = WORK.iter().zip(of_work).flat_map(|((period, work), seen)| {
        let who = commands.iter().map(|(peer, _)| *peer);
        let number = |what: fn(&Activity) -> f64| {
            let numbers = seen.iter().map(|all| Samples::new(all.iter().map(what)));
            who.clone().zip(numbers).collect::<Vec<(Peer, Samples)>>()
        };
        let target = if *period == 0 {
            Target::AtMost(0.0)
        } else {
            Target::Times(1.0, Peer::Go)
        };
        let row = |what, unit, peers| Measurement {
            group: Group::Goroutines,
            work: format!("{work}: {what} in 10 s"),
            how: "Context switches of all threads, and the time for which they ran, as the kernel counts them, from the ninth second on. \"At rest\": half of the \
                  goroutines sleep, half wait for a channel. \"A tick\": only `main` sleeps, again and again.",
            unit,
            peers,
            targets: vec![target],
        };
        [
            row("wake-ups", Unit::Count, number(|seen| seen.switches as f64)),
            row("CPU", Unit::Time, number(|seen| seen.cpu_ns as f64)),
        ]
    });
    Ok(rows.collect())
}

/// One round: what each program did, in the order of the commands.
fn round(effort: &Effort, players: &Players) -> Result<Vec<Activity>, BenchError> {
    let commands = WORK
        .iter()
        .flat_map(|(period, _)| players.commands(*period, Place::AllCpus));
    let waiting = commands
        .map(|(_, command)| Waiting::start(command))
        .collect::<Result<Vec<_>, _>>()?;
    let look = || waiting.iter().map(Waiting::activity).collect::<Vec<_>>();
    thread::sleep(Duration::from_millis(effort.of(SETTLING_MS)));
    let before = look();
    thread::sleep(Duration::from_millis(effort.of(WATCHED_MS)));
    let pairs = look().into_iter().zip(before);
    let between = pairs.map(|(after, before)| {
        let (after, before) = (after?, before?);
        Ok(Activity {
            switches: after.switches - before.switches,
            cpu_ns: after.cpu_ns - before.cpu_ns,
        })
    });
    between.collect()
}

/// A program that waits until it is killed, which is here.
struct Waiting(Child);

impl Waiting {
    fn start(mut command: Command) -> Result<Self, BenchError> {
        let started = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let mut child = started.map_err(|source| BenchError::Start {
            command: shown(&command),
            source,
        })?;
        let mut output = String::new();
        if let Some(stdout) = child.stdout.take() {
            _ = BufReader::new(stdout).read_line(&mut output);
        }
        let waiting = Self(child);
        if output == "ready\n" {
            return Ok(waiting);
        }
        Err(BenchError::Protocol {
            command: shown(&command),
            name: "ready",
            output,
        })
    }

    fn activity(&self) -> Result<Activity, BenchError> {
        let tasks = format!("/proc/{}/task", self.0.id());
        let tasks = std::path::Path::new(&tasks);
        let mut all = Activity {
            switches: 0,
            cpu_ns: 0,
        };
        for thread in fs::read_dir(tasks).map_err(BenchError::file("read", tasks))? {
            let dir = thread.map_err(BenchError::file("read", tasks))?.path();
            let read = |name| {
                let path = dir.join(name);
                fs::read_to_string(&path).map_err(BenchError::file("read", &path))
            };
            all.switches += switches(&read("status")?);
            all.cpu_ns += cpu_ns(&read("schedstat")?);
        }
        Ok(all)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

/// From a thread's `status`: how often it was taken from its processor, whoever wanted that.
fn switches(status: &str) -> u64 {
    let counts = status.lines().filter_map(|line| {
        let (name, count) = line.split_once(':')?;
        let counts = name.ends_with("voluntary_ctxt_switches");
        counts.then(|| count.trim().parse::<u64>().ok())?
    });
    counts.sum()
}

/// From a thread's `schedstat`: how long it has run.
fn cpu_ns(schedstat: &str) -> u64 {
    let first = schedstat.split_whitespace().next();
    first.and_then(|ns| ns.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_switches_count() {
        let status = "Name:\tx\nvoluntary_ctxt_switches:\t7\nnonvoluntary_ctxt_switches:\t5\n";
        assert_eq!(switches(status), 12);
    }

    #[test]
    fn the_time_is_the_first_number() {
        assert_eq!(cpu_ns("1234 5678 9\n"), 1234);
    }
}
