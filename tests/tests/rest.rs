//! Programs at rest: nothing of theirs wakes up but what they asked for. Wake-ups are counted, as context switches; times decide nothing.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use gobuild_tests::process::{Outcome, RUN};
use gobuild_tests::testprog::{executables, start};
use gobuild_tests::tool;

/// What is to pass without any wake-up. More than from one of the runtime's rounds to the next.
const STILL: Duration = Duration::from_secs(6);
/// A program that does not come to rest within this time never does. It should after five seconds; the machine may be busy.
const LIMIT: Duration = Duration::from_secs(90);

/// A program that waits for ever.
struct Waiting {
    line: String,
    child: Child,
    /// The sum of its threads' context switches, and since when it has been that.
    switches: u64,
    since: Instant,
}

impl Waiting {
    fn start(line: &str, procs: &str) -> Self {
        let mut command = Command::new(&executables()[1]);
        tool::clean(&mut command);
        let mut child = command
            .args(line.split_whitespace())
            .env("GOMAXPROCS", procs)
            .stdout(Stdio::piped())
            .spawn()
            .expect("a child");
        let stdout = child.stdout.take().expect("piped");
        let mut ready = String::new();
        BufReader::new(stdout)
            .read_line(&mut ready)
            .expect("a line");
        assert_eq!(ready, "ready\n", "{line}");
        Self {
            line: format!("GOMAXPROCS={procs} {line}"),
            child,
            switches: 0,
            since: Instant::now(),
        }
    }

    /// Whether it has been still for long enough.
    fn is_still(&mut self) -> bool {
        let switches = switches(self.child.id());
        if switches != self.switches {
            self.switches = switches;
            self.since = Instant::now();
        }
        let ended = self.child.try_wait().expect("wait");
        assert_eq!(ended, None, "{}", self.line);
        self.since.elapsed() >= STILL
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// How often threads of a process were taken from their processors, whoever wanted that.
fn switches(pid: u32) -> u64 {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).expect("a running process");
    let of_thread = |dir: std::path::PathBuf| {
        let status = fs::read_to_string(dir.join("status")).expect("a living thread");
        let of_line = |line: &str| {
            let (name, number) = line.split_once(':')?;
            let counts = name.ends_with("voluntary_ctxt_switches");
            counts.then(|| number.trim().parse::<u64>().expect("a number"))
        };
        status.lines().filter_map(of_line).sum::<u64>()
    };
    threads
        .map(|entry| of_thread(entry.expect("an entry").path()))
        .sum()
}

#[test]
fn a_program_at_rest_never_wakes_up() {
    let lines = [
        "at-rest sleep 1",
        "at-rest sleep 1000",
        "at-rest receive 1000",
        "at-rest mixed 20000",
        "at-rest blocking 50",
        "at-rest hog 20",
    ];
    let each = |procs| lines.map(|line| Waiting::start(line, procs));
    let mut restless: Vec<Waiting> = ["1", "2", "4"].into_iter().flat_map(each).collect();
    let began = Instant::now();
    while !restless.is_empty() && began.elapsed() < LIMIT {
        thread::sleep(STILL / 10); // between two looks
        restless.retain_mut(|program| !program.is_still());
    }
    let left: Vec<&str> = restless.iter().map(|program| &*program.line).collect();
    assert!(left.is_empty(), "never at rest: {left:#?}");
}

#[test]
fn a_tick_wakes_few_threads() {
    /// Two: who runs the timer and sysmon, which looks whether it still does. On a machine with other work it may find that several times.
    const MOST: u64 = 12;
    const TICKS: u64 = 50;
    let tick = |procs| {
        let line = format!("ticks {TICKS} 100");
        move || -> Outcome { start(&executables()[1], &line, &[("GOMAXPROCS", procs)], RUN).ok() }
    };
    let running = ["1", "2", "4"].map(|procs| thread::spawn(tick(procs)));
    for running in running {
        let outcome = running.join().expect("a program");
        let switches: u64 = outcome.out().trim().parse().expect("a number");
        assert!(switches <= MOST * TICKS, "{}", outcome.report());
    }
}
