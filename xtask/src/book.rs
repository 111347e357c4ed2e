//! `cargo xtask book`: the documents as web pages with search, which mdBook makes of copies of them, in target/book.
//!
//! docs/SUMMARY.md has the order of the pages. The copies lie to each other as the documents do, so that links between them hold. Other files that they link to, such as an example's source,
//! become pages, too, behind the documents.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::files::{read, write};
use crate::links::{SUMMARY, is_elsewhere, join, links};
use crate::pip;
use crate::run::Runner;
use crate::tidy::walk;
use crate::workspace::{root, target};

/// mdBook's settings, and how the pages look.
const SETTINGS: [&str; 2] = ["book.toml", "book.css"];
/// Pages of mdBook's own, which are put together of the others.
const MADE: [&str; 3] = ["404.html", "print.html", "toc.html"];

/// The steps.
pub fn book(runner: &mut Runner) {
    let place = target().join("book");
    runner.function("book: pages", || {
        lay_out(&place).map_err(|wrong| vec![wrong])
    });
    runner.function("book: mdbook", || pip::book(&place));
    runner.function("book: links", || {
        let html = place.join("html");
        let wrong = complaints(&html_below(&html)?);
        if !wrong.is_empty() {
            return Err(wrong);
        }
        println!("{}", html.join("index.html").display());
        Ok(())
    });
}

/// Writes what mdBook reads.
fn lay_out(place: &Path) -> Result<(), String> {
    _ = fs::remove_dir_all(place);
    for name in SETTINGS {
        write(&place.join(name), &read(&root().join("docs").join(name))?)?;
    }
    let pages = pages(&|path| read(&root().join(path)))?;
    for (path, text) in pages {
        write(&place.join("src").join(path), &text)?;
    }
    Ok(())
}

/// The book's pages and pictures by their paths, made of the files that `read` reads.
fn pages(
    read: &dyn Fn(&str) -> Result<String, String>,
) -> Result<BTreeMap<String, String>, String> {
    let mut summary = read(SUMMARY)?;
    let mut pages = BTreeMap::new();
    let mut others = BTreeSet::new();
    for link in links(&summary.clone()) {
        let path = join(SUMMARY, &link.target);
        summary = summary.replace(&format!("]({})", link.target), &format!("]({path})"));
        let mut text = read(&path)?;
        for link in links(&text.clone()) {
            let file = join(&path, &link.target);
            match file.rsplit_once('.') {
                _ if is_elsewhere(&link.target) || link.target.starts_with('#') => {}
                Some((_, end)) if end.starts_with("md") => {}
                Some((_, "svg")) => drop(pages.insert(file.clone(), read(&file)?)),
                _ => {
                    let target = format!("]({})", link.target);
                    text = text.replace(&target, &format!("]({}.md)", link.target));
                    others.insert(file);
                }
            }
        }
        pages.insert(path, text);
    }
    summary.push_str("\n# Files\n\n");
    for file in others {
        let language = if file.ends_with(".rs") {
            "rust"
        } else {
            "text"
        };
        let text = format!("# {file}\n\n````{language}\n{}````\n", read(&file)?);
        summary.push_str(&format!("- [{file}]({file}.md)\n"));
        pages.insert(format!("{file}.md"), text);
    }
    pages.insert("SUMMARY.md".into(), summary);
    Ok(pages)
}

/// The texts of mdBook's pages, by their paths.
fn html_below(dir: &Path) -> Result<BTreeMap<String, String>, Vec<String>> {
    let mut files = Vec::new();
    walk(dir, &mut files);
    files.retain(|file| file.extension().is_some_and(|end| end == "html"));
    let text_of = |file: &PathBuf| {
        let path = file.strip_prefix(dir).unwrap_or(file);
        Ok((path.to_string_lossy().into_owned(), read(file)?))
    };
    let texts: Result<_, String> = files.iter().map(text_of).collect();
    texts.map_err(|wrong| vec![wrong])
}

/// Links between these pages that lead nowhere: that the documents' do not, `tidy` has seen; this is about what mdBook has made of them.
fn complaints(pages: &BTreeMap<String, String>) -> Vec<String> {
    let mut all = Vec::new();
    for (path, text) in pages {
        if MADE.contains(&path.as_str()) {
            continue;
        }
        for target in values(text, "href") {
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            if is_elsewhere(target) || !(file.is_empty() || file.ends_with(".html")) {
                continue;
            }
            let file = match file {
                "" => path.clone(),
                file => join(path, file),
            };
            let leads = pages
                .get(&file)
                .is_some_and(|text| anchor.is_empty() || values(text, "id").any(|id| id == anchor));
            if !leads {
                all.push(format!("{path}: `{target}` leads nowhere"));
            }
        }
    }
    all
}

/// The values of an attribute.
fn values<'a>(html: &'a str, attribute: &str) -> impl Iterator<Item = &'a str> {
    let start = format!(" {attribute}=\"");
    let parts: Vec<&str> = html.split(&start).skip(1).collect();
    parts
        .into_iter()
        .filter_map(|part| part.split_once('"').map(|(value, _)| value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str) -> Result<String, String> {
        let text = match path {
            SUMMARY => "- [Start](../README.md)\n- [A](a.md)\n",
            "README.md" => "[A](docs/a.md#x), [source](src/main.rs), [site](https://example.org)\n",
            "docs/a.md" => "![bars](a.svg), [here](#x)\n",
            "docs/a.svg" => "<svg/>",
            "src/main.rs" => "fn main() {}\n",
            _ => return Err(format!("{path}?")),
        };
        Ok(text.to_owned())
    }

    #[test]
    fn pages_lie_as_the_documents_do() {
        let pages = pages(&file).expect("all are there");
        let paths: Vec<&str> = pages.keys().map(String::as_str).collect();
        assert_eq!(
            paths,
            [
                "README.md",
                "SUMMARY.md",
                "docs/a.md",
                "docs/a.svg",
                "src/main.rs.md"
            ]
        );
        assert_eq!(
            pages["README.md"],
            "[A](docs/a.md#x), [source](src/main.rs.md), [site](https://example.org)\n"
        );
        assert_eq!(
            pages["SUMMARY.md"],
            "- [Start](README.md)\n- [A](docs/a.md)\n\n# Files\n\n- [src/main.rs](src/main.rs.md)\n"
        );
        assert_eq!(
            pages["src/main.rs.md"],
            "# src/main.rs\n\n````rust\nfn main() {}\n````\n"
        );
    }

    #[test]
    fn links_of_the_made_pages_are_followed() {
        let page = |body: &str| body.to_owned();
        let pages = BTreeMap::from([
            (
                "index.html".to_owned(),
                page("<a href=\"docs/a.html#x\"> <a href=\"b.html\">"),
            ),
            (
                "docs/a.html".to_owned(),
                page(
                    "<h1 id=\"x\"> <a href=\"../index.html\"> <a href=\"#y\"> <link href=\"a.css\">",
                ),
            ),
        ]);
        assert_eq!(
            complaints(&pages),
            [
                "docs/a.html: `#y` leads nowhere",
                "index.html: `b.html` leads nowhere"
            ]
        );
    }
}
