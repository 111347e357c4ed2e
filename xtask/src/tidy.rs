//! The rules that compilers do not know. Pure but for the walk: [`complaints`] judges one file's text.
//!
//! - Layers: codegen neither opens files nor starts processes nor reads the environment; assembly is where it belongs; the runtime's layers use each other in one direction ([`layers`]).
//! - Files: a head comment that says what lives there, and not too long. Folders: not too many files in one.
//! - Words: no stubs, and nothing that only its author understands.
//! - Documents: their links lead somewhere ([`links`]), the tests run their sessions ([`blocks`]), and each file with unsafe code has its argument ([`unsafety`]).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::{blocks, layers, links, unsafety};

/// Longest file, in lines.
const MAX_LINES: usize = 700;

/// Most source files in one folder, those of folders in it not counted.
const MAX_FILES: usize = 30;

/// Directories that are not ours to judge.
const SKIPPED: [&str; 4] = ["target", ".git", "corpus", "artifacts"];

/// Sources whose text is itself a test's input or expectation.
const INPUTS: [&str; 3] = [
    "rtlib/macros/tests/ui/",
    "rtlib/macros/tests/accepts/",
    "tests/docs/",
];

/// What codegen may not touch.
const FORBIDDEN_IN_CODEGEN: [&str; 6] = [
    "std::fs",
    "std::env",
    "std::process",
    "std::net",
    "File::open",
    "Command::new",
];

/// Assembly, and the folders that may hold it.
const ASSEMBLY: [&str; 3] = ["asm!(", "global_asm!(", "naked_asm!("];
const ASSEMBLY_BELONGS: [&str; 4] = [
    "rtlib/runtime/src/arch/",
    "rtlib/runtime/src/libc/malloc.rs",
    "rtlib/src/absent.rs",
    "rtlib/src/__private.rs",
];
const ASSEMBLY_JUDGED: [&str; 4] = ["rtlib/", "cli/", "codegen/", "templates/"];

/// Words that must not appear, in pieces so that this file does not hold them.
const WORDS: [&str; 9] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X:"),
    concat!("Cl", "aude"),
    concat!("Chat", "GPT"),
    concat!("Anth", "ropic"),
    concat!("Open", "AI"),
    concat!("/wo", "rk/"),
    concat!("/tm", "p/target"),
];

/// Checks every text file of the checkout. `chores` are the names of all chores.
pub fn check(root: &Path, chores: &[&str]) -> Result<(), Vec<String>> {
    let mut files = Vec::new();
    walk(root, &mut files);
    files.sort();
    let mut all = Vec::new();
    let mut sources = Vec::new();
    let mut documents = BTreeMap::new();
    let mut judged = BTreeMap::new();
    for path in files {
        let shown = path.strip_prefix(root).unwrap_or(&path).to_string_lossy();
        if let Ok(text) = fs::read_to_string(&path) {
            all.extend(complaints(&shown, &text));
            if links::is_document(&shown) {
                documents.insert(shown.to_string(), text);
            } else if unsafety::is_judged(&shown) {
                judged.insert(shown.to_string(), text);
            }
        }
        sources.push(shown.into_owned());
    }
    all.extend(crowds(&sources));
    all.extend(links::complaints(&documents, &sources));
    all.extend(blocks::complaints(&documents, &sources, chores));
    let page = documents.get(unsafety::PAGE).map_or("", String::as_str);
    all.extend(unsafety::complaints(page, &judged));
    if all.is_empty() { Ok(()) } else { Err(all) }
}

/// All files below a directory, but for those of [`SKIPPED`].
pub fn walk(dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name();
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        if kind.is_dir() && !SKIPPED.iter().any(|skipped| name == *skipped) {
            walk(&path, files);
        } else if kind.is_file() {
            files.push(path);
        }
    }
}

/// Folders of sources with too many files. Those of tests hold one a case.
fn crowds(files: &[String]) -> Vec<String> {
    let mut folders = BTreeMap::new();
    let sources = files.iter().filter(|file| file.ends_with(".rs"));
    for (folder, _) in sources.filter_map(|file| file.rsplit_once('/')) {
        if folder.split('/').any(|part| part == "src") {
            *folders.entry(folder).or_insert(0) += 1;
        }
    }
    let crowded = folders.into_iter().filter(|(_, count)| *count > MAX_FILES);
    crowded
        .map(|(folder, count)| {
            format!("{folder}: {count} files: a folder has at most {MAX_FILES}; divide it")
        })
        .collect()
}

