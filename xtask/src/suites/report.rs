//! What came out, as a table: printed, and kept in docs/suites.md.

use std::collections::BTreeMap;

use super::run::Result as TestResult;
use super::table::Suite;
use super::{MODES, Results};
use crate::files::{read, write as write_file};
use crate::workspace::root;

/// The results of a suite.
pub struct Row {
    name: &'static str,
    version: String,
    passed: usize,
    failed: usize,
    ignored: usize,
    /// The modes in which all tests that pass with plain cargo pass.
    pub same: Vec<&'static str>,
    /// What differs.
    pub differs: Vec<String>,
    /// What failed beside other tests, and passed alone.
    pub unsteady: Vec<String>,
    /// What was not run, and why.
    left_out: Vec<String>,
}

impl Row {
    /// Nothing has run yet.
    pub fn new(suite: &Suite, version: String) -> Self {
        Self {
            name: suite.name,
            version,
            passed: 0,
            failed: 0,
            ignored: 0,
            same: Vec::new(),
            differs: Vec::new(),
            unsteady: Vec::new(),
            left_out: suite
                .left_out
                .iter()
                .map(|left_out| {
                    format!(
                        "`{} {}` is not run: {}",
                        left_out.program, left_out.test, left_out.why
                    )
                })
                .collect(),
        }
    }

    /// Adds what a program of plain cargo said.
    pub fn plain(&mut self, results: &Results) {
        for result in results.tests.values() {
            match result {
                TestResult::Passed => self.passed += 1,
                TestResult::Failed => self.failed += 1,
                TestResult::Ignored => self.ignored += 1,
            }
        }
    }

    fn line(&self) -> String {
        let same = if self.same.len() == MODES.len() {
            "all".to_owned()
        } else {
            self.same.join(", ")
        };
        let unsteady = self.unsteady.iter();
        let unsteady = unsteady.map(|said| format!("{said} beside others, and passed alone"));
        let remarks: Vec<String> = (self.left_out.iter().chain(&self.differs).cloned())
            .chain(unsteady)
            .map(|remark| remark.replace('|', "\\|"))
            .collect();
        format!(
            "| {} | {} | {} | {} | {} | {same} | {} |",
            self.name,
            self.version,
            self.passed,
            self.failed,
            self.ignored,
            remarks.join("; ")
        )
    }
}

const HEAD: &str = "\
| suite | version | passed | failed | ignored | the same in modes | remarks |
|---|---|---|---|---|---|---|";

/// Prints the rows.
pub fn print(rows: &[Row]) {
    println!("\n{HEAD}");
    for row in rows {
        println!("{}", row.line());
    }
}

const FILE: &str = "docs/suites.md";
/// Behind this line everything is written by the chore.
const BEGIN: &str = "<!-- cargo xtask suites --write -->";

/// Writes the rows into [`FILE`]. Rows of suites that did not run stay as they are.
pub fn write(rows: Vec<Row>) -> Result<(), String> {
    let path = root().join(FILE);
    let text = read(&path)?;
    let (introduction, old) = text
        .split_once(BEGIN)
        .ok_or_else(|| format!("{FILE} has no line `{BEGIN}`"))?;
    let mut lines: BTreeMap<String, String> = old
        .lines()
        .filter(|line| line.starts_with("| ") && !HEAD.contains(line))
        .filter_map(|line| Some((line.split(' ').nth(1)?.to_owned(), line.to_owned())))
        .collect();
    for row in rows {
        lines.insert(row.name.to_owned(), row.line());
    }
    let lines: Vec<String> = lines.into_values().collect();
    write_file(
        &path,
        &format!("{introduction}{BEGIN}\n\n{HEAD}\n{}\n", lines.join("\n")),
    )
}
