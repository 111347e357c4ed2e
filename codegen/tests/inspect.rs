//! Programs read back, and files that are no programs of ours.

mod support;

use std::fs;
use std::process::Command;

use gobuild_codegen::elf::{Address, ElfError, Format, Inspection, Machine, inspect};
use gobuild_codegen::model::{InitKind, Plan};
use object::ReadCache;
use support::sample::{build_info, plan};
use support::{Linker, Workshop, readelf, run, sample_program};

/// The ELF header's fields that hold the place and the number of section headers.
fn drop_section_headers(bytes: &mut [u8]) {
    bytes[40..48].fill(0);
    bytes[60..64].fill(0);
}

/// Position, package, version, and each function as `kind name file:line`.
fn table(found: &Inspection) -> Vec<String> {
    let line = |task: &gobuild_codegen::elf::InitTask| {
        let functions = task.functions.iter().map(|function| {
            let (file, line) = (
                function.file.as_deref().unwrap_or("-"),
                function.line.unwrap_or_default(),
            );
            format!("{} {} {file}:{line}", function.kind, function.name)
        });
        format!(
            "{} {} {} [{}]",
            task.position,
            task.package,
            task.version,
            functions.collect::<Vec<_>>().join(", ")
        )
    };
    found.inittasks.iter().map(line).collect()
}

const EXPECTED_TABLE: [&str; 3] = [
    "1 runtime 0.1.0 [init runtime.init.0 -:0]",
    "2 config 1.0.0 [var config::LEVEL config/src/lib.rs:7, init config::load config/src/lib.rs:12]",
    "3 log@0.4.1 0.4.1 [init log::sink::open log/src/sink.rs:3]",
];

#[test]
fn what_was_emitted_is_read_back() {
    let workshop = Workshop::new(&plan());
    for linker in Linker::ALL {
        let (path, bytes) = workshop.program(linker, &format!("{linker:?}"), &[]);
        let found = inspect(&bytes[..]).unwrap();
        assert_eq!(table(&found), EXPECTED_TABLE, "{linker:?}");
        assert_eq!(found.build_info, build_info());
        assert_eq!(found.entry.symbol.as_deref(), Some("_rt0_amd64_linux"));
        assert_eq!(
            found.main_pc.function.symbol.as_deref(),
            Some("runtime.main")
        );
        assert!(found.inittasks[0].runtime && !found.inittasks[1].runtime);
        assert_eq!(
            found.inittasks[1].table.symbol.as_deref(),
            Some("config..inittask")
        );
        let code = &found.inittasks[1].functions[0].code;
        assert_eq!(code.symbol.as_deref(), Some("config.LEVEL.var.0f"));
        let expect = format!("{:016x} ", code.address.0);
        let symbols = readelf(&["-sW"], &path);
        assert!(
            symbols
                .lines()
                .any(|line| line.contains(&expect) && line.ends_with("config.LEVEL.var.0f")),
            "{linker:?}"
        );
        let packages = found.dependencies.unwrap();
        let packages: Vec<_> = packages
            .iter()
            .map(|package| (package.name.as_str(), package.source.as_str()))
            .collect();
        assert_eq!(
            packages,
            [("app", "local"), ("config", "local"), ("log", "crates.io")]
        );
    }
}

#[test]
fn a_program_without_inits_has_the_runtimes_task_alone() {
    let workshop = Workshop::new(&Plan {
        tasks: Vec::new(),
        warnings: Vec::new(),
    });
    for linker in Linker::ALL {
        let (_, bytes) = workshop.program(linker, &format!("{linker:?}"), &[]);
        assert_eq!(
            table(&inspect(&bytes[..]).unwrap()),
            &EXPECTED_TABLE[..1],
            "{linker:?}"
        );
    }
}

#[test]
fn a_stripped_program_loses_symbols_only() {
    let workshop = Workshop::new(&plan());
    for linker in Linker::ALL {
        let (path, _) = workshop.program(linker, &format!("{linker:?}"), &[]);
        run(Command::new("strip").arg(&path));
        let found = inspect(&fs::read(path).unwrap()[..]).unwrap();
        assert_eq!(table(&found), EXPECTED_TABLE);
        assert_eq!(found.entry.symbol, None);
        assert_eq!(found.dependencies.unwrap().len(), 3);
    }
}

#[test]
fn a_program_without_section_headers_loses_the_dependency_list_only() {
    let mut bytes = sample_program();
    drop_section_headers(&mut bytes);
    let found = inspect(&bytes[..]).unwrap();
    assert_eq!(table(&found), EXPECTED_TABLE);
    assert_eq!(found.dependencies, None);
    assert_eq!(found.build_info.packages.len(), 3);
}

