//! Commands of cargo that are not here: said with what to use in their place.

use std::ffi::OsString;

use clap::Command;

use super::order;

/// Cargo's own commands and components for which nothing is linked by this tool: plain cargo does them as ever.
const PLAIN: [&str; 35] = [
    "add",
    "clean",
    "clippy",
    "config",
    "d",
    "doc",
    "fetch",
    "fix",
    "fmt",
    "generate-lockfile",
    "info",
    "init",
    "locate-project",
    "login",
    "logout",
    "metadata",
    "miri",
    "new",
    "owner",
    "package",
    "pkgid",
    "publish",
    "read-manifest",
    "remove",
    "report",
    "rm",
    "rustdoc",
    "search",
    "tree",
    "uninstall",
    "update",
    "vendor",
    "verify-project",
    "version",
    "yank",
];
/// Words that are more like one of our own than this are misspelt.
const SIMILAR: f64 = 0.8;

/// What is said about arguments whose first word is no command of ours.
pub fn refused(definition: &Command, args: &[OsString]) -> Option<String> {
    let word = args[order::first_word(definition, args)?].to_str()?;
    if definition.find_subcommand(word).is_some() {
        return None;
    }
    if let Some(toolchain) = word.strip_prefix('+') {
        return Some(format!(
            "the toolchain is chosen before the command: `cargo +{toolchain} gobuild`"
        ));
    }
    if PLAIN.contains(&word) {
        return Some(format!(
            "`cargo gobuild` has no command `{word}`: use `cargo {word}`, which works as usual, because it links no program"
        ));
    }
    let likeness = |name: &&str| strsim::jaro_winkler(name, word);
    let names = definition.get_subcommands().map(Command::get_name);
    let nearest = names.max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    if let Some(meant) = nearest.filter(|name| likeness(name) > SIMILAR) {
        return Some(format!(
            "`cargo gobuild` has no command `{word}`; did you mean `{meant}`?"
        ));
    }
    Some(format!(
        "`cargo gobuild` has no command `{word}`; `cargo gobuild -- {word} …` runs `cargo {word}` with programs and tests linked by this tool"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_command_is_answered_with_what_to_use() {
        let mut definition = crate::args::definition();
        definition.build();
        let said = |text: &str| {
            let args: Vec<OsString> = text.split_whitespace().map(OsString::from).collect();
            refused(&definition, &args)
        };
        for (text, part) in [
            ("doc --open", "use `cargo doc`"),
            ("-q --release clippy", "use `cargo clippy`"),
            ("nextest run", "`cargo gobuild -- nextest …`"),
            ("rustc", "`cargo gobuild -- rustc …`"),
            ("+nightly build", "`cargo +nightly gobuild`"),
            ("buidl --release", "did you mean `build`?"),
        ] {
            let said = said(text).unwrap_or_default();
            assert!(said.contains(part), "{text}: {said}");
        }
        for ours in [
            "run",
            "help run",
            "-p doc",
            "-- doc",
            "--bin doc t",
            "bench",
        ] {
            assert_eq!(said(ours), None, "{ours}");
        }
    }
}
