//! Which statics with `#[rtlib::stamp]` are set, and to what: the names of the settings, looked up among those that the objects have. Pure.
//!
//! A name is `crate::module::NAME`, or `crate@version::module::NAME`; the crate of the program is also called `main`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use gobuild_codegen::records::StampRecord;

use crate::config::StampValue;

/// What the crate of the program is called besides.
const MAIN: &str = "main";

/// A stamp that is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Its name as the settings have it.
    pub name: String,
    /// The word that it is read from.
    pub symbol: String,
    /// Its value.
    pub value: String,
    /// Where it is declared.
    pub place: String,
}

/// What is known of the program.
#[derive(Debug)]
pub struct Program<'a> {
    /// Its name.
    pub name: &'a str,
    /// Package, version and name of its own crate.
    pub main: (&'a str, &'a str, &'a str),
    /// Whether it is a binary or an example, and no test.
    pub is_product: bool,
    /// The names of its crates.
    pub crates: BTreeSet<&'a str>,
}

/// Why a stamp cannot be set.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum StampError {
    /// There is none of this name.
    #[error("no crate of the program `{program}` has a stamp `{name}`")]
    Unknown {
        /// The name.
        name: String,
        /// The program.
        program: String,
        /// The nearest name.
        meant: Option<String>,
        /// All names.
        known: Vec<String>,
    },
    /// Several versions of a crate have one.
    #[error("the name `{name}` means several stamps of the program `{program}`")]
    Ambiguous {
        /// The name.
        name: String,
        /// The program.
        program: String,
        /// The names with versions.
        names: Vec<String>,
    },
}

impl StampError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Unknown {
                meant: Some(meant), ..
            } => format!("did you mean `{meant}`?"),
            Self::Unknown { known, .. } if known.is_empty() => {
                "it has no stamps: declare one, `#[rtlib::stamp] static NAME: &str = \"default\";`"
                    .into()
            }
            Self::Unknown { known, .. } => format!(
                "its stamps are {}; name the programs that are meant with `--bin`",
                known.join(", ")
            ),
            Self::Ambiguous { names, .. } => format!("name one of {}", names.join(", ")),
        }
    }
}

/// Finds the statics that are meant. Tests go without those that they do not have, and so do programs without the crate that a manifest names.
///
/// # Errors
/// When there is none, or a name means several.
pub fn resolve(
    wanted: &BTreeMap<String, StampValue>,
    known: Vec<StampRecord>,
    program: &Program<'_>,
) -> Result<Vec<Stamp>, StampError> {
    let mut stamps = BTreeMap::new();
    for (name, StampValue { value, must }) in wanted {
        let meant = Name::read(name, program);
        let found: Vec<_> = known.iter().filter(|one| meant.means(one)).collect();
        let names: BTreeSet<_> = found.iter().map(|one| versioned(one)).collect();
        if names.len() > 1 {
            return Err(StampError::Ambiguous {
                name: name.clone(),
                program: program.name.into(),
                names: names.into_iter().collect(),
            });
        }
        let may_be_absent = !must && !program.crates.contains(meant.krate);
        if found.is_empty() && program.is_product && !may_be_absent {
            return Err(unknown(name, &known, program));
        }
        for one in found {
            let stamp = Stamp {
                name: name.clone(),
                symbol: one.symbol.clone(),
                value: value.clone(),
                place: one.location.to_string(),
            };
            stamps.insert(one.symbol.clone(), stamp);
        }
    }
    let mut stamps: Vec<_> = stamps.into_values().collect();
    stamps.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(stamps)
}

/// For `--emit`: a line each.
#[must_use]
pub fn text(stamps: &[Stamp]) -> String {
    let mut lines = String::new();
    for Stamp {
        name, value, place, ..
    } in stamps
    {
        // Writing to a string does not fail.
        _ = writeln!(lines, "{name} = \"{}\"  {place}", value.escape_debug());
    }
    lines
}

/// A name, read.
struct Name<'a> {
    package: Option<&'a str>,
    version: Option<&'a str>,
    krate: &'a str,
    rest: &'a str,
}

