//! What `cargo gobuild setup` leaves in cargo's configuration, so that plain cargo links programs through this executable: it is the workspace wrapper, and it
//! stands in the place of rustdoc. Where a level of processors is set, the compiler's flag for it stands there, too. Pure: text in, text out.
//!
//! Whoever looks whether a workspace is set up asks [`is_this_tool`] of the value that holds, wherever it comes from.

use std::path::Path;

use gobuild_templates::GoAmd64;
use toml_edit::{Array, DocumentMut, Item, Table, TableLike, value};

/// The table of cargo's configuration.
const TABLE: &str = "build";
/// Its keys that name this executable, each with the variable that means the same.
pub const KEYS: [(&str, &str); 2] = [
    ("rustc-workspace-wrapper", "RUSTC_WORKSPACE_WRAPPER"),
    ("rustdoc", "RUSTDOC"),
];

/// The key of the compiler's flags.
const FLAGS: &str = "rustflags";

/// The table from which cargo takes the compiler's flags. It reads those of `build` only if none of the target has any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlagsTable {
    /// `build`
    Build,
    /// `target.<triple>`
    Target,
}

impl FlagsTable {
    const ALL: [Self; 2] = [Self::Build, Self::Target];

    fn path(self) -> &'static [&'static str] {
        match self {
            Self::Build => &[TABLE],
            Self::Target => &["target", crate::TARGET],
        }
    }
}

/// The compiler's flag for a level; none for that which the compiler has by itself.
#[must_use]
pub fn level_flag(level: GoAmd64) -> Option<String> {
    (level != GoAmd64::V1).then(|| format!("-Ctarget-cpu=x86-64-{}", level.as_str()))
}

fn is_level_flag(flag: &str) -> bool {
    let levels = GoAmd64::ALL.into_iter().filter_map(level_flag);
    levels.into_iter().any(|ours| ours == flag)
}

/// Flags without those for a level.
#[must_use]
pub fn without_level(flags: &[String]) -> Vec<String> {
    let others = flags.iter().filter(|flag| !is_level_flag(flag));
    others.cloned().collect()
}

/// Why a configuration cannot be changed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum StandingError {
    /// It is no TOML.
    #[error("it is not TOML: {0}")]
    Syntax(String),
    /// `build` is something else than a table.
    #[error("`{TABLE}` or `target` is not a table")]
    NotATable,
    /// Flags that cargo could not read.
    #[error("`{FLAGS}` is neither a string nor a list of strings")]
    NoFlags,
    /// Flags in this file would hide others, or cargo could not join them.
    #[error("`{FLAGS}` is a string, here or in another file, so cargo cannot add a flag to it")]
    FlagsApart,
    /// Another program stands there.
    #[error("`{TABLE}.{key}` is already `{other}`")]
    Taken {
        /// The key.
        key: &'static str,
        /// Its value.
        other: String,
    },
}

/// Whether a value of the configuration names this tool, by its bare name or by a path.
#[must_use]
pub fn is_this_tool(program: &Path) -> bool {
    program.file_name().is_some_and(|name| name == crate::TOOL)
}

/// The configuration with the keys, everything else as it was. The same text if they are there. The flag of `level` stands in `flags`, and that of no other level
/// anywhere.
///
/// # Errors
/// When the text is no configuration, or another program stands in a place that this tool needs.
pub fn added(text: &str, level: GoAmd64, flags: FlagsTable) -> Result<String, StandingError> {
    let mut document = parsed(text)?;
    let table = document
        .entry(TABLE)
        .or_insert_with(|| Item::Table(Table::new()))
        .as_table_like_mut()
        .ok_or(StandingError::NotATable)?;
    for (key, _) in KEYS {
        match table.get(key) {
            None => drop(table.insert(key, value(crate::TOOL))),
            Some(item) if is_ours(item) => {}
            Some(item) => {
                let other = item
                    .as_str()
                    .map_or_else(|| item.to_string(), str::to_owned);
                return Err(StandingError::Taken { key, other });
            }
        }
    }
    let flag = level_flag(level);
    let stands = |document: &DocumentMut, table: FlagsTable| {
        let item = get(document, table)?.get(FLAGS)?;
        Some(flags_in(item).any(|one| Some(one) == flag.as_deref()))
    };
    if flag.is_some() && stands(&document, flags) == Some(true) {
        return Ok(document.to_string());
    }
    remove_flags(&mut document)?;
    if let Some(flag) = flag {
        add_flag(&mut document, flags, &flag)?;
    }
    Ok(document.to_string())
}

