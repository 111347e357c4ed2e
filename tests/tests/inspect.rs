//! `cargo gobuild inspect`: what it reads back from a program, in whatever state the program is, and what it says about files that are none of ours.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use gobuild_tests::process::{BUILD, Outcome, RUN, run};
use gobuild_tests::{go, readelf, rtlib, tool};
use serde_json::Value;

const FAILURE: i32 = 101;

/// What the registry example runs before `main`, as `inspect` names it.
const FUNCTIONS: [&str; 10] = [
    "init runtime.init.0",
    "var codec::CODECS",
    "init codec::announce",
    "init hex::register",
    "init reverse::register",
    "var rot13::SHIFT",
    "var rot13::TABLE",
    "init rot13::register",
    "init shout::register",
    "var registry::TEXT",
];

/// The registry example, built once with these arguments of cargo.
fn build(args: &[&str], profile: &str) -> PathBuf {
    let target = rtlib::target("registry");
    let mut command = tool::gobuild(&tool::root().join("examples/registry"));
    command
        .args(["build", "-q"])
        .args(args)
        .env("CARGO_TARGET_DIR", &target);
    _ = run(&mut command, BUILD).ok();
    target.join(profile).join("registry")
}

fn registry() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| build(&[], "debug"))
}

fn inspect(file: &Path, args: &[&str]) -> Outcome {
    let mut command = tool::gobuild(tool::root());
    run(command.arg("inspect").arg(file).args(args), RUN)
}

fn json(file: &Path) -> Value {
    let text = inspect(file, &["--format", "json"]).ok().out();
    serde_json::from_str(&text).expect("one JSON object")
}

/// `kind name` of every function, in order.
fn functions(inspection: &Value) -> Vec<String> {
    let tasks = inspection["inittasks"].as_array().expect("tasks");
    let each = tasks
        .iter()
        .flat_map(|task| task["functions"].as_array().expect("functions"));
    each.map(|f| {
        let word = |key: &str| f[key].as_str().expect("text").to_owned();
        word("kind") + " " + &word("name")
    })
    .collect()
}

/// Copies of the program in a directory that goes away.
struct Copies(tempfile::TempDir);

impl Copies {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("temporary directory"))
    }

    fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, content).expect("write file");
        path
    }

    fn stripped(&self) -> PathBuf {
        let path = self.0.path().join("stripped");
        let strip = which::which("strip").expect("strip is needed: install binutils");
        _ = run(
            Command::new(strip)
                .arg("--strip-all")
                .arg("-o")
                .arg(&path)
                .arg(registry()),
            RUN,
        )
        .ok();
        path
    }
}

#[test]
fn the_text_names_every_function_in_order_with_its_place() {
    let text = inspect(registry(), &[]).ok().out();
    let mut rest = text.as_str();
    for part in [
        "entry ",
        "_rt0_amd64_linux",
        "mainPC ",
        "runtime.main",
        "built by  cargo-gobuild ",
        "profile   dev",
        "runtime..inittask",
        "codec..inittask",
        "codec/src/lib.rs:",
        "rot13/src/lib.rs:",
        "main..inittask",
        "src/main.rs:",
        "codec 0.1.0 local",
        "registry 0.1.0 local (root)",
        "syn ",
        "crates.io (build only)",
    ] {
        let at = rest
            .find(part)
            .unwrap_or_else(|| panic!("no {part:?} where it should be in\n{text}"));
        rest = &rest[at + part.len()..];
    }
}

