//! What a build is made with: the settings of this tool, from four layers.
//!
//! Command line over environment over `[package.metadata.gobuild]` over `[workspace.metadata.gobuild]` over defaults. Every
//! layer is a [`Layer`]; [`Settings::merge`] puts them together. Unknown keys and wrong values are errors that name the place.
//! Cargo's own configuration is not here but in [`crate::cargo_config`].

mod values;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use gobuild_codegen::buildinfo::{Malloc, Std};
use gobuild_templates::GoAmd64;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use values::{parse_level, parse_size};
pub use values::{parse_malloc, parse_std};

/// The keys of the metadata tables.
const KEYS: [&str; 8] = [
    "linker",
    "mode",
    "std",
    "malloc",
    "stack-size",
    "goamd64",
    "buildvcs",
    "stamp",
];
/// The variables, with the key that means the same.
pub const VARIABLES: [(&str, &str); 8] = [
    ("CARGO_GOBUILD_LINKER", "linker"),
    ("CARGO_GOBUILD_MODE", "mode"),
    ("CARGO_GOBUILD_STD", "std"),
    ("CARGO_GOBUILD_MALLOC", "malloc"),
    ("CARGO_GOBUILD_STACK_SIZE", "stack-size"),
    ("GOAMD64", "goamd64"),
    ("CARGO_GOBUILD_BUILDVCS", "buildvcs"),
    ("CARGO_GOBUILD_STAMP", "stamp"),
];

/// Who links.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum LinkerChoice {
    /// What rustc and the user's cargo configuration say.
    #[default]
    Auto,
    /// The C compiler's own.
    Cc,
    /// LLVM's, which rustup brings along.
    Lld,
    /// mold, found through PATH.
    Mold,
    /// wild, found through PATH.
    Wild,
    /// A linker or C compiler.
    Path(PathBuf),
}

impl FromStr for LinkerChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "cc" => Ok(Self::Cc),
            "lld" => Ok(Self::Lld),
            "mold" => Ok(Self::Mold),
            "wild" => Ok(Self::Wild),
            path if path.contains('/') => Ok(Self::Path(path.into())),
            _ => Err("a linker is auto, cc, lld, mold, wild, or a PATH with a `/` in it".into()),
        }
    }
}

impl fmt::Display for LinkerChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cc => f.write_str("cc"),
            Self::Lld => f.write_str("lld"),
            Self::Mold => f.write_str("mold"),
            Self::Wild => f.write_str("wild"),
            Self::Path(path) => path.display().fmt(f),
        }
    }
}

/// Whether build information names the state of the source in version control.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum BuildVcs {
    /// If it is known, and paths are not trimmed.
    #[default]
    Auto,
    /// Yes; what is not known is an error.
    True,
    /// No.
    False,
}

impl BuildVcs {
    const ALL: [Self; 3] = [Self::Auto, Self::True, Self::False];

    /// As settings name it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::True => "true",
            Self::False => "false",
        }
    }

    /// What is to be asked for two programs.
    #[must_use]
    pub fn stricter(self, other: Self) -> Self {
        match (self, other) {
            (Self::True, _) | (_, Self::True) => Self::True,
            (Self::False, Self::False) => Self::False,
            _ => Self::Auto,
        }
    }
}

impl FromStr for BuildVcs {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|one| one.as_str() == text);
        found.ok_or_else(|| "it is auto, true or false".to_owned())
    }
}

/// Values of stamps, by name, as one layer has them.
pub type Stamps = BTreeMap<String, String>;

/// The value of a stamp.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StampValue {
    /// The value.
    pub value: String,
    /// Whether every program must have the stamp: it is set for this build. What stands in a manifest is for all programs, of which some have it.
    pub must: bool,
}

