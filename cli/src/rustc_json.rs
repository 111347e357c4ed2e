//! Diagnostics of this tool as rustc's JSON (<https://doc.rust-lang.org/rustc/json.html>), which cargo hands on to editors: real spans, codes and help.

use anstream::adapter::strip_str;
use anstyle::AnsiColor;
use gobuild_codegen::diagnostic::{Diagnostic, Label, Severity};
use serde_json::{Value, json};

use crate::report::Report;

const RED: anstyle::Style = AnsiColor::BrightRed.on_default().bold();
const BLUE: anstyle::Style = AnsiColor::BrightBlue.on_default().bold();
const BOLD: anstyle::Style = anstyle::Style::new().bold();

/// A diagnostic, with its text in colours. Source files are read for the offsets in bytes; of one that is not there they are 0.
#[must_use]
pub fn of_diagnostic(diagnostic: &Diagnostic) -> Value {
    let notes = diagnostic.notes.iter().map(|note| child("note", note));
    let help = diagnostic.help.iter().map(|help| child("help", help));
    let level = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let places = diagnostic.labels.iter().enumerate();
    json!({
        "$message_type": "diagnostic",
        "message": diagnostic.message,
        "code": { "code": diagnostic.code.as_str(), "explanation": null },
        "level": level,
        "spans": places.map(|(i, label)| span(label, i == 0)).collect::<Vec<_>>(),
        "children": notes.chain(help).collect::<Vec<_>>(),
        "rendered": format!("{}\n\n", diagnostic.render(true)),
    })
}

/// A message without a place, such as a note below another one.
fn child(level: &str, text: &String) -> Value {
    message(level, text, &[], None)
}

fn message(level: &str, text: &String, children: &[Value], rendered: Option<&str>) -> Value {
    json!({
        "$message_type": "diagnostic", "message": text, "code": null, "level": level,
        "spans": [], "children": children, "rendered": rendered,
    })
}

fn span(label: &Label, is_primary: bool) -> Value {
    let location = &label.location;
    let width = u32::try_from(label.width.max(1)).unwrap_or(1);
    let end = location.column.saturating_add(width);
    let source = std::fs::read_to_string(&location.file).unwrap_or_default();
    let at = |column: u32| byte_offset(&source, location.line, column);
    let text = label.line_text.iter().map(
        |line| json!({ "text": line, "highlight_start": location.column, "highlight_end": end }),
    );
    json!({
        "file_name": location.file,
        "byte_start": at(location.column), "byte_end": at(end),
        "line_start": location.line, "line_end": location.line,
        "column_start": location.column, "column_end": end,
        "is_primary": is_primary,
        "text": text.collect::<Vec<_>>(),
        "label": (!label.message.is_empty()).then_some(&label.message),
        "suggested_replacement": null, "suggestion_applicability": null, "expansion": null,
    })
}

/// Where a line and column, both from 1, lie in a text.
fn byte_offset(text: &str, line: u32, column: u32) -> usize {
    let mut before = 0;
    for (number, content) in (1..).zip(text.split_inclusive('\n')) {
        if number == line {
            let characters = content.chars().take((column as usize).saturating_sub(1));
            return before + characters.map(char::len_utf8).sum::<usize>();
        }
        before += content.len();
    }
    0
}

/// How the text in a message is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Without colours.
    Plain,
    /// In colours.
    Ansi,
    /// One line.
    Short,
}

/// What was reported, as the reader wants it.
#[must_use]
pub fn of_report(report: &Report, style: Style) -> Vec<Value> {
    let mut all = match report {
        Report::Rendered { diagnostics, .. } if !diagnostics.is_empty() => diagnostics.clone(),
        Report::Rendered { headline, text, .. } => {
            let level = match strip_str(text).to_string().starts_with("warning") {
                true => "warning",
                false => "error",
            };
            let rendered = format!("{text}\n\n");
            vec![message(level, headline, &[], Some(&rendered))]
        }
        Report::Plain {
            headline,
            causes,
            help,
        } => {
            let causes = causes.iter().map(|cause| ("note", cause));
            let below = causes.chain(help.iter().map(|help| ("help", help)));
            let mut children = Vec::new();
            let mut rendered = format!("{RED}error{RED:#}{BOLD}: {headline}{BOLD:#}\n");
            for (level, text) in below {
                children.push(child(level, text));
                rendered.push_str(&line_below(level, text));
            }
            rendered.push('\n');
            vec![message("error", headline, &children, Some(&rendered))]
        }
    };
    for one in &mut all {
        let rendered = one["rendered"].as_str().unwrap_or_default();
        one["rendered"] = match style {
            Style::Ansi => continue,
            Style::Plain => strip_str(rendered).to_string().into(),
            Style::Short => short(one).into(),
        };
    }
    all
}

