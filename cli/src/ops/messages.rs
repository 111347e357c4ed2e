//! Diagnostics that the subcommand itself finds, after cargo's: as text or, with `--message-format json`, as `compiler-message`s, which is what editors read.
//!
//! What the linker driver finds is cargo's to tell: the wrapper says it as rustc would.

use gobuild_codegen::diagnostic::Diagnostic;
use gobuild_codegen::model::{RootTarget, TargetKind};
use serde_json::{Value, json};

use super::context::Context;
use crate::args::cargo::DisplayArgs;
use crate::error::Error;
use crate::report::Report;
use crate::rustc_json::{self, Style};
use crate::shell;

/// How diagnostics are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// As text.
    Text,
    /// As text, a line each.
    Short,
    /// As messages in JSON, with text in this style in them.
    Json(Style),
}

impl Format {
    /// As cargo reads `--message-format`. Text, too, where all but diagnostics is wanted in JSON.
    #[must_use]
    pub fn wanted(display: &DisplayArgs) -> Self {
        let formats = display.message_format.iter();
        let all: Vec<&str> = formats.flat_map(|format| format.split(',')).collect();
        let is_short = all.contains(&"short") || all.contains(&"json-diagnostic-short");
        if !all.iter().any(|one| one.starts_with("json"))
            || all.contains(&"json-render-diagnostics")
        {
            return if is_short { Self::Short } else { Self::Text };
        }
        Self::Json(if is_short {
            Style::Short
        } else if all.contains(&"json-diagnostic-rendered-ansi") {
            Style::Ansi
        } else {
            Style::Plain
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
    let style = match context.format {
        Format::Text => {
            context.shell.report(&report);
            return Ok(());
        }
        Format::Short => {
            for message in rustc_json::of_report(&report, Style::Short) {
                let text = message["rendered"].as_str().unwrap_or_default();
                context.shell.rendered(text);
            }
            return Ok(());
        }
        Format::Json(style) => style,
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
    let lines = lines(&report, &from, style);
    shell::answer(lines.as_bytes()).map_err(Error::Stdout)
}

/// A report as messages of the target that `from` names.
fn lines(report: &Report, from: &Value, style: Style) -> String {
    let all = rustc_json::of_report(report, style);
    let line = |message: Value| {
        let message = json!({
            "reason": "compiler-message", "package_id": from["package_id"],
            "manifest_path": from["manifest_path"], "target": from["target"], "message": message,
        });
        format!("{message}\n")
    };
    all.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_read_as_cargo_reads_them() {
        for (formats, format) in [
            (&[][..], Format::Text),
            (&["human"], Format::Text),
            (&["short"], Format::Short),
            (&["json"], Format::Json(Style::Plain)),
            (
                &["json,json-diagnostic-rendered-ansi"],
                Format::Json(Style::Ansi),
            ),
            (
                &["json", "json-diagnostic-short"],
                Format::Json(Style::Short),
            ),
            (&["json-render-diagnostics"], Format::Text),
        ] {
            let display = DisplayArgs {
                message_format: formats.iter().map(|one| (*one).to_owned()).collect(),
                ..DisplayArgs::default()
            };
            assert_eq!(Format::wanted(&display), format, "{formats:?}");
        }
    }
}
