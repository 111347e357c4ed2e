//! The blocks of code in the documents: a session says how the tests run it, or why they do not, and there are few of the latter. Files of the checkout and chores that documents name exist. Pure.
//!
//! The tests read the same comments: `tests/src/documents.rs` describes them.

use std::collections::BTreeSet;

/// Most sessions and pieces of code that are not run, in all documents.
const NOT_RUN: usize = 8;

/// Folders of the checkout, whose files documents name from its root.
const FOLDERS: [&str; 10] = [
    "benches/",
    "cli/",
    "codegen/",
    "docs/",
    "examples/",
    "fuzz/",
    "rtlib/",
    "templates/",
    "tests/",
    "xtask/",
];

/// A page that names files of other packages.
const OF_OTHERS: &str = "docs/suites.md";

/// What is wrong with the blocks of the documents (paths and texts). `files` are all files of the checkout, `chores` the names of
/// all chores.
pub fn complaints<'a>(
    documents: impl IntoIterator<Item = (&'a String, &'a String)>,
    files: &[String],
    chores: &[&str],
) -> Vec<String> {
    let mut there: BTreeSet<&str> = files.iter().map(String::as_str).collect();
    for file in files {
        there.extend(file.match_indices('/').map(|(at, _)| &file[..at]));
    }
    let mut all = Vec::new();
    let mut not_run = Vec::new();
    for (path, text) in documents {
        all.extend(unmarked(path, text));
        all.extend(unknown(path, text, chores));
        if path != OF_OTHERS {
            all.extend(absent(path, text, &there));
        }
        for (index, line) in text.lines().enumerate() {
            if let Some(reason) = line.strip_prefix("<!-- not run:") {
                let place = format!("{path}:{}", index + 1);
                if reason.trim_end_matches("-->").trim().is_empty() {
                    all.push(format!("{place}: say why the block is not run"));
                }
                not_run.push(place);
            }
        }
    }
    if not_run.len() > NOT_RUN {
        all.push(format!(
            "{} blocks are not run, {NOT_RUN} may be: {}",
            not_run.len(),
            not_run.join(", ")
        ));
    }
    all
}

/// Sessions without a comment for the tests on the line above.
fn unmarked(path: &str, text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let mut all = Vec::new();
    let mut fenced = false;
    for (index, line) in lines.iter().enumerate() {
        let Some(language) = line.strip_prefix("```") else {
            continue;
        };
        fenced = !fenced;
        let above = index.checked_sub(1).map_or("", |above| lines[above]);
        let first = lines.get(index + 1).copied().unwrap_or_default();
        let place = format!("{path}:{}", index + 1);
        if !fenced {
            continue;
        } else if language == "console" && !above.ends_with("-->") {
            all.push(format!(
                "{place}: `<!-- run in: DIRECTORY -->` or `<!-- not run: REASON -->` must stand above a session"
            ));
        } else if language == "text" && first.starts_with("$ ") {
            all.push(format!("{place}: a session is a block of `console`"));
        }
    }
    all
}

/// Chores that a document names and that do not exist.
fn unknown(path: &str, text: &str, chores: &[&str]) -> Vec<String> {
    let mut all = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for (at, command) in line.match_indices("cargo xtask ") {
            let rest = &line[at + command.len()..];
            let end = rest.find(|c: char| !c.is_ascii_lowercase());
            let chore = &rest[..end.unwrap_or(rest.len())];
            if !chore.is_empty() && !chores.contains(&chore) {
                let place = format!("{path}:{}", index + 1);
                all.push(format!("{place}: `cargo xtask` has no `{chore}`"));
            }
        }
    }
    all
}

/// Files that a document names and that are not there.
fn absent(path: &str, text: &str, there: &BTreeSet<&str>) -> Vec<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    let mut all = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let words = line.split(|c: char| !is_part(c) && !"{}*…<>".contains(c));
        for word in words.filter(|word| word.chars().all(is_part)) {
            let name = word.trim_end_matches(['.', '/']);
            let is_ours = FOLDERS.iter().any(|folder| word.starts_with(folder));
            let is_built = name.contains("/target/") || name.ends_with("/target");
            if is_ours && !is_built && !there.contains(name) {
                all.push(format!("{path}:{}: there is no `{name}`", index + 1));
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &[&str]) {
        let document = ("docs/a.md".to_owned(), text.to_owned());
        let files = ["cli/src/main.rs".to_owned()];
        assert_eq!(
            complaints([(&document.0, &document.1)], &files, &["test"]),
            expect
        );
    }

    #[test]
    fn sessions_are_run_or_say_why_not() {
        check(
            "<!-- run in: app -->\n```console\n$ app\n```\n<!-- not run: no perf -->\n```console\n$ perf\n```\n```text\nhello\n```\n",
            &[],
        );
        check(
            "\n```console\n$ app\n```\n",
            &[
                "docs/a.md:2: `<!-- run in: DIRECTORY -->` or `<!-- not run: REASON -->` must stand above a session",
            ],
        );
        check(
            "```text\n$ app\n```\n",
            &["docs/a.md:1: a session is a block of `console`"],
        );
        check(
            "<!-- not run: -->\n```console\n```\n",
            &["docs/a.md:1: say why the block is not run"],
        );
    }

    #[test]
    fn few_are_not_run() {
        let text = "<!-- not run: no perf -->\n".repeat(NOT_RUN);
        check(&text, &[]);
        let document = ("docs/a.md".to_owned(), text + "<!-- not run: no perf -->\n");
        let found = complaints([(&document.0, &document.1)], &[], &[]);
        assert!(
            found[0].starts_with("9 blocks are not run, 8 may be: docs/a.md:1, "),
            "{found:?}"
        );
    }

    #[test]
    fn chores_that_are_named_exist() {
        check(
            "cargo xtask test unit, `cargo xtask …`, cargo xtask   # lists\n",
            &[],
        );
        check(
            "`cargo xtask tests`\n",
            &["docs/a.md:1: `cargo xtask` has no `tests`"],
        );
    }

    #[test]
    fn files_that_are_named_are_there() {
        check(
            "`cli/src/main.rs`, cli/src/, `cli/src/{a,b}.rs`, cli/src/*, cli/target/x\n",
            &[],
        );
        check(
            "```sh\ncat cli/src/none.rs\n```\n",
            &["docs/a.md:2: there is no `cli/src/none.rs`"],
        );
    }
}
