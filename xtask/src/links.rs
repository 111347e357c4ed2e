//! The links of the documents: every relative one leads to a file of the checkout, and every `#anchor` to a heading. Pure: [`complaints`] is given the files.
//!
//! Anchors are GitHub's, which are also mdBook's: the heading's text in lower case, without punctuation, a `-` for each space, `-1` behind the second of a name. Links to other sites are
//! not followed.

use std::collections::{BTreeMap, BTreeSet};

/// The book's table of contents.
pub const SUMMARY: &str = "docs/SUMMARY.md";

/// Whether a file is a document: those of the root and of docs/, and every README.
pub fn is_document(path: &str) -> bool {
    let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
    name.ends_with(".md") && (dir.is_empty() || dir == "docs" || name == "README.md")
}

/// Links that lead nowhere, and pages that the book lacks. `documents` are the texts by path; `files` are all files of the checkout.
pub fn complaints(documents: &BTreeMap<String, String>, files: &[String]) -> Vec<String> {
    let anchors: BTreeMap<&str, BTreeSet<String>> = documents
        .iter()
        .map(|(path, text)| (path.as_str(), anchors(text)))
        .collect();
    let mut there: BTreeSet<&str> = files.iter().map(String::as_str).collect();
    for file in files {
        there.extend(file.match_indices('/').map(|(at, _)| &file[..at]));
    }
    let mut all = absent(documents);
    for (path, text) in documents {
        for Link { line, target } in links(text) {
            if is_elsewhere(&target) {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let file = match file {
                "" => path.clone(),
                file => join(path, file),
            };
            if !there.contains(file.as_str()) {
                all.push(format!("{path}:{line}: `{target}`: there is no {file}"));
            } else if !anchor.is_empty()
                && let Some(known) = anchors.get(file.as_str())
                && !known.contains(anchor)
            {
                all.push(format!(
                    "{path}:{line}: `{target}`: {file} has no heading for `#{anchor}`"
                ));
            }
        }
    }
    all
}

/// Pages of docs/ that its table of contents lacks.
fn absent(documents: &BTreeMap<String, String>) -> Vec<String> {
    let Some(summary) = documents.get(SUMMARY) else {
        return Vec::new();
    };
    let named: BTreeSet<String> = links(summary)
        .iter()
        .map(|link| join(SUMMARY, &link.target))
        .collect();
    let pages = documents.keys().filter(|path| path.starts_with("docs/"));
    pages
        .filter(|path| *path != SUMMARY && !named.contains(*path))
        .map(|path| format!("{SUMMARY}: no link to {path}, so the book lacks it"))
        .collect()
}

/// A link, and the line in which its target stands.
#[derive(Debug, PartialEq, Eq)]
pub struct Link {
    line: usize,
    /// What stands in its parentheses.
    pub target: String,
}

/// Whether a target is on another site.
pub fn is_elsewhere(target: &str) -> bool {
    target.contains("://") || target.starts_with("mailto:")
}

/// The links of a text. Those in code are none.
pub fn links(text: &str) -> Vec<Link> {
    let text = without_code(text);
    let mut all = Vec::new();
    let mut line = 1;
    let mut rest = text.as_str();
    while let Some(at) = rest.find("](") {
        line += rest[..at].matches('\n').count();
        rest = &rest[at + 2..];
        let target = rest.split([')', ' ', '\n']).next().unwrap_or_default();
        let target = target.to_owned();
        all.push(Link { line, target });
    }
    all
}

/// The text with blanks for blocks of code and for code in a line, so that lines keep their numbers. Code in a line may go on in the next one, not in the next paragraph.
fn without_code(text: &str) -> String {
    let mut out = String::new();
    let mut paragraph = String::new();
    let mut fenced = false;
    for line in text.lines() {
        let is_fence = line.trim_start().starts_with("```");
        if fenced || is_fence || line.trim().is_empty() {
            out.push_str(&without_spans(&paragraph));
            paragraph.clear();
            out.push('\n');
            fenced ^= is_fence;
        } else {
            paragraph.push_str(line);
            paragraph.push('\n');
        }
    }
    out.push_str(&without_spans(&paragraph));
    out
}

/// A paragraph with its spans of code blanked: from so many backticks to the next run of as many.
fn without_spans(paragraph: &str) -> String {
    let mut out = String::new();
    let mut rest = paragraph;
    while let Some(at) = rest.find('`') {
        let (before, ticks) = rest.split_at(at);
        let fence = &ticks[..ticks.len() - ticks.trim_start_matches('`').len()];
        let inside = &ticks[fence.len()..];
        let end = ends_of_runs(inside).find(|(start, end)| end - start == fence.len());
        out.push_str(before);
        rest = match end {
            Some((start, end)) => {
                out.extend(inside[..start].chars().filter(|&c| c == '\n'));
                &inside[end..]
            }
            None => inside,
        };
    }
    out.push_str(rest);
    out
}

/// Where runs of backticks are.
fn ends_of_runs(text: &str) -> impl Iterator<Item = (usize, usize)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text[at..].find('`')?;
        at = text[start..]
            .find(|c| c != '`')
            .map_or(text.len(), |len| start + len);
        Some((start, at))
    })
}