/// What is wrong with a file; `path` is relative to the checkout.
fn complaints(path: &str, text: &str) -> Vec<String> {
    let mut all = words(path, text);
    all.extend(layers::documented(path, text));
    if path.ends_with(".rs") && !INPUTS.iter().any(|inputs| path.starts_with(inputs)) {
        all.extend(shape(path, text));
        all.extend(borders(path, text));
        all.extend(layers::complaints(path, text));
    }
    all
}

fn words(path: &str, text: &str) -> Vec<String> {
    let found = |line: &str| WORDS.into_iter().find(|word| line.contains(word));
    numbered(text)
        .filter_map(|(number, line)| {
            found(line).map(|word| format!("{path}:{number}: `{word}` must not appear"))
        })
        .collect()
}

fn shape(path: &str, text: &str) -> Vec<String> {
    let mut all = Vec::new();
    let lines = text.lines().count();
    if lines > MAX_LINES {
        all.push(format!(
            "{path}: {lines} lines: a file has one concern and at most {MAX_LINES}"
        ));
    }
    if !text.starts_with("//!") {
        all.push(format!(
            "{path}:1: no head comment (`//! …`) that says what lives there"
        ));
    }
    all
}

fn borders(path: &str, text: &str) -> Vec<String> {
    let mut all = Vec::new();
    for (number, line) in numbered(text).filter(|(_, line)| !line.trim_start().starts_with("//")) {
        let names = |what: &&str| line.contains(*what);
        if path.starts_with("codegen/src/")
            && let Some(what) = FORBIDDEN_IN_CODEGEN.iter().find(|what| names(what))
        {
            all.push(format!(
                "{path}:{number}: `{what}`: codegen gets bytes and gives bytes, the cli does the rest"
            ));
        }
        let judged = ASSEMBLY_JUDGED.iter().any(|dir| path.starts_with(dir))
            && !ASSEMBLY_BELONGS.iter().any(|dir| path.starts_with(dir));
        if judged && ASSEMBLY.iter().any(names) {
            all.push(format!(
                "{path}:{number}: assembly belongs in {}",
                ASSEMBLY_BELONGS.join(" and ")
            ));
        }
    }
    all
}

fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, text: &str, expect: &[&str]) {
        let found = complaints(path, text);
        assert_eq!(found.len(), expect.len(), "{found:#?}");
        for (complaint, start) in found.iter().zip(expect) {
            assert!(complaint.starts_with(start), "{complaint}");
        }
    }

    #[test]
    fn a_good_file_has_no_complaints() {
        check("cli/src/a.rs", "//! Files.\nuse std::fs;\n", &[]);
        check(
            "rtlib/runtime/src/arch/x.rs",
            "//! Assembly.\nasm!(\"nop\");\n",
            &[],
        );
    }

    #[test]
    fn codegen_must_not_open_files_but_may_speak_of_them() {
        let text = "//! Never std::fs.\nuse std::fs;\n";
        check(
            "codegen/src/a.rs",
            text,
            &["codegen/src/a.rs:2: `std::fs`:"],
        );
        check("codegen/tests/a.rs", text, &[]);
    }

    #[test]
    fn assembly_is_refused_outside_its_folder() {
        check(
            "rtlib/runtime/src/sched/a.rs",
            "//! A.\nasm!(\"nop\");",
            &["rtlib/runtime/src/sched/a.rs:2: assembly"],
        );
    }

    #[test]
    fn a_file_without_a_head_and_too_long_a_file_are_named() {
        check("cli/src/a.rs", "fn a() {}\n", &["cli/src/a.rs:1: no head"]);
        let long = format!("//! A.\n{}", "\n".repeat(MAX_LINES));
        check("cli/src/a.rs", &long, &["cli/src/a.rs: 701 lines"]);
    }

    #[test]
    fn a_folder_with_too_many_sources_is_named() {
        let of = |folder: &str, count: usize| -> Vec<String> {
            (0..count).map(|i| format!("{folder}/f{i}.rs")).collect()
        };
        assert_eq!(crowds(&of("cli/src", MAX_FILES)), [""; 0]);
        assert_eq!(crowds(&of("tests/tests", MAX_FILES + 1)), [""; 0]);
        let found = crowds(&of("cli/src/ops", MAX_FILES + 1));
        assert!(found[0].starts_with("cli/src/ops: 31 files"), "{found:#?}");
    }

    #[test]
    fn stubs_are_named_in_any_file() {
        let text = concat!("# later\n# TO", "DO\n");
        check("docs/a.md", text, &["docs/a.md:2: `TO"]);
    }
}
