//! Runs one test program with a time limit and reads what libtest says.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::build::Program;
use super::table::Suite;

/// What a test said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Result {
    Passed,
    Failed,
    Ignored,
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With status 0, or with libtest's for failed tests.
    Regularly(bool),
    Otherwise(i32),
    Signal(i32),
    /// It was ended by us.
    Hung,
}

impl fmt::Display for Ended {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Regularly(_) => write!(out, "ended"),
            Self::Otherwise(code) => write!(out, "ended with status {code}"),
            Self::Signal(signal) => write!(out, "ended by signal {signal}"),
            Self::Hung => write!(out, "hung"),
        }
    }
}

/// What libtest ends with when a test failed.
const FAILED: i32 = 101;

/// Runs it where cargo would. What it writes to its standard output is returned, and kept in the file `log`, beside what it writes to standard error.
pub fn run(
    suite: &Suite,
    dir: &Path,
    program: &Program,
    args: &[&str],
    env: &[(&str, &str)],
    log: &Path,
    patience: Duration,
) -> std::result::Result<(String, Ended), String> {
    let mut command = Command::new(&program.path);
    command
        .args(args)
        .current_dir(dir)
        .env("CARGO_MANIFEST_DIR", dir)
        .env("CARGO_PKG_NAME", suite.name)
        .envs(suite.env.iter().copied())
        .envs(env.iter().copied())
        .env_remove("RUST_BACKTRACE");
    let told = |error: std::io::Error| format!("{}: {error}", program.path.display());
    let ended = timed(&mut command, log, patience).map_err(told)?;
    let output = fs::read(log).map_err(told)?;
    Ok((String::from_utf8_lossy(&output).into_owned(), ended))
}

/// Runs a command with its output in the file `log`, and ends it, and whatever it has started, after `patience`.
fn timed(command: &mut Command, log: &Path, patience: Duration) -> std::io::Result<Ended> {
    log.parent().map_or(Ok(()), fs::create_dir_all)?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(File::create(log)?)
        .stderr(File::create(log.with_extension("err"))?)
        .process_group(0)
        .spawn()?;
    let group = format!("-{}", child.id());
    let (send, ends) = mpsc::channel();
    let waits = thread::spawn(move || _ = send.send(child.wait()));
    let status = ends.recv_timeout(patience);
    // Nobody else has the number of the group as long as somebody is in it; when nobody is, this fails.
    _ = Command::new("kill")
        .args(["-KILL", "--", &group])
        .stderr(Stdio::null())
        .status();
    _ = waits.join();
    match status {
        Ok(status) => Ok(Ended::from(status?)),
        Err(_) => Ok(Ended::Hung),
    }
}

impl From<ExitStatus> for Ended {
    fn from(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(0), _) => Self::Regularly(true),
            (Some(FAILED), _) => Self::Regularly(false),
            (Some(code), _) => Self::Otherwise(code),
            (None, signal) => Self::Signal(signal.unwrap_or_default()),
        }
    }
}

/// What the tests said, by name. A program without libtest is one test, which is called like the program.
pub fn read(output: &str, program: &str, ended: Ended) -> BTreeMap<String, Result> {
    let mut results = BTreeMap::new();
    for line in output.lines() {
        let Some((test, said)) = line
            .strip_prefix("test ")
            .and_then(|line| line.split_once(" ... "))
        else {
            continue;
        };
        let result = match said.split([' ', ',']).next().unwrap_or_default() {
            "ok" => Result::Passed,
            "FAILED" => Result::Failed,
            "ignored" => Result::Ignored,
            _ => continue,
        };
        let test = test.strip_suffix(" - should panic").unwrap_or(test);
        results.insert(test.to_owned(), result);
    }
    if results.is_empty() && !output.contains("running 0 tests") {
        match ended {
            Ended::Regularly(true) => _ = results.insert(program.to_owned(), Result::Passed),
            Ended::Hung => {}
            _ => _ = results.insert(program.to_owned(), Result::Failed),
        }
    }
    results
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "\
running 4 tests
test one ... ok
test two - should panic ... ok
test three ... FAILED
test four ... ignored, takes long
noise of a child
test result: FAILED. 2 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s
";

    #[test]
    fn what_libtest_says_is_understood() {
        let results = read(SAID, "tests/a.rs", Ended::Regularly(false));
        let expected = [
            ("four", Result::Ignored),
            ("one", Result::Passed),
            ("three", Result::Failed),
            ("two", Result::Passed),
        ];
        let expected = expected.map(|(test, result)| (test.to_owned(), result));
        assert_eq!(results, BTreeMap::from(expected));
    }

    #[test]
    fn a_program_without_libtest_is_one_test() {
        for (ended, expected) in [
            (Ended::Regularly(true), Some(Result::Passed)),
            (Ended::Otherwise(1), Some(Result::Failed)),
            (Ended::Signal(6), Some(Result::Failed)),
            (Ended::Hung, None),
        ] {
            let results = read("hello\n", "tests/a.rs", ended);
            assert_eq!(results.get("tests/a.rs").copied(), expected, "{ended}");
        }
        let results = read("running 0 tests\n", "src/lib.rs", Ended::Regularly(true));
        assert!(results.is_empty());
    }

    #[test]
    fn a_program_that_hangs_is_ended_with_those_that_it_has_started() {
        let log = crate::workspace::target().join("suites/logs/tests/hangs.txt");
        let mut shell = Command::new("sh");
        shell.args(["-c", "echo test one ... ok; sleep 600 & wait"]);
        let ended = timed(&mut shell, &log, Duration::from_secs(1)).expect("a shell");
        let said = fs::read_to_string(&log).expect("a log");
        assert_eq!((said.as_str(), ended), ("test one ... ok\n", Ended::Hung));
        let mut shell = Command::new("sh");
        shell.args(["-c", "exit 3"]);
        let ended = timed(&mut shell, &log, Duration::from_secs(60)).expect("a shell");
        assert_eq!(ended, Ended::Otherwise(3));
    }
}