/// The anchors of a text's headings.
pub fn anchors(text: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    let mut fenced = false;
    for line in text.lines() {
        fenced ^= line.trim_start().starts_with("```");
        let title = line.trim_start_matches('#');
        let level = line.len() - title.len();
        if fenced || !(1..=6).contains(&level) || !title.starts_with(' ') {
            continue;
        }
        let base = slug(title.trim());
        let mut name = base.clone();
        let mut count = 0;
        while !all.insert(name) {
            count += 1;
            name = format!("{base}-{count}");
        }
    }
    all
}

/// A heading's anchor. Of a link in it only the text counts.
fn slug(title: &str) -> String {
    let mut out = String::new();
    let mut rest = title;
    while let Some((before, behind)) = rest.split_once("](") {
        out.push_str(before);
        rest = behind.split_once(')').map_or("", |(_, rest)| rest);
    }
    out.push_str(rest);
    let kept = out.to_lowercase();
    let kept = kept.chars().filter_map(|c| match c {
        ' ' => Some('-'),
        '-' | '_' => Some(c),
        c => c.is_alphanumeric().then_some(c),
    });
    kept.collect()
}

/// `target` as it is meant in the file `from`, from the root of the checkout.
pub fn join(from: &str, target: &str) -> String {
    let dir = from.rsplit_once('/').map_or("", |(dir, _)| dir);
    let mut parts: Vec<&str> = dir.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(page: &str, expect: &[&str]) {
        let other = "# Other page\n\n## The `[x]` key: `a_b`, and more\n\n## Again\n\n```sh\n# no heading\n```\n\n## Again\n";
        let documents = [
            ("README.md", "# Start\n"),
            ("docs/a.md", page),
            ("docs/b.md", other),
        ];
        let documents = documents.map(|(path, text)| (path.to_owned(), text.to_owned()));
        let files = ["README.md", "docs/a.md", "docs/b.md", "cli/src/main.rs"].map(str::to_owned);
        let found = complaints(&documents.into(), &files);
        assert_eq!(found, expect, "{page}");
    }

    #[test]
    fn links_that_lead_somewhere() {
        check(
            "# A\n[b](b.md), [up](../README.md#start), [here](#a), [source](../cli/src/main.rs), [folder](../cli/src/), [two\nlines](b.md#other-page), <https://example.org>, \
             [there](https://example.org/x.md#y)\n",
            &[],
        );
        check(
            "[key](b.md#the-x-key-a_b-and-more), [one](b.md#again), [two](b.md#again-1)\n",
            &[],
        );
    }

    #[test]
    fn links_that_lead_nowhere() {
        check(
            "x\n[c](c.md)\n",
            &["docs/a.md:2: `c.md`: there is no docs/c.md"],
        );
        check(
            "[b](b.md#no-heading)\n",
            &["docs/a.md:1: `b.md#no-heading`: docs/b.md has no heading for `#no-heading`"],
        );
        check(
            "# A\n\n[a](#b)\n",
            &["docs/a.md:3: `#b`: docs/a.md has no heading for `#b`"],
        );
        check(
            "[out](../../x)\n",
            &["docs/a.md:1: `../../x`: there is no ../x"],
        );
    }

    #[test]
    fn pages_that_the_book_lacks() {
        let text = [
            (SUMMARY, "- [A](a.md)\n"),
            ("docs/a.md", ""),
            ("docs/b.md", ""),
        ];
        let text = text.map(|(path, text)| (path.to_owned(), text.to_owned()));
        assert_eq!(
            absent(&text.into()),
            ["docs/SUMMARY.md: no link to docs/b.md, so the book lacks it"]
        );
    }

    #[test]
    fn code_has_no_links() {
        check("`[c](c.md)`, ``[`](c.md)``, `over\n[c](c.md)`\n", &[]);
        check("```rust\n[c](c.md)\n```\n", &[]);
        check(
            "`` ` `` [c](c.md)\n",
            &["docs/a.md:1: `c.md`: there is no docs/c.md"],
        );
    }

    #[test]
    fn documents_are_those_for_readers() {
        for (path, is) in [
            ("README.md", true),
            ("docs/a.md", true),
            ("rtlib/README.md", true),
            ("docs/a.svg", false),
            ("benches/harness/src/report/notes.md", false),
        ] {
            assert_eq!(is_document(path), is, "{path}");
        }
    }
}
