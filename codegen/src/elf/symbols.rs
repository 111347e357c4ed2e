//! Names from the symbol table and sections by name: what a program has until it is stripped. Nothing else depends on them.

use object::LittleEndian;
use object::elf::{SHT_SYMTAB, STB_GLOBAL, STT_FUNC, STT_OBJECT, SectionHeader64, Sym64};
use object::pod;
use object::read::ReadRef;
use object::read::elf::{FileHeader, Sym};

use super::error::ElfError;
use super::image::Image;

type Section = SectionHeader64<LittleEndian>;
type Symbol = Sym64<LittleEndian>;

/// No symbol of ours is longer; a longer name is left out.
const MAX_NAME: u64 = 4096;

/// The global symbols of a program; all symbols where none is global, as in static programs that mold linked.
pub(super) struct Symbols<'data> {
    globals: &'data [Symbol],
    all_local: bool,
    names: (u64, u64),
}

/// A named address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    /// Its name.
    pub(super) name: String,
    /// `STT_FUNC` and `STB_GLOBAL`, or local where all symbols are.
    pub(super) global_function: bool,
}

impl<'data> Symbols<'data> {
    /// The symbol table, `None` in a stripped program.
    pub(super) fn read<R: ReadRef<'data>>(image: &Image<R>) -> Result<Option<Self>, ElfError> {
        let sections = section_headers(image)?;
        let Some(table) = sections
            .iter()
            .find(|section| section.sh_type.get(LittleEndian) == SHT_SYMTAB)
        else {
            return Ok(None);
        };
        let link = table.sh_link.get(LittleEndian) as usize;
        let names = sections
            .get(link)
            .ok_or(ElfError::Damaged("the symbol table has no string table"))?;
        let count = table.sh_size.get(LittleEndian) / size_of::<Symbol>() as u64;
        // Locals come first; sh_info is the index of the first other symbol.
        let locals = u64::from(table.sh_info.get(LittleEndian)).min(count);
        let all_local = locals == count;
        let first = if all_local { 0 } else { locals };
        let skipped = first * size_of::<Symbol>() as u64;
        let size = (count - first) * size_of::<Symbol>() as u64;
        let offset = table.sh_offset.get(LittleEndian).saturating_add(skipped);
        let bytes = image.file_bytes("the symbol table", offset, size)?;
        let (globals, _) = pod::slice_from_bytes(bytes, (count - first) as usize)
            .map_err(|()| ElfError::Damaged("the symbol table is cut"))?;
        let names = (
            names.sh_offset.get(LittleEndian),
            names.sh_size.get(LittleEndian),
        );
        Ok(Some(Self {
            globals,
            all_local,
            names,
        }))
    }

    /// The defined functions and objects whose address `wanted` accepts, in the order of the table.
    pub(super) fn at<R: ReadRef<'data>>(
        &self,
        image: &Image<R>,
        wanted: impl Fn(u64) -> bool,
    ) -> Result<Vec<(u64, Named)>, ElfError> {
        let mut found = Vec::new();
        for symbol in self.globals {
            let address = symbol.st_value.get(LittleEndian);
            let named = matches!(symbol.st_type(), STT_FUNC | STT_OBJECT)
                && !symbol.is_undefined(LittleEndian);
            if !named || !wanted(address) {
                continue;
            }
            if let Some(name) = self.name(image, u64::from(symbol.st_name.get(LittleEndian)))? {
                let global_function = symbol.st_type() == STT_FUNC
                    && (symbol.st_bind() == STB_GLOBAL || self.all_local);
                found.push((
                    address,
                    Named {
                        name,
                        global_function,
                    },
                ));
            }
        }
        Ok(found)
    }

    /// The name at `index` of the string table, if it is printable and of a sane length.
    fn name<R: ReadRef<'data>>(
        &self,
        image: &Image<R>,
        index: u64,
    ) -> Result<Option<String>, ElfError> {
        let (offset, size) = self.names;
        let (Some(start), Some(left)) = (offset.checked_add(index), size.checked_sub(index)) else {
            return Ok(None);
        };
        let name = image.file_string(start, left.min(MAX_NAME))?;
        let text = name.and_then(|name| str::from_utf8(name).ok());
        Ok(text
            .filter(|text| !text.contains(char::is_control))
            .map(str::to_owned))
    }
}

