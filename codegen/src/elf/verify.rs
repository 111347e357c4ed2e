//! The last check before a program is handed to the user: it is what the design promises, whatever the linker and the user's flags made of
//! it.
//!
//! Reads the headers, the notes, one word of data and the global symbols. Call it on the patched file.

use object::LittleEndian;
use object::elf::{ET_DYN, ET_EXEC};
use object::read::ReadRef;
use object::read::elf::FileHeader;
use rtlib_abi::layout::ModuleData;
use rtlib_abi::symbol::{ENTRY, MAIN_PC, MODULE_DATA, NOTE_SECTION};

use super::bytes::Bytes;
use super::error::ElfError;
use super::image::{Access, Image};
use super::note::{GobuildNote, Notes};
use super::symbols::Symbols;

/// What is wrong with a freshly built program.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The file cannot be read as a program of ours, or one of its addresses is in the wrong place.
    #[error(transparent)]
    Elf(#[from] ElfError),
    /// `PT_INTERP` or `PT_DYNAMIC`: linked against shared libraries.
    #[error("the program is dynamically linked")]
    Dynamic,
    /// `ET_DYN` without an interpreter.
    #[error("the program is position independent (ET_DYN instead of ET_EXEC)")]
    PositionIndependent,
    /// Neither a program nor a shared library.
    #[error("the linker made {0} instead of a program")]
    Type(&'static str),
    /// The link lost our note.
    #[error("the linker dropped the section {NOTE_SECTION}")]
    NoteDropped,
    /// The patch step did not run.
    #[error("the program was linked but not patched")]
    NotPatched,
    /// `e_entry` is not what the note says.
    #[error("the program is entered at {found:#x} instead of {ENTRY} at {expected:#x}")]
    Entry {
        /// `e_entry`.
        found: u64,
        /// The note's entry.
        expected: u64,
    },
    /// The note's build id is not the linker's.
    #[error("the build id in the {NOTE_SECTION} note is not the linker's")]
    BuildId,
    /// The symbol table has no such global function at the entry point.
    #[error("the symbol table has no global function {ENTRY} at the entry point {address:#x}")]
    EntrySymbol {
        /// The entry point.
        address: u64,
    },
}

impl VerifyError {
    /// What the user can do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::Elf(error) => error.help(),
            Self::Dynamic => {
                "cargo gobuild links statically; remove `-C target-feature=-crt-static`, `-dynamic` and `-shared` from RUSTFLAGS, \
                 build scripts and .cargo/config.toml"
            }
            Self::PositionIndependent => {
                "a linker argument made this a PIE; remove `-pie`, `-static-pie` and `-C relocation-model=pic` from RUSTFLAGS, build \
                 scripts and .cargo/config.toml"
            }
            Self::Type(_) => {
                "a linker argument (such as `-r`) changed the kind of output; remove it from RUSTFLAGS, build scripts and \
                 .cargo/config.toml"
            }
            Self::NoteDropped => {
                "a linker script discards it; remove `-T` and linker scripts from the link arguments"
            }
            Self::NotPatched | Self::Entry { .. } | Self::BuildId => {
                "something changed the file while it was built; build again, and report it if it happens again"
            }
            Self::EntrySymbol { .. } => {
                "a linker argument hides or renames symbols; remove version scripts and `--retain-symbols-file` from the link arguments"
            }
        }
    }
}

/// Checks a linked and patched program.
///
/// # Errors
/// The first promise that it does not keep.
pub fn verify<'data, R: ReadRef<'data>>(data: R) -> Result<(), VerifyError> {
    let image = Image::open(data).map_err(explained)?;
    check_kind(&image)?;
    let Notes {
        gobuild,
        gnu_build_id,
    } = Notes::read(&image).map_err(explained)?;
    if !gobuild.patched {
        return Err(VerifyError::NotPatched);
    }
    let linked_id = gnu_build_id.unwrap_or_default();
    if !linked_id.starts_with(&gobuild.build_id)
        || gobuild.build_id.is_empty() != linked_id.is_empty()
    {
        return Err(VerifyError::BuildId);
    }
    check_addresses(&image, &gobuild)?;
    check_entry(&image, &gobuild)
}

/// What an error of a reader means right after a link.
fn explained(error: ElfError) -> VerifyError {
    match error {
        ElfError::NotLinked(kind) => VerifyError::Type(kind),
        ElfError::NoNote | ElfError::GoProgram => VerifyError::NoteDropped,
        other => VerifyError::Elf(other),
    }
}

fn check_kind<'data, R: ReadRef<'data>>(image: &Image<R>) -> Result<(), VerifyError> {
    match image.header().e_type(LittleEndian) {
        _ if image.has_interpreter() => Err(VerifyError::Dynamic),
        ET_DYN => Err(VerifyError::PositionIndependent),
        ET_EXEC if image.has_dynamic() => Err(VerifyError::Dynamic),
        ET_EXEC => Ok(()),
        _ => Err(VerifyError::Type("a file of an unknown type")),
    }
}

fn check_addresses<'data, R: ReadRef<'data>>(
    image: &Image<R>,
    note: &GobuildNote,
) -> Result<(), VerifyError> {
    image.require(ENTRY, note.entry, 1, Access::Execute)?;
    let module_data = image.memory(MODULE_DATA, note.moduledata, size_of::<ModuleData>() as u64)?;
    let found = Bytes::new(module_data).u32(std::mem::offset_of!(ModuleData, abi_version));
    if found != rtlib_abi::ABI_VERSION {
        return Err(ElfError::AbiVersion { found }.into());
    }
    let pointer = size_of::<u64>() as u64;
    image.require(MAIN_PC, note.main_pc, pointer, Access::ReadOnly)?;
    let runtime_main = Bytes::new(image.memory(MAIN_PC, note.main_pc, pointer)?).u64(0);
    image.require(
        "the function that runtime.mainPC holds",
        runtime_main,
        1,
        Access::Execute,
    )?;
    Ok(())
}

fn check_entry<'data, R: ReadRef<'data>>(
    image: &Image<R>,
    note: &GobuildNote,
) -> Result<(), VerifyError> {
    let (found, expected) = (image.header().e_entry(LittleEndian), note.entry);
    if found != expected {
        return Err(VerifyError::Entry { found, expected });
    }
    let Some(symbols) = Symbols::read(image)? else {
        return Ok(());
    };
    let here = symbols.at(image, |address| address == found)?;
    match here
        .iter()
        .any(|(_, symbol)| symbol.name == ENTRY && symbol.global_function)
    {
        true => Ok(()),
        false => Err(VerifyError::EntrySymbol { address: found }),
    }
}
