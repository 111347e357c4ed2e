//! The command line: help, versions, completions, exit codes, and what is refused before anything is built.

mod common;

use common::{Outcome, Package, gobuild};

fn run(args: &[&str]) -> Outcome {
    Outcome::of(&mut gobuild(args))
}

/// Those with a help and a manual page.
const SUBCOMMANDS: [&str; 10] = [
    "check",
    "setup",
    "env",
    "build",
    "run",
    "test",
    "install",
    "inspect",
    "completions",
    "man",
];

#[test]
fn short_help_lists_commands_and_options() {
    let help = run(&["-h"]).expect_code(0).stdout;
    for part in [
        "build",
        "run",
        "test",
        "install",
        "inspect",
        "completions",
        "--linker",
        "--emit",
        "--trimpath",
        "Examples:",
    ] {
        assert!(help.contains(part), "no {part} in: {help}");
    }
    assert!(help.lines().all(|line| line.len() <= 100), "{help}");
}

#[test]
fn long_help_explains_emit_and_configuration() {
    let help = run(&["--help"]).expect_code(0).stdout;
    for part in [
        "inittask-json",
        "link-args",
        "[package.metadata.gobuild]",
        "CARGO_GOBUILD_STACK_SIZE",
        "GOAMD64",
    ] {
        assert!(help.contains(part), "no {part} in: {help}");
    }
}

#[test]
fn every_subcommand_has_help() {
    for name in SUBCOMMANDS {
        let help = run(&[name, "--help"]).expect_code(0).stdout;
        assert!(
            help.contains(&format!("Usage: cargo gobuild {name}")),
            "{help}"
        );
    }
}

#[test]
fn the_version_is_the_packages() {
    let version = run(&["--version"]).expect_code(0).stdout;
    assert_eq!(
        version,
        format!("cargo-gobuild {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn completions_go_to_standard_output() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let outcome = run(&["completions", shell]).expect_code(0);
        assert!(
            outcome.stdout.contains("inspect") && outcome.stderr.is_empty(),
            "{shell}"
        );
    }
}

/// One page for each subcommand, with its options, whatever it is called on the command line.
#[test]
fn manual_pages_tell_every_option() {
    let dir = tempfile::tempdir().expect("a directory");
    let pages = dir.path().join("share/man/man1");
    run(&["man", &pages.display().to_string()]).expect_code(0);
    let page = |name: &str| {
        std::fs::read_to_string(pages.join(name))
            .expect("a page")
            .replace("\\-", "-")
    };
    let main = page("cargo-gobuild.1");
    assert!(
        main.contains(".TH CARGO-GOBUILD 1") && main.contains("cargo-gobuild-inspect(1)"),
        "{main}"
    );
    for name in SUBCOMMANDS {
        let text = page(&format!("cargo-gobuild-{name}.1"));
        assert!(text.contains(&format!("cargo gobuild {name}")), "{text}");
        let help = run(&[name, "--help"]).expect_code(0).stdout;
        for option in help
            .split([' ', '\n'])
            .filter(|word| word.starts_with("--"))
        {
            let end = option.find(|c: char| !c.is_ascii_alphanumeric() && c != '-');
            let option = &option[..end.unwrap_or(option.len())];
            assert!(text.contains(option), "{name}: no {option}");
        }
    }
}

#[test]
fn a_wrong_option_is_a_usage_error_as_in_cargo() {
    run(&["--no-such-option"])
        .expect_code(1)
        .expect_error(&["unexpected argument"]);
}

#[test]
fn wrong_emit_kinds_and_linkers_say_what_is_right() {
    run(&["--emit", "asm"])
        .expect_code(1)
        .expect_error(&["there is no kind `asm`", "inittask"]);
    run(&["--linker", "gold"])
        .expect_code(1)
        .expect_error(&["auto, cc, lld, mold, wild"]);
}

#[test]
fn another_target_is_refused() {
    let outcome = Package::hello("").run(&["--target", "aarch64-unknown-linux-gnu"]);
    outcome
        .expect_code(101)
        .expect_error(&["aarch64-unknown-linux-gnu", "help: "]);
}

#[test]
fn cargos_own_errors_are_told_once() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let outcome = Outcome::of(gobuild(&[]).current_dir(dir.path())).expect_code(101);
    assert_eq!(
        outcome
            .stderr
            .matches("could not find `Cargo.toml`")
            .count(),
        1,
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_linker_that_is_not_there_is_named() {
    Package::hello("")
        .run(&["--linker", "/no/such/linker"])
        .expect_code(101)
        .expect_error(&["there is no linker `/no/such/linker`", "help: "]);
}

#[test]
fn configuration_errors_name_place_and_key() {
    let package = Package::hello("[package.metadata.gobuild]\nstacksize = \"1M\"");
    package.run(&[]).expect_code(101).expect_error(&[
        "Cargo.toml: [package.metadata.gobuild]: there is no key `stacksize`",
        "help: did you mean `stack-size`?",
    ]);
    let package = Package::hello("");
    let outcome = Outcome::of(package.gobuild(&[]).env("GOAMD64", "v9"));
    outcome.expect_code(101).expect_error(&[
        "environment variable GOAMD64",
        "`v9`",
        "v1, v2, v3 or v4",
    ]);
}

#[test]
fn inspect_refuses_what_is_not_ours_with_a_way_out() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let text = dir.path().join("text");
    std::fs::write(&text, "hello").expect("writes");
    for (path, part) in [
        ("/no/such/file", "No such file"),
        (
            dir.path().to_str().expect("UTF-8"),
            "no program of cargo gobuild",
        ),
        (text.to_str().expect("UTF-8"), "help: "),
        ("/proc/self/exe", "not built by cargo gobuild"),
    ] {
        run(&["inspect", path])
            .expect_code(101)
            .expect_error(&[path, part]);
    }
}
