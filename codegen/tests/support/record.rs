//! Object files and archives with init records, made by the assembler and `ar`.

use std::fs;
use std::process::Command;

use object::LittleEndian;
use object::elf::{FileHeader64, SectionHeader64};
use object::read::elf::FileHeader;
use tempfile::TempDir;

use super::{Workshop, run};

/// A record as the macros encode it.
pub fn record(fields: &[&str]) -> Vec<u8> {
    let body = fields.join("\0");
    let len = u32::try_from(body.len()).unwrap().to_le_bytes();
    [&rtlib_abi::record::MAGIC[..], &len, body.as_bytes()].concat()
}

/// Assembly of a record section with these bytes and section flags.
pub fn record_section(content: &[u8], flags: &str) -> String {
    let bytes: Vec<String> = content.iter().map(u8::to_string).collect();
    format!(
        ".section .gobuild.init,\"{flags}\",@progbits\n.byte {}\n{}",
        bytes.join(","),
        function(SYMBOL)
    )
}

/// The symbol of the record that the tests have.
pub const SYMBOL: &str = "config::sub.load.init.0123456789abcdef.12.8.false";

/// Assembly of a function that others see.
pub fn function(name: &str) -> String {
    format!(".text\n.globl \"{name}\"\n.type \"{name}\", @function\n\"{name}\": ret\n")
}

/// The object file of some assembly.
pub fn assemble(text: &str) -> Vec<u8> {
    let directory = TempDir::new().unwrap();
    let (source, object) = (directory.path().join("x.s"), directory.path().join("x.o"));
    fs::write(&source, text).unwrap();
    run(Command::new("cc")
        .arg("-c")
        .arg(source)
        .arg("-o")
        .arg(&object));
    fs::read(object).unwrap()
}

/// Sets a flag in the header of a section of an ELF64 object.
pub fn set_section_flag(object: &[u8], section: &str, flag: u64) -> Vec<u8> {
    let header = FileHeader64::<LittleEndian>::parse(object).unwrap();
    let sections = header.sections(LittleEndian, object).unwrap();
    let (index, found) = sections
        .section_by_name(LittleEndian, section.as_bytes())
        .unwrap();
    let entry = header.e_shoff(LittleEndian) as usize
        + index.0 * size_of::<SectionHeader64<LittleEndian>>();
    let at = entry + std::mem::offset_of!(SectionHeader64<LittleEndian>, sh_flags);
    let flags = found.sh_flags.get(LittleEndian).0 | flag;
    let mut changed = object.to_vec();
    changed[at..at + 8].copy_from_slice(&flags.to_le_bytes());
    changed
}

impl Workshop {
    /// An object with one record, and an archive with it among members that cannot hold any.
    pub fn record_files(&self) -> (Vec<u8>, Vec<u8>) {
        let fields = [
            "init",
            "config",
            "1.0.0",
            "config",
            "config::sub",
            "load",
            "config/src/sub.rs",
            "12",
            "8",
            SYMBOL,
            "false",
        ];
        let object = assemble(&record_section(&record(&fields), "a"));
        let members: [(&str, &[u8]); 4] = [
            (
                "lib.rmeta",
                b"\x7fELF with records that nobody may look for",
            ),
            (
                "bitcode.o",
                b"BC\xc0\xde\x35\x14\0\0 and more than sixteen bytes",
            ),
            ("odd.o", b"x"),
            ("config.load.o", &object),
        ];
        let archive = self.path("librecords.rlib");
        for (name, bytes) in members {
            fs::write(self.path(name), bytes).unwrap();
            run(Command::new("ar")
                .arg("qD")
                .arg(&archive)
                .arg(self.path(name)));
        }
        (object, fs::read(archive).unwrap())
    }
}
