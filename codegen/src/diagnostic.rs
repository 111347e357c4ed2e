//! Diagnostics as rustc prints them: what is wrong, where, why, and what to do.
//!
//! A [`Diagnostic`] owns the source lines that it shows, so it is rendered without reading any file. Every error that the pure
//! stages raise about the user's code or objects is one of these; [`Code`] is the closed list of what can go wrong.
//!
//! Texts may come from hostile input: control characters are replaced when they are rendered, and long lines trimmed.

use std::borrow::Cow;
use std::fmt;

use annotate_snippets::{AnnotationKind, Element, Level, Origin, Renderer, Snippet};
use rtlib_abi::code;

use crate::model::Location;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// No plan is made.
    Error,
    /// The plan stands, but the user should know.
    Warning,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $text:expr,)*) => {
        /// What is wrong. The text in brackets after `error` is stable, so that scripts and documentation may refer to it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[$doc])* $variant,)*
        }

        impl Code {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The stable text of the code.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }
    };
}

codes! {
    /// An init function takes arguments.
    InitArguments = code::INIT_ARGUMENTS,
    /// An init function returns a value.
    InitReturn = code::INIT_RETURN,
    /// An init function has generic parameters.
    InitGenerics = code::INIT_GENERICS,
    /// An init function is `async`, `unsafe`, `const` or `extern`.
    InitQualifier = code::INIT_QUALIFIER,
    /// `init` or `var` stands on an associated item of an `impl` or a trait.
    AssociatedItem = "associated-item",
    /// `init` or `var` stands inside a function body or another block.
    InsideBody = "inside-body",
    /// `init` or `var` stands on the wrong kind of item.
    WrongItem = code::WRONG_ITEM,
    /// A package variable is `static mut`.
    VarMutable = code::VAR_MUTABLE,
    /// A package variable has no initialiser.
    VarUninitialised = code::VAR_UNINITIALISED,
    /// An init function is made by a macro, which only a build shows.
    InitBehindMacro = "init-behind-macro",
    /// A package variable is made by a macro, so its dependencies cannot be known.
    VarBehindMacro = "var-behind-macro",
    /// Two declarations of one name in one module.
    Duplicate = "duplicate",
    /// A source file does not parse.
    Syntax = "syntax",
    /// A source file nests too deeply to be parsed safely.
    TooDeep = "too-deep",
    /// A module's file is missing.
    MissingFile = "missing-file",
    /// A source file cannot be read.
    UnreadableFile = "unreadable-file",
    /// A file with inits is included as two modules.
    FileIncludedTwice = "file-included-twice",
    /// A file includes itself as a module.
    CircularModules = "circular-modules",
    /// The crate graph names a package that it does not hold.
    UnknownPackage = "unknown-package",
    /// Packages depend on each other in a circle.
    DependencyCycle = "dependency-cycle",
    /// Two versions of a package with inits are linked.
    TwoVersions = "two-versions",
    /// The program has more than one `rtlib`.
    TwoRtlibs = "two-rtlibs",
    /// Variables refer to each other in a circle.
    InitialisationCycle = "initialization-cycle",
    /// A circle among variables that rests on a guess about a method call, which was therefore dropped.
    GuessDropped = "guess-dropped",
    /// An init of the source is in no object.
    InitLost = "init-lost",
    /// A dependency of tests alone is not linked, and so its inits do not run.
    CrateNotLinked = "crate-not-linked",
    /// The objects were compiled from another state of the source.
    StaleObject = "stale-object",
    /// Two functions have the same exported symbol.
    DuplicateSymbol = "duplicate-symbol",
    /// The handle of a context is dropped where it is made, so the context is cancelled at once.
    HandleDropped = "handle-dropped",
    /// The parser's thread cannot be started.
    NoThread = "no-thread",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A place that a diagnostic shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where it begins.
    pub location: Location,
    /// How many characters of the line are meant; at least one is marked.
    pub width: usize,
    /// The source line, when the source is at hand.
    pub line_text: Option<String>,
    /// What is said about the place; may be empty.
    pub message: String,
}

impl Label {
    /// A place whose source line is not at hand.
    #[must_use]
    pub fn without_source(location: Location, message: impl Into<String>) -> Self {
        Self {
            location,
            width: 0,
            line_text: None,
            message: message.into(),
        }
    }

    /// The same place with another message.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<String>) -> Self {
        self.message = message.into();
        self
    }
}

/// One error or warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// What kind.
    pub code: Code,
    /// One sentence, no full stop.
    pub message: String,
    /// The places, the one to blame first.
    pub labels: Vec<Label>,
    /// Facts that explain it.
    pub notes: Vec<String>,
    /// What to do.
    pub help: Vec<String>,
}