/// What a program is built with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Who links.
    pub linker: LinkerChoice,
    /// What std's threads are.
    pub std: Std,
    /// Whose malloc the program has.
    pub malloc: Malloc,
    /// Default goroutine stack size in bytes; 0 = the runtime's default.
    pub stack_size: u64,
    /// The microarchitecture level.
    #[serde(with = "goamd64_as_text")]
    pub goamd64: GoAmd64,
    /// Whether it names its revision.
    pub buildvcs: BuildVcs,
    /// Values of stamps, by name.
    pub stamps: BTreeMap<String, StampValue>,
}

/// What one layer says; `None` = nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layer {
    /// Who links.
    pub linker: Option<LinkerChoice>,
    /// What std's threads are.
    pub std: Option<Std>,
    /// Whose malloc the program has.
    pub malloc: Option<Malloc>,
    /// Default goroutine stack size in bytes.
    pub stack_size: Option<u64>,
    /// The microarchitecture level.
    pub goamd64: Option<GoAmd64>,
    /// Whether the program names its revision.
    pub buildvcs: Option<BuildVcs>,
    /// Values of stamps.
    pub stamps: Stamps,
}

/// Why a layer cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The table is not a table.
    #[error("{place}: `gobuild` must be a table, not {found}")]
    NotATable {
        /// File and table.
        place: String,
        /// What it is.
        found: &'static str,
    },
    /// A key that does not exist.
    #[error("{place}: there is no key `{key}`")]
    UnknownKey {
        /// File and table.
        place: String,
        /// The key.
        key: String,
        /// The nearest key that exists.
        meant: Option<&'static str>,
    },
    /// A value that does not fit.
    #[error("{place}: `{key}` cannot be `{value}`: {why}")]
    Value {
        /// File and table, or `environment`.
        place: String,
        /// The key or variable.
        key: String,
        /// The value.
        value: String,
        /// What it must be.
        why: String,
    },
}

impl ConfigError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::UnknownKey {
                meant: Some(meant), ..
            } => Some(format!("did you mean `{meant}`?")),
            Self::UnknownKey { meant: None, .. } | Self::NotATable { .. } => {
                Some(format!("the keys are {}", KEYS.join(", ")))
            }
            Self::Value { .. } => None,
        }
    }
}

impl Settings {
    /// Puts layers together; earlier ones win.
    #[must_use]
    pub fn merge(layers: &[&Layer]) -> Self {
        Self {
            linker: layers
                .iter()
                .find_map(|l| l.linker.clone())
                .unwrap_or_default(),
            std: layers.iter().find_map(|l| l.std).unwrap_or_default(),
            malloc: layers.iter().find_map(|l| l.malloc).unwrap_or_default(),
            stack_size: layers.iter().find_map(|l| l.stack_size).unwrap_or(0),
            goamd64: layers.iter().find_map(|l| l.goamd64).unwrap_or_default(),
            buildvcs: layers.iter().find_map(|l| l.buildvcs).unwrap_or_default(),
            stamps: BTreeMap::new(),
        }
    }

    /// Adds the stamps of layers for one build, and of manifests; earlier ones win.
    #[must_use]
    pub fn with_stamps(mut self, build: &[&Layer], manifests: &[&Layer]) -> Self {
        let build = build.iter().map(|layer| (layer, true));
        let manifests = manifests.iter().map(|layer| (layer, false));
        for (layer, must) in build.chain(manifests) {
            for (name, value) in &layer.stamps {
                let value = value.clone();
                let entry = self.stamps.entry(name.clone());
                entry.or_insert(StampValue { value, must });
            }
        }
        self
    }
}

impl Layer {
    /// Reads a `gobuild` metadata table. `place` names file and table; relative linker paths are relative to `dir`.
    ///
    /// # Errors
    /// When a key is unknown or a value does not fit.
    pub fn from_table(table: &Value, place: &str, dir: &Path) -> Result<Self, ConfigError> {
        let mut layer = Self::default();
        let Value::Object(entries) = table else {
            return match table {
                Value::Null => Ok(layer),
                other => Err(ConfigError::NotATable {
                    place: place.into(),
                    found: type_name(other),
                }),
            };
        };
        for (key, value) in entries {
            if key == "stamp" {
                layer.stamps = stamps_of_table(value, place)?;
                continue;
            }
            let text = text_of(place, key, value)?;
            layer.set(key, &text, place, dir)?;
        }
        Ok(layer)
    }

