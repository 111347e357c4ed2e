//! Which of libc's lookups through the name service switch are in a program. A static program carries them out with modules of the machine that it
//! runs on, which is worth a word when it is built.
//!
//! Those that the runtime stands in for (`rtlib_abi::symbol::WRAPPED_NAMES`) are not among them. Only what is linked counts: the linker drops what nobody calls. A stripped program
//! tells nothing.

use object::LittleEndian;
use object::elf::{SHT_SYMTAB, SectionHeader64, Sym64};
use object::pod;
use object::read::ReadRef;
use object::read::elf::Sym;

use super::error::ElfError;
use super::image::Image;
use super::symbols::section_headers;

/// Users and groups.
const USERS: [&str; 14] = [
    "cuserid",
    "getlogin",
    "getlogin_r",
    "getnetgrent_r",
    "getsgent_r",
    "getsgnam_r",
    "getspent",
    "getspent_r",
    "getspnam",
    "getspnam_r",
    "innetgr",
    "ruserok",
    "setnetgrent",
    "wordexp",
];

/// Hosts, networks and the like.
const HOSTS: [&str; 12] = [
    "ether_hostton",
    "ether_ntohost",
    "gethostent",
    "gethostent_r",
    "getnetbyaddr_r",
    "getnetbyname",
    "getnetbyname_r",
    "getnetent_r",
    "getprotoent_r",
    "getrpcbyname_r",
    "getrpcbynumber_r",
    "getservent_r",
];

/// The lookups in a program, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lookups {
    /// Those of users and groups.
    pub users: Vec<&'static str>,
    /// Those of hosts.
    pub hosts: Vec<&'static str>,
}

impl Lookups {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.users.is_empty() && self.hosts.is_empty()
    }
}

/// Finds the lookups in a program.
///
/// # Errors
/// When the symbol table is damaged.
pub fn lookups<'data, R: ReadRef<'data>>(data: R) -> Result<Lookups, ElfError> {
    let image = Image::open(data)?;
    let sections = section_headers(&image)?;
    let is_table =
        |section: &&SectionHeader64<LittleEndian>| section.sh_type.get(LittleEndian) == SHT_SYMTAB;
    let Some(table) = sections.iter().find(is_table) else {
        return Ok(Lookups::default());
    };
    let strings = sections
        .get(table.sh_link.get(LittleEndian) as usize)
        .ok_or(ElfError::Damaged("the symbol table has no string table"))?;
    let (offset, size) = (
        table.sh_offset.get(LittleEndian),
        table.sh_size.get(LittleEndian),
    );
    let count = size / size_of::<Sym64<LittleEndian>>() as u64;
    let bytes = image.file_bytes("the symbol table", offset, size)?;
    let (symbols, _) = pod::slice_from_bytes::<Sym64<LittleEndian>>(bytes, count as usize)
        .map_err(|()| ElfError::Damaged("the symbol table is cut"))?;
    let names = image.file_bytes(
        "the names of symbols",
        strings.sh_offset.get(LittleEndian),
        strings.sh_size.get(LittleEndian),
    )?;
    let mut found = Lookups::default();
    for symbol in symbols
        .iter()
        .filter(|symbol| !symbol.is_undefined(LittleEndian))
    {
        let at = symbol.st_name.get(LittleEndian) as usize;
        let is = |name: &&&str| {
            let rest = names.get(at..).unwrap_or_default();
            rest.strip_prefix(name.as_bytes())
                .is_some_and(|rest| rest.first() == Some(&0))
        };
        found.users.extend(USERS.iter().find(is));
        found.hosts.extend(HOSTS.iter().find(is));
    }
    for list in [&mut found.users, &mut found.hosts] {
        list.sort_unstable();
        list.dedup();
    }
    Ok(found)
}
