//! Children: run to their end, judged by their exit status, timed.

use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::error::BenchError;

/// Runs a command that must succeed and returns what it printed on standard output.
///
/// # Errors
/// When it does not start or fails.
pub fn output(command: &mut Command) -> Result<String, BenchError> {
    output_or(command, "")
}

/// As [`output`], with what to do about it if it fails.
///
/// # Errors
/// When it does not start or fails.
pub fn output_or(command: &mut Command, hint: &str) -> Result<String, BenchError> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|source| BenchError::Start {
            command: shown(command),
            source,
        })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(failed(command, &output, hint))
}

/// How long a command that must succeed takes from its start to its end. Its output goes nowhere.
///
/// # Errors
/// When it does not start or fails.
pub fn time(command: &mut Command) -> Result<Duration, BenchError> {
    let start = Instant::now();
    let output = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .output()
        .map_err(|source| BenchError::Start {
            command: shown(command),
            source,
        })?;
    let elapsed = start.elapsed();
    if output.status.success() {
        return Ok(elapsed);
    }
    Err(failed(command, &output, ""))
}

/// How long a process lives that neither reads nor writes: `posix_spawn` and `waitpid`, nothing in between.
///
/// # Errors
/// When it does not start or fails.
pub fn lifetime(command: &mut Command) -> Result<Duration, BenchError> {
    let start = Instant::now();
    let status = command.status();
    let elapsed = start.elapsed();
    let status = status.map_err(|source| BenchError::Start {
        command: shown(command),
        source,
    })?;
    if status.success() {
        return Ok(elapsed);
    }
    let output = Output {
        status,
        stdout: Vec::new(),
        stderr: Vec::new(),
    };
    Err(failed(command, &output, ""))
}

/// Runs a benchmark program and returns the number that it printed under each name.
///
/// # Errors
/// When it fails, or prints something else.
pub fn numbers<const N: usize>(
    command: &mut Command,
    names: [&'static str; N],
) -> Result<[f64; N], BenchError> {
    let output = output(command)?;
    let mut found = [0.0; N];
    for (number, name) in found.iter_mut().zip(names) {
        *number = number_in(&output, name).ok_or_else(|| BenchError::Protocol {
            command: shown(command),
            name,
            output: output.clone(),
        })?;
    }
    Ok(found)
}

fn number_in(output: &str, name: &str) -> Option<f64> {
    let value = output
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
    value.parse().ok().filter(|number: &f64| number.is_finite())
}

fn failed(command: &Command, output: &Output, hint: &str) -> BenchError {
    let text = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    let hint = if hint.is_empty() {
        String::new()
    } else {
        format!("\n{hint}")
    };
    BenchError::Failed {
        command: shown(command),
        status: output.status,
        output: text.concat(),
        hint,
    }
}

/// A command as people read it.
pub fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_by_their_whole_name() {
        let output = "nsec 1\nns 2.5\n";
        assert_eq!(number_in(output, "ns"), Some(2.5));
        assert_eq!(number_in(output, "n"), None);
        assert_eq!(number_in("ns NaN\n", "ns"), None);
        assert_eq!(number_in("ns fast\n", "ns"), None);
    }

    #[test]
    fn a_program_that_fails_gives_no_time() {
        assert!(matches!(
            lifetime(&mut Command::new("false")),
            Err(BenchError::Failed { .. })
        ));
        assert!(matches!(
            time(&mut Command::new("/does/not/exist")),
            Err(BenchError::Start { .. })
        ));
    }

    #[test]
    fn a_failure_shows_command_output_and_hint() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo out; echo err >&2; exit 3"]);
        let error = output_or(&mut command, "do this").expect_err("it fails");
        let text = error.to_string();
        for part in ["sh -c", "exit status: 3", "out\n", "err\n", "do this"] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
}
