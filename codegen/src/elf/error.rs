//! Why a file cannot be read as a program of cargo-gobuild. Every variant says what was found and where; [`ElfError::help`] says
//! what to do. Callers add the path of the file.

use std::fmt;

use rtlib_abi::ABI_VERSION;
use rtlib_abi::symbol::NOTE_SECTION;

use crate::buildinfo::BuildInfoError;

/// Why a file cannot be read as a program of cargo-gobuild.
#[derive(Debug, thiserror::Error)]
pub enum ElfError {
    /// Nothing in it.
    #[error("the file is empty")]
    Empty,
    /// The operating system did not give the bytes.
    #[error("{size} bytes at offset {offset:#x} of the file cannot be read")]
    Unreadable {
        /// Where the read began.
        offset: u64,
        /// How much was asked for.
        size: u64,
    },
    /// No ELF magic.
    #[error("the file is {0}, not an ELF program")]
    NotElf(Format),
    /// The file ends too early.
    #[error(
        "the file is truncated: {what} is {size} bytes at offset {offset:#x}, but the file has only {file_size} bytes"
    )]
    Truncated {
        /// What should be there.
        what: &'static str,
        /// Where it should begin.
        offset: u64,
        /// How long it should be.
        size: u64,
        /// How long the file is.
        file_size: u64,
    },
    /// ELF for another machine.
    #[error("the ELF file is for another machine ({0}), not for x86-64")]
    Machine(Machine),
    /// ELF, but no program.
    #[error("the ELF file is {0}, not a linked program")]
    NotLinked(&'static str),
    /// A structure of the ELF file contradicts itself.
    #[error("the ELF file is damaged: {0}")]
    Damaged(&'static str),
    /// Built by Go's own toolchain.
    #[error("the program was built by Go, not by cargo gobuild")]
    GoProgram,
    /// Built by something else.
    #[error("the program was not built by cargo gobuild: it has no {NOTE_SECTION} note")]
    NoNote,
    /// More than one note.
    #[error("the program has more than one {NOTE_SECTION} note")]
    TwoNotes,
    /// The note or the root table has another ABI version.
    #[error("the program has ABI version {found}, this cargo-gobuild reads version {ABI_VERSION}")]
    AbiVersion {
        /// The version it says it has.
        found: u32,
    },
    /// An `rtlib` in the program was written for another runtime.
    #[error(
        "the program's `gobuild-rtlib` has ABI version {found}, the runtime of this cargo-gobuild has version {ABI_VERSION}"
    )]
    RtlibVersion {
        /// The crate's version.
        found: u32,
    },
    /// More of something than any program has.
    #[error("the ELF file says that it has {count} {what}; at most {limit} make sense")]
    TooMany {
        /// What.
        what: &'static str,
        /// How many it says it has.
        count: u64,
        /// How many are accepted.
        limit: u64,
    },
    /// The tables point at the same bytes again and again.
    #[error("the tables of the program refer to more bytes than the file has")]
    Inflated,
    /// A table points outside of the file.
    #[error("{what} should be {size} bytes at address {address:#x}, where the file has none")]
    Unmapped {
        /// What should be there.
        what: String,
        /// Where.
        address: u64,
        /// How long.
        size: u64,
    },
    /// Something lies in a segment with the wrong permissions.
    #[error("{what} is at address {address:#x}, which is not in {expected} memory")]
    WrongSegment {
        /// What.
        what: String,
        /// Where it is.
        address: u64,
        /// What memory it should be in: `executable`, `writable`, `read-only`.
        expected: &'static str,
    },
    /// A string is not printable UTF-8.
    #[error("{what} at address {address:#x} is not printable UTF-8 text")]
    Text {
        /// Which string.
        what: String,
        /// Where it is.
        address: u64,
    },
    /// A table holds a value that it cannot have.
    #[error("{what} is {found}, which is not possible")]
    Value {
        /// Which word.
        what: String,
        /// What it holds.
        found: u64,
    },
    /// Two tables that must agree do not.
    #[error("{0}")]
    Disagree(String),
    /// The embedded build information.
    #[error(transparent)]
    BuildInfo(#[from] BuildInfoError),
    /// The embedded dependency list.
    #[error("the dependency list (section .dep-v0) cannot be read: {0}")]
    Dependencies(String),
}