/// A note or help as rustc prints it below a message, in colours.
fn line_below(level: &str, text: &str) -> String {
    let text = text.replace('\n', "\n          ");
    format!("  {BLUE}= {BLUE:#}{BOLD}{level}{BOLD:#}: {text}\n")
}

/// A message in one line.
fn short(message: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let span = message["spans"].as_array().and_then(|spans| spans.first());
    let place = span.map(|span| {
        let file = text(&span["file_name"]);
        format!("{file}:{}:{}: ", span["line_start"], span["column_start"])
    });
    let code = message["code"]["code"].as_str();
    let code = code.map(|code| format!("[{code}]")).unwrap_or_default();
    format!(
        "{}{}{code}: {}\n",
        place.unwrap_or_default(),
        text(&message["level"]),
        text(&message["message"])
    )
}

/// A line of rustc, which is a message in JSON or none, with what to do below it.
#[must_use]
pub fn with_help(line: Vec<u8>, help: &str, style: Style) -> Vec<u8> {
    let Ok(mut message) = serde_json::from_slice::<Value>(&line) else {
        return line;
    };
    if let Some(children) = message["children"].as_array_mut() {
        children.push(child("help", &help.to_owned()));
    }
    if let Some(rendered) = message["rendered"]
        .as_str()
        .filter(|_| style != Style::Short)
    {
        let below = line_below("help", help);
        let below = match style {
            Style::Ansi => below,
            Style::Plain | Style::Short => strip_str(&below).to_string(),
        };
        message["rendered"] = format!("{}\n{below}\n", rendered.trim_end()).into();
    }
    format!("{message}\n").into_bytes()
}

/// Whether a line of rustc says that this tool has failed as its linker, in JSON or as text.
#[must_use]
pub fn is_link_failure(line: &[u8]) -> bool {
    match serde_json::from_slice::<Value>(line) {
        Ok(value) => value["message"].as_str().is_some_and(says_so),
        Err(_) => {
            let line = String::from_utf8_lossy(line);
            line.strip_prefix("error: ").is_some_and(says_so)
        }
    }
}

fn says_so(text: &str) -> bool {
    text.starts_with(&format!("linking with `{}` failed", crate::TOOL))
}

#[cfg(test)]
mod tests {
    use gobuild_codegen::diagnostic::Code;
    use gobuild_codegen::model::Location;

    use super::*;

    #[test]
    fn a_diagnostic_has_what_an_editor_needs() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let file = dir.path().join("lib.rs");
        std::fs::write(&file, "// é\nfn load(x: u8) {}\n").expect("writes");
        let label = Label {
            location: Location {
                file: file.display().to_string(),
                line: 2,
                column: 4,
            },
            width: 4,
            line_text: Some("fn load(x: u8) {}".into()),
            message: "takes an argument".into(),
        };
        let one = Diagnostic::error(Code::InitArguments, "init function `load` takes arguments")
            .label(label)
            .help("remove the arguments");
        let value = of_diagnostic(&one);
        assert_eq!(value["code"]["code"], "init-arguments");
        let span = &value["spans"][0];
        assert_eq!(
            (&span["byte_start"], &span["byte_end"]),
            (&json!(9), &json!(13))
        );
        assert_eq!(
            (&span["line_start"], &span["column_end"]),
            (&json!(2), &json!(8))
        );
        assert_eq!(value["children"][0]["message"], "remove the arguments");
        assert!(
            value["rendered"]
                .as_str()
                .expect("text")
                .contains("\u{1b}[")
        );
    }

    #[test]
    fn colours_only_for_who_wants_them() {
        let report = Report::Plain {
            headline: "no".into(),
            causes: vec!["because".into()],
            help: Some("do".into()),
        };
        let plain = &of_report(&report, Style::Plain)[0];
        assert_eq!(
            plain["rendered"],
            "error: no\n  = note: because\n  = help: do\n\n"
        );
        assert_eq!(plain["children"][1]["level"], "help");
    }

    #[test]
    fn the_linkers_failure_is_known() {
        for (line, expect) in [
            (
                r#"{"message":"linking with `cargo-gobuild` failed: exit status: 1","level":"error"}"#,
                true,
            ),
            (
                r#"{"message":"linking with `cc` failed: exit status: 1"}"#,
                false,
            ),
            (
                "error: linking with `cargo-gobuild` failed: exit status: 1",
                true,
            ),
            ("warning: unused", false),
        ] {
            assert_eq!(is_link_failure(line.as_bytes()), expect, "{line}");
        }
    }
}
