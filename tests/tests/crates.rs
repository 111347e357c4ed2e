//! Real crates, unchanged, built by cargo and by the tool, on real work: ripgrep from the registry, and programs around rusqlite (C code from a build
//! script), clap and serde (procedural macros), tokio and rayon. What they print and how they exit must be the same.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use gobuild_tests::crates::program;
use gobuild_tests::process::{BUILD, Outcome, RUN, run, run_with_input};
use gobuild_tests::twins::{Both, Twins};
use gobuild_tests::{readelf, tool};

/// `thread 'x' (123)`: the numbers differ from run to run.
fn without_thread_ids(text: String) -> String {
    let mut words: Vec<&str> = text.split(' ').collect();
    words.retain(|word| {
        let inner = word
            .strip_prefix('(')
            .and_then(|word| word.strip_suffix(')'));
        !inner.is_some_and(|id| id.bytes().all(|b| b.is_ascii_digit()))
    });
    words.join(" ")
}

#[test]
fn rusqlite_with_sqlite_compiled_by_a_build_script() {
    let both = program("database").run(|command| {
        let dir = tempfile::tempdir().expect("temporary directory");
        run(command.arg(dir.path().join("words.db")), RUN)
    });
    let outcome = both.same().gobuild.fails_with(1);
    assert!(outcome.out().starts_with("6 "), "{}", outcome.report());
    assert!(
        outcome.err().contains("UNIQUE constraint failed"),
        "{}",
        outcome.report()
    );
}

#[test]
fn clap_and_serde_with_procedural_macros() {
    let items = r#"[{"itemKind": "nut", "shelf": 1, "count": 12, "tags": ["m4"]}, {"itemKind": "bolt", "shelf": 2, "count": 3}]"#;
    let with = |args: &[&str], input: &str| {
        let both = program("derives")
            .run(|command| run_with_input(command.args(args), input.as_bytes(), RUN));
        both.same().gobuild
    };
    assert!(with(&[], items).ok().out().contains("\"bolt\""));
    assert!(
        !with(&["--by", "shelf", "--at-least", "5"], items)
            .ok()
            .out()
            .contains("\"2\"")
    );
    assert!(
        with(&["--help"], "")
            .ok()
            .out()
            .contains("Sums up an inventory")
    );
    assert!(
        with(&["--by", "colour"], "")
            .fails_with(2)
            .err()
            .contains("possible values")
    );
    assert!(
        with(&[], "[{}]")
            .fails_with(1)
            .err()
            .contains("missing field `itemKind`")
    );
}

#[test]
fn tokio_on_several_threads_with_sockets_timers_and_children() {
    let both = program("network").run(|command| run(command, RUN));
    let outcome = both.same_after(without_thread_ids).gobuild.ok();
    assert!(
        outcome.out().starts_with("60000 bytes echoed\ntrue true\n"),
        "{}",
        outcome.report()
    );
}

#[test]
fn rayon_with_a_panic_in_a_worker() {
    for threads in ["1", "2", "7"] {
        let both =
            program("parallel").run(|command| run(command.env("RAYON_NUM_THREADS", threads), RUN));
        let outcome = both.same_after(without_thread_ids).gobuild.fails_with(101);
        assert!(outcome.out().starts_with("true "), "{}", outcome.report());
        assert!(
            outcome.err().contains("fifty-seven"),
            "{}",
            outcome.report()
        );
    }
}

/// Both `rg`, from the registry. They share a target directory, so that dependencies are compiled once, and have a root each.
fn ripgrep() -> &'static Twins {
    static INSTALLED: OnceLock<Twins> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        let scratch = tool::scratch().join("ripgrep");
        std::fs::create_dir_all(&scratch).expect("create directory");
        Twins {
            plain: install(tool::cargo(&scratch), &scratch, "plain"),
            gobuild: install(tool::gobuild(&scratch), &scratch, "gobuild"),
        }
    })
}

fn install(mut command: Command, scratch: &Path, kind: &str) -> PathBuf {
    let root = scratch.join(kind);
    command
        .args([
            "install",
            "ripgrep",
            "--version",
            "14.1.1",
            "--locked",
            "--debug",
            "--force",
            "--root",
        ])
        .arg(&root)
        .env("CARGO_TARGET_DIR", scratch.join("target"))
        .env("CARGO_PROFILE_DEV_DEBUG", "false");
    _ = run(&mut command, BUILD).ok();
    root.join("bin/rg")
}

#[track_caller]
fn rg(args: &[&str], input: Option<&str>) -> Outcome {
    let both: Both = ripgrep().run(|command| {
        command.args(args).current_dir(tool::root());
        match input {
            Some(input) => run_with_input(command, input.as_bytes(), RUN),
            None => run(command, RUN),
        }
    });
    both.same().gobuild
}

#[test]
fn ripgrep_installed_from_the_registry_searches_this_repository() {
    assert!(readelf::symbol(&ripgrep().gobuild, "runtime.rt0_go").is_some());
    assert_eq!(
        readelf::header(&ripgrep().gobuild, "Type"),
        "EXEC (Executable file)"
    );
    let found = rg(
        &["--sort", "path", "-n", "-C1", "unsafe extern", "rtlib"],
        None,
    )
    .ok();
    assert!(
        found
            .out()
            .contains("rtlib/runtime/src/arch/x86_64/switch.rs"),
        "{}",
        found.report()
    );
    _ = rg(
        &[
            "-j4",
            "--count-matches",
            "-g",
            "*.rs",
            "fn [a-z_]+",
            "rtlib/src/lib.rs",
            "rtlib/src/var.rs",
            "--sort",
            "path",
        ],
        None,
    )
    .ok();
    _ = rg(
        &[
            "--color=always",
            "--heading",
            "-F",
            "#![no_std]",
            "rtlib/src/lib.rs",
            "--sort",
            "path",
        ],
        None,
    );
    assert_eq!(
        rg(&["-o", r"\w+ing\b", "-"], Some("nothing is missing\n"))
            .ok()
            .out(),
        "nothing\nmissing\n"
    );
}

#[test]
fn ripgrep_exits_with_its_own_codes() {
    _ = rg(&["no such words anywhere", "rtlib/src/lib.rs"], None).fails_with(1);
    assert!(
        rg(&["(", "."], None)
            .fails_with(2)
            .err()
            .contains("unclosed group")
    );
    _ = rg(&["x", "/no/such/file"], None).fails_with(2);
    assert!(
        rg(&["--version"], None)
            .ok()
            .out()
            .starts_with("ripgrep 14.1.1")
    );
}