/// Calls `f` with each defined symbol and its name. None in a stripped program.
pub(super) fn for_each_defined<'data, R: ReadRef<'data>>(
    image: &Image<R>,
    mut f: impl FnMut(&Symbol, &'data [u8]),
) -> Result<(), ElfError> {
    let sections = section_headers(image)?;
    let is_table = |section: &&Section| section.sh_type.get(LittleEndian) == SHT_SYMTAB;
    let Some(table) = sections.iter().find(is_table) else {
        return Ok(());
    };
    let strings = sections
        .get(table.sh_link.get(LittleEndian) as usize)
        .ok_or(ElfError::Damaged("the symbol table has no string table"))?;
    let (offset, size) = (
        table.sh_offset.get(LittleEndian),
        table.sh_size.get(LittleEndian),
    );
    let count = size / size_of::<Symbol>() as u64;
    let bytes = image.file_bytes("the symbol table", offset, size)?;
    let (symbols, _) = pod::slice_from_bytes::<Symbol>(bytes, count as usize)
        .map_err(|()| ElfError::Damaged("the symbol table is cut"))?;
    let names = image.file_bytes(
        "the names of symbols",
        strings.sh_offset.get(LittleEndian),
        strings.sh_size.get(LittleEndian),
    )?;
    for symbol in symbols
        .iter()
        .filter(|symbol| !symbol.is_undefined(LittleEndian))
    {
        let at = symbol.st_name.get(LittleEndian) as usize;
        let rest = names.get(at..).unwrap_or_default();
        let end = rest.iter().position(|byte| *byte == 0);
        f(symbol, &rest[..end.unwrap_or(rest.len())]);
    }
    Ok(())
}

/// The content of the section called `name`, `None` when there is no such section.
pub(super) fn section<'data, R: ReadRef<'data>>(
    image: &Image<R>,
    name: &str,
) -> Result<Option<&'data [u8]>, ElfError> {
    let sections = section_headers(image)?;
    let index = usize::from(image.header().e_shstrndx(LittleEndian).0);
    let Some(names) = sections.get(index) else {
        return Ok(None);
    };
    let names = image.file_bytes(
        "the section name table",
        names.sh_offset.get(LittleEndian),
        names.sh_size.get(LittleEndian),
    )?;
    let wanted = [name.as_bytes(), b"\0"].concat();
    let is_wanted = |section: &&Section| {
        let start = section.sh_name.get(LittleEndian) as usize;
        names
            .get(start..)
            .is_some_and(|rest| rest.starts_with(&wanted))
    };
    match sections.iter().find(is_wanted) {
        Some(section) => {
            let (offset, size) = (
                section.sh_offset.get(LittleEndian),
                section.sh_size.get(LittleEndian),
            );
            image.file_bytes("a section", offset, size).map(Some)
        }
        None => Ok(None),
    }
}

/// The section headers; none in a program that was stripped of them.
pub(super) fn section_headers<'data, R: ReadRef<'data>>(
    image: &Image<R>,
) -> Result<&'data [Section], ElfError> {
    let header = image.header();
    let (offset, count) = (header.e_shoff(LittleEndian), header.e_shnum(LittleEndian));
    if offset == 0 || count == 0 {
        return Ok(&[]);
    }
    if usize::from(header.e_shentsize(LittleEndian)) != size_of::<Section>() {
        return Err(ElfError::Damaged("its section headers have the wrong size"));
    }
    let size = usize::from(count) * size_of::<Section>();
    let bytes = image.file_bytes("the section header table", offset, size as u64)?;
    let (sections, _) = pod::slice_from_bytes(bytes, usize::from(count))
        .map_err(|()| ElfError::Damaged("the section headers are cut"))?;
    Ok(sections)
}
