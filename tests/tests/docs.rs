//! What the documents show is what comes out: their sessions are run, their code is compiled, their settings are read.

use std::collections::BTreeSet;

use gobuild_tests::documents::{self, Block, Mark};
use gobuild_tests::process::{BUILD, run};
use gobuild_tests::project::Project;
use gobuild_tests::session::Home;
use gobuild_tests::tool;
use regex::Regex;

/// One test for each document with sessions.
macro_rules! sessions {
    ($($test:ident: $document:literal,)*) => {
        $(#[test]
        fn $test() {
            check($document);
        })*

        const DOCUMENTS: &[&str] = &[$($document),*];
    };
}

sessions! {
    readme: "README.md",
    boot: "docs/boot.md",
    configuration: "docs/configuration.md",
    debugging: "docs/debugging.md",
    editors: "docs/editors.md",
    goroutines_and_tls: "docs/goroutines-and-tls.md",
    init_order: "docs/init-order.md",
    linking: "docs/linking.md",
    reproducible: "docs/reproducible.md",
    tracebacks: "docs/tracebacks.md",
}

/// Runs the sessions of a document, from the first to the last.
#[track_caller]
fn check(document: &str) {
    let mut home = Home::new(document);
    let blocks = documents::blocks(document);
    let wrong: Vec<String> = blocks
        .iter()
        .filter_map(|block| home.take(block).err())
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_document_with_sessions_has_a_test() {
    let with_sessions: BTreeSet<String> = documents::all()
        .into_iter()
        .filter(|document| {
            let blocks = documents::blocks(document);
            blocks
                .iter()
                .any(|block| matches!(block.mark, Some(Mark::RunIn(_))))
        })
        .collect();
    let tested = DOCUMENTS.iter().map(|&document| document.to_owned());
    assert_eq!(with_sessions, tested.collect());
}

/// Whether a block is Rust that somebody reads as such.
fn is_code(block: &Block) -> bool {
    block.language.split(',').next() == Some("rust")
        && !matches!(block.mark, Some(Mark::File(_) | Mark::NotRun(_)))
}

/// A program as it is, anything else as the body of a function.
fn module(block: &Block) -> String {
    let given = match &block.mark {
        Some(Mark::Given(code)) => code,
        _ => "",
    };
    let text = &block.text;
    if text.contains("fn main()") {
        return format!("#![allow(dead_code)]\n{given}\n{text}");
    }
    format!(
        "#![allow(unused)]\nfn block() -> Result<(), Box<dyn std::error::Error>> {{\n{given}\n{text}\n;Ok(())\n}}\n"
    )
}

#[test]
fn the_code_compiles() {
    let project = Project::new("docs-code");
    let dependencies =
        "gobuild-rtlib = { path = \"{rtlib}\", features = [\"signal\"] }\nsignal-hook = \"0.4\"";
    project.package("", "code", dependencies);
    let mut lib = String::new();
    let documents = documents::all();
    let blocks = documents.iter().flat_map(|it| documents::blocks(it));
    for (number, block) in blocks.filter(is_code).enumerate() {
        // The path is what the compiler names.
        let path = format!("{}-line-{}.rs", block.document, block.line);
        lib += &format!("#[path = {path:?}]\nmod block{number};\n");
        project.file(&format!("src/{path}"), &module(&block));
    }
    project.file("src/lib.rs", &lib);
    _ = run(project.cargo().args(["check", "-q"]), BUILD).ok();
}

/// What a reader adds to a manifest: cargo and the tool read it without a complaint.
#[test]
fn the_settings_are_read() {
    let rtlib = tool::root().join("rtlib");
    let from_here = format!("gobuild-rtlib = {{ path = {rtlib:?}, version = $1 }}");
    let published = Regex::new(r#"gobuild-rtlib = ("[^"]*")"#).expect("a pattern");
    let documents = documents::all();
    let blocks = documents.iter().flat_map(|it| documents::blocks(it));
    let blocks = blocks.filter(|block| block.language == "toml" && block.mark.is_none());
    let mut read = 0;
    for block in blocks {
        let project = Project::new("docs-settings");
        let settings = published.replace_all(&block.text, &from_here);
        let package =
            "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n";
        project.file("Cargo.toml", &format!("{package}\n{settings}"));
        project.file("src/main.rs", "fn main() {}\n");
        let mut command = project.gobuild();
        // No other linker need be there. The table is read nevertheless.
        command.env("CARGO_GOBUILD_LINKER", "auto");
        let outcome = run(command.args(["--emit", "inittask"]), BUILD);
        let is_read = outcome.status.success() && !outcome.err().contains("unused");
        assert!(is_read, "{}: {}", block.place(), outcome.report());
        read += 1;
    }
    assert!(read > 0);
}