impl Diagnostic {
    /// An error without places, notes or help.
    #[must_use]
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message.into())
    }

    /// A warning without places, notes or help.
    #[must_use]
    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, message.into())
    }

    fn new(severity: Severity, code: Code, message: String) -> Self {
        Self {
            severity,
            code,
            message,
            labels: Vec::new(),
            notes: Vec::new(),
            help: Vec::new(),
        }
    }

    /// The same as a warning, where only a build can refuse it.
    #[must_use]
    pub fn into_warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    /// Adds a place.
    #[must_use]
    pub fn label(mut self, label: Label) -> Self {
        self.labels.push(label);
        self
    }

    /// Adds an explanation.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Adds what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// The diagnostic as text without a newline at the end; `styled` adds terminal colours.
    #[must_use]
    pub fn render(&self, styled: bool) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let places = self
            .labels
            .iter()
            .enumerate()
            .map(|(i, label)| place(label, i == 0));
        let notes = self
            .notes
            .iter()
            .map(|note| Level::NOTE.message(printable(note)).into());
        let help = self
            .help
            .iter()
            .map(|help| Level::HELP.message(printable(help)).into());
        let title = level
            .primary_title(printable(&self.message))
            .id(self.code.as_str());
        let report = [title.elements(places.chain(notes).chain(help))];
        let renderer = if styled {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        renderer.render(&report)
    }
}

fn place(label: &Label, primary: bool) -> Element<'_> {
    let file = printable(&label.location.file);
    let Some(text) = &label.line_text else {
        let origin = Origin::path(file)
            .line(label.location.line as usize)
            .char_column(label.location.column as usize);
        return origin.into();
    };
    let kind = if primary {
        AnnotationKind::Primary
    } else {
        AnnotationKind::Context
    };
    let annotation = kind
        .span(byte_span(text, label))
        .label(printable(&label.message));
    Snippet::source(text.as_str())
        .path(file)
        .line_start(label.location.line as usize)
        .annotation(annotation)
        .into()
}

/// The renderer makes control characters visible in source lines, but not everywhere else.
fn printable(text: &str) -> Cow<'_, str> {
    if text.contains(char::is_control) {
        Cow::Owned(text.replace(char::is_control, "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The bytes of `text` that the label marks; clamped, so that a wrong column cannot panic.
fn byte_span(text: &str, label: &Label) -> std::ops::Range<usize> {
    let byte_of = |characters: usize| {
        text.char_indices()
            .nth(characters)
            .map_or(text.len(), |(at, _)| at)
    };
    let start = (label.location.column as usize).saturating_sub(1);
    byte_of(start)..byte_of(start.saturating_add(label.width.max(1)))
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

/// Why a stage failed: at least one error, warnings among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// `Err` with all of them if there is an error among them, else the warnings.
    ///
    /// # Errors
    /// If one of `all` is an error.
    pub fn check(all: Vec<Diagnostic>) -> Result<Vec<Diagnostic>, Self> {
        if all.iter().any(|one| one.severity == Severity::Error) {
            Err(Self(all))
        } else {
            Ok(all)
        }
    }

    /// All of them, in the order in which they were found.
    #[must_use]
    pub fn as_slice(&self) -> &[Diagnostic] {
        &self.0
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(one: Diagnostic) -> Self {
        Self(vec![one])
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, one) in self.0.iter().enumerate() {
            let gap = if i == 0 { "" } else { "\n\n" };
            write!(f, "{gap}{one}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}

#[cfg(test)]
mod tests {
    use super::*;
    use snapbox::data::Inline;
    use snapbox::{IntoData, assert_data_eq, str};

    fn at(line: u32, column: u32) -> Location {
        Location {
            file: "src/lib.rs".into(),
            line,
            column,
        }
    }

    fn check(diagnostic: &Diagnostic, expect: Inline) {
        assert_data_eq!(diagnostic.to_string(), expect.raw());
    }

    #[test]
    fn shows_the_line_and_marks_the_place() {
        let label = Label {
            location: at(7, 4),
            width: 4,
            line_text: Some("fn load(x: u8) {}".into()),
            message: "takes an argument".into(),
        };
        let diagnostic =
            Diagnostic::error(Code::InitArguments, "init function `load` takes arguments")
                .label(label)
                .note("nobody calls it with a value")
                .help("remove the arguments");
        check(
            &diagnostic,
            str![[r#"
error[init-arguments]: init function `load` takes arguments
 --> src/lib.rs:7:4
  |
7 | fn load(x: u8) {}
  |    ^^^^ takes an argument
  |
  = note: nobody calls it with a value
  = help: remove the arguments
"#]],
        );
    }

    #[test]
    fn a_place_without_source_is_named() {
        let diagnostic =
            Diagnostic::warning(Code::InitLost, "lost").label(Label::without_source(at(3, 1), ""));
        check(
            &diagnostic,
            str![[r#"
warning[init-lost]: lost
--> src/lib.rs:3:1
"#]],
        );
    }

    #[test]
    fn columns_beyond_the_line_and_control_characters_do_no_harm() {
        let label = Label {
            location: at(1, 400),
            width: usize::MAX,
            line_text: Some("é\u{1b}[31m".into()),
            message: String::new(),
        };
        let path = Location {
            file: "\u{1b}[31m.rs".into(),
            ..at(1, 1)
        };
        let text = Diagnostic::error(Code::Syntax, "bad\u{1b}[31m")
            .label(label.with_message("\u{1b}[31m"))
            .label(Label::without_source(path, ""))
            .note("\u{1b}[31m")
            .help("\u{1b}[31m")
            .to_string();
        assert!(!text.contains('\u{1b}'), "{text:?}");
    }
}
