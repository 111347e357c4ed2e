//! Runs steps one after the other: each is named and timed, and what its tests said is counted, so that the last lines tell it all.
//!
//! A step that fails does not stop the ones behind it: one run shows everything that is wrong.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

/// How a step ended.
enum Outcome {
    Done,
    Failed(String),
    /// It could not run, for this reason, which says how to make it possible.
    Skipped(String),
}

struct Step {
    name: String,
    took: Duration,
    outcome: Outcome,
}

/// Numbers out of libtest's `test result:` lines.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    passed: u64,
    failed: u64,
    ignored: u64,
}

/// Runs steps and remembers.
pub struct Runner {
    started: Instant,
    steps: Vec<Step>,
    counts: Counts,
    only: Vec<String>,
    env: Vec<(&'static str, &'static str)>,
}

impl Runner {
    /// Nothing has run yet.
    pub fn new() -> Self {
        Self {
            started: Instant::now(),
            steps: Vec::new(),
            counts: Counts::default(),
            only: Vec::new(),
            env: Vec::new(),
        }
    }

    /// From now on only steps whose names begin with one of these; all when there are none.
    pub fn only(&mut self, names: &[String]) {
        self.only = names.to_vec();
    }

    /// A variable for all children from now on.
    pub fn env(&mut self, name: &'static str, value: &'static str) {
        self.env.push((name, value));
    }

    /// Whether a step of this name is to run.
    pub fn wanted(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| name.starts_with(only.as_str()))
    }

    /// A step that is a child process.
    pub fn child(&mut self, name: &str, command: &mut Command) {
        if self.wanted(name) {
            command.envs(self.env.iter().copied());
            let counts = &mut self.counts;
            let (took, outcome) = timed(name, || stream(command, counts));
            self.push(name, took, outcome);
        }
    }

    /// A step that is a function; its error is a list of complaints.
    pub fn function(&mut self, name: &str, step: impl FnOnce() -> Result<(), Vec<String>>) {
        if self.wanted(name) {
            let (took, outcome) = timed(name, || match step() {
                Ok(()) => Outcome::Done,
                Err(complaints) => {
                    complaints.iter().for_each(|line| eprintln!("{line}"));
                    Outcome::Failed(format!("{} complaints", complaints.len()))
                }
            });
            self.push(name, took, outcome);
        }
    }

    /// A step that cannot run here; `why` says how to make it possible.
    pub fn skip(&mut self, name: &str, why: &str) {
        if self.wanted(name) {
            println!("\n=== {name}: skipped: {why}");
            self.push(name, Duration::ZERO, Outcome::Skipped(why.to_owned()));
        }
    }

    fn push(&mut self, name: &str, took: Duration, outcome: Outcome) {
        self.steps.push(Step {
            name: name.to_owned(),
            took,
            outcome,
        });
    }

    /// Prints what ran, and how it ended, in libtest's own words.
    pub fn summary(self) -> ExitCode {
        let failed = self
            .steps
            .iter()
            .filter(|step| matches!(step.outcome, Outcome::Failed(_)))
            .count();
        println!("\n=== summary");
        for Step {
            name,
            took,
            outcome,
        } in &self.steps
        {
            let text = match outcome {
                Outcome::Done => "ok",
                Outcome::Failed(why) => &format!("FAILED: {why}"),
                Outcome::Skipped(why) => &format!("skipped: {why}"),
            };
            println!("{name:24} {:7.1} s  {text}", took.as_secs_f64());
        }
        let Counts {
            passed,
            failed: tests_failed,
            ignored,
        } = self.counts;
        println!(
            "\ntest result: {}. {passed} passed; {tests_failed} failed; {ignored} ignored; {} steps, {failed} failed; finished in {:.2}s",
            if failed == 0 { "ok" } else { "FAILED" },
            self.steps.len(),
            self.started.elapsed().as_secs_f64()
        );
        if failed == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

fn timed(name: &str, step: impl FnOnce() -> Outcome) -> (Duration, Outcome) {
    println!("\n=== {name}");
    let started = Instant::now();
    let outcome = step();
    (started.elapsed(), outcome)
}

/// Runs a child whose standard output passes through, counted.
fn stream(command: &mut Command, counts: &mut Counts) -> Outcome {
    println!("{command:?}");
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => return Outcome::Failed(format!("cannot start: {error}")),
    };
    if let Some(out) = child.stdout.take() {
        let mut here = std::io::stdout().lock();
        for line in BufReader::new(out).split(b'\n').map_while(Result::ok) {
            counts.add(&String::from_utf8_lossy(&line));
            // A reader of ours that is gone must not stop the tests.
            _ = here.write_all(&line).and_then(|()| here.write_all(b"\n"));
        }
    }
    match child.wait() {
        Ok(status) if status.success() => Outcome::Done,
        Ok(status) => Outcome::Failed(status.to_string()),
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

impl Counts {
    /// Adds a `test result: ok. 3 passed; 0 failed; 1 ignored; …` line; ignores any other.
    fn add(&mut self, line: &str) {
        let Some(result) = line.strip_prefix("test result: ") else {
            return;
        };
        let words: Vec<&str> = result.split_whitespace().collect();
        for pair in words.windows(2) {
            let Ok(number) = pair[0].parse::<u64>() else {
                continue;
            };
            match pair[1].trim_end_matches(';') {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.ignored += number,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_all_test_binaries_are_added_up() {
        let mut counts = Counts::default();
        counts.add("running 3 tests");
        counts.add(
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.00s",
        );
        counts.add("test result: FAILED. 4 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.00s");
        let expect = Counts {
            passed: 7,
            failed: 2,
            ignored: 1,
        };
        assert_eq!(counts, expect);
    }

    #[test]
    fn only_the_wanted_steps_run() {
        let mut runner = Runner::new();
        runner.only(&["uni".into()]);
        runner.function("tidy", || panic!("not wanted"));
        runner.function("unit", || Ok(()));
        assert_eq!(runner.steps.len(), 1);
    }

    #[test]
    fn a_child_that_fails_is_a_failed_step_and_the_next_one_runs() {
        let mut runner = Runner::new();
        runner.child("no", &mut Command::new("false"));
        runner.child("yes", &mut Command::new("true"));
        assert!(matches!(runner.steps[0].outcome, Outcome::Failed(_)));
        assert!(matches!(runner.steps[1].outcome, Outcome::Done));
    }
}