#[test]
fn an_open_file_reads_as_its_bytes_do() {
    let workshop = Workshop::new(&plan());
    let (path, bytes) = workshop.program(Linker::Gnu, "program", &[]);
    let cache = ReadCache::new(fs::File::open(path).unwrap());
    assert_eq!(inspect(&cache).unwrap(), inspect(&bytes[..]).unwrap());
}

#[test]
fn the_json_has_a_schema_and_hexadecimal_addresses() {
    let found = inspect(&sample_program()[..]).unwrap();
    let json = serde_json::to_value(&found).unwrap();
    assert_eq!(json["schema"], 1);
    assert_eq!(json["mode"], "hosted");
    assert_eq!(
        json["entry"]["address"],
        Address(found.entry.address.0).to_string()
    );
    assert_eq!(json["inittasks"][1]["functions"][0]["kind"], "var");
    assert_eq!(json["inittasks"][1]["functions"][0]["line"], 7);
    assert_eq!(json["build-info"]["stack-size"], 65536);
    assert_eq!(found.inittasks[1].functions[0].kind, InitKind::Var);
}

/// Compiles C to a file and reads it.
fn compile(arguments: &[&str], code: &str) -> Vec<u8> {
    let directory = tempfile::TempDir::new().unwrap();
    let (source, output) = (directory.path().join("x.c"), directory.path().join("x"));
    fs::write(&source, code).unwrap();
    run(Command::new("cc")
        .args(arguments)
        .arg(source)
        .arg("-o")
        .arg(&output));
    fs::read(output).unwrap()
}

#[test]
fn files_that_are_no_elf_programs_are_named() {
    for (bytes, expect) in [
        (&b"#!/bin/sh\necho\n"[..], Format::Script),
        (b"hello, world\n", Format::Text),
        ("h\u{e9}llo".as_bytes(), Format::Text),
        (
            b"\xcf\xfa\xed\xfe\x07\0\0\x01\x03\0\0\0\x02\0\0\0",
            Format::MachO,
        ),
        (b"\xca\xfe\xba\xbe\0\0\0\x02", Format::MachO),
        (b"MZ\x90\0\x03\0\0\0", Format::Pe),
        (b"\0asm\x01\0\0\0", Format::Wasm),
        (b"!<arch>\nx", Format::Archive),
        (b"\0\x01\x02\x03", Format::Unknown),
    ] {
        let error = inspect(bytes).unwrap_err();
        assert!(
            matches!(error, ElfError::NotElf(format) if format == expect),
            "{error}"
        );
    }
    assert!(matches!(inspect(&[][..]), Err(ElfError::Empty)));
}

#[test]
fn foreign_elf_files_are_named() {
    let program = "int main(void) { return 0; }";
    assert!(matches!(
        inspect(&compile(&[], program)[..]),
        Err(ElfError::NoNote)
    ));
    assert!(matches!(
        inspect(&compile(&["-c"], program)[..]),
        Err(ElfError::NotLinked("a relocatable object"))
    ));
    let go_note = r#"__asm__(".section .note.go.buildid, \"a\", @note; .long 4, 4, 4; .ascii \"Go\\0\\0id-1\"; .text");"#;
    let go = compile(&[], &format!("{go_note}\n{program}"));
    assert!(matches!(inspect(&go[..]), Err(ElfError::GoProgram)));

    let sample = sample_program();
    let changed = |offset: usize, value: u8| {
        let mut bytes = sample.clone();
        bytes[offset] = value;
        inspect(&bytes[..]).unwrap_err()
    };
    assert!(matches!(changed(4, 1), ElfError::Machine(Machine::Bits32)));
    assert!(matches!(
        changed(5, 2),
        ElfError::Machine(Machine::BigEndian)
    ));
    assert!(matches!(
        changed(18, 183),
        ElfError::Machine(Machine::Other(183))
    ));
    assert!(matches!(changed(16, 4), ElfError::NotLinked("a core dump")));
}

#[test]
fn every_kind_of_wrong_file_has_its_own_message_and_advice() {
    let messages = [
        inspect(&[][..]).unwrap_err(),
        inspect(&b"text\n"[..]).unwrap_err(),
        inspect(&b"\xcf\xfa\xed\xfe"[..]).unwrap_err(),
        inspect(&compile(&[], "int main(void) { return 0; }")[..]).unwrap_err(),
        inspect(&sample_program()[..2000]).unwrap_err(),
        inspect(&sample_program()[..20]).unwrap_err(),
    ]
    .map(|error| (error.to_string(), error.help()));
    for (i, (message, help)) in messages.iter().enumerate() {
        assert!(!help.is_empty());
        assert!(
            messages[i + 1..].iter().all(|(other, _)| other != message),
            "{message}"
        );
    }
}

