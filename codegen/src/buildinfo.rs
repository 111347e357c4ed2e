//! The build information that is embedded in every program as JSON (symbol `runtime.buildinfo`) and read back by `inspect`.
//!
//! Invariants:
//! - It is reproducible: no time but that of the commit, no host name, and no absolute path. [`BuildInfo::to_json`] replaces the directories of
//!   absolute paths in the fields that come from users (linker, flags, package sources), so a caller cannot forget to.
//! - [`BuildInfo::from_json`] takes hostile text: an unknown schema or a wrong shape is a typed error.
//! - Whoever changes the meaning of a field raises [`SCHEMA`].

use std::collections::BTreeMap;

use gobuild_templates::GoAmd64;
use serde::{Deserialize, Serialize};

/// The version of the JSON's shape.
pub const SCHEMA: u32 = 1;

/// What stands for the directory of an absolute path.
const ELSEWHERE: &str = "<path>";

/// How the program was built.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct BuildInfo {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Version of cargo-gobuild.
    pub tool: String,
    /// `rustc --version`.
    pub rustc: String,
    /// Target triple.
    pub target: String,
    /// Cargo profile: `dev`, `release`, ….
    pub profile: String,
    /// What the program stands on.
    pub mode: Mode,
    /// What std's threads are.
    pub std: Std,
    /// Whose malloc(3) it has.
    #[serde(default)]
    pub malloc: Malloc,
    /// GOAMD64 level, 1 to 4.
    pub goamd64: u8,
    /// Default goroutine stack size in bytes; 0 = the runtime's default.
    pub stack_size: u64,
    /// The linker that linked it: `cc`, `lld`, ….
    pub linker: String,
    /// Flags given to rustc by the user.
    pub flags: Vec<String>,
    /// The state of the source in version control, if it is known and wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vcs: Option<Vcs>,
    /// Strings that were set when the program was linked, by the names of their statics.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub stamps: BTreeMap<String, String>,
    /// Packages that are linked in, the main package first.
    pub packages: Vec<PackageInfo>,
}

/// The state of the source in version control.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Vcs {
    /// `git`.
    pub system: String,
    /// The commit's id.
    pub revision: String,
    /// When it was made, in the format of RFC 3339.
    pub time: String,
    /// Whether files differ from it.
    pub modified: bool,
}

/// What a program stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// std and a statically linked libc.
    Hosted,
}

/// What std's threads are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Std {
    /// The kernel's.
    Threads,
    /// Goroutines: what programs get that do not choose.
    #[default]
    Goroutines,
}

impl Std {
    /// All.
    pub const ALL: [Self; 2] = [Self::Threads, Self::Goroutines];

    /// As settings name it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Threads => "threads",
            Self::Goroutines => "goroutines",
        }
    }
}

/// Whose malloc(3) a program has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Malloc {
    /// The C library's: what programs get that do not choose.
    #[default]
    Libc,
    /// The runtime's.
    Runtime,
}

impl Malloc {
    /// All.
    pub const ALL: [Self; 2] = [Self::Libc, Self::Runtime];

    /// As settings name it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Libc => "libc",
            Self::Runtime => "runtime",
        }
    }
}

/// One package of the program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PackageInfo {
    /// Cargo package name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Where Cargo got it from (`registry+https://…`, `git+…`); `None` for a package in a local directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// Why build information cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum BuildInfoError {
    /// The text is not JSON of the expected shape.
    #[error("the build information is not what cargo-gobuild writes")]
    Json(#[from] serde_json::Error),
    /// The text has the shape of another version.
    #[error(
        "the build information has schema {found}, this cargo-gobuild reads schema {SCHEMA}; use the version that built the program"
    )]
    Schema {
        /// The schema it says it has.
        found: u64,
    },
    /// A text that would garble a terminal.
    #[error("the build information holds the unprintable text `{}`", .0.escape_debug())]
    Unprintable(String),
    /// A level that does not exist.
    #[error("the build information names GOAMD64 level {found}; levels are 1 to 4")]
    GoAmd64 {
        /// The level it names.
        found: u8,
    },
}

