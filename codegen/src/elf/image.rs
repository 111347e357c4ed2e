//! A linked ELF64 x86-64 program as its program headers describe it: the only thing that a stripped file still has.
//!
//! Invariants:
//! - The bytes are hostile: every offset and length is checked against the file before it is used, and the sum of all bytes
//!   that one `Image` hands out is limited to [`BUDGET_FACTOR`] times the file's size, so tables that point at the same bytes
//!   over and over cannot make a reader run or allocate without bound.
//! - Opening one costs the ELF header and the program headers, whatever the size of the file.
//! - No I/O: the bytes come through [`object::ReadRef`], so a caller may pass a slice or a [`object::ReadCache`] over an open
//!   file.

use std::cell::Cell;

use object::elf::{
    ELFCLASS64, ELFDATA2LSB, EM_X86_64, ET_CORE, ET_REL, FileHeader64, PF_W, PF_X, PT_DYNAMIC,
    PT_INTERP, PT_LOAD, PT_NOTE, ProgramFlags, ProgramHeader64,
};
use object::read::ReadRef;
use object::read::elf::FileHeader;
use object::{LittleEndian, pod};

use super::error::{ElfError, Format, Machine};

/// How many times its own size a file may be read.
const BUDGET_FACTOR: u64 = 2;
/// What a small file may be read in any case.
const BUDGET_FLOOR: u64 = 64 << 10;
/// More program headers than this no linker writes.
const MAX_PROGRAM_HEADERS: usize = 256;
/// How much of a file without ELF magic is looked at to name its format.
const SNIFF: u64 = 256;

/// The file's own header.
pub(super) type Header = FileHeader64<LittleEndian>;
type Segment = ProgramHeader64<LittleEndian>;

/// An opened program.
pub(super) struct Image<R> {
    data: R,
    file_size: u64,
    header: Header,
    segments: Vec<Segment>,
    budget: Cell<u64>,
}

/// What a piece of memory must allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// Executable.
    Execute,
    /// Writable.
    Write,
    /// Not writable. Linkers may put constants beside the code.
    ReadOnly,
}

impl Access {
    fn allows(self, flags: ProgramFlags) -> bool {
        let (writable, executable) = (flags.contains(PF_W), flags.contains(PF_X));
        match self {
            Self::Execute => executable,
            Self::Write => writable,
            Self::ReadOnly => !writable,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Execute => "executable",
            Self::Write => "writable",
            Self::ReadOnly => "read-only",
        }
    }
}

impl<'data, R: ReadRef<'data>> Image<R> {
    /// Checks the header and the program headers of a file.
    pub(super) fn open(data: R) -> Result<Self, ElfError> {
        let file_size = data
            .len()
            .map_err(|()| ElfError::Unreadable { offset: 0, size: 0 })?;
        if file_size == 0 {
            return Err(ElfError::Empty);
        }
        let budget = Cell::new(
            file_size
                .saturating_mul(BUDGET_FACTOR)
                .saturating_add(BUDGET_FLOOR),
        );
        let header = read_header(data, file_size)?;
        let segments = read_segments(data, file_size, &header)?;
        Ok(Self {
            data,
            file_size,
            header,
            segments,
            budget,
        })
    }

    /// The ELF header.
    pub(super) fn header(&self) -> &Header {
        &self.header
    }

    /// Whether a segment of type `PT_INTERP` exists.
    pub(super) fn has_interpreter(&self) -> bool {
        self.segments
            .iter()
            .any(|segment| segment.p_type.get(LittleEndian) == PT_INTERP)
    }

    /// Whether a segment of type `PT_DYNAMIC` exists.
    pub(super) fn has_dynamic(&self) -> bool {
        self.segments
            .iter()
            .any(|segment| segment.p_type.get(LittleEndian) == PT_DYNAMIC)
    }

    /// File offset, size and alignment of each note segment.
    pub(super) fn note_segments(&self) -> impl Iterator<Item = (u64, u64, u64)> {
        let notes = self
            .segments
            .iter()
            .filter(|segment| segment.p_type.get(LittleEndian) == PT_NOTE);
        notes.map(|segment| {
            (
                segment.p_offset.get(LittleEndian),
                segment.p_filesz.get(LittleEndian),
                segment.p_align.get(LittleEndian),
            )
        })
    }