    /// Reads the environment through `var`; relative linker paths are relative to `dir`.
    ///
    /// # Errors
    /// When a value does not fit.
    pub fn from_env(
        var: impl Fn(&str) -> Option<OsString>,
        dir: &Path,
    ) -> Result<Self, ConfigError> {
        let mut layer = Self::default();
        for (name, key) in VARIABLES {
            if let Some(value) = var(name).filter(|value| !value.is_empty()) {
                let place = format!("environment variable {name}");
                if key == "stamp" {
                    layer.stamps = stamps_of_variable(&value, &place)?;
                    continue;
                }
                layer.set(key, &value.to_string_lossy(), &place, dir)?;
            }
        }
        Ok(layer)
    }

    fn set(&mut self, key: &str, text: &str, place: &str, dir: &Path) -> Result<(), ConfigError> {
        let wrong = |why: String| ConfigError::Value {
            place: place.into(),
            key: key.into(),
            value: text.into(),
            why,
        };
        match key {
            "linker" => self.linker = Some(absolute(text.parse().map_err(wrong)?, dir)),
            "mode" if text == "hosted" => {}
            "mode" => return Err(wrong("the only mode is hosted".into())),
            "std" => self.std = Some(parse_std(text).map_err(wrong)?),
            "malloc" => self.malloc = Some(parse_malloc(text).map_err(wrong)?),
            "stack-size" => self.stack_size = Some(parse_size(text).map_err(wrong)?),
            "goamd64" => self.goamd64 = Some(parse_level(text).map_err(wrong)?),
            "buildvcs" => self.buildvcs = Some(text.parse().map_err(wrong)?),
            _ => {
                let meant = KEYS.into_iter().max_by(|a, b| {
                    strsim::jaro_winkler(a, key).total_cmp(&strsim::jaro_winkler(b, key))
                });
                let meant = meant.filter(|known| strsim::jaro_winkler(known, key) > 0.75);
                return Err(ConfigError::UnknownKey {
                    place: place.into(),
                    key: key.into(),
                    meant,
                });
            }
        }
        Ok(())
    }
}

/// One `NAME=VALUE` of a stamp.
///
/// # Errors
/// When it is not that, or the name is no path of a static.
pub fn parse_stamp(text: &str) -> Result<(String, String), String> {
    const SHAPE: &str =
        "a stamp is NAME=VALUE, and the name is that of a static with its crate: main::VERSION=1.2";
    let (name, value) = text.split_once('=').ok_or(SHAPE)?;
    let is_word = |word: &str| !word.is_empty() && !word.contains(char::is_whitespace);
    match name.contains("::") && name.split("::").all(is_word) {
        true => Ok((name.to_owned(), value.to_owned())),
        false => Err(SHAPE.to_owned()),
    }
}

/// A table of names and values.
fn stamps_of_table(table: &Value, place: &str) -> Result<Stamps, ConfigError> {
    let wrong = |value: &Value, why: String| ConfigError::Value {
        place: place.into(),
        key: "stamp".into(),
        value: value.to_string(),
        why,
    };
    let Value::Object(entries) = table else {
        let why = format!(
            "it must be a table of names and strings, not {}",
            type_name(table)
        );
        return Err(wrong(table, why));
    };
    let mut stamps = Stamps::new();
    for (name, value) in entries {
        let Value::String(text) = value else {
            let why = format!("a stamp is a string, not {}", type_name(value));
            return Err(wrong(value, why));
        };
        let (name, value) = parse_stamp(&format!("{name}={text}"))
            .map_err(|why| wrong(&name.as_str().into(), why))?;
        stamps.insert(name, value);
    }
    Ok(stamps)
}