/// The configuration without the keys that name this tool; empty if nothing else was in it.
///
/// # Errors
/// When the text is no configuration.
pub fn removed(text: &str) -> Result<String, StandingError> {
    let mut document = parsed(text)?;
    if let Some(table) = document.get_mut(TABLE) {
        let table = table.as_table_like_mut().ok_or(StandingError::NotATable)?;
        for (key, _) in KEYS {
            if table.get(key).is_some_and(is_ours) {
                table.remove(key);
            }
        }
        if table.is_empty() {
            document.remove(TABLE);
        }
    }
    remove_flags(&mut document)?;
    let left = document.to_string();
    Ok(match left.trim().is_empty() {
        true => String::new(),
        false => left,
    })
}

fn get(document: &DocumentMut, table: FlagsTable) -> Option<&dyn TableLike> {
    let mut path = table.path().iter();
    let first = document.get(path.next()?)?;
    path.try_fold(first, |item, key| item.get(key))?
        .as_table_like()
}

/// The flags of an item: a list, or a string with spaces between them.
fn flags_in(item: &Item) -> impl Iterator<Item = &str> {
    let list = item.as_array().into_iter().flatten();
    let text = item.as_str().into_iter().flat_map(str::split_whitespace);
    list.filter_map(toml_edit::Value::as_str).chain(text)
}

/// Takes the flags of all levels out, and tables that are empty then.
fn remove_flags(document: &mut DocumentMut) -> Result<(), StandingError> {
    for table in FlagsTable::ALL {
        let item = get(document, table).and_then(|table| table.get(FLAGS));
        if item.is_some_and(|item| flags_in(item).any(is_level_flag)) {
            remove_flag_at(document.as_table_mut(), table.path())?;
        }
    }
    Ok(())
}

fn remove_flag_at(table: &mut dyn TableLike, path: &[&str]) -> Result<(), StandingError> {
    let Some((key, rest)) = path.split_first() else {
        let Some(item) = table.get_mut(FLAGS) else {
            return Ok(());
        };
        let is_left = if let Some(list) = item.as_array_mut() {
            list.retain(|flag| !flag.as_str().is_some_and(is_level_flag));
            !list.is_empty()
        } else {
            let others: Vec<_> = flags_in(item).filter(|flag| !is_level_flag(flag)).collect();
            let others = others.join(" ");
            let is_left = !others.is_empty();
            *item = value(others);
            is_left
        };
        if !is_left {
            table.remove(FLAGS);
        }
        return Ok(());
    };
    let inner = table.get_mut(key).and_then(Item::as_table_like_mut);
    let inner = inner.ok_or(StandingError::NotATable)?;
    remove_flag_at(inner, rest)?;
    if inner.is_empty() {
        table.remove(key);
    }
    Ok(())
}

fn add_flag(
    document: &mut DocumentMut,
    place: FlagsTable,
    flag: &str,
) -> Result<(), StandingError> {
    let mut table: &mut dyn TableLike = document.as_table_mut();
    for key in place.path() {
        let mut fresh = Table::new();
        fresh.set_implicit(true);
        table = table
            .entry(key)
            .or_insert(Item::Table(fresh))
            .as_table_like_mut()
            .ok_or(StandingError::NotATable)?;
    }
    let item = table.entry(FLAGS).or_insert(value(Array::new()));
    if let Some(list) = item.as_array_mut() {
        list.push(flag);
    } else if let Some(text) = item.as_str() {
        *item = value(format!("{text} {flag}"));
    } else {
        return Err(StandingError::NoFlags);
    }
    Ok(())
}

fn parsed(text: &str) -> Result<DocumentMut, StandingError> {
    text.parse()
        .map_err(|error: toml_edit::TomlError| StandingError::Syntax(error.message().to_owned()))
}

