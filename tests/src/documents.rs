//! The documents for readers, and the blocks of code in them.
//!
//! An HTML comment on the line above a block, which readers do not see, says what the tests do with the block ([`Mark`]).

use std::fs;

use crate::tool;

/// A fenced block.
#[derive(Clone, Debug)]
pub struct Block {
    /// The file, from the root of the checkout.
    pub document: String,
    /// The line of its first fence, from 1.
    pub line: usize,
    /// What stands behind the first fence.
    pub language: String,
    /// The lines between the fences.
    pub text: String,
    /// What the tests do with it.
    pub mark: Option<Mark>,
}

/// What the tests do with a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// `<!-- run in: DIRECTORY -->`: run its commands there.
    RunIn(String),
    /// `<!-- not run: REASON -->`.
    NotRun(String),
    /// `<!-- file: PATH -->`: write it there, for the commands of later blocks.
    File(String),
    /// `<!-- written: PATH -->`: the commands of earlier blocks have written this file.
    Written(String),
    /// `<!-- given: CODE -->`: compile it behind this code.
    Given(String),
}

impl Block {
    /// `FILE:LINE`.
    #[must_use]
    pub fn place(&self) -> String {
        format!("{}:{}", self.document, self.line)
    }
}

/// The README, the pages of docs/, and the packages' READMEs that have code, from the root of the checkout.
///
/// # Panics
/// If they cannot be listed.
#[must_use]
pub fn all() -> Vec<String> {
    let entries = fs::read_dir(tool::root().join("docs")).expect("list docs");
    let mut all: Vec<String> = entries
        .map(|entry| entry.expect("an entry").file_name())
        .filter_map(|name| name.into_string().ok())
        .filter(|name| name.ends_with(".md"))
        .map(|name| format!("docs/{name}"))
        .collect();
    all.extend(["README.md", "cli/README.md", "rtlib/README.md"].map(str::to_owned));
    all.sort();
    all
}

/// The blocks of a document.
///
/// # Panics
/// If it cannot be read, or a mark cannot be.
#[must_use]
pub fn blocks(document: &str) -> Vec<Block> {
    let text = fs::read_to_string(tool::root().join(document)).expect("read the document");
    let mut all: Vec<Block> = Vec::new();
    let mut open: Option<Block> = None;
    let mut above = "";
    let mut at = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        match &mut open {
            Some(_) if line.starts_with("```") => all.extend(open.take()),
            Some(block) => block.text.push_str(line),
            None => {
                if let Some(language) = line.strip_prefix("```") {
                    let place = format!("{document}:{}", index + 1);
                    open = Some(Block {
                        document: document.to_owned(),
                        line: index + 1,
                        language: language.trim().to_owned(),
                        text: String::new(),
                        mark: mark(&text[..at], above)
                            .map(|mark| mark.unwrap_or_else(|error| panic!("{place}: {error}"))),
                    });
                }
            }
        }
        above = line;
        at += line.len();
    }
    all
}

/// The n-th block in this language, from 0.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn nth(document: &str, language: &str, n: usize) -> String {
    let blocks = blocks(document).into_iter();
    let mut blocks = blocks.filter(|block| block.language == language);
    blocks.nth(n).expect("such a block").text
}

/// The mark at the end of the text, whose last line is `last`.
fn mark(before: &str, last: &str) -> Option<Result<Mark, String>> {
    if !last.trim_end().ends_with("-->") {
        return None;
    }
    let comment = &before[before.rfind("<!--")? + "<!--".len()..];
    let comment = comment.trim_end().trim_end_matches("-->").trim();
    let (kind, what) = comment.split_once(':').unwrap_or((comment, ""));
    let what = what.trim().to_owned();
    Some(match kind {
        "run in" => Ok(Mark::RunIn(what)),
        "not run" => Ok(Mark::NotRun(what)),
        "file" => Ok(Mark::File(what)),
        "written" => Ok(Mark::Written(what)),
        "given" => Ok(Mark::Given(what)),
        _ => Err(format!("`{kind}` is no mark of a block")),
    })
}