/// `NAME=VALUE` a line; or a JSON object, which can hold values of several lines.
fn stamps_of_variable(value: &OsStr, place: &str) -> Result<Stamps, ConfigError> {
    let wrong = |why: String| ConfigError::Value {
        place: place.into(),
        key: "stamp".into(),
        value: value.to_string_lossy().into_owned(),
        why,
    };
    let text = value
        .to_str()
        .ok_or_else(|| wrong("it must be UTF-8".into()))?;
    if text.starts_with('{') {
        let table = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
        return stamps_of_table(&table, place);
    }
    let lines = text.lines().filter(|line| !line.is_empty());
    lines.map(|line| parse_stamp(line).map_err(wrong)).collect()
}

fn absolute(choice: LinkerChoice, dir: &Path) -> LinkerChoice {
    match choice {
        LinkerChoice::Path(path) => LinkerChoice::Path(dir.join(path)),
        other => other,
    }
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "a table",
    }
}

/// Strings, numbers where a size is meant, and booleans where they are values.
fn text_of(place: &str, key: &str, value: &Value) -> Result<String, ConfigError> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) if key == "stack-size" => Ok(number.to_string()),
        Value::Bool(yes) if key == "buildvcs" => Ok(yes.to_string()),
        other if KEYS.contains(&key) => Err(ConfigError::Value {
            place: place.into(),
            key: key.into(),
            value: other.to_string(),
            why: format!("it must be a string, not {}", type_name(other)),
        }),
        other => Ok(other.to_string()),
    }
}