#[test]
fn the_json_says_what_the_scan_planned() {
    let inspection = json(registry());
    assert_eq!(inspection["schema"], 1);
    assert_eq!(inspection["patched"], true);
    let functions = functions(&inspection);
    assert_eq!(functions[..FUNCTIONS.len()], FUNCTIONS);

    let mut scan = tool::gobuild(&tool::root().join("examples/registry"));
    let plan = run(scan.args(["--emit", "inittask-json"]), RUN).ok().out();
    let plan: Value = serde_json::from_str(&plan).expect("JSON");
    let tasks = plan["tasks"].as_array().expect("tasks");
    let planned: Vec<(&Value, &Value, &Value)> = tasks
        .iter()
        .flat_map(|task| task["functions"].as_array().expect("functions"))
        .map(|f| (&f["name"], &f["file"], &f["line"]))
        .collect();
    let tasks = inspection["inittasks"].as_array().expect("tasks");
    let found: Vec<(&Value, &Value, &Value)> = tasks
        .iter()
        .filter(|task| task["runtime"] == false)
        .flat_map(|task| task["functions"].as_array().expect("functions"))
        .map(|f| (&f["name"], &f["file"], &f["line"]))
        .collect();
    assert_eq!(found, planned);
}

#[test]
fn addresses_are_readelfs() {
    let inspection = json(registry());
    let address = |location: &Value| -> u64 {
        let text = location["address"].as_str().expect("an address");
        u64::from_str_radix(text.trim_start_matches("0x"), 16).expect("hexadecimal")
    };
    let tasks = inspection["inittasks"].as_array().expect("tasks");
    let tables = tasks.iter().map(|task| &task["table"]);
    for location in [&inspection["entry"], &inspection["main-pc"]["function"]]
        .into_iter()
        .chain(tables)
    {
        let name = location["symbol"].as_str().expect("a symbol");
        let symbol =
            readelf::symbol(registry(), name).unwrap_or_else(|| panic!("readelf knows no {name}"));
        assert_eq!(address(location), symbol.value, "{name}");
    }
}

#[test]
fn a_stripped_program_loses_symbols_only() {
    let copies = Copies::new();
    let (whole, stripped) = (json(registry()), json(&copies.stripped()));
    assert_eq!(functions(&stripped), functions(&whole));
    for field in ["build-id", "build-info", "dependencies"] {
        assert_eq!(stripped[field], whole[field], "{field}");
    }
    assert_eq!(stripped["entry"]["address"], whole["entry"]["address"]);
    assert_eq!(stripped["entry"]["symbol"], Value::Null);
}

#[test]
fn link_time_optimisation_and_strip_keep_the_table() {
    let program = build(
        &[
            "--release",
            "--config",
            "profile.release.lto='fat'",
            "--config",
            "profile.release.strip=true",
        ],
        "release",
    );
    let inspection = json(&program);
    assert_eq!(functions(&inspection)[..FUNCTIONS.len()], FUNCTIONS);
    assert_eq!(inspection["build-info"]["profile"], "release");
}

#[test]
fn other_tools_read_the_dependency_list() {
    let copies = Copies::new();
    for program in [registry().to_owned(), copies.stripped()] {
        let info =
            auditable_info::audit_info_from_file(&program, auditable_info::Limits::default())
                .expect("the list is there and can be read");
        let names: Vec<&str> = info.packages.iter().map(|p| p.name.as_str()).collect();
        for name in ["registry", "codec", "hex", "gobuild-rtlib", "syn"] {
            assert!(names.contains(&name), "no {name} in {names:?}");
        }
        let root = info.packages.iter().find(|p| p.root).expect("a root");
        assert_eq!(root.name, "registry");
        assert!(!root.dependencies.is_empty());
    }
}

/// `inspect` refuses: nothing on standard output, in both formats, and the file, the reason and the advice on standard error.
#[track_caller]
fn refused(file: &Path, reason: &str) {
    for format in ["text", "json"] {
        let outcome = inspect(file, &["--format", format]).fails_with(FAILURE);
        assert_eq!(outcome.out(), "");
        let err = outcome.err();
        for part in [&*file.display().to_string(), reason] {
            assert!(err.contains(part), "no {part:?} in\n{err}");
        }
    }
}

