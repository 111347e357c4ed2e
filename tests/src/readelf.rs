//! GNU readelf, asked and parsed.

use std::path::Path;
use std::process::Command;

use crate::process::{RUN, run};

/// A symbol as `readelf -sW` prints it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// Its value.
    pub value: u64,
    /// Its size in bytes.
    pub size: u64,
    /// `FUNC`, `OBJECT`, …
    pub kind: String,
    /// `GLOBAL`, `LOCAL`, `WEAK`.
    pub binding: String,
    /// Index of its section.
    pub section: String,
}

/// What readelf prints for these options.
///
/// # Panics
/// If readelf is not there or fails.
#[must_use]
#[track_caller]
pub fn readelf(options: &[&str], file: &Path) -> String {
    let readelf = which::which("readelf").expect("readelf is needed: install binutils");
    run(
        Command::new(readelf)
            .env("LC_ALL", "C")
            .args(options)
            .arg(file),
        RUN,
    )
    .ok()
    .out()
}

/// A field of the ELF header, such as `Type` or `Entry point address`.
///
/// # Panics
/// If there is no such field.
#[must_use]
#[track_caller]
pub fn header(file: &Path, field: &str) -> String {
    let text = readelf(&["-hW"], file);
    let line = text
        .lines()
        .find(|line| line.trim_start().starts_with(field));
    let value = line.and_then(|line| line.split_once(':'));
    value
        .unwrap_or_else(|| panic!("no {field} in\n{text}"))
        .1
        .trim()
        .to_owned()
}

/// The symbol of this name in `.symtab`.
#[must_use]
#[track_caller]
pub fn symbol(file: &Path, name: &str) -> Option<Symbol> {
    readelf(&["-sW"], file).lines().find_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [_, value, size, kind, binding, _, section, symbol] = words[..] else {
            return None;
        };
        let size = size.strip_prefix("0x").map_or_else(
            || size.parse().ok(),
            |hex| u64::from_str_radix(hex, 16).ok(),
        );
        (symbol == name).then_some(Symbol {
            value: u64::from_str_radix(value, 16).ok()?,
            size: size?,
            kind: kind.into(),
            binding: binding.into(),
            section: section.into(),
        })
    })
}