/// How [`GoAmd64`] stands in the plan file.
mod goamd64_as_text {
    use gobuild_templates::GoAmd64;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(level: &GoAmd64, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(level.as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<GoAmd64, D::Error> {
        super::parse_level(&String::deserialize(from)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn table(value: &Value) -> Result<Layer, ConfigError> {
        Layer::from_table(
            value,
            "/x/Cargo.toml: [package.metadata.gobuild]",
            Path::new("/x"),
        )
    }

    #[test]
    fn a_full_table() {
        let layer = table(
            &json!({"linker": "mold", "mode": "hosted", "std": "goroutines", "malloc": "runtime", "stack-size": "1M", "goamd64": "v3", "buildvcs": false, "stamp": {"a::V": "1=2\u{0}"}}),
        );
        let expect = Layer {
            linker: Some(LinkerChoice::Mold),
            std: Some(Std::Goroutines),
            malloc: Some(Malloc::Runtime),
            stack_size: Some(1 << 20),
            goamd64: Some(GoAmd64::V3),
            buildvcs: Some(BuildVcs::False),
            stamps: Stamps::from([("a::V".into(), "1=2\0".into())]),
        };
        assert_eq!(layer, Ok(expect));
    }

    #[test]
    fn no_table_says_nothing() {
        assert_eq!(table(&Value::Null), Ok(Layer::default()));
    }

    #[test]
    fn sizes() {
        for (text, bytes) in [
            ("16384", 16 << 10),
            ("20000", 20 << 10),
            ("256K", 256 << 10),
            ("1m", 1 << 20),
            ("1G", 1 << 30),
        ] {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
        for text in [
            "",
            "K",
            "-1",
            "1T",
            "100",
            "99999999999G",
            "1.5M",
            "2G",
            "15K",
        ] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_misspelt_key_names_the_right_one() {
        let error = table(&json!({"stack_size": "1M"})).expect_err("unknown key");
        assert_eq!(
            error.to_string(),
            "/x/Cargo.toml: [package.metadata.gobuild]: there is no key `stack_size`"
        );
        assert_eq!(error.help().as_deref(), Some("did you mean `stack-size`?"));
    }

    #[test]
    fn a_strange_key_lists_the_keys() {
        let error = table(&json!({"zzz": true})).expect_err("unknown key");
        assert_eq!(
            error.help().as_deref(),
            Some("the keys are linker, mode, std, malloc, stack-size, goamd64, buildvcs, stamp")
        );
    }

    #[test]
    fn wrong_values_say_what_is_right() {
        for (value, part) in [
            (json!({"linker": "gold"}), "auto, cc, lld"),
            (json!({"mode": "freestanding"}), "the only mode is hosted"),
            (
                json!({"stamp": "a::V=1"}),
                "must be a table of names and strings, not a string",
            ),
            (
                json!({"stamp": {"a::V": 1}}),
                "a stamp is a string, not a number",
            ),
            (
                json!({"stamp": {"V": "1"}}),
                "the name is that of a static with its crate",
            ),
            (json!({"buildvcs": "yes"}), "auto, true or false"),
            (json!({"goamd64": 3}), "must be a string, not a number"),
            (json!({"goamd64": "v5"}), "v1, v2, v3 or v4"),
            (json!({"std": "async"}), "`threads` or `goroutines`"),
            (json!({"stack-size": "big"}), "number of bytes"),
            (json!("mold"), "must be a table, not a string"),
        ] {
            let error = table(&value).expect_err("wrong value").to_string();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn the_environment_wins_over_tables_and_the_command_line_over_both() {
        let env = |name: &str| (name == "GOAMD64").then(|| OsString::from("v2"));
        let env = Layer::from_env(env, Path::new("/cwd")).expect("fits");
        let package = Layer {
            goamd64: Some(GoAmd64::V4),
            stack_size: Some(8192),
            ..Layer::default()
        };
        let cli = Layer {
            linker: Some(LinkerChoice::Cc),
            ..Layer::default()
        };
        let settings = Settings::merge(&[&cli, &env, &package]);
        assert_eq!(
            settings,
            Settings {
                linker: LinkerChoice::Cc,
                std: Std::Goroutines,
                malloc: Malloc::Libc,
                stack_size: 8192,
                goamd64: GoAmd64::V2,
                buildvcs: BuildVcs::Auto,
                stamps: BTreeMap::new(),
            }
        );
    }

    #[test]
    fn stamps_are_merged_by_name() {
        let env = |text: &str| {
            let var = |name: &str| (name == "CARGO_GOBUILD_STAMP").then(|| OsString::from(text));
            Layer::from_env(var, Path::new("/cwd"))
        };
        let lines = env("a::V=1\nb::W=x y=z\n").expect("lines");
        assert_eq!(env(r#"{"a::V": "1", "b::W": "x y=z"}"#), Ok(lines.clone()));
        assert!(env("V=1").is_err() && env("a::V").is_err() && env("{").is_err());
        let table = table(&json!({"stamp": {"a::V": "2", "c::X": "3"}})).expect("a table");
        let settings = Settings::default().with_stamps(&[&lines], &[&table]);
        let stamps = settings.stamps.iter();
        let stamps: Vec<_> = stamps
            .map(|(name, set)| (&**name, &*set.value, set.must))
            .collect();
        assert_eq!(
            stamps,
            [
                ("a::V", "1", true),
                ("b::W", "x y=z", true),
                ("c::X", "3", false)
            ]
        );
    }

    #[test]
    fn relative_linker_paths_belong_to_their_file() {
        let layer = table(&json!({"linker": "tools/ld"})).expect("fits");
        assert_eq!(layer.linker, Some(LinkerChoice::Path("/x/tools/ld".into())));
    }

    #[test]
    fn settings_survive_the_plan_file() {
        let settings = Settings {
            linker: LinkerChoice::Wild,
            std: Std::Threads,
            malloc: Malloc::Runtime,
            stack_size: 4096,
            goamd64: GoAmd64::V3,
            buildvcs: BuildVcs::True,
            stamps: BTreeMap::new(),
        };
        let text = serde_json::to_string(&settings).expect("serialises");
        assert_eq!(
            serde_json::from_str::<Settings>(&text).expect("reads"),
            settings
        );
    }
}
