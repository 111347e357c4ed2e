//! The patch step on real programs: what it changes, that it works without symbols and section headers, and what it costs.

mod support;

use std::cell::Cell;
use std::io::{self, Read, Seek, SeekFrom};
use std::process::Command;

use gobuild_codegen::elf::{ElfError, inspect, patches};
use object::ReadCache;
use support::sample::plan;
use support::{Linker, Workshop, apply, readelf, run};

/// The entry point that `readelf -h` shows.
fn entry_point(header: &str) -> &str {
    let line = header
        .lines()
        .find(|line| line.contains("Entry point address:"))
        .unwrap();
    line.split_whitespace().last().unwrap()
}

#[test]
fn the_entry_becomes_rt0_even_when_the_linker_chose_another() {
    let workshop = Workshop::new(&plan());
    for linker in Linker::ALL {
        let name = format!("{linker:?}");
        let chosen = ["-Wl,-e,main", "-Wl,-u,_rt0_amd64_linux"];
        workshop.link(linker, &name, &chosen);
        let symbols = readelf(&["-sW"], &workshop.path(&name));
        let address = |symbol: &str| {
            let line = symbols
                .lines()
                .find(|line| line.split_whitespace().last() == Some(symbol))
                .unwrap();
            u64::from_str_radix(line.split_whitespace().nth(1).unwrap(), 16).unwrap()
        };
        let before = readelf(&["-hW"], &workshop.path(&name));
        assert_eq!(
            entry_point(&before),
            format!("{:#x}", address("main")),
            "{linker:?}"
        );

        let (path, _) = workshop.program(linker, &name, &chosen);
        let after = readelf(&["-hW"], &path);
        assert_eq!(
            entry_point(&after),
            format!("{:#x}", address("_rt0_amd64_linux")),
            "{linker:?}"
        );
    }
}

#[test]
fn the_build_id_of_the_linker_ends_up_in_the_note() {
    let workshop = Workshop::new(&plan());
    for linker in Linker::ALL {
        let (path, bytes) = workshop.program(linker, &format!("{linker:?}"), &[]);
        let notes = readelf(&["-nW"], &path);
        let line = notes
            .lines()
            .find_map(|line| line.split_once("Build ID: "))
            .unwrap();
        let found = inspect(&bytes[..]).unwrap();
        assert_eq!(found.build_id.as_deref(), Some(line.1.trim()), "{linker:?}");
        assert!(found.patched);
    }
}

#[test]
fn a_program_without_a_build_id_is_patched_all_the_same() {
    let workshop = Workshop::new(&plan());
    for linker in Linker::ALL {
        let (_, bytes) = workshop.program(linker, &format!("{linker:?}"), &["-Wl,--build-id=none"]);
        let found = inspect(&bytes[..]).unwrap();
        assert_eq!((found.patched, found.build_id), (true, None), "{linker:?}");
    }
}

#[test]
fn patching_twice_changes_nothing_more() {
    let (_, once) = Workshop::new(&plan()).program(Linker::Gnu, "program", &[]);
    let mut twice = once.clone();
    apply(&patches(&once[..]).unwrap(), &mut twice);
    assert!(once == twice);
}

#[test]
fn stripped_programs_are_patched_and_run() {
    let workshop = Workshop::new(&plan());
    for linker in Linker::ALL {
        let (path, bytes) = workshop.program(linker, &format!("{linker:?}"), &["-s"]);
        assert!(!readelf(&["-SW"], &path).contains(".symtab"));
        assert!(inspect(&bytes[..]).unwrap().patched);
        run(&mut Command::new(path));
    }
}

/// A file that is followed by a hole up to `size`, and counts what is read of it.
struct Sparse<'a> {
    start: &'a [u8],
    size: u64,
    position: u64,
    read: &'a Cell<u64>,
}

impl Read for Sparse<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.size.saturating_sub(self.position);
        let count = buffer.len().min(usize::try_from(left).unwrap());
        let from = usize::try_from(self.position)
            .unwrap()
            .min(self.start.len());
        let here = &self.start[from..self.start.len().min(from + count)];
        buffer[..count].fill(0);
        buffer[..here.len()].copy_from_slice(here);
        self.position += count as u64;
        self.read.set(self.read.get() + count as u64);
        Ok(count)
    }
}

impl Seek for Sparse<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.position = match to {
            SeekFrom::Start(position) => position,
            SeekFrom::End(distance) => self.size.saturating_add_signed(distance),
            SeekFrom::Current(distance) => self.position.saturating_add_signed(distance),
        };
        Ok(self.position)
    }
}

#[test]
fn patching_reads_the_same_few_bytes_of_a_file_of_any_size() {
    let start = Workshop::new(&plan()).link(Linker::Gnu, "program", &[]);
    let cost = |size| {
        let read = Cell::new(0);
        let cache = ReadCache::new(Sparse {
            start: &start,
            size,
            position: 0,
            read: &read,
        });
        let list = patches(&cache).unwrap();
        (list, read.get())
    };
    let (small, small_cost) = cost(start.len() as u64);
    let (large, large_cost) = cost(500 << 20);
    assert_eq!(small, large);
    assert_eq!(small_cost, large_cost);
    assert!(large_cost < 4096, "read {large_cost} bytes");
}

#[test]
fn a_note_whose_entry_is_not_code_is_refused() {
    let workshop = Workshop::new(&plan());
    let mut bytes = workshop.link(Linker::Gnu, "program", &[]);
    let owner = bytes
        .windows(8)
        .position(|window| window == b"gobuild\0")
        .unwrap();
    let entry = owner + 8 + 8;
    bytes[entry..entry + 8].copy_from_slice(&0x10_u64.to_le_bytes());
    let error = patches(&bytes[..]).unwrap_err();
    assert!(
        matches!(
            error,
            ElfError::WrongSegment {
                address: 0x10,
                expected: "executable",
                ..
            }
        ),
        "{error}"
    );
}
