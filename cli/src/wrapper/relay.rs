//! rustc under the wrapper: the linker driver reports to the wrapper, which says its errors as rustc would, in the place of rustc's own message that the linker has failed.
//! Cargo then shows, counts and colours them as it does rustc's. Of a linker's failure rustc's message stays, since the linker's words are in it; the help goes below it.
//!
//! What is no error goes on to the subcommand. Where none stands above (plain cargo) warnings are said here as well.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Write};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use crate::report::{Inbox, Message, Outbox, Report};
use crate::rustc_json::{self, Style};
use crate::shell::Shell;

/// Runs rustc, whose arguments are `args`.
///
/// # Errors
/// When it does not start.
pub fn run(command: &mut Command, args: &[OsString]) -> io::Result<ExitStatus> {
    let told: Arc<Mutex<Vec<Message>>> = Arc::default();
    let telling = Arc::clone(&told);
    let above = Outbox::find();
    let has_subcommand = above.is_heard();
    let tell = move |message: Message| {
        if !message.is_error() && above.is_heard() {
            let _ = above.send(&message);
            return;
        }
        telling
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(message);
    };
    let inbox = match has_subcommand {
        true => Inbox::open_below(tell),
        false => Inbox::open(tell),
    };
    let Ok(inbox) = inbox else {
        return command.status();
    };
    let mut child = command.stderr(Stdio::piped()).spawn()?;
    let held = child.stderr.take().map(hand_on).unwrap_or_default();
    let status = child.wait();
    inbox.close();
    let told = std::mem::take(&mut *told.lock().unwrap_or_else(PoisonError::into_inner));
    let failed = !status.as_ref().is_ok_and(ExitStatus::success);
    say_all(&told, held, failed, &Voice::of(args));
    status
}

/// Says an error of the wrapper itself, as rustc with these arguments would.
pub fn say(report: &Report, args: &[OsString]) {
    Voice::of(args).say(report);
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

/// Says what was told, and of the lines that were held those in whose place nothing was told. rustc may have linked again with other options: what failed before is
/// said only if `failed`.
fn say_all(told: &[Message], held: Vec<Vec<u8>>, failed: bool, voice: &Voice) {
    let is_told = told
        .iter()
        .any(|message| matches!(message, Message::Error(_)));
    let mut help = told.iter().rev().find_map(|message| match message {
        Message::Failed(report) => Some(report),
        _ => None,
    });
    for line in held.into_iter().filter(|_| !is_told) {
        match help.take().and_then(Report::help) {
            Some(text) => write(&rustc_json::with_help(line, text, voice.style)),
            None => write(&line),
        }
    }
    for message in told {
        match message {
            Message::Error(report) | Message::Warning(report) => voice.say(report),
            Message::Failed(_) | Message::Status { .. } | Message::Command(_) => {}
        }
    }
    // rustc has not said it, whoever has called it.
    if let Some(report) = help.filter(|_| failed && !is_told) {
        voice.say(report);
    }
}

/// How rustc was told to talk.
struct Voice {
    is_json: bool,
    style: Style,
}

impl Voice {
    fn of(args: &[OsString]) -> Self {
        let args: Vec<_> = args.iter().map(|arg| arg.to_string_lossy()).collect();
        let asks_for = |what: &str| {
            let mut options = args.iter().filter_map(|arg| arg.strip_prefix("--json="));
            options.any(|all| all.split(',').any(|one| one == what))
        };
        Self {
            is_json: args.iter().any(|arg| arg == "--error-format=json"),
            style: if asks_for("diagnostic-short") {
                Style::Short
            } else if asks_for("diagnostic-rendered-ansi") {
                Style::Ansi
            } else {
                Style::Plain
            },
        }
    }

    fn say(&self, report: &Report) {
        if !self.is_json {
            return Shell::plain().report(report);
        }
        for one in rustc_json::of_report(report, self.style) {
            write(format!("{one}\n").as_bytes());
        }
    }
}

/// A failing standard error is no reason to fail.
fn write(bytes: &[u8]) {
    let _ = io::stderr().lock().write_all(bytes);
}