impl BuildInfo {
    /// The text to embed: one line, fields in a fixed order, absolute paths replaced.
    ///
    /// # Errors
    /// When the GOAMD64 level does not exist.
    pub fn to_json(&self) -> Result<String, BuildInfoError> {
        self.check_level()?;
        Ok(serde_json::to_string(&self.cleaned())?)
    }

    /// The same with absolute paths replaced.
    fn cleaned(&self) -> Self {
        let mut clean = self.clone();
        clean.schema = SCHEMA;
        clean.linker = without_directories(&self.linker);
        clean.flags = self
            .flags
            .iter()
            .map(|flag| without_directories(flag))
            .collect();
        for package in &mut clean.packages {
            package.source = package.source.as_deref().map(without_directories);
        }
        clean
    }

    /// What the program itself can read: names and values, those of version control as Go names them, and the packages.
    #[must_use]
    pub fn settings(&self) -> (Vec<(&'static str, String)>, Vec<PackageInfo>) {
        let clean = self.cleaned();
        let mut settings = vec![
            ("tool", clean.tool),
            ("rustc", clean.rustc),
            ("target", clean.target),
            ("profile", clean.profile),
            ("std", clean.std.as_str().to_owned()),
            ("malloc", clean.malloc.as_str().to_owned()),
            ("goamd64", format!("v{}", clean.goamd64)),
            ("stack-size", clean.stack_size.to_string()),
            ("linker", clean.linker),
            ("flags", clean.flags.join(" ")),
        ];
        if let Some(vcs) = clean.vcs {
            settings.extend([
                ("vcs", vcs.system),
                ("vcs.revision", vcs.revision),
                ("vcs.time", vcs.time),
                ("vcs.modified", vcs.modified.to_string()),
            ]);
        }
        (settings, clean.packages)
    }

    /// Reads what [`to_json`](Self::to_json) wrote.
    ///
    /// # Errors
    /// When the text is not JSON, has another schema, or a field has a value that it cannot have.
    pub fn from_json(text: &str) -> Result<Self, BuildInfoError> {
        #[derive(Deserialize)]
        struct OnlySchema {
            schema: u64,
        }
        let OnlySchema { schema: found } = serde_json::from_str(text)?;
        if found != u64::from(SCHEMA) {
            return Err(BuildInfoError::Schema { found });
        }
        let info: Self = serde_json::from_str(text)?;
        info.check_level()?;
        info.check_printable()?;
        Ok(info)
    }

    fn check_printable(&self) -> Result<(), BuildInfoError> {
        let own = [
            &self.tool,
            &self.rustc,
            &self.target,
            &self.profile,
            &self.linker,
        ];
        let of_packages = self.packages.iter().flat_map(|package| {
            [&package.name, &package.version]
                .into_iter()
                .chain(&package.source)
        });
        let of_vcs = self.vcs.iter();
        let of_vcs = of_vcs.flat_map(|vcs| [&vcs.system, &vcs.revision, &vcs.time]);
        let mut all = own
            .into_iter()
            .chain(&self.flags)
            .chain(of_vcs)
            .chain(self.stamps.keys())
            .chain(of_packages);
        match all.find(|text| text.contains(char::is_control)) {
            Some(text) => Err(BuildInfoError::Unprintable(text.clone())),
            None => Ok(()),
        }
    }

    fn check_level(&self) -> Result<(), BuildInfoError> {
        match GoAmd64::ALL
            .iter()
            .any(|level| level.level() == u32::from(self.goamd64))
        {
            true => Ok(()),
            false => Err(BuildInfoError::GoAmd64 {
                found: self.goamd64,
            }),
        }
    }
}

/// `text` with the directory of every absolute path replaced: `-L/home/me/lib` becomes `-L<path>/lib`. URLs stay, `file:` URLs
/// do not.
fn without_directories(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('/') {
        let (before, from) = rest.split_at(start);
        out.push_str(before);
        let end = from.find(ends_a_path).unwrap_or(from.len());
        let (path, after) = from.split_at(end);
        if begins_absolute(before, path) {
            out.push_str(ELSEWHERE);
            out.push_str(&path[path.rfind('/').unwrap_or(0)..]);
        } else {
            out.push_str(path);
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Whether `path` (which begins with `/`) is absolute, given the text before it.
fn begins_absolute(before: &str, path: &str) -> bool {
    if path.starts_with("//") {
        return before.ends_with("file:") || !before.ends_with(':');
    }
    let glued_to_option = before.len() >= 2
        && before.as_bytes()[before.len() - 2] == b'-'
        && before.ends_with(|c: char| c.is_ascii_alphabetic());
    before.is_empty() || before.ends_with(ends_a_path) || glued_to_option
}

fn ends_a_path(c: char) -> bool {
    c.is_whitespace() || matches!(c, '=' | ',' | ':' | ';' | '"' | '\'')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> BuildInfo {
        BuildInfo {
            schema: SCHEMA,
            tool: "0.1.0".into(),
            rustc: "rustc 1.95.0".into(),
            target: "x86_64-unknown-linux-gnu".into(),
            profile: "dev".into(),
            mode: Mode::Hosted,
            std: Std::Threads,
            malloc: Malloc::Runtime,
            goamd64: 1,
            stack_size: 0,
            linker: "cc".into(),
            flags: vec![],
            vcs: Some(Vcs {
                system: "git".into(),
                revision: "0a1b".into(),
                time: "2023-11-14T22:13:20Z".into(),
                modified: false,
            }),
            stamps: BTreeMap::from([("app::VERSION".into(), "1\0\n".into())]),
            packages: vec![PackageInfo {
                name: "app".into(),
                version: "1.2.3".into(),
                source: None,
            }],
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let info = sample();
        assert_eq!(
            BuildInfo::from_json(&info.to_json().unwrap()).unwrap(),
            info
        );
    }

    #[test]
    fn directories_of_absolute_paths_are_replaced() {
        for (input, expect) in [
            ("/usr/bin/cc", "<path>/cc"),
            ("-L/home/me/lib", "-L<path>/lib"),
            (
                "-Clink-arg=-Wl,-rpath,/opt/x/lib,-z,now",
                "-Clink-arg=-Wl,-rpath,<path>/lib,-z,now",
            ),
            (
                "--remap-path-prefix=/a/b=/c",
                "--remap-path-prefix=<path>/b=<path>/c",
            ),
            ("git+file:///home/me/repo#0a1b", "git+file:<path>/repo#0a1b"),
            ("native=/opt/lib", "native=<path>/lib"),
        ] {
            assert_eq!(without_directories(input), expect);
        }
    }

    #[test]
    fn relative_paths_and_urls_stay() {
        for text in [
            "target/release",
            "-Lvendor/lib",
            "./x/y",
            "registry+https://github.com/rust-lang/crates.io-index",
            "git+ssh://git@example.org/me/repo?branch=main#0a1b",
            "git+https://example.org:8080/me/repo",
            "-Ctarget-cpu=native",
        ] {
            assert_eq!(without_directories(text), text);
        }
    }

    #[test]
    fn another_schema_is_named() {
        let text = sample()
            .to_json()
            .unwrap()
            .replace("\"schema\":1", "\"schema\":7");
        assert!(matches!(
            BuildInfo::from_json(&text),
            Err(BuildInfoError::Schema { found: 7 })
        ));
    }

    #[test]
    fn a_level_that_does_not_exist_is_refused_both_ways() {
        let mut info = sample();
        info.goamd64 = 5;
        assert!(matches!(
            info.to_json(),
            Err(BuildInfoError::GoAmd64 { found: 5 })
        ));
        let text = sample()
            .to_json()
            .unwrap()
            .replace("\"goamd64\":1", "\"goamd64\":0");
        assert!(matches!(
            BuildInfo::from_json(&text),
            Err(BuildInfoError::GoAmd64 { found: 0 })
        ));
    }

    #[test]
    fn text_that_garbles_a_terminal_is_refused() {
        let text = sample()
            .to_json()
            .unwrap()
            .replace("\"app\"", "\"\\u001b[2J\"");
        assert!(
            matches!(BuildInfo::from_json(&text), Err(BuildInfoError::Unprintable(text)) if text == "\u{1b}[2J")
        );
    }

    #[test]
    fn hostile_text_is_an_error() {
        let nested = "[".repeat(100_000);
        for text in ["", "{}", "null", "{\"schema\":1}", &nested] {
            assert!(
                matches!(BuildInfo::from_json(text), Err(BuildInfoError::Json(_))),
                "{text:.20}"
            );
        }
    }
}
