//! Diagnostics of this tool among cargo's messages in JSON (`--message-format json`): as `compiler-message`s, which is what editors read.
//!
//! A program that does not link is rustc's error, with the whole link line. What the driver has reported stands in its place: cargo's standard output goes through a pipe,
//! and that one message is replaced.

use std::io::{self, BufRead, BufReader, PipeReader, PipeWriter};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use gobuild_codegen::diagnostic::Diagnostic;
use gobuild_codegen::model::{RootTarget, TargetKind};
use serde_json::{Value, json};

use super::context::Context;
use crate::args::cargo::DisplayArgs;
use crate::error::Error;
use crate::report::{Message, Report};
use crate::rustc_json;
use crate::shell::{self, Shell};

/// The driver reports before it ends, so its report is on the way when rustc has told that it failed.
const PATIENCE: Duration = Duration::from_secs(2);

/// How messages are wanted in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Json {
    /// With plain text in them.
    Plain,
    /// With colours in it.
    Ansi,
}

impl Json {
    /// None if text is wanted, or JSON of everything but diagnostics.
    #[must_use]
    pub fn wanted(display: &DisplayArgs) -> Option<Self> {
        let formats = display.message_format.iter();
        let all: Vec<&str> = formats.flat_map(|format| format.split(',')).collect();
        if !all.iter().any(|one| one.starts_with("json"))
            || all.contains(&"json-render-diagnostics")
        {
            return None;
        }
        Some(match all.contains(&"json-diagnostic-rendered-ansi") {
            true => Self::Ansi,
            false => Self::Plain,
        })
    }
}

/// Tells a diagnostic of a target, as the user wants diagnostics.
///
/// # Errors
/// When standard output cannot be written.
pub fn tell(context: &Context, target: &RootTarget, diagnostic: &Diagnostic) -> Result<(), Error> {
    let report =
        Report::of_diagnostics(diagnostic.message.clone(), std::slice::from_ref(diagnostic));
    let Some(json) = context.json else {
        context.shell.report(&report);
        return Ok(());
    };
    let member = context.project.workspace.member(&target.package);
    let kind = match target.kind {
        TargetKind::Bin | TargetKind::BinTest => "bin",
        TargetKind::Example | TargetKind::ExampleTest => "example",
        TargetKind::LibTest => "lib",
        TargetKind::Test => "test",
        TargetKind::Bench => "bench",
    };
    let crate_type = if kind == "lib" { "lib" } else { "bin" };
    let from = json!({
        "package_id": target.package.0,
        "manifest_path": member.map(|member| &member.manifest_path),
        "target": {
            "kind": [kind], "crate_types": [crate_type], "name": target.name, "src_path": target.src_path,
            "edition": target.edition, "doc": true, "doctest": kind == "lib", "test": true,
        },
    });
    let lines = lines(&report, &from, json);
    shell::answer(lines.as_bytes()).map_err(Error::Stdout)
}

/// A report as messages of the target that `from` names.
fn lines(report: &Report, from: &Value, json: Json) -> String {
    let all = rustc_json::of_report(report, json == Json::Ansi);
    let line = |message: Value| {
        let message = json!({
            "reason": "compiler-message", "package_id": from["package_id"],
            "manifest_path": from["manifest_path"], "target": from["target"], "message": message,
        });
        format!("{message}\n")
    };
    all.into_iter().map(line).collect()
}

/// Cargo's messages on their way to standard output.
pub struct Messages {
    printing: JoinHandle<()>,
}

/// The errors that drivers have reported and nobody has printed.
#[derive(Clone, Default)]
pub struct Reports(Arc<(Mutex<Vec<Message>>, Condvar)>);

impl Messages {
    /// Hands on what is written into the pipe.
    ///
    /// # Errors
    /// When there is no pipe.
    pub fn open(json: Json, reports: Reports) -> io::Result<(Self, PipeWriter)> {
        let (reader, writer) = io::pipe()?;
        let printing = std::thread::spawn(move || hand_on(reader, &reports, json));
        Ok((Self { printing }, writer))
    }

