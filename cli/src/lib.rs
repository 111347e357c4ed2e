//! `cargo gobuild`: one executable with three modes.
//!
//! 1. [`ops`]: the cargo subcommand, what a user types.
//! 2. [`linker`]: rustc calls us as its linker; the link arguments hold a marker.
//! 3. [`wrapper`]: cargo calls us in front of rustc, the first argument being the program to run, or in the place of rustdoc.
//!
//! The subcommand reads [`args`] and [`config`], asks cargo ([`project`], through [`metadata`] and [`cargo_config`]), chooses targets
//! ([`selection`]), writes a [`plan_file`] and starts cargo ([`invocation`]). The other two modes read the plan file and talk back through
//! [`report`]. All output goes through [`shell`]. Start reading in `ops/build.rs`, then `linker/run.rs`.

pub mod ancestors;
pub mod args;
pub mod cargo_config;
pub mod config;
pub mod error;
pub mod exit_code;
pub mod files;
pub mod fingerprint;
pub mod interrupt;
pub mod invocation;
pub mod linker;
pub mod metadata;
pub mod ops;
pub mod plan_file;
pub mod project;
pub mod report;
pub mod runtime_object;
pub mod rustc_json;
pub mod scan;
pub mod selection;
pub mod shell;
pub mod stamp;
pub mod standing;
pub mod trim;
pub mod vcs;
pub mod wrapper;

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::process::ExitCode;

/// The one target that programs are built for.
pub const TARGET: &str = "x86_64-unknown-linux-gnu";
/// The name of this executable, under which rustc and cargo find it through PATH.
pub const TOOL: &str = "cargo-gobuild";

/// Picks the mode and runs it. `argv` as the process got it.
#[must_use]
pub fn main(argv: Vec<OsString>) -> ExitCode {
    let args = argv.get(1..).unwrap_or_default();
    ExitCode::from(match mode(args) {
        Mode::Subcommand(args) => ops::main(args),
        Mode::Linker => linker::run::main(args.to_vec()),
        Mode::Wrapper(program, args) => wrapper::main(program, args.to_vec(), ops::plain::plan),
        Mode::Rustdoc => wrapper::rustdoc(args, ops::plain::plan),
    })
}

/// Who calls.
#[derive(Debug, PartialEq, Eq)]
enum Mode<'a> {
    /// A user, or cargo for one.
    Subcommand(&'a [OsString]),
    /// rustc.
    Linker,
    /// cargo, with the program to run and its arguments.
    Wrapper(&'a OsString, &'a [OsString]),
    /// cargo, for doctests, or for documentation in a workspace that is set up.
    Rustdoc,
}

fn mode(args: &[OsString]) -> Mode<'_> {
    if linker::run::is_link_line(args) {
        return Mode::Linker;
    }
    if is_for_rustdoc(args) {
        return Mode::Rustdoc;
    }
    match args {
        [first, rest @ ..] if first == "gobuild" => Mode::Subcommand(rest),
        [program, rest @ ..] if is_compiler(program, rest) => Mode::Wrapper(program, rest),
        _ => Mode::Subcommand(args),
    }
}

/// Whether cargo calls us in the place of rustdoc: with its options at once, and not with a program first.
fn is_for_rustdoc(args: &[OsString]) -> bool {
    let options_at_once = args
        .first()
        .is_some_and(|first| first.as_bytes().starts_with(b"--"));
    let names_crate = args.iter().any(|arg| arg == "--crate-name");
    options_at_once && names_crate
}

/// Whether cargo calls us in front of a compiler: no subcommand looks like a program with rustc's arguments.
fn is_compiler(program: &OsString, rest: &[OsString]) -> bool {
    let program = std::path::Path::new(program);
    let named = |name: &str| program.file_stem().is_some_and(|stem| stem == name);
    let for_rustc = rest.iter().any(|arg| arg == "-vV" || arg == "--crate-name");
    program.components().count() > 1 || named("rustc") || named(TOOL) || for_rustc
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(text: &str) -> Vec<OsString> {
        text.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn users_call_the_subcommand() {
        for text in [
            "gobuild build",
            "gobuild",
            "build --release",
            "--version",
            "",
        ] {
            assert!(matches!(mode(&args(text)), Mode::Subcommand(_)), "{text}");
        }
        assert_eq!(
            mode(&args("gobuild run -q")),
            Mode::Subcommand(&args("run -q"))
        );
    }

    #[test]
    fn the_marker_selects_the_driver() {
        assert_eq!(mode(&args("-m64 a.o -o b --gobuild-link=01")), Mode::Linker);
    }

    #[test]
    fn compilers_are_told_from_subcommands() {
        for (text, expect) in [
            ("/usr/bin/rustc -vV", true),
            ("rustc --crate-name x", true),
            ("cargo-gobuild rustc --crate-name x", true),
            ("clippy-driver rustc --crate-name x", true),
            ("build --release", false),
            ("run -vv", false),
            ("inspect target/debug/app", false),
        ] {
            let args = args(text);
            assert_eq!(is_compiler(&args[0], &args[1..]), expect, "{text}");
        }
    }
}
