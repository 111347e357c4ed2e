//! What GNU readelf and our own reader see in a built program: the entry point, the kind of file, `runtime.mainPC`, the words of
//! the inittask tables.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use gobuild_codegen::elf;
use gobuild_tests::process::{BUILD, RUN, run};
use gobuild_tests::readelf::{Symbol, header, readelf, symbol};
use gobuild_tests::{rtlib, tool};

/// The registry example, built once.
fn registry() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let target = rtlib::target("registry");
        let dir = tool::root().join("examples/registry");
        _ = run(tool::gobuild(&dir).env("CARGO_TARGET_DIR", &target), BUILD).ok();
        target.join("debug/registry")
    })
}

fn sym(name: &str) -> Symbol {
    symbol(registry(), name).unwrap_or_else(|| panic!("no symbol {name}"))
}

/// A program header with its flags.
struct Segment {
    file: u64,
    address: u64,
    size: u64,
    flags: String,
}

fn number(hex: &str) -> u64 {
    u64::from_str_radix(hex.trim_start_matches("0x"), 16)
        .unwrap_or_else(|_| panic!("not a number: {hex}"))
}

/// The PT_LOAD segments, as readelf prints them: `LOAD offset vaddr paddr filesz memsz flags align`.
fn segments() -> Vec<Segment> {
    let text = readelf(&["-lW"], registry());
    let lines = text
        .lines()
        .map(|l| l.split_whitespace().collect::<Vec<_>>());
    lines
        .filter(|words| words.first() == Some(&"LOAD"))
        .map(|w| Segment {
            file: number(w[1]),
            address: number(w[2]),
            size: number(w[4]),
            flags: w[6..w.len() - 1].concat(),
        })
        .collect()
}

fn segment_of(address: u64) -> Segment {
    segments()
        .into_iter()
        .find(|s| (s.address..s.address + s.size).contains(&address))
        .unwrap_or_else(|| panic!("{address:#x} is in no segment with contents"))
}

fn words(address: u64, n: usize) -> Vec<u64> {
    let segment = segment_of(address);
    let bytes = fs::read(registry()).expect("read the program");
    let at = (segment.file + address - segment.address) as usize;
    bytes[at..at + n * 8]
        .chunks_exact(8)
        .map(|w| u64::from_le_bytes(w.try_into().expect("8 bytes")))
        .collect()
}

#[test]
fn the_kernel_enters_at_rt0() {
    let entry = sym("_rt0_amd64_linux");
    assert_eq!(
        (entry.kind.as_str(), entry.binding.as_str()),
        ("FUNC", "GLOBAL")
    );
    assert_eq!(
        number(&header(registry(), "Entry point address")),
        entry.value
    );
    assert_eq!(segment_of(entry.value).flags, "RE");
}

#[test]
fn it_is_a_static_executable_at_fixed_addresses() {
    assert!(header(registry(), "Type").starts_with("EXEC"));
    assert_eq!(
        header(registry(), "Machine"),
        "Advanced Micro Devices X86-64"
    );
    let segments = readelf(&["-lW"], registry());
    assert!(
        !segments.contains("INTERP") && !segments.contains("DYNAMIC"),
        "{segments}"
    );
    assert!(readelf(&["-dW"], registry()).contains("There is no dynamic section"));
}

#[test]
fn main_pc_is_read_only_data_that_holds_runtime_main() {
    let main_pc = sym("runtime.mainPC");
    assert_eq!(
        (
            main_pc.kind.as_str(),
            main_pc.binding.as_str(),
            main_pc.size
        ),
        ("OBJECT", "GLOBAL", 8)
    );
    assert!(
        !segment_of(main_pc.value).flags.contains('W'),
        "runtime.mainPC is writable"
    );
    assert_eq!(words(main_pc.value, 1), [sym("runtime.main").value]);
}

#[test]
fn the_inittask_array_lists_the_packages_in_order() {
    let tasks = ["codec", "hex", "reverse", "rot13", "shout", "main"];
    let array = sym("go:main.inittasks");
    assert_eq!(array.size, tasks.len() as u64 * 8);
    let expected: Vec<u64> = tasks
        .iter()
        .map(|package| sym(&format!("{package}..inittask")).value)
        .collect();
    assert_eq!(words(array.value, tasks.len()), expected);
}

#[test]
fn an_inittask_is_state_count_and_functions() {
    let task = sym("rot13..inittask");
    let functions = 3;
    assert_eq!(task.size, 8 + functions * 8);
    let words = words(task.value, 1 + functions as usize);
    let (state, nfns) = (words[0] as u32, (words[0] >> 32) as u32);
    assert_eq!((state, u64::from(nfns)), (0, functions));
    let symbols = readelf(&["-sW"], registry());
    for (word, name) in words[1..].iter().zip([
        "rot13.SHIFT.init.",
        "rot13.TABLE.init.",
        "rot13.register.init.",
    ]) {
        let line = symbols
            .lines()
            .find(|l| l.contains(name))
            .unwrap_or_else(|| panic!("no symbol {name}*"));
        let value = line.split_whitespace().nth(1).expect("value");
        assert_eq!(number(value), *word, "{name}");
    }
    assert!(
        segment_of(task.value).flags.contains('W'),
        "the state word is written at run time"
    );
}

#[test]
fn the_runtimes_own_tasks_are_behind_a_slice() {
    let [pointer, len, cap] = words(sym("runtime.runtime_inittasks").value, 3)[..] else {
        unreachable!()
    };
    assert_eq!((len, cap), (1, 1));
    assert_eq!(pointer, sym("go:runtime.inittasks").value);
    assert_eq!(words(pointer, 1), [sym("runtime..inittask").value]);
    assert_eq!(
        words(sym("runtime..inittask").value, 2),
        [1 << 32, sym("runtime.init.0").value]
    );
}

#[test]
fn our_reader_agrees_with_readelf() {
    let bytes = fs::read(registry()).expect("read the program");
    elf::verify(&bytes[..]).expect("verifies");
    let inspection =
        serde_json::to_value(elf::inspect(&bytes[..]).expect("inspects")).expect("serialises");
    let text = inspection.to_string();
    for name in [
        "_rt0_amd64_linux",
        "runtime.main",
        "codec..inittask",
        "main..inittask",
    ] {
        assert!(
            text.contains(&format!("\"{:#x}\"", sym(name).value)),
            "{name} is not in {text}"
        );
    }
    assert!(
        elf::patches(&bytes[..]).expect("patches").iter().all(|p| {
            let at = p.offset as usize;
            bytes[at..at + p.bytes.len()] == p.bytes[..]
        }),
        "the file is not patched"
    );
}

#[test]
fn the_build_id_note_is_there_and_in_the_build_info() {
    let notes = readelf(&["-nW"], registry());
    let id = notes
        .split("Build ID: ")
        .nth(1)
        .expect("a build id")
        .split_whitespace()
        .next()
        .expect("hex");
    let shown = run(
        tool::gobuild(tool::root()).arg("inspect").arg(registry()),
        RUN,
    )
    .ok()
    .out();
    assert!(shown.contains(id), "{id} is not in\n{shown}");
}