impl<'a> Name<'a> {
    fn read(name: &'a str, program: &Program<'a>) -> Self {
        let (first, rest) = name.split_once("::").unwrap_or((name, ""));
        if first == MAIN {
            let (package, version, krate) = program.main;
            return Self {
                package: Some(package),
                version: Some(version),
                krate,
                rest,
            };
        }
        let (krate, version) = match first.split_once('@') {
            Some((krate, version)) => (krate, Some(version)),
            None => (first, None),
        };
        Self {
            package: None,
            version,
            krate,
            rest,
        }
    }

    fn means(&self, record: &StampRecord) -> bool {
        let path = path(record);
        path.split_once("::") == Some((self.krate, self.rest))
            && self.version.is_none_or(|version| version == record.version)
            && self.package.is_none_or(|package| package == record.package)
    }
}

fn path(record: &StampRecord) -> String {
    format!("{}::{}", record.module, record.name)
}

/// The name with the version, which tells apart what has one name otherwise.
fn versioned(record: &StampRecord) -> String {
    let path = path(record);
    let (krate, rest) = path.split_once("::").unwrap_or((&path, ""));
    format!("{krate}@{}::{rest}", record.version)
}

fn unknown(name: &str, known: &[StampRecord], program: &Program<'_>) -> StampError {
    let known: BTreeSet<_> = known.iter().map(path).collect();
    let in_main = |path: &String| {
        let (krate, rest) = path.split_once("::")?;
        (krate == program.main.2).then(|| format!("{MAIN}::{rest}"))
    };
    let also = known.iter().filter_map(in_main);
    let near = |one: &String| strsim::jaro_winkler(one, name);
    let all = known.iter().cloned().chain(also);
    let best = all.max_by(|a, b| near(a).total_cmp(&near(b)));
    StampError::Unknown {
        name: name.into(),
        program: program.name.into(),
        meant: best.filter(|best| near(best) > 0.8),
        known: known.into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use gobuild_codegen::model::Location;

    use super::*;

    fn record(package: &str, version: &str, module: &str) -> StampRecord {
        StampRecord {
            package: package.into(),
            version: version.into(),
            crate_name: package.into(),
            module: module.into(),
            name: "V".into(),
            location: Location {
                file: "src/lib.rs".into(),
                line: 3,
                column: 1,
            },
            symbol: format!("{module}.V.stamp.{version}"),
        }
    }

    fn set(name: &str, must: bool) -> BTreeMap<String, StampValue> {
        let value = "x\n".into();
        BTreeMap::from([(name.to_owned(), StampValue { value, must })])
    }

    fn symbols(name: &str, must: bool, is_product: bool) -> Result<Vec<String>, StampError> {
        let known = vec![
            record("app", "1.0.0", "app::a"),
            record("dep", "1.0.0", "dep"),
            record("dep", "2.0.0", "dep"),
        ];
        let program = Program {
            name: "app",
            main: ("app", "1.0.0", "app"),
            is_product,
            crates: BTreeSet::from(["app", "dep"]),
        };
        let stamps = resolve(&set(name, must), known, &program)?;
        Ok(stamps.into_iter().map(|one| one.symbol).collect())
    }

    #[test]
    fn names_mean_statics() {
        for (name, symbol) in [
            ("app::a::V", "app::a.V.stamp.1.0.0"),
            ("main::a::V", "app::a.V.stamp.1.0.0"),
            ("app@1.0.0::a::V", "app::a.V.stamp.1.0.0"),
            ("dep@2.0.0::V", "dep.V.stamp.2.0.0"),
        ] {
            assert_eq!(
                symbols(name, true, true),
                Ok(vec![symbol.to_owned()]),
                "{name}"
            );
        }
    }

    #[test]
    fn names_that_mean_none_or_several_are_refused() {
        let help = |name| symbols(name, true, true).expect_err("refused").help();
        assert_eq!(help("dep::V"), "name one of dep@1.0.0::V, dep@2.0.0::V");
        assert_eq!(help("main::a::W"), "did you mean `main::a::V`?");
        assert!(help("zzz::q").starts_with("its stamps are app::a::V, dep::V;"));
        assert!(help("dep@3.0.0::V").contains("dep::V"));
    }

    #[test]
    fn what_a_manifest_names_may_be_in_another_program() {
        assert_eq!(symbols("other::V", false, true), Ok(Vec::new()));
        assert!(symbols("dep::W", false, true).is_err());
        assert_eq!(symbols("dep::W", true, false), Ok(Vec::new()));
    }
}
