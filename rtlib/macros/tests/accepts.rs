//! What the macros accept, and the record that each item leaves in the object file.
//!
//! The crates in `accepts/` are compiled, not linked. Every item in them is marked with `//@ <kind> <path>` on the line of its name; an item that
//! a macro makes is marked on the line of the macro call, and the macro has the item's name. What the tool's own reader finds in the
//! objects must be exactly that.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

use gobuild_codegen::model::InitKind;
use gobuild_codegen::records::{self, Record};
use object::{Object, ObjectSymbol};

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/accepts")
}

fn target_directory(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// Cargo on the workspace with a target directory of this test's own. What is compiled on the way is shared.
fn cargo(target_name: &str, arguments: &[&str]) -> Output {
    Command::new(env::var_os("CARGO").expect("cargo runs this test"))
        .args(arguments)
        .current_dir(workspace())
        .env("CARGO_TARGET_DIR", target_directory(target_name))
        .env("CARGO_BUILD_BUILD_DIR", target_directory("build"))
        .env("CARGO_INCREMENTAL", "0")
        .env("RUSTFLAGS", "")
        .output()
        .expect("cargo starts")
}

/// The same where it must succeed; returns the target directory.
fn cargo_builds(target_name: &str, arguments: &[&str]) -> PathBuf {
    let output = cargo(target_name, arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo {arguments:?}\n{errors}");
    target_directory(target_name)
}

/// Compiles the lib of one package; by itself, lest the features of another reach it.
fn library(package: &str) -> Vec<u8> {
    let target = cargo_builds("accepts", &["build", "--lib", "-p", package]);
    fs::read(target.join(format!("debug/lib{package}.rlib"))).expect("the rlib")
}

/// Compiles one target of `same_name` up to its object file; no linker would accept it.
fn object_of(target_kind: &[&str]) -> Vec<u8> {
    let object = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}.o", target_kind[0]));
    let emit = format!("--emit=obj={}", object.display());
    let mut arguments = vec!["rustc", "-p", "same_name"];
    arguments.extend(target_kind);
    arguments.extend(["--", &emit, "-Ccodegen-units=1", "-Clinker=true"]);
    cargo_builds("objects", &arguments);
    fs::read(object).expect("the object")
}

/// Kind, path, file, line and column.
type Item = (&'static str, String, String, u32, u32);

fn item(record: &Record) -> Item {
    let kind = match record.kind {
        InitKind::Init => "init",
        InitKind::Var => "var",
    };
    (
        kind,
        format!("{}::{}", record.module, record.name),
        record.file.clone(),
        record.line,
        record.column,
    )
}

fn by_position(mut records: Vec<Record>) -> Vec<Record> {
    records.sort_by_key(|record| (record.line, record.column));
    records
}

fn marked(file: &str) -> Vec<Item> {
    let source = fs::read_to_string(workspace().join(file)).expect("a fixture");
    let lines = source.lines().zip(1..);
    lines
        .filter_map(|(text, line)| marked_in_line(file, text, line))
        .collect()
}

fn marked_in_line(file: &str, text: &str, line: u32) -> Option<Item> {
    let (code, marker) = text.split_once("//@ ")?;
    let (kind, path) = marker.split_once(' ').expect("a kind and a path");
    let kind = if kind == "init" { "init" } else { "var" };
    let name = path.rsplit("::").next().expect("a name");
    let at = code
        .find(&format!("r#{name}"))
        .or_else(|| code.find(name))
        .expect("the name is on the line");
    let column = code[..at].chars().count() as u32 + 1;
    Some((kind, path.to_owned(), file.to_owned(), line, column))
}

fn check(object: &[u8], files: &[&str]) -> Vec<Record> {
    let records = records::read(object).expect("well-formed records");
    let found: BTreeSet<Item> = records.iter().map(item).collect();
    let expected: BTreeSet<Item> = files.iter().flat_map(|file| marked(file)).collect();
    assert_eq!(found, expected);
    assert_eq!(records.len(), expected.len());
    records
}

#[test]
fn every_shape_of_item_is_recorded_where_it_stands() {
    check(
        &library("edition2018"),
        &["edition2018/src/lib.rs", "edition2018/src/deeper.rs"],
    );
}

#[test]
fn strict_lints_and_forbid_unsafe_code_are_no_obstacle() {
    let records = check(&library("strict"), &["strict/src/lib.rs"]);
    assert!(records.iter().all(|record| record.package == "strict"
        && record.version == "1.2.3-beta.1"
        && record.crate_name == "strict"));
}

/// Symbols and records are the same whatever a crate without `unsafe` has named `core`.
#[test]
fn names_that_hide_others_are_no_obstacle() {
    let library = library("hostile");
    let records = check(&library, &["hostile/src/lib.rs"]);
    assert!(
        records
            .iter()
            .all(|record| record.symbol.starts_with("hostile."))
    );
}

#[test]
fn rtlib_may_have_another_name() {
    check(&library("renamed"), &["renamed/src/lib.rs"]);
}

#[test]
fn crates_without_std_may_have_inits() {
    check(&library("freestanding"), &["freestanding/src/lib.rs"]);
}

#[test]
fn targets_of_one_name_have_symbols_of_their_own() {
    let lib = check(
        &library("same_name"),
        &["same_name/src/lib.rs", "same_name/src/shared.rs"],
    );
    let bin = check(
        &object_of(&["--bin", "same_name"]),
        &["same_name/src/main.rs", "same_name/src/shared.rs"],
    );
    let example = records::read(&object_of(&["--example", "same_name"])).expect("records");
    let test = records::read(&object_of(&["--test", "same_name"])).expect("records");
    let mut owners = BTreeMap::new();
    for (owner, records) in [
        ("lib", lib),
        ("bin", bin),
        ("example", example),
        ("test", test),
    ] {
        assert_eq!(records.len(), 2, "{owner}");
        for record in records {
            assert_eq!(
                owners.insert(record.symbol.clone(), owner),
                None,
                "{}",
                record.symbol
            );
        }
    }
}

#[test]
fn the_recorded_symbol_is_defined_and_readable() {
    let object = object_of(&["--bin", "same_name"]);
    let symbols = object::File::parse(&*object).expect("an ELF object");
    for record in records::read(&object).expect("records") {
        let symbol = symbols.symbol_by_name(&record.symbol).expect("the symbol");
        assert!(
            symbol.is_definition() && symbol.is_global(),
            "{}",
            record.symbol
        );
        assert!(
            record
                .symbol
                .starts_with(&format!("{}.{}.init.", record.module, record.name)),
            "{}",
            record.symbol
        );
    }
}

#[test]
fn two_checkouts_give_the_same_records() {
    let here = records::read(&library("strict")).expect("records");
    let elsewhere = tempfile::tempdir().expect("a directory");
    let copy = elsewhere.path().join("strict/src");
    fs::create_dir_all(&copy).expect("a directory");
    fs::copy(workspace().join("strict/src/lib.rs"), copy.join("lib.rs")).expect("a copy");
    let rtlib = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let manifest = fs::read_to_string(workspace().join("strict/Cargo.toml")).expect("a manifest");
    let manifest = manifest.replace(
        "workspace = true",
        &format!("path = {:?}", rtlib.display().to_string()),
    );
    fs::write(elsewhere.path().join("strict/Cargo.toml"), manifest).expect("a manifest");
    fs::write(
        elsewhere.path().join("Cargo.toml"),
        "[workspace]\nmembers = [\"strict\"]\nresolver = \"3\"\n",
    )
    .expect("a manifest");
    let manifest = elsewhere.path().join("Cargo.toml").display().to_string();
    let target = cargo_builds(
        "elsewhere",
        &[
            "build",
            "--lib",
            "-p",
            "strict",
            "--manifest-path",
            &manifest,
        ],
    );
    let there = records::read(&fs::read(target.join("debug/libstrict.rlib")).expect("the rlib"))
        .expect("records");
    let alike = |records| by_position(records).into_iter().map(without_hash);
    assert!(alike(here).eq(alike(there)));
}

/// The hash in a symbol is also one of cargo's `-C metadata`, which depends on where packages lie that are not of the workspace, as `rtlib` is here. So it does in rustc's own symbols.
fn without_hash(record: Record) -> String {
    let symbol = record.symbol.split('.').map(|part| {
        let is_hash = part.len() == 16 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_hash { "HASH" } else { part }
    });
    let symbol: Vec<&str> = symbol.collect();
    let symbol = symbol.join(".");
    assert!(symbol.contains(".HASH."), "{symbol}");
    format!(
        "{:?}",
        Record {
            symbol,
            ..record.clone()
        }
    )
}

/// Its inits would be lost: it says so and ends before `main`.
#[test]
fn a_program_with_inits_that_plain_cargo_built_ends_at_once() {
    for profile in ["dev", "release"] {
        let output = cargo(
            "accepts",
            &[
                "run",
                "-p",
                "same_name",
                "--bin",
                "same_name",
                "--profile",
                profile,
            ],
        );
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{profile}: {errors}");
        assert!(errors.contains("cargo gobuild"), "{profile}: {errors}");
        assert!(output.stdout.is_empty(), "{profile}: main ran");
    }
}
