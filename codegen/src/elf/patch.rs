//! The patch step: what to write into a freshly linked program, in place.
//!
//! Invariants:
//! - The cost does not depend on the size of the program: the ELF header, the program headers and the note segments are read, nothing else.
//! - No symbol table and no section headers are needed, so a program that was linked with `-s` is patched like any other.
//! - Applying the patches twice gives the same bytes as applying them once.
//! - Nothing is written here: the caller applies the list, then checks the file with [`verify`](super::verify).

use std::mem::offset_of;

use object::LittleEndian;
use object::elf::FileHeader64;
use object::read::ReadRef;
use rtlib_abi::layout::{NOTE_PATCHED, Note};

use super::error::ElfError;
use super::image::{Access, Image};
use super::note::{BUILD_ID_LEN, Notes};

/// Bytes to write at an offset of the file. The range lies inside the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// Where in the file.
    pub offset: u64,
    /// What to write there.
    pub bytes: Vec<u8>,
}

/// Computes what to write: `e_entry` becomes the note's entry, the note becomes patched and gets the linker's build id.
///
/// # Errors
/// When the file is not a program with our note, or the note's entry is not in executable memory.
pub fn patches<'data, R: ReadRef<'data>>(data: R) -> Result<Vec<Patch>, ElfError> {
    let image = Image::open(data)?;
    let Notes {
        gobuild,
        gnu_build_id,
    } = Notes::read(&image)?;
    image.require(
        "the entry point named by the .note.gobuild note",
        gobuild.entry,
        1,
        Access::Execute,
    )?;

    let entry = Patch {
        offset: offset_of!(FileHeader64<LittleEndian>, e_entry) as u64,
        bytes: gobuild.entry.to_le_bytes().to_vec(),
    };
    let state = Patch {
        offset: gobuild.file_offset + offset_of!(Note, state) as u64,
        bytes: NOTE_PATCHED.to_le_bytes().to_vec(),
    };
    let build_id = Patch {
        offset: gobuild.file_offset + offset_of!(Note, build_id) as u64,
        bytes: build_id_bytes(gnu_build_id.as_deref().unwrap_or_default()),
    };
    Ok(vec![entry, state, build_id])
}

/// The note's `build_id` and `build_id_len`, which stand side by side.
fn build_id_bytes(id: &[u8]) -> Vec<u8> {
    let len = id.len().min(BUILD_ID_LEN);
    let mut bytes = vec![0; BUILD_ID_LEN];
    bytes[..len].copy_from_slice(&id[..len]);
    bytes.extend((len as u32).to_le_bytes());
    bytes
}