impl ElfError {
    /// What the user can do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::Empty | Self::NotElf(_) | Self::NotLinked(_) => {
                "give the path of a program that `cargo gobuild` built, such as target/debug/NAME"
            }
            Self::Unreadable { .. } => "check the disk and the permissions of the file",
            Self::Truncated { .. } => {
                "the file was not written or copied to its end; build it again"
            }
            Self::Machine(_) => "cargo gobuild makes programs for x86_64-unknown-linux-gnu",
            Self::GoProgram => "use `go version -m` to look into it",
            Self::NoNote => "build it with `cargo gobuild`",
            Self::RtlibVersion { .. } => {
                "use versions of `gobuild-rtlib` and `cargo-gobuild` that belong together: `cargo update -p gobuild-rtlib`, or install the tool again"
            }
            Self::AbiVersion { .. } | Self::BuildInfo(_) => {
                "use the version of cargo-gobuild that built the program, or build it again"
            }
            Self::Damaged(_)
            | Self::TwoNotes
            | Self::TooMany { .. }
            | Self::Inflated
            | Self::Unmapped { .. }
            | Self::WrongSegment { .. }
            | Self::Text { .. }
            | Self::Value { .. }
            | Self::Disagree(_)
            | Self::Dependencies(_) => {
                "the file was damaged or changed after it was built; build it again"
            }
        }
    }
}

/// What a file without ELF magic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Begins with `#!`.
    Script,
    /// Printable text.
    Text,
    /// macOS, thin or universal.
    MachO,
    /// Windows.
    Pe,
    /// WebAssembly.
    Wasm,
    /// A static library or an rlib.
    Archive,
    /// None of these.
    Unknown,
}

impl Format {
    /// Judges by the first bytes of a file.
    pub(super) fn of(head: &[u8]) -> Self {
        const MACH_O: [[u8; 4]; 5] = [
            [0xfe, 0xed, 0xfa, 0xce],
            [0xfe, 0xed, 0xfa, 0xcf],
            [0xce, 0xfa, 0xed, 0xfe],
            [0xcf, 0xfa, 0xed, 0xfe],
            [0xca, 0xfe, 0xba, 0xbe],
        ];
        let magic = |magic: &[u8]| head.starts_with(magic);
        if MACH_O.iter().any(|bytes| magic(bytes)) {
            Self::MachO
        } else if magic(b"MZ") {
            Self::Pe
        } else if magic(b"\0asm") {
            Self::Wasm
        } else if magic(b"!<arch>\n") || magic(b"!<thin>\n") {
            Self::Archive
        } else if magic(b"#!") {
            Self::Script
        } else if is_text(head) {
            Self::Text
        } else {
            Self::Unknown
        }
    }
}

/// Whether the first bytes of a file are UTF-8 text; the last character may be cut.
fn is_text(head: &[u8]) -> bool {
    let valid = match str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            match str::from_utf8(&head[..error.valid_up_to()]) {
                Ok(text) => text,
                Err(_) => return false,
            }
        }
        Err(_) => return false,
    };
    !valid.is_empty() && valid.chars().all(|c| !c.is_control() || c.is_whitespace())
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Script => "a script",
            Self::Text => "a text file",
            Self::MachO => "a Mach-O file (macOS)",
            Self::Pe => "a PE file (Windows)",
            Self::Wasm => "a WebAssembly module",
            Self::Archive => "a static library",
            Self::Unknown => "of an unknown format",
        })
    }
}

/// The machine of an ELF file that is not for x86-64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Machine {
    /// ELF32.
    Bits32,
    /// Big-endian.
    BigEndian,
    /// ELF64 little-endian with another `e_machine`.
    Other(u16),
}

const AARCH64: u16 = object::elf::EM_AARCH64.0;
const RISCV: u16 = object::elf::EM_RISCV.0;

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bits32 => f.write_str("a 32-bit one"),
            Self::BigEndian => f.write_str("a big-endian one"),
            Self::Other(AARCH64) => f.write_str("aarch64"),
            Self::Other(RISCV) => f.write_str("riscv"),
            Self::Other(number) => write!(f, "e_machine {number}"),
        }
    }
}
