//! docs/unsafe.md names each file with `unsafe`, and no other: a reviewer finds the argument for every block. Pure: [`complaints`] is given the page and the sources.

use std::collections::BTreeMap;

/// The page.
pub const PAGE: &str = "docs/unsafe.md";

/// The page's chapters with tables of files, each with the folder to which the names in its tables are relative.
const CHAPTERS: [(&str, &str); 2] = [
    ("## The runtime", "rtlib/runtime/src/"),
    ("## `rtlib`", "rtlib/src/"),
];

/// What begins unsafe code.
const MARKS: [&str; 5] = [
    "unsafe {",
    "unsafe impl",
    "unsafe fn",
    "unsafe extern",
    "unsafe trait",
];

/// Whether a source may need an argument.
pub fn is_judged(path: &str) -> bool {
    path.ends_with(".rs") && CHAPTERS.iter().any(|(_, folder)| path.starts_with(folder))
}

/// Whether there is unsafe code in a text, comments left out.
fn is_unsafe(text: &str) -> bool {
    let mut code = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    code.any(|line| MARKS.iter().any(|mark| line.contains(mark)))
}

/// Files that the page lacks, and names on the page without such a file. `sources` are texts by path.
pub fn complaints(page: &str, sources: &BTreeMap<String, String>) -> Vec<String> {
    let mut all = Vec::new();
    for (title, folder) in CHAPTERS {
        let names = names(page, title);
        let found: Vec<&str> = sources
            .iter()
            .filter(|(_, text)| is_unsafe(text))
            .filter_map(|(path, _)| path.strip_prefix(folder))
            .collect();
        let missing = found
            .iter()
            .filter(|file| !names.iter().any(|name| covers(name, file)));
        all.extend(missing.map(|file| {
            format!("{PAGE}: `{title}` has no group for {folder}{file}, which has unsafe code")
        }));
        let empty = names
            .iter()
            .filter(|name| !found.iter().any(|file| covers(name, file)));
        all.extend(
            empty.map(|name| {
                format!("{PAGE}: `{title}` names `{name}`: no such file has unsafe code")
            }),
        );
    }
    all
}

/// The names in the second column of a chapter's tables, `a/{b,c}.rs` taken apart.
fn names(page: &str, title: &str) -> Vec<String> {
    let chapter = page.lines().skip_while(|line| *line != title).skip(1);
    let rows = chapter
        .take_while(|line| !line.starts_with("## "))
        .filter(|line| line.starts_with("| **"));
    let cells = rows.filter_map(|row| row.split('|').nth(2));
    let spans = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    spans.flat_map(alternatives).collect()
}

fn alternatives(name: &str) -> Vec<String> {
    let parts = name
        .split_once('{')
        .and_then(|(before, rest)| Some((before, rest.split_once('}')?)));
    match parts {
        Some((before, (among, behind))) => among
            .split(',')
            .map(|one| format!("{before}{one}{behind}"))
            .collect(),
        None => vec![name.to_owned()],
    }
}

/// Whether a name is this file's, or that of a folder in which it is.
fn covers(name: &str, file: &str) -> bool {
    let folder = name.trim_end_matches('*');
    name == file || (folder.ends_with('/') && file.starts_with(folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "//! A.\nunsafe { f() };\n";

    #[track_caller]
    fn check(files: &[&str], expect: &[&str]) {
        let page = "## The runtime\n\n| group | files |\n|---|---|\n| **A** | `a.rs`, `b/{c,d}.rs`, `e/*` | `no.rs` |\n\n## Other\n\n| **A** | `z.rs` |\n";
        let sources = files
            .iter()
            .map(|file| (format!("rtlib/runtime/src/{file}"), CODE.to_owned()));
        assert_eq!(complaints(page, &sources.collect()), expect);
    }

    #[test]
    fn every_file_is_in_a_group() {
        check(&["a.rs", "b/c.rs", "b/d.rs", "e/f.rs", "e/g/h.rs"], &[]);
    }

    #[test]
    fn files_without_a_group_and_groups_without_files_are_named() {
        check(
            &["a.rs", "b/c.rs", "e/f.rs", "z.rs"],
            &[
                "docs/unsafe.md: `## The runtime` has no group for rtlib/runtime/src/z.rs, which has unsafe code",
                "docs/unsafe.md: `## The runtime` names `b/d.rs`: no such file has unsafe code",
            ],
        );
    }

    #[test]
    fn comments_are_no_code() {
        assert!(is_unsafe(CODE));
        assert!(!is_unsafe(
            "/// unsafe { f() }\n// unsafe fn\n#[unsafe(naked)]\n"
        ));
    }
}