    /// `size` bytes of the file at `offset`; `what` is for the message when they are not there.
    pub(super) fn file_bytes(
        &self,
        what: &'static str,
        offset: u64,
        size: u64,
    ) -> Result<&'data [u8], ElfError> {
        self.spend(size)?;
        read(self.data, self.file_size, what, offset, size)
    }

    /// The bytes from `offset` to the next NUL, which must come within `limit` bytes.
    pub(super) fn file_string(
        &self,
        offset: u64,
        limit: u64,
    ) -> Result<Option<&'data [u8]>, ElfError> {
        let end = offset.saturating_add(limit).min(self.file_size);
        if offset >= end {
            return Ok(None);
        }
        match self.data.read_bytes_at_until(offset..end, 0) {
            Ok(text) => self.spend(text.len() as u64 + 1).map(|()| Some(text)),
            Err(()) => Ok(None),
        }
    }

    /// `size` bytes of memory at `address` as the file initialises it. They must lie in one segment.
    pub(super) fn memory(
        &self,
        what: &str,
        address: u64,
        size: u64,
    ) -> Result<&'data [u8], ElfError> {
        self.spend(size)?;
        let unmapped = || ElfError::Unmapped {
            what: what.to_owned(),
            address,
            size,
        };
        let segment = self.segment_with(address, size).ok_or_else(unmapped)?;
        let within = address - segment.p_vaddr.get(LittleEndian);
        let offset = segment
            .p_offset
            .get(LittleEndian)
            .checked_add(within)
            .ok_or_else(unmapped)?;
        self.data
            .read_bytes_at(offset, size)
            .map_err(|()| ElfError::Unreadable { offset, size })
    }

    /// Checks that `size` bytes at `address` are in one segment with this access.
    pub(super) fn require(
        &self,
        what: &str,
        address: u64,
        size: u64,
        access: Access,
    ) -> Result<(), ElfError> {
        match self.segment_with(address, size) {
            Some(segment) if access.allows(segment.p_flags.get(LittleEndian)) => Ok(()),
            Some(_) | None => Err(ElfError::WrongSegment {
                what: what.to_owned(),
                address,
                expected: access.name(),
            }),
        }
    }

    /// The `PT_LOAD` segment whose part in the file covers all of `size` bytes at `address`.
    fn segment_with(&self, address: u64, size: u64) -> Option<&Segment> {
        let end = address.checked_add(size)?;
        self.segments
            .iter()
            .filter(|segment| segment.p_type.get(LittleEndian) == PT_LOAD)
            .find(|segment| {
                let start = segment.p_vaddr.get(LittleEndian);
                let limit = start.saturating_add(segment.p_filesz.get(LittleEndian));
                start <= address && address < limit && end <= limit
            })
    }

    fn spend(&self, size: u64) -> Result<(), ElfError> {
        // A read that is longer than the file fails by itself with a better message.
        let left = if size > self.file_size {
            Some(self.budget.get())
        } else {
            self.budget.get().checked_sub(size)
        };
        self.budget.set(left.ok_or(ElfError::Inflated)?);
        Ok(())
    }
}

fn read<'data, R: ReadRef<'data>>(
    data: R,
    file_size: u64,
    what: &'static str,
    offset: u64,
    size: u64,
) -> Result<&'data [u8], ElfError> {
    match offset.checked_add(size) {
        Some(end) if end <= file_size => data
            .read_bytes_at(offset, size)
            .map_err(|()| ElfError::Unreadable { offset, size }),
        Some(_) | None => Err(ElfError::Truncated {
            what,
            offset,
            size,
            file_size,
        }),
    }
}

fn read_header<'data, R: ReadRef<'data>>(data: R, file_size: u64) -> Result<Header, ElfError> {
    let head = read(data, file_size, "the first bytes", 0, file_size.min(SNIFF))?;
    if !head.starts_with(&object::elf::ELFMAG) {
        return Err(ElfError::NotElf(Format::of(head)));
    }
    let bytes = read(
        data,
        file_size,
        "the ELF header",
        0,
        size_of::<Header>() as u64,
    )?;
    let (header, _) = pod::from_bytes::<Header>(bytes)
        .map_err(|()| ElfError::Damaged("the ELF header is cut"))?;
    if header.e_ident.class != ELFCLASS64 {
        return Err(ElfError::Machine(Machine::Bits32));
    }
    if header.e_ident.data != ELFDATA2LSB {
        return Err(ElfError::Machine(Machine::BigEndian));
    }
    match header.e_machine(LittleEndian) {
        EM_X86_64 => {}
        other => return Err(ElfError::Machine(Machine::Other(other.0))),
    }
    match header.e_type(LittleEndian) {
        ET_REL => Err(ElfError::NotLinked("a relocatable object")),
        ET_CORE => Err(ElfError::NotLinked("a core dump")),
        _ => Ok(*header),
    }
}

fn read_segments<'data, R: ReadRef<'data>>(
    data: R,
    file_size: u64,
    header: &Header,
) -> Result<Vec<Segment>, ElfError> {
    let count = usize::from(header.e_phnum(LittleEndian));
    if count > MAX_PROGRAM_HEADERS {
        return Err(ElfError::TooMany {
            what: "program headers",
            count: count as u64,
            limit: MAX_PROGRAM_HEADERS as u64,
        });
    }
    if count == 0 {
        return Err(ElfError::Damaged("it has no program headers"));
    }
    if usize::from(header.e_phentsize(LittleEndian)) != size_of::<Segment>() {
        return Err(ElfError::Damaged("its program headers have the wrong size"));
    }
    let size = (count * size_of::<Segment>()) as u64;
    let bytes = read(
        data,
        file_size,
        "the program header table",
        header.e_phoff(LittleEndian),
        size,
    )?;
    let (segments, _) = pod::slice_from_bytes::<Segment>(bytes, count)
        .map_err(|()| ElfError::Damaged("the program headers are cut"))?;
    for segment in segments
        .iter()
        .filter(|segment| segment.p_type.get(LittleEndian) == PT_LOAD)
    {
        let (offset, size) = (
            segment.p_offset.get(LittleEndian),
            segment.p_filesz.get(LittleEndian),
        );
        if offset.checked_add(size).is_none_or(|end| end > file_size) {
            return Err(ElfError::Truncated {
                what: "a loaded segment",
                offset,
                size,
                file_size,
            });
        }
    }
    Ok(segments.to_vec())
}