#[test]
fn a_program_that_is_cut_anywhere_is_refused_or_whole() {
    let bytes = sample_program();
    let whole = inspect(&bytes[..]).unwrap();
    for len in 0..bytes.len() {
        match inspect(&bytes[..len]) {
            // The tail of the file holds section headers; the loaded segments before it must all be there.
            Ok(found) => assert_eq!(found.inittasks.len(), whole.inittasks.len()),
            Err(ElfError::Empty | ElfError::Truncated { .. } | ElfError::NotElf(_)) => {}
            Err(other) => panic!("{len}: {other}"),
        }
    }
}

/// A field of the sample program, changed, makes `inspect` fail with `expect` in its message.
#[test]
fn damaged_tables_are_named() {
    let workshop = Workshop::new(&plan());
    let (path, bytes) = workshop.program(Linker::Gnu, "program", &[]);
    let found = inspect(&bytes[..]).unwrap();
    let note = bytes
        .windows(8)
        .position(|window| window == b"gobuild\0")
        .unwrap()
        + 8;
    let module_data = u64::from_le_bytes(bytes[note + 16..note + 24].try_into().unwrap());
    let headers = readelf(&["-lW"], &path);
    let offset = |address: u64| file_offset(&headers, address);
    let (root, task) = (
        offset(module_data),
        offset(found.inittasks[1].table.address.0),
    );
    let text = bytes
        .windows(12)
        .position(|window| window == b"config::load")
        .unwrap();
    for (at, value, expect) in [
        (note, &2_u32.to_le_bytes()[..], "ABI version 2"),
        (
            note + 52,
            &21_u32.to_le_bytes(),
            "length of the build id is 21",
        ),
        (
            note + 16,
            &0x10_u64.to_le_bytes(),
            "runtime.firstmoduledata should be",
        ),
        (root, &9_u32.to_le_bytes(), "ABI version 9"),
        (
            root + 4,
            &6_u32.to_le_bytes(),
            "flags word of runtime.firstmoduledata is 6",
        ),
        (
            root + 16,
            &u64::MAX.to_le_bytes(),
            "length and capacity of go:main.inittasks differ",
        ),
        (root + 40, &[0xff; 16], "runtime.taskinfo should be"),
        (
            root + 8,
            &found.inittasks[1].table.address.0.to_le_bytes(),
            "not those that runtime.taskinfo describes",
        ),
        (
            root + 72,
            &4096_u64.to_le_bytes(),
            "differ between runtime.firstmoduledata and the build information",
        ),
        (
            task,
            &1_u32.to_le_bytes(),
            "state word of the inittask of package `config` is 1",
        ),
        (
            task + 4,
            &u32::MAX.to_le_bytes(),
            "the inittask of package `config` should be",
        ),
        (
            task + 8,
            &module_data.to_le_bytes(),
            "init function `config::LEVEL` is at address",
        ),
        (text, b"\xff", "the name of an init function at address"),
        (text, b"\n", "the name of an init function at address"),
    ] {
        let mut damaged = bytes.clone();
        damaged[at..at + value.len()].copy_from_slice(value);
        let error = inspect(&damaged[..]).unwrap_err().to_string();
        assert!(error.contains(expect), "{expect:?} not in {error:?}");
    }
}

/// The offset in the file of an address, from `readelf -lW`.
fn file_offset(headers: &str, address: u64) -> usize {
    let hex = |word: &str| u64::from_str_radix(word.trim_start_matches("0x"), 16).unwrap();
    let loads = headers
        .lines()
        .filter(|line| line.trim_start().starts_with("LOAD"));
    let mut segments = loads.map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        (hex(words[1]), hex(words[2]), hex(words[4]))
    });
    let (offset, start, _) = segments
        .find(|&(_, start, size)| (start..start + size).contains(&address))
        .unwrap();
    usize::try_from(offset + address - start).unwrap()
}

#[test]
fn tables_that_point_at_the_same_bytes_again_and_again_are_refused() {
    let mut plan = plan();
    let one = plan.tasks[1].fns[0].clone();
    plan.tasks[1].fns = (0..2000)
        .map(|_| {
            let mut function = one.clone();
            function.name = "x".repeat(3000);
            function
        })
        .collect();
    let (_, bytes) = Workshop::new(&plan).program(Linker::Gnu, "inflated", &[]);
    assert!(matches!(inspect(&bytes[..]), Err(ElfError::Inflated)));
}