    /// Waits for the end of the pipe, which every writer must have closed.
    pub fn close(self) {
        let _ = self.printing.join();
    }
}

impl Reports {
    /// Keeps an error; gives back what is none.
    #[must_use]
    pub fn keep(&self, message: Message) -> Option<Message> {
        if message.failure().is_none() {
            return Some(message);
        }
        self.lock().push(message);
        self.0.1.notify_all();
        None
    }

    /// Tells what is left, at the end of the build: there nothing comes behind it any more.
    pub fn tell(&self, shell: &Shell) {
        let kept = std::mem::take(&mut *self.lock());
        for message in kept {
            shell.message(&message);
        }
    }

    /// The error of a program, or one that is of none; waited for, as it may be on its way.
    fn take(&self, program: &Value) -> Option<Message> {
        let is_its = |message: &Message| {
            let of = message
                .failure()
                .and_then(|failure| failure.program.as_deref());
            of.is_none() || of == program.as_str()
        };
        let is_missing = |kept: &mut Vec<Message>| !kept.iter().any(is_its);
        let waited = self
            .0
            .1
            .wait_timeout_while(self.lock(), PATIENCE, is_missing);
        let (mut kept, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().position(is_its)?;
        Some(kept.remove(at))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Message>> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn hand_on(pipe: PipeReader, reports: &Reports, json: Json) {
    let mut lines_of_cargo = BufReader::new(pipe);
    let mut line = Vec::new();
    while lines_of_cargo
        .read_until(b'\n', &mut line)
        .is_ok_and(|len| len != 0)
    {
        let failed = link_failure(&line).map(|from| (reports.take(&from["target"]["name"]), from));
        let text = match failed {
            Some((Some(Message::Error(failure)), from)) => {
                lines(&failure.report, &from, json).into_bytes()
            }
            Some((Some(Message::Failed(failure)), from)) => {
                line.extend(lines(&failure.report, &from, json).into_bytes());
                std::mem::take(&mut line)
            }
            _ => std::mem::take(&mut line),
        };
        // A reader that has gone away ends cargo, which sees it at its next message.
        if shell::answer(&text).is_err() {
            return;
        }
        line.clear();
    }
}

/// The message, if it is rustc's that this tool has failed as its linker.
fn link_failure(line: &[u8]) -> Option<Value> {
    let message: Value = serde_json::from_slice(line).ok()?;
    rustc_json::is_link_failure_message(&message["message"]).then_some(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(formats: &[&str]) -> Option<Json> {
        Json::wanted(&DisplayArgs {
            message_format: formats.iter().map(|one| (*one).to_owned()).collect(),
            ..DisplayArgs::default()
        })
    }

    #[test]
    fn formats_are_read_as_cargo_reads_them() {
        assert_eq!(wanted(&[]), None);
        assert_eq!(wanted(&["human"]), None);
        assert_eq!(wanted(&["json"]), Some(Json::Plain));
        assert_eq!(
            wanted(&["json,json-diagnostic-rendered-ansi"]),
            Some(Json::Ansi)
        );
        assert_eq!(wanted(&["json-render-diagnostics"]), None);
    }

    #[test]
    fn a_report_takes_the_place_of_the_link_line() {
        let failure = r#"{"reason":"compiler-message","package_id":"p","manifest_path":"m","target":{"name":"app"},
            "message":{"message":"linking with `cargo-gobuild` failed: exit status: 1"}}"#
            .replace('\n', "");
        let from = link_failure(failure.as_bytes()).expect("it is one");
        let report = Report::Plain {
            headline: "lost".into(),
            causes: Vec::new(),
            help: None,
        };
        let line: Value = serde_json::from_str(&lines(&report, &from, Json::Plain)).expect("JSON");
        assert_eq!(line["message"]["message"], "lost");
        assert_eq!(line["target"]["name"], "app");
        assert_eq!(link_failure(br#"{"reason":"build-finished"}"#), None);
    }
}
