//! docs/std.md's table of calls, from `rtlib_abi::calls`: writes it (`cargo xtask bless`) and sees that it is as the source says, and that the tests exist that it names (`cargo xtask tidy`).

use std::fmt::Write as _;
use std::path::Path;

use rtlib_abi::calls::{Row, TABLE};

use crate::files::{self, read};

const DOCUMENT: &str = "docs/std.md";
const BEGIN: &str = "<!-- calls: begin";
const END: &str = "<!-- calls: end -->";

/// Writes the table into the document.
pub fn write(root: &Path) -> Result<(), Vec<String>> {
    let path = root.join(DOCUMENT);
    let written = read(&path).and_then(|text| files::write(&path, &with_table(&text)?));
    written.map_err(|why| vec![why])
}

/// What is wrong with the table.
pub fn check(root: &Path) -> Result<(), Vec<String>> {
    let text = read(&root.join(DOCUMENT)).map_err(|why| vec![why])?;
    let table = with_table(&text).map_err(|why| vec![why])?;
    let mut complaints: Vec<String> = TABLE
        .iter()
        .flat_map(|row| row.tests)
        .filter(|test| !exists(root, test))
        .map(|test| format!("rtlib/abi/src/calls.rs: there is no test {test}"))
        .collect();
    if table != text {
        complaints.push(format!(
            "{DOCUMENT}: the table of calls is not what rtlib/abi/src/calls.rs says: run `cargo xtask bless`"
        ));
    }
    if complaints.is_empty() {
        Ok(())
    } else {
        Err(complaints)
    }
}

/// The document with the table between its marks.
fn with_table(text: &str) -> Result<String, String> {
    let no_marks = || format!("{DOCUMENT}: no marks for the table of calls");
    let (before, rest) = text.split_once(BEGIN).ok_or_else(no_marks)?;
    let (mark, rest) = rest.split_once('\n').ok_or_else(no_marks)?;
    let (_, after) = rest.split_once(END).ok_or_else(no_marks)?;
    Ok(format!("{before}{BEGIN}{mark}\n{}{END}{after}", table()))
}

fn table() -> String {
    let mut out = String::from("| calls | on a goroutine | since | tests |\n|---|---|---|---|\n");
    for row in TABLE {
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} |",
            calls(row),
            row.says,
            row.since,
            list(row.tests)
        );
    }
    out
}

fn calls(row: &Row) -> String {
    let mut out = list(row.functions);
    if !row.which.is_empty() {
        let comma = if row.which.starts_with("and") {
            ""
        } else {
            ","
        };
        let _ = write!(out, "{comma} {}", row.which);
    }
    out
}

fn list(names: &[&str]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

/// Whether `file::function` is a test below tests/tests.
fn exists(root: &Path, test: &str) -> bool {
    let Some((file, function)) = test.split_once("::") else {
        return false;
    };
    let text = read(&root.join(format!("tests/tests/{file}.rs"))).unwrap_or_default();
    text.contains(&format!("#[test]\nfn {function}() {{"))
}
