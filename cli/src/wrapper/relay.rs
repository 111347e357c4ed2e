//! rustc under a wrapper that no `cargo gobuild` stands above: the linker driver reports to the wrapper, which says it as rustc would, in the place of rustc's own message
//! that the linker has failed.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Write};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use crate::report::{Inbox, Message};
use crate::rustc_json;
use crate::shell::Shell;

/// Runs rustc, whose arguments are `args`.
///
/// # Errors
/// When it does not start.
pub fn run(command: &mut Command, args: &[OsString]) -> io::Result<ExitStatus> {
    let told: Arc<Mutex<Vec<Message>>> = Arc::default();
    let telling = Arc::clone(&told);
    let inbox = Inbox::open(move |message| {
        telling
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(message);
    });
    let Ok(inbox) = inbox else {
        return command.status();
    };
    let mut child = command.stderr(Stdio::piped()).spawn()?;
    let held = child.stderr.take().map(hand_on).unwrap_or_default();
    let status = child.wait();
    inbox.close();
    let told = std::mem::take(&mut *told.lock().unwrap_or_else(PoisonError::into_inner));
    say(&told, &held, args);
    status
}

/// Hands lines on as they come. Gives those that say that the linker has failed.
fn hand_on(stderr: impl io::Read) -> Vec<Vec<u8>> {
    let mut held = Vec::new();
    let mut lines = BufReader::new(stderr);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line).is_ok_and(|len| len != 0) {
        match rustc_json::is_link_failure(&line) {
            true => held.push(std::mem::take(&mut line)),
            false => write(&line),
        }
        line.clear();
    }
    held
}

fn say(told: &[Message], held: &[Vec<u8>], args: &[OsString]) {
    let args: Vec<_> = args.iter().map(|arg| arg.to_string_lossy()).collect();
    let is_json = args.iter().any(|arg| arg == "--error-format=json");
    let is_ansi = args
        .iter()
        .any(|arg| arg.starts_with("--json=") && arg.contains("diagnostic-rendered-ansi"));
    let shell = Shell::plain();
    if !told
        .iter()
        .any(|message| matches!(message, Message::Error(_)))
    {
        held.iter().for_each(|line| write(line));
    }
    for message in told {
        let report = match message {
            Message::Error(failure) | Message::Failed(failure) => &failure.report,
            Message::Warning(report) => report,
            Message::Status { .. } | Message::Command(_) => continue,
        };
        match is_json {
            true => rustc_json::of_report(report, is_ansi)
                .iter()
                .for_each(|one| write(format!("{one}\n").as_bytes())),
            false => shell.report(report),
        }
    }
}

/// A failing standard error is no reason to fail.
fn write(bytes: &[u8]) {
    let _ = io::stderr().lock().write_all(bytes);
}
