//! Runs steps: each is named and timed, and what its tests said is counted, so that the last lines tell it all.
//!
//! A step that fails does not stop the ones behind it: one run shows everything that is wrong.
//!
//! Steps run one after the other, or in two rows side by side ([`Runner::beside`]): most steps have a time when only one processor is at work. What a step of the second row says is kept until it ends, so that the
//! two do not talk at once.

use std::io::{BufRead, BufReader, PipeReader, Write};
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread;
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    passed: u64,
    failed: u64,
    ignored: u64,
}

/// When a step's output is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    /// As it comes.
    AtOnce,
    /// All of it when the step has ended.
    Together,
}

/// Runs steps and remembers.
pub struct Runner {
    started: Instant,
    steps: Vec<Step>,
    counts: Counts,
    only: Vec<String>,
    env: Vec<(&'static str, &'static str)>,
    shown: Shown,
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
            shown: Shown::AtOnce,
        }
    }

    /// Two rows of steps at the same time. They must not build in the same target directory for long, or one waits for the other.
    pub fn beside(&mut self, first: impl FnOnce(&mut Self), second: impl FnOnce(&mut Self) + Send) {
        let mut beside = Self {
            steps: Vec::new(),
            counts: Counts::default(),
            only: self.only.clone(),
            env: self.env.clone(),
            shown: Shown::Together,
            ..*self
        };
        thread::scope(|scope| {
            scope.spawn(|| second(&mut beside));
            first(self);
        });
        self.steps.append(&mut beside.steps);
        self.counts.add(beside.counts);
    }

    /// From now on only steps whose names begin with one of these; all when there are none.
    pub fn only(&mut self, names: &[String]) {
        self.only = names.to_vec();
    }

    /// Runs steps that others need, whatever they are called, if some whose names begin with one of `users` may run.
    pub fn before<T>(&mut self, users: &[&str], steps: impl FnOnce(&mut Self) -> T) -> T {
        let only = self.only.clone();
        let needed = |only: &String| {
            users
                .iter()
                .any(|user| only.starts_with(user) || user.starts_with(only.as_str()))
        };
        if only.iter().any(needed) {
            self.only.clear();
        }
        let made = steps(self);
        self.only = only;
        made
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
            let (counts, shown) = (&mut self.counts, self.shown);
            let (took, outcome) = timed(|| stream(name, command, counts, shown));
            self.push(name, took, outcome);
        }
    }

    /// A step that is a function; its error is a list of complaints.
    pub fn function(&mut self, name: &str, step: impl FnOnce() -> Result<(), Vec<String>>) {
        if self.wanted(name) {
            println!("\n=== {name}");
            let (took, outcome) = timed(|| match step() {
                Ok(()) => Outcome::Done,
                Err(complaints) => {
                    complaints
                        .iter()
                        .for_each(|line| eprintln!("{name}: {line}"));
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

fn timed(step: impl FnOnce() -> Outcome) -> (Duration, Outcome) {
    let started = Instant::now();
    let outcome = step();
    (started.elapsed(), outcome)
}

/// Runs a child whose output passes through, counted.
fn stream(name: &str, command: &mut Command, counts: &mut Counts, shown: Shown) -> Outcome {
    let mut text = format!("\n=== {name}\n{command:?}\n").into_bytes();
    let show = |text: &mut Vec<u8>| {
        // A reader of ours that is gone must not stop the tests.
        _ = std::io::stdout().write_all(text);
        text.clear();
    };
    if shown == Shown::AtOnce {
        show(&mut text);
    }
    let (mut child, out) = match start(command, shown) {
        Ok(started) => started,
        Err(error) => return Outcome::Failed(format!("cannot start: {error}")),
    };
    for line in BufReader::new(out).split(b'\n').map_while(Result::ok) {
        counts.read(&String::from_utf8_lossy(&line));
        text.extend(line);
        text.push(b'\n');
        if shown == Shown::AtOnce {
            show(&mut text);
        }
    }
    show(&mut text);
    match child.wait() {
        Ok(status) if status.success() => Outcome::Done,
        Ok(status) => Outcome::Failed(status.to_string()),
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

/// Starts a child, with what it writes. Errors go where ours go, unless they must wait, too.
fn start(command: &mut Command, shown: Shown) -> std::io::Result<(Child, PipeReader)> {
    let (reader, writer) = std::io::pipe()?;
    command.stdin(Stdio::null());
    if shown == Shown::Together {
        command.stderr(writer.try_clone()?);
    }
    let child = command.stdout(writer).spawn()?;
    // The command still holds the end that is written to, without which the output has no end.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    Ok((child, reader))
}

impl Counts {
    fn add(&mut self, others: Self) {
        self.passed += others.passed;
        self.failed += others.failed;
        self.ignored += others.ignored;
    }

    /// Adds a `test result: ok. 3 passed; 0 failed; 1 ignored; …` line; ignores any other.
    fn read(&mut self, line: &str) {
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
        counts.read("running 3 tests");
        counts.read(
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.00s",
        );
        counts.read("test result: FAILED. 4 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.00s");
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
    fn what_a_wanted_step_needs_runs_before_it() {
        for (only, expected) in [("user, one", 1), ("us", 1), ("tool", 1), ("other", 0)] {
            let mut runner = Runner::new();
            runner.only(&[only.into()]);
            runner.before(&["user"], |runner| runner.function("tool", || Ok(())));
            assert_eq!(runner.steps.len(), expected, "{only}");
            assert!(!runner.wanted("another"));
        }
    }

    #[test]
    fn two_rows_of_steps_run_at_the_same_time_and_all_count() {
        let (send, receive) = std::sync::mpsc::channel();
        let mut runner = Runner::new();
        runner.only(&["one".into(), "two".into()]);
        let mut tells = Command::new("echo");
        tells.arg("test result: ok. 2 passed; 0 failed; 1 ignored;");
        runner.beside(
            |first| {
                // Ends only if the other row is at work.
                let heard = || {
                    receive
                        .recv_timeout(Duration::from_secs(60))
                        .map_err(|error| vec![error.to_string()])
                };
                first.function("one", heard);
                first.function("three", || panic!("not wanted"));
            },
            |second| {
                second.child("two", &mut tells);
                second.function("two, told", move || {
                    send.send(()).map_err(|error| vec![error.to_string()])
                });
            },
        );
        let names: Vec<_> = runner.steps.iter().map(|step| &*step.name).collect();
        assert_eq!(names, ["one", "two", "two, told"]);
        let done = |step: &Step| matches!(step.outcome, Outcome::Done);
        assert!(runner.steps.iter().all(done));
        assert_eq!((runner.counts.passed, runner.counts.ignored), (2, 1));
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
