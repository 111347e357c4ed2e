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
    let style = match json {
        Json::Plain => Style::Plain,
        Json::Ansi => Style::Ansi,
    };
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
}
