//! The notes of a program: ours (`.note.gobuild`), the linker's build id, and the one by which a Go program is recognised.
//!
//! Found through `PT_NOTE` program headers alone. Only this file knows how ELF notes are laid out.

use std::mem::offset_of;

use object::elf::NT_GNU_BUILD_ID;
use object::read::ReadRef;
use rtlib_abi::ABI_VERSION;
use rtlib_abi::layout::{NOTE_PATCHED, Note};
use rtlib_abi::symbol::{NOTE_NAME, NOTE_TYPE, RTLIB_NOTE_NAME};

use super::bytes::Bytes;
use super::error::ElfError;
use super::image::Image;

/// Note segments are a few hundred bytes; more is not read.
const MAX_NOTE_SEGMENT: u64 = 1 << 20;
/// `namesz`, `descsz`, `type`.
const NOTE_HEADER: u64 = 12;
/// Owner and type of the note in which Go's linker writes its build id.
const GO_NOTE: (&[u8], u32) = (b"Go\0\0", 4);

/// Our note, decoded.
#[derive(Clone, Debug)]
pub(super) struct GobuildNote {
    /// Where the descriptor ([`Note`]) begins in the file.
    pub(super) file_offset: u64,
    /// Whether the patch step has been here.
    pub(super) patched: bool,
    /// Address of the entry point.
    pub(super) entry: u64,
    /// Address of `runtime.firstmoduledata`.
    pub(super) moduledata: u64,
    /// Address of `runtime.mainPC`.
    pub(super) main_pc: u64,
    /// The build id that the patch step wrote; empty before.
    pub(super) build_id: Vec<u8>,
}

/// The notes that matter.
pub(super) struct Notes {
    /// Ours.
    pub(super) gobuild: GobuildNote,
    /// The linker's GNU build id.
    pub(super) gnu_build_id: Option<Vec<u8>>,
}

/// One note as it stands in the file.
struct RawNote<'data> {
    owner: &'data [u8],
    kind: u32,
    descriptor: &'data [u8],
    descriptor_offset: u64,
}

impl Notes {
    /// Finds the notes of a program.
    pub(super) fn read<'data, R: ReadRef<'data>>(image: &Image<R>) -> Result<Self, ElfError> {
        let mut gobuild = None;
        let mut gnu_build_id = None;
        let mut go = false;
        for (offset, size, align) in image.note_segments() {
            if size > MAX_NOTE_SEGMENT {
                return Err(ElfError::TooMany {
                    what: "bytes of notes",
                    count: size,
                    limit: MAX_NOTE_SEGMENT,
                });
            }
            let segment = image.file_bytes("a note segment", offset, size)?;
            for note in parse_segment(segment, offset, align)? {
                if note.owner == owner_bytes(NOTE_NAME) && note.kind == NOTE_TYPE {
                    let previous = gobuild.replace(GobuildNote::decode(&note)?);
                    if previous.is_some() {
                        return Err(ElfError::TwoNotes);
                    }
                } else if note.owner == owner_bytes(RTLIB_NOTE_NAME) {
                    if note.kind != ABI_VERSION {
                        return Err(ElfError::RtlibVersion { found: note.kind });
                    }
                } else if note.owner == owner_bytes("GNU") && note.kind == NT_GNU_BUILD_ID.0 {
                    gnu_build_id = Some(note.descriptor.to_vec());
                } else if (note.owner, note.kind) == GO_NOTE {
                    go = true;
                }
            }
        }
        match gobuild {
            Some(gobuild) => Ok(Self {
                gobuild,
                gnu_build_id,
            }),
            None if go => Err(ElfError::GoProgram),
            None => Err(ElfError::NoNote),
        }
    }
}

impl GobuildNote {
    fn decode(note: &RawNote<'_>) -> Result<Self, ElfError> {
        if note.descriptor.len() != size_of::<Note>() {
            let what = "the size of the .note.gobuild note".to_owned();
            return Err(ElfError::Value {
                what,
                found: note.descriptor.len() as u64,
            });
        }
        let fields = Bytes::new(note.descriptor);
        let found = fields.u32(offset_of!(Note, abi_version));
        if found != ABI_VERSION {
            return Err(ElfError::AbiVersion { found });
        }
        Ok(Self {
            file_offset: note.descriptor_offset,
            patched: fields.u32(offset_of!(Note, state)) == NOTE_PATCHED,
            entry: fields.u64(offset_of!(Note, entry)),
            moduledata: fields.u64(offset_of!(Note, moduledata)),
            main_pc: fields.u64(offset_of!(Note, main_pc)),
            build_id: decode_build_id(fields)?,
        })
    }
}

fn decode_build_id(fields: Bytes<'_>) -> Result<Vec<u8>, ElfError> {
    let id = fields.slice(offset_of!(Note, build_id), BUILD_ID_LEN);
    let len = fields.u32(offset_of!(Note, build_id_len));
    let meant = usize::try_from(len).ok().and_then(|len| id.get(..len));
    let meant = meant.ok_or_else(|| ElfError::Value {
        what: "the length of the build id".to_owned(),
        found: u64::from(len),
    })?;
    Ok(meant.to_vec())
}

/// How many bytes of a build id the note has room for.
pub(super) const BUILD_ID_LEN: usize = offset_of!(Note, build_id_len) - offset_of!(Note, build_id);

/// A note's owner as it stands in the file, when it is `name` and a NUL.
fn owner_bytes(name: &str) -> Vec<u8> {
    [name.as_bytes(), b"\0"].concat()
}

fn parse_segment(
    segment: &[u8],
    file_offset: u64,
    align: u64,
) -> Result<Vec<RawNote<'_>>, ElfError> {
    const CUT: ElfError = ElfError::Damaged("a note runs past the end of its segment");
    let align = if align == 8 { 8 } else { 4 };
    let mut notes = Vec::new();
    let mut at = 0;
    while at + NOTE_HEADER <= segment.len() as u64 {
        let header = Bytes::new(take(segment, at, NOTE_HEADER).ok_or(CUT)?);
        let (owner_len, descriptor_len) = (u64::from(header.u32(0)), u64::from(header.u32(4)));
        let owner = take(segment, at + NOTE_HEADER, owner_len).ok_or(CUT)?;
        let descriptor_at = (at + NOTE_HEADER + owner_len).next_multiple_of(align);
        let descriptor = take(segment, descriptor_at, descriptor_len).ok_or(CUT)?;
        notes.push(RawNote {
            owner,
            kind: header.u32(8),
            descriptor,
            descriptor_offset: file_offset + descriptor_at,
        });
        at = (descriptor_at + descriptor_len).next_multiple_of(align);
    }
    Ok(notes)
}

/// `len` bytes at `at`, when they are there. Both come from 32-bit words or are below [`MAX_NOTE_SEGMENT`].
fn take(bytes: &[u8], at: u64, len: u64) -> Option<&[u8]> {
    let (start, end) = (usize::try_from(at).ok()?, usize::try_from(at + len).ok()?);
    bytes.get(start..end)
}
