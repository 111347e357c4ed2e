//! What `cargo gobuild setup` leaves in cargo's configuration, so that plain cargo links programs through this executable: it is the workspace wrapper, and it
//! stands in the place of rustdoc. Pure: text in, text out.
//!
//! Whoever looks whether a workspace is set up asks [`is_this_tool`] of the value that holds, wherever it comes from.

use std::path::Path;

use toml_edit::{DocumentMut, Item, Table, value};

/// The table of cargo's configuration.
const TABLE: &str = "build";
/// Its keys that name this executable, each with the variable that means the same.
pub const KEYS: [(&str, &str); 2] = [
    ("rustc-workspace-wrapper", "RUSTC_WORKSPACE_WRAPPER"),
    ("rustdoc", "RUSTDOC"),
];

/// Why a configuration cannot be changed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum StandingError {
    /// It is no TOML.
    #[error("it is not TOML: {0}")]
    Syntax(String),
    /// `build` is something else than a table.
    #[error("`{TABLE}` is not a table")]
    NotATable,
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

/// The configuration with the keys, everything else as it was. The same text if they are there.
///
/// # Errors
/// When the text is no configuration, or another program stands in a place that this tool needs.
pub fn added(text: &str) -> Result<String, StandingError> {
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
    Ok(document.to_string())
}

/// The configuration without the keys that name this tool; empty if nothing else was in it.
///
/// # Errors
/// When the text is no configuration.
pub fn removed(text: &str) -> Result<String, StandingError> {
    let mut document = parsed(text)?;
    let Some(table) = document.get_mut(TABLE) else {
        return Ok(text.to_owned());
    };
    let table = table.as_table_like_mut().ok_or(StandingError::NotATable)?;
    for (key, _) in KEYS {
        if table.get(key).is_some_and(is_ours) {
            table.remove(key);
        }
    }
    if table.is_empty() {
        document.remove(TABLE);
    }
    let left = document.to_string();
    Ok(match left.trim().is_empty() {
        true => String::new(),
        false => left,
    })
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
        let with = added(OWN).expect("adds");
        assert!(
            with.contains("rustc-workspace-wrapper = \"cargo-gobuild\""),
            "{with}"
        );
        assert!(
            with.contains("# ours") && with.contains("# slow line"),
            "{with}"
        );
        assert_eq!(added(&with).expect("adds"), with);
        assert_eq!(removed(&with).expect("removes"), OWN);
    }

    #[test]
    fn an_empty_configuration_is_empty_again() {
        let with = added("").expect("adds");
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
        let error = added(text).expect_err("taken");
        assert_eq!(
            error.to_string(),
            "`build.rustc-workspace-wrapper` is already `other`"
        );
        assert_eq!(removed(text).expect("removes"), text);
        assert_eq!(added("build = 1"), Err(StandingError::NotATable));
        assert!(matches!(added("build = "), Err(StandingError::Syntax(_))));
    }
}
