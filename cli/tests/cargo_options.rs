//! Cargo's options, from its own help: whatever a cargo that is installed here takes for `build`, `run`, `test`, `bench` and `install` is taken here, too, or left to
//! cargo to judge. A new cargo with a new option fails this test.

mod common;

use std::process::Command;

use cargo_gobuild::args;
use common::{Outcome, Package, gobuild};

const COMMANDS: [&str; 6] = ["build", "check", "run", "test", "bench", "install"];

/// An option as a help lists it: its spellings, and whether it has a value.
#[derive(Debug)]
struct Listed {
    names: Vec<String>,
    value: Option<String>,
}

/// The options in what `cargo COMMAND --help` prints.
fn listed(help: &str) -> Vec<Listed> {
    let lines = help
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with('-'));
    let option = |line: &str| {
        let names = line.split("  ").next().unwrap_or_default();
        let value = names.split_once(['<', '[']).map(|(_, rest)| {
            rest.trim_matches(|c: char| !c.is_ascii_uppercase() && c != '=' && c != '|')
                .to_owned()
        });
        let names = names.split([' ', ',']);
        let names = names.filter(|word| word.starts_with('-') && !word.starts_with("--<"));
        Listed {
            names: names
                .map(|name| name.trim_end_matches('.').to_owned())
                .collect(),
            value,
        }
    };
    lines.map(option).collect()
}

/// A value that fits.
fn value(name: &str) -> &str {
    match name {
        "WHEN" => "never",
        "N" => "1",
        "KEY=VALUE|PATH" => "a=1",
        _ => "x",
    }
}

/// The cargos that are here, by what rustup puts before their arguments.
fn toolchains() -> Vec<String> {
    let installed = Command::new("rustup").args(["toolchain", "list"]).output();
    let listed = installed.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let names = listed.unwrap_or_default();
    let mut all = vec![String::new()];
    all.extend(
        names
            .lines()
            .filter_map(|line| line.split(' ').next())
            .map(|name| format!("+{name}")),
    );
    all
}

#[test]
fn every_option_of_cargo_is_taken() {
    for toolchain in toolchains() {
        for command in COMMANDS {
            let mut cargo = Command::new("cargo");
            cargo.env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO");
            cargo.args((!toolchain.is_empty()).then_some(&toolchain));
            let output = cargo
                .args([command, "--help"])
                .output()
                .expect("cargo runs");
            let help = String::from_utf8_lossy(&output.stdout).into_owned();
            let options = listed(&help);
            assert!(options.len() > 20, "cargo {toolchain} {command}: {help}");
            let refused = |option: &Listed, name: &String| {
                let mut words = vec![command.to_owned(), name.clone()];
                words.extend(option.value.as_deref().map(|name| value(name).to_owned()));
                if name == "--exclude" {
                    words.push("--workspace".into());
                }
                let parsed = args::parse(words.into_iter().map(Into::into));
                let is_help = |kind| kind == clap::error::ErrorKind::DisplayHelp;
                match parsed {
                    Err(error) if !is_help(error.kind()) => Some(error.to_string()),
                    _ => None,
                }
            };
            let all = options
                .iter()
                .flat_map(|option| option.names.iter().map(move |name| (option, name)));
            let refused: Vec<_> = all
                .filter_map(|(option, name)| refused(option, name))
                .collect();
            assert!(
                refused.is_empty(),
                "cargo {toolchain} {command}: {refused:#?}"
            );
        }
    }
}

/// What is said to cargo, from the steps of a dry run.
fn steps(package: &Package, args: &[&str]) -> String {
    let outcome = package.run(args).expect_code(0);
    outcome.stdout + &outcome.stderr
}

#[test]
fn reports_and_checks_reach_cargo() {
    let package = Package::hello("");
    for command in ["build", "run", "test", "bench"] {
        let said = steps(
            &package,
            &[command, "-n", "--timings", "--ignore-rust-version"],
        );
        for part in [" --timings", " --ignore-rust-version"] {
            assert!(said.contains(part), "{command}: no {part} in {said}");
        }
    }
    for command in ["build", "test"] {
        let said = steps(&package, &[command, "-n", "--future-incompat-report"]);
        assert!(said.contains(" --future-incompat-report"), "{said}");
    }
    // `cargo rustc` has no such option.
    let said = steps(&package, &["-n", "--artifact-dir", "out"]);
    assert!(
        said.contains("cargo build") && said.contains(" --artifact-dir out"),
        "{said}"
    );
    let said = steps(
        &package,
        &["install", "-n", "--list", "--dry-run", "--timings"],
    );
    assert!(
        said.contains(" --dry-run --list") && said.contains(" --timings"),
        "{said}"
    );
}

#[test]
fn unstable_options_are_judged_by_cargo() {
    let package = Package::hello("");
    for args in [
        &["-Zno-index-update"][..],
        &["--unit-graph"],
        &["-C", "."],
        &["--artifact-dir=x"],
        &["--build-plan"],
    ] {
        let ours = package.run(args);
        // Stable cargo names the flag; a nightly one may take it.
        let says = ["unstable", "nightly", "unexpected argument"];
        assert!(
            ours.code == Some(0) || says.iter().any(|part| ours.stderr.contains(part)),
            "{args:?}: {}",
            ours.stderr
        );
        assert!(
            !ours.stderr.contains("a similar argument exists"),
            "{args:?}: {}",
            ours.stderr
        );
    }
    // Only cargo's own words: it says what to use instead.
    package
        .run(&["test", "--keep-going"])
        .expect_code(1)
        .expect_error(&["--no-fail-fast"]);
    let help = Outcome::of(&mut gobuild(&["test", "--help"]))
        .expect_code(0)
        .stdout;
    assert!(!help.contains("--keep-going"), "{help}");
}

#[test]
fn commands_that_are_not_here_name_what_to_use() {
    for (command, part) in [
        ("doc", "use `cargo doc`"),
        ("clippy", "use `cargo clippy`"),
        ("nextest", "cargo gobuild -- nextest"),
    ] {
        Outcome::of(&mut gobuild(&[command]))
            .expect_code(1)
            .expect_error(&[part]);
    }
}

#[test]
fn help_may_come_first() {
    for name in [
        "build", "check", "run", "test", "bench", "install", "inspect", "setup", "env",
    ] {
        let help = Outcome::of(&mut gobuild(&["help", name]))
            .expect_code(0)
            .stdout;
        assert!(
            help.contains(&format!("Usage: cargo gobuild {name}")),
            "{help}"
        );
    }
}
