//! Every command `cargo gobuild …` in the documents is one that the command line takes: in blocks of code, in lines of text, and as a list of words in a setting of an editor.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use cargo_gobuild::args;
use clap::error::ErrorKind;

/// What ends a command in a line of a shell.
const ENDS: [&str; 6] = ["&&", "||", "|", ";", ">", "2>"];
/// Words in its place that say that there is more than what stands here.
const OPEN: [char; 3] = ['…', '[', '─'];

fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the checkout");
    let docs = fs::read_dir(root.join("docs")).expect("list docs");
    let mut all: Vec<PathBuf> = docs.map(|entry| entry.expect("an entry").path()).collect();
    all.extend(
        [
            "README.md",
            "CONTRIBUTING.md",
            "cli/README.md",
            "rtlib/README.md",
        ]
        .map(|it| root.join(it)),
    );
    all.retain(|path| path.extension().is_some_and(|it| it == "md"));
    all
}

/// The commands of a text, each with its line. Blocks of code have one a line; elsewhere a command stands between backticks.
fn commands(text: &str) -> Vec<(usize, Vec<String>)> {
    let mut all = Vec::new();
    let mut fenced = false;
    for (index, line) in text.lines().enumerate() {
        if line.starts_with("```") {
            fenced = !fenced;
        } else if fenced {
            all.extend(command(line).map(|words| (index + 1, words)));
        } else {
            let spans = line.split('`').skip(1).step_by(2);
            all.extend(spans.filter_map(command).map(|words| (index + 1, words)));
        }
    }
    all
}

/// The words behind `cargo gobuild`, also of a list: `"cargo", "gobuild", "check"]`. Before a command stand variables and a prompt, and no words of a sentence.
fn command(line: &str) -> Option<Vec<String>> {
    let list = line.find("\"cargo\", ").map(|at| &line[at..]);
    let line = match list {
        Some(list) => list.split([']', '}']).next()?.replace("\", \"", "\" \""),
        None => line.to_owned(),
    };
    let words = shlex::split(&line)?;
    let at = words
        .windows(2)
        .position(|pair| pair == ["cargo", "gobuild"])?;
    let is_command = |word: &String| word.contains(['=', '$', '&']);
    if !words[..at].last().is_none_or(is_command) {
        return None;
    }
    let words = words[at + 2..].iter();
    let words = words.take_while(|word| !ENDS.contains(&word.as_str()));
    // The one placeholder that stands for one of a few words.
    Some(words.map(|word| word.replace("SHELL", "bash")).collect())
}

#[test]
fn every_command_in_the_documents_is_understood() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for path in documents() {
        let text = fs::read_to_string(&path).expect("read a document");
        for (line, command) in commands(&text) {
            if command.iter().any(|word| word.contains(OPEN)) {
                continue;
            }
            count += 1;
            // A sentence may name a command without what it works on.
            if let Err(error) = args::parse(command.iter().map(OsString::from))
                && error.use_stderr()
                && error.kind() != ErrorKind::MissingRequiredArgument
            {
                wrong.push(format!("{}:{line}: {command:?}: {error}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 50, "{count}");
}

#[test]
fn commands_are_found_where_they_stand() {
    let text = "`what cargo gobuild promises`, `cargo gobuild env`, `FOO=1 cargo gobuild check -q`\n```sh\ncargo gobuild run -- x   # as\n$ cargo gobuild -q && cargo build\n\"cargo\", \"gobuild\", \"check\"]\n```\n";
    let found = commands(text);
    let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let expect = [
        (1, "env"),
        (1, "check -q"),
        (3, "run -- x"),
        (4, "-q"),
        (5, "check"),
    ];
    assert_eq!(found, expect.map(|(line, command)| (line, words(command))));
}