#[test]
fn files_that_are_no_programs_of_ours_are_named() {
    let copies = Copies::new();
    let object = copies.0.path().join("empty.o");
    let source = copies.file("empty.c", b"int main(void) { return 0; }\n");
    let plain = copies.0.path().join("plain");
    for (output, options) in [(&object, &["-c"][..]), (&plain, &["-static"][..])] {
        let mut cc = Command::new("cc");
        _ = run(cc.args(options).arg("-o").arg(output).arg(&source), RUN).ok();
    }
    refused(&source, "a text file, not an ELF program");
    refused(&copies.file("script", b"#!/bin/sh\n"), "a script");
    refused(&copies.file("a.a", b"!<arch>\n"), "a static library");
    refused(&copies.file("a.exe", b"MZ\x90\0\x03"), "a PE file");
    refused(&copies.file("none", b""), "the file is empty");
    refused(&copies.file("noise", &[0xff, 0, 7, 0x80]), "unknown format");
    refused(&object, "not a linked program");
    refused(&plain, "was not built by cargo gobuild");
    refused(&copies.0.path().join("nowhere"), "No such file");
    refused(copies.0.path(), "no program of cargo gobuild is in");
}

/// Those below a directory that are the tool's, by their paths, and nothing else that is there.
#[test]
fn programs_below_a_directory_are_shown() {
    let copies = Copies::new();
    copies.file("notes", b"no program\n");
    let below = copies.0.path().join("b/c");
    fs::create_dir_all(&below).expect("create directory");
    let (one, other) = (copies.0.path().join("a"), below.join("d"));
    for to in [&one, &other] {
        fs::copy(registry(), to).expect("copy");
    }
    let text = inspect(copies.0.path(), &[]).ok().out();
    let named = |path: &Path| text.find(&format!("{}:\n", path.display()));
    assert!(
        named(&one) < named(&other) && named(&one).is_some(),
        "{text}"
    );
    let lines = inspect(copies.0.path(), &["--format", "json"]).ok().out();
    let paths: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON")["path"].clone())
        .collect();
    let expect = [&one, &other].map(|path| Value::from(path.display().to_string()));
    assert_eq!(paths, expect);
}

#[test]
fn a_program_of_gos_own_is_recognised() {
    let copies = Copies::new();
    copies.file("go.mod", b"module m\n\ngo 1.27\n");
    copies.file("main.go", b"package main\n\nfunc main() {}\n");
    _ = run(
        go::command(copies.0.path()).args(["build", "-o", "theirs", "."]),
        BUILD,
    )
    .ok();
    refused(
        &copies.0.path().join("theirs"),
        "was built by Go, not by cargo gobuild",
    );
}

#[test]
fn a_program_for_another_machine_is_named() {
    let copies = Copies::new();
    let mut bytes = fs::read(registry()).expect("read the program");
    const E_MACHINE: usize = 18;
    const AARCH64: [u8; 2] = 183_u16.to_le_bytes();
    bytes[E_MACHINE..E_MACHINE + 2].copy_from_slice(&AARCH64);
    refused(&copies.file("arm", &bytes), "aarch64");
}

#[test]
fn a_program_that_was_cut_off_is_said_to_be() {
    let copies = Copies::new();
    let bytes = fs::read(registry()).expect("read the program");
    for length in [4, 63, 64, 200, 4096, bytes.len() / 3] {
        refused(
            &copies.file("cut", &bytes[..length]),
            "the file is truncated",
        );
    }
}

/// Every single byte of the ELF header and the program headers, changed: an answer or a clear refusal, at once, whatever it is.
#[test]
fn a_hostile_header_is_refused_or_harmless() {
    let copies = Copies::new();
    let bytes = fs::read(registry()).expect("read the program");
    let headers = 64 + 8 * 56;
    for at in (4..headers).step_by(7) {
        let mut hostile = bytes.clone();
        hostile[at] ^= 0xff;
        let outcome = inspect(&copies.file("hostile", &hostile), &[]);
        let code = outcome.code();
        assert!(
            code == 0 || (code == FAILURE && outcome.err().starts_with("error: cannot inspect ")),
            "byte {at}: {}",
            outcome.report()
        );
    }
}
