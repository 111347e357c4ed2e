//! All output of the tool: statuses and errors on standard error in cargo's style, answers on standard output.
//!
//! Nothing else in this crate prints. Colours follow `--color`, then CARGO_TERM_COLOR, then what the terminal can do.

use std::error::Error;
use std::ffi::OsStr;
use std::io::{self, Write};
use std::sync::Mutex;

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};

use crate::args::cargo::DisplayArgs;
use crate::report::{Message, Report};

const STATUS: Style = AnsiColor::Green.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const ERROR: Style = AnsiColor::Red.on_default().bold();
const NOTE: Style = AnsiColor::Cyan.on_default().bold();

/// How much is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Errors.
    Quiet,
    /// Errors and warnings; cargo says the rest.
    Normal,
    /// What is being done as well.
    Verbose,
}

/// Where the tool talks.
pub struct Shell {
    stderr: Mutex<AutoStream<io::Stderr>>,
    verbosity: Verbosity,
    commands: bool,
}

impl Shell {
    /// A shell as the options want it. `commands`: print the commands that are run.
    #[must_use]
    pub fn new(display: &DisplayArgs, commands: bool) -> Self {
        let verbosity = match (display.quiet, display.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, 0) => Verbosity::Normal,
            (false, _) => Verbosity::Verbose,
        };
        let of_env = || match std::env::var("CARGO_TERM_COLOR").as_deref() {
            Ok("always") => ColorChoice::Always,
            Ok("never") => ColorChoice::Never,
            _ => ColorChoice::Auto,
        };
        let color = match display.color {
            Some(clap::ColorChoice::Always) => ColorChoice::Always,
            Some(clap::ColorChoice::Never) => ColorChoice::Never,
            Some(clap::ColorChoice::Auto) | None => of_env(),
        };
        Self {
            stderr: Mutex::new(AutoStream::new(io::stderr(), color)),
            verbosity,
            commands,
        }
    }

    /// A shell without options, for the modes that cargo and rustc start.
    #[must_use]
    pub fn plain() -> Self {
        Self::new(&DisplayArgs::default(), false)
    }

    /// What is being done, at `-v`: `     Linking app`.
    pub fn status(&self, word: &str, text: &str) {
        if self.verbosity >= Verbosity::Verbose {
            self.line(&format!("{STATUS}{word:>12}{STATUS:#} {text}"));
        }
    }

    /// What a command has done that has no other output.
    pub fn done(&self, text: &str) {
        if self.verbosity >= Verbosity::Normal {
            self.line(text);
        }
    }

    /// A warning.
    pub fn warning(&self, text: &str) {
        if self.verbosity >= Verbosity::Normal {
            self.line(&format!("{WARNING}warning{WARNING:#}: {text}"));
        }
    }

    /// A diagnostic that is rendered already, `error` and all.
    pub fn rendered(&self, text: &str) {
        self.line(text.trim_end());
    }

    /// A command that is run, with `-x`.
    pub fn command(&self, line: &str) {
        if self.commands {
            self.line(line);
        }
    }

    /// A step of `-n`.
    pub fn step(&self, line: &str) {
        self.line(line);
    }

    /// Prints what another process of this build reports.
    pub fn message(&self, message: &Message) {
        match message {
            Message::Status { word, text } => self.status(word, text),
            Message::Command(line) => self.command(line),
            Message::Warning(report) if self.verbosity >= Verbosity::Normal => self.report(report),
            Message::Warning(_) => {}
            Message::Error(report) | Message::Failed(report) => self.report(report),
        }
    }

    /// An error, its causes and what to do.
    pub fn report(&self, report: &Report) {
        match report {
            Report::Rendered { text, .. } => self.rendered(text),
            Report::Plain {
                headline,
                causes,
                help,
            } => {
                self.line(&format!("{ERROR}error{ERROR:#}: {headline}"));
                for cause in causes {
                    self.line(&format!(
                        "\n{NOTE}Caused by{NOTE:#}:\n  {}",
                        cause.replace('\n', "\n  ")
                    ));
                }
                if let Some(help) = help {
                    self.line(&format!("{NOTE}help{NOTE:#}: {help}"));
                }
            }
        }
    }

    /// A failing standard error is no reason to fail.
    fn line(&self, text: &str) {
        let mut stderr = self
            .stderr
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let _ = writeln!(stderr, "{text}");
    }
}

/// The causes of an error that say more than the error before them.
#[must_use]
pub fn causes(error: &dyn Error) -> Vec<String> {
    let mut last = error.to_string();
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if text != last {
            causes.push(text.clone());
        }
        last = text;
        next = cause.source();
    }
    causes
}

/// Prints an answer on standard output. A reader that has gone away (`| head`) is no error.
///
/// # Errors
/// When standard output cannot be written.
pub fn answer(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Hands on what a child process prints on standard error. A failing standard error is no reason to fail.
pub fn hand_on(bytes: &[u8]) {
    let _ = io::stderr().lock().write_all(bytes);
}

/// A command as a POSIX shell reads it.
#[must_use]
pub fn quoted<I: IntoIterator<Item: AsRef<OsStr>>>(words: I) -> String {
    let quote = |word: I::Item| {
        let text = word.as_ref().to_string_lossy().replace('\0', "");
        shlex::try_quote(&text).map_or_else(|_| text.clone(), std::borrow::Cow::into_owned)
    };
    words.into_iter().map(quote).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Layer {
        text: &'static str,
        #[source]
        below: Option<Box<Layer>>,
    }

    fn layers(texts: &[&'static str]) -> Option<Box<Layer>> {
        let (text, rest) = texts.split_first()?;
        Some(Box::new(Layer {
            text,
            below: layers(rest),
        }))
    }

    #[test]
    fn causes_are_told_once_each() {
        let error = layers(&["a", "b", "b", "c"]).expect("not empty");
        assert_eq!(causes(&*error), ["b", "c"]);
    }

    #[test]
    fn words_are_quoted_for_a_shell() {
        assert_eq!(
            quoted(["cc", "a b", "$x", "-o", "it's"]),
            "cc 'a b' '$x' -o \"it's\""
        );
    }
}