fn is_ours(item: &Item) -> bool {
    item.as_str()
        .is_some_and(|text| is_this_tool(Path::new(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str =
        "# ours\n[build] # here\ntarget-dir = \"t\"\n\n[net]\noffline = true # slow line\n";

    #[test]
    fn keys_come_and_go_and_leave_all_else() {
        let with = added(OWN, GoAmd64::V1, FlagsTable::Build).expect("adds");
        assert!(
            with.contains("rustc-workspace-wrapper = \"cargo-gobuild\""),
            "{with}"
        );
        assert!(
            with.contains("# ours") && with.contains("# slow line"),
            "{with}"
        );
        assert_eq!(
            added(&with, GoAmd64::V1, FlagsTable::Build).expect("adds"),
            with
        );
        assert_eq!(removed(&with).expect("removes"), OWN);
    }

    #[test]
    fn an_empty_configuration_is_empty_again() {
        let with = added("", GoAmd64::V1, FlagsTable::Build).expect("adds");
        assert_eq!(
            with,
            "[build]\nrustc-workspace-wrapper = \"cargo-gobuild\"\nrustdoc = \"cargo-gobuild\"\n"
        );
        assert_eq!(removed(&with).expect("removes"), "");
        assert_eq!(removed("").expect("removes"), "");
    }

    #[test]
    fn others_are_not_displaced() {
        let text = "[build]\nrustc-workspace-wrapper = \"other\"\n";
        let error = added(text, GoAmd64::V1, FlagsTable::Build).expect_err("taken");
        assert_eq!(
            error.to_string(),
            "`build.rustc-workspace-wrapper` is already `other`"
        );
        assert_eq!(removed(text).expect("removes"), text);
        assert_eq!(
            added("build = 1", GoAmd64::V1, FlagsTable::Build),
            Err(StandingError::NotATable)
        );
        assert!(matches!(
            added("build = ", GoAmd64::V1, FlagsTable::Build),
            Err(StandingError::Syntax(_))
        ));
    }

    #[test]
    fn the_flag_of_a_level_comes_changes_and_goes() {
        for (own, table, expect) in [
            (
                "",
                FlagsTable::Build,
                "rustflags = [\"-Ctarget-cpu=x86-64-v3\"]",
            ),
            (
                "[build]\nrustflags = [\"-Cx=y\"]\n",
                FlagsTable::Build,
                "rustflags = [\"-Cx=y\", \"-Ctarget-cpu=x86-64-v3\"]",
            ),
            (
                "[build]\nrustflags = \"-Cx=y -Cz\"\n",
                FlagsTable::Build,
                "rustflags = \"-Cx=y -Cz -Ctarget-cpu=x86-64-v3\"",
            ),
            (
                "[target.x86_64-unknown-linux-gnu]\nrustflags = [\"-Cx=y\"]\n",
                FlagsTable::Target,
                "[target.x86_64-unknown-linux-gnu]\nrustflags = [\"-Cx=y\", \"-Ctarget-cpu=x86-64-v3\"]",
            ),
            (
                "[target.\"cfg(unix)\"]\nrustflags = [\"-Cx=y\"]\n",
                FlagsTable::Target,
                "[target.x86_64-unknown-linux-gnu]\nrustflags = [\"-Ctarget-cpu=x86-64-v3\"]",
            ),
        ] {
            let with = added(own, GoAmd64::V3, table).expect("adds");
            assert!(with.contains(expect), "{with}");
            assert_eq!(added(&with, GoAmd64::V3, table).expect("adds"), with);
            let other = added(&with, GoAmd64::V4, table).expect("changes");
            assert!(
                other.contains("x86-64-v4") && !other.contains("x86-64-v3"),
                "{other}"
            );
            let none = added(&with, GoAmd64::V1, table).expect("changes");
            assert!(!none.contains("target-cpu"), "{none}");
            assert_eq!(removed(&with).expect("removes"), own);
        }
        let text = "[build]\nrustflags = 1\n";
        assert_eq!(
            added(text, GoAmd64::V3, FlagsTable::Build),
            Err(StandingError::NoFlags)
        );
    }
}
