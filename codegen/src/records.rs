//! Reads the records that `#[rtlib::init]`, `#[rtlib::var]` and `#[rtlib::stamp]` left in object files and rlibs.
//!
//! The format is [`rtlib_abi::record`]; the sections are [`RECORD_SECTION`] and [`STAMP_SECTION`]. Only ELF64 x86-64 relocatable objects can hold
//! records: everything else that a link line names (LLVM bitcode, `lib.rmeta`, shared libraries, linker scripts, objects of
//! other machines) holds none and is passed over without an error.
//!
//! Invariants:
//! - The input is hostile. A malformed record is a typed error that names the archive member and the offset in the section;
//!   nothing panics, and nothing is allocated that is larger than the section it was read from.
//! - A record's symbol is one that the macros make for just this record, and a function that the same object defines. The runtime calls it, so a record that names anything else (`environ`, a function with arguments) is refused.
//! - The records come out in the order of the members and sections of the file, so equal bytes give equal results.
//! - Nobody but the driver's reconcile step should call this: it is the word of the objects against that of the scan.

use std::collections::HashSet;
use std::fmt;

use object::elf::{
    EM_X86_64, ET_REL, FileHeader64, SHF_COMPRESSED, SHT_SYMTAB, STB_LOCAL, STT_FUNC,
};
use object::read::archive::ArchiveFile;
use object::read::elf::{FileHeader, SectionHeader, SectionTable, Sym};
use object::{FileKind, LittleEndian};
use rtlib_abi::record::{FIELDS, Field, HEADER_LEN, KIND_INIT, KIND_STAMP, KIND_VAR, MAGIC};
use rtlib_abi::symbol::{RECORD_SECTION, STAMP_SECTION};

use crate::model::{InitKind, Location};

/// One declaration of an init function or package variable, as the compiled code has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Function or variable.
    pub kind: InitKind,
    /// Cargo package name.
    pub package: String,
    /// Cargo package version.
    pub version: String,
    /// Crate name; tells a package's lib from its bins and tests.
    pub crate_name: String,
    /// Module path, beginning with the crate name.
    pub module: String,
    /// Name of the function or static.
    pub name: String,
    /// Source file as rustc prints it.
    pub file: String,
    /// Line of the name, from 1.
    pub line: u32,
    /// Column of the name, from 1.
    pub column: u32,
    /// The symbol of the `extern "C" fn()` that runs it.
    pub symbol: String,
    /// Whether `cfg(test)` held.
    pub test: bool,
}

/// One string that can be set when the program is linked, as the compiled code has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StampRecord {
    /// Cargo package name.
    pub package: String,
    /// Cargo package version.
    pub version: String,
    /// Crate name.
    pub crate_name: String,
    /// Module path, beginning with the crate name.
    pub module: String,
    /// Name of the static.
    pub name: String,
    /// Where its name stands.
    pub location: Location,
    /// The word that its value is read from.
    pub symbol: String,
}

/// What is wrong with the records of a file, and in which member of it.
#[derive(Debug, thiserror::Error)]
pub struct RecordError {
    /// The archive member, `None` when the file is an object itself.
    pub member: Option<String>,
    /// What is wrong there.
    #[source]
    pub fault: RecordFault,
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.member {
            Some(member) => write!(
                f,
                "cannot read the init records of archive member `{member}`"
            ),
            None => f.write_str("cannot read the init records"),
        }
    }
}

/// What is wrong with the records of one object file. Offsets count from the start of the record section.
#[derive(Debug, thiserror::Error)]
pub enum RecordFault {
    /// The archive's own structure is damaged.
    #[error("the archive is damaged; remove it and build again")]
    Archive(#[source] object::read::Error),
    /// The object's own structure is damaged.
    #[error("the object file is damaged; remove it and build again")]
    Object(#[source] object::read::Error),
    /// The section is compressed, which no compiler does to allocated sections.
    #[error("the section of the records is compressed; build without compressing it")]
    Compressed,
    /// The bytes at `offset` do not begin a record.
    #[error("the section of the records holds something other than a record at offset {offset}")]
    Magic {
        /// Where the record should begin.
        offset: usize,
    },
    /// The record was written for another ABI version.
    #[error(
        "the record at offset {offset} has format version {found}, this cargo-gobuild reads version {}; use an rtlib of the same version",
        MAGIC[MAGIC.len() - 1]
    )]
    Version {
        /// Where the record begins.
        offset: usize,
        /// Its version.
        found: u8,
    },
    /// The record runs past the end of the section.
    #[error("the record at offset {offset} needs {needed} bytes, the section has {left} left")]
    Truncated {
        /// Where the record begins.
        offset: usize,
        /// Bytes it says it has.
        needed: u64,
        /// Bytes that are there.
        left: usize,
    },
    /// The body is not UTF-8.
    #[error("the record at offset {offset} is not UTF-8")]
    Utf8 {
        /// Where the record begins.
        offset: usize,
    },
    /// The body has the wrong number of fields.
    #[error("the record at offset {offset} has {found} fields instead of {FIELDS}")]
    FieldCount {
        /// Where the record begins.
        offset: usize,
        /// How many fields it has.
        found: usize,
    },
    /// The symbol that the record names is none of this object's functions.
    #[error(
        "the record of `{item}` names the symbol `{symbol}`, which is no function of the same object file; only rtlib's own macros may make records"
    )]
    NotAFunction {
        /// The function or variable.
        item: String,
        /// The symbol.
        symbol: String,
    },
    /// A field has a value that it cannot have.
    #[error("field {field:?} of the record at offset {offset} cannot be `{}`", value.escape_debug())]
    Value {
        /// Where the record begins.
        offset: usize,
        /// Which field.
        field: Field,
        /// What it holds.
        value: String,
    },
}

/// Reads every record in an object file or an archive (`.o`, `.a`, `.rlib`). Files of other kinds have none.
///
/// # Errors
/// When an archive or an x86-64 object is damaged, or a record does not have the format of this ABI version.
pub fn read(file: &[u8]) -> Result<Vec<Record>, RecordError> {
    read_file(file, read_object)
}

/// Reads every record of a stamp, in the same files.
///
/// Its symbol is not looked for in the object: a word of this name is all that the tool defines, and the name is one that the macros make.
///
/// # Errors
/// As [`read`].
pub fn read_stamps(file: &[u8]) -> Result<Vec<StampRecord>, RecordError> {
    read_file(file, |data| {
        let Some(sections) = sections(data)? else {
            return Ok(Vec::new());
        };
        in_section(&sections, data, STAMP_SECTION, parse_stamp)
    })
}

fn read_file<T>(
    file: &[u8],
    read: impl Fn(&[u8]) -> Result<Vec<T>, RecordFault>,
) -> Result<Vec<T>, RecordError> {
    match FileKind::parse(file) {
        Ok(FileKind::Archive) => read_archive(file, read),
        Ok(FileKind::Elf64) => read(file).map_err(|fault| RecordError {
            member: None,
            fault,
        }),
        Ok(_) | Err(_) => Ok(Vec::new()),
    }
}

fn read_archive<T>(
    file: &[u8],
    read: impl Fn(&[u8]) -> Result<Vec<T>, RecordFault>,
) -> Result<Vec<T>, RecordError> {
    let damaged = |error| RecordError {
        member: None,
        fault: RecordFault::Archive(error),
    };
    let archive = ArchiveFile::parse(file).map_err(damaged)?;
    let mut records = Vec::new();
    if archive.is_thin() {
        return Ok(records);
    }
    for member in archive.members() {
        let member = member.map_err(damaged)?;
        if member.name().ends_with(b".rmeta") {
            continue;
        }
        let in_member = |fault| RecordError {
            member: Some(String::from_utf8_lossy(member.name()).into_owned()),
            fault,
        };
        let data = member
            .data(file)
            .map_err(|error| in_member(RecordFault::Archive(error)))?;
        if matches!(FileKind::parse(data), Ok(FileKind::Elf64)) {
            records.append(&mut read(data).map_err(in_member)?);
        }
    }
    Ok(records)
}

fn read_object(data: &[u8]) -> Result<Vec<Record>, RecordFault> {
    let Some(sections) = sections(data)? else {
        return Ok(Vec::new());
    };
    let records = in_section(&sections, data, RECORD_SECTION, parse_body)?;
    check_symbols(&records, &sections, data)?;
    Ok(records)
}

type Sections<'data> = SectionTable<'data, FileHeader64<LittleEndian>>;

/// The sections of an object for x86-64; none of other files.
fn sections(data: &[u8]) -> Result<Option<Sections<'_>>, RecordFault> {
    let header = FileHeader64::<LittleEndian>::parse(data).map_err(RecordFault::Object)?;
    let endian = LittleEndian;
    let ours = header.is_little_endian()
        && header.e_machine(endian) == EM_X86_64
        && header.e_type(endian) == ET_REL;
    match ours {
        true => header
            .sections(endian, data)
            .map(Some)
            .map_err(RecordFault::Object),
        false => Ok(None),
    }
}

/// The records in all sections of a name.
fn in_section<T>(
    sections: &Sections<'_>,
    data: &[u8],
    wanted: &str,
    parse: impl Fn(&[u8], usize) -> Result<T, RecordFault>,
) -> Result<Vec<T>, RecordFault> {
    let endian = LittleEndian;
    let mut records = Vec::new();
    for section in sections.iter() {
        let name = sections
            .section_name(endian, section)
            .map_err(RecordFault::Object)?;
        if name != wanted.as_bytes() {
            continue;
        }
        if section.sh_flags(endian).contains(SHF_COMPRESSED) {
            return Err(RecordFault::Compressed);
        }
        let content = section.data(endian, data).map_err(RecordFault::Object)?;
        let mut offset = 0;
        while offset < content.len() {
            let body = record_body(&content[offset..], offset)?;
            records.push(parse(body, offset)?);
            offset += HEADER_LEN + body.len();
        }
    }
    Ok(records)
}

/// Each record's symbol is a function that this object defines for others.
fn check_symbols(
    records: &[Record],
    sections: &Sections<'_>,
    data: &[u8],
) -> Result<(), RecordFault> {
    if records.is_empty() {
        return Ok(());
    }
    let endian = LittleEndian;
    let symbols = sections
        .symbols(endian, data, SHT_SYMTAB)
        .map_err(RecordFault::Object)?;
    let functions: HashSet<&[u8]> = symbols
        .iter()
        .filter(|symbol| {
            symbol.st_type() == STT_FUNC
                && symbol.st_bind() != STB_LOCAL
                && !symbol.is_undefined(endian)
        })
        .filter_map(|symbol| symbol.name(endian, symbols.strings()).ok())
        .collect();
    let strange = records
        .iter()
        .find(|record| !functions.contains(record.symbol.as_bytes()));
    strange.map_or(Ok(()), |record| {
        Err(RecordFault::NotAFunction {
            item: format!("{}::{}", record.module, record.name),
            symbol: record.symbol.clone(),
        })
    })
}

/// The body of the record that `rest` begins with; `offset` is for messages.
fn record_body(rest: &[u8], offset: usize) -> Result<&[u8], RecordFault> {
    let truncated = |needed| RecordFault::Truncated {
        offset,
        needed,
        left: rest.len(),
    };
    let (magic, after) = rest
        .split_first_chunk::<{ MAGIC.len() }>()
        .ok_or(truncated(HEADER_LEN as u64))?;
    check_magic(magic, offset)?;
    let (len, after) = after
        .split_first_chunk()
        .ok_or(truncated(HEADER_LEN as u64))?;
    let len = u32::from_le_bytes(*len);
    usize::try_from(len)
        .ok()
        .and_then(|len| after.get(..len))
        .ok_or(truncated(HEADER_LEN as u64 + u64::from(len)))
}

fn check_magic(magic: &[u8; MAGIC.len()], offset: usize) -> Result<(), RecordFault> {
    let (version, name) = (magic[MAGIC.len() - 1], &magic[..MAGIC.len() - 1]);
    if *magic == MAGIC {
        Ok(())
    } else if name == &MAGIC[..MAGIC.len() - 1] {
        Err(RecordFault::Version {
            offset,
            found: version,
        })
    } else {
        Err(RecordFault::Magic { offset })
    }
}

fn parse_body(body: &[u8], offset: usize) -> Result<Record, RecordFault> {
    let fields = Fields::split(body, offset)?;
    Ok(Record {
        kind: fields.kind()?,
        package: fields.text(Field::Package)?,
        version: fields.text(Field::Version)?,
        crate_name: fields.text(Field::Crate)?,
        module: fields.text(Field::Module)?,
        name: fields.text(Field::Name)?,
        file: fields.text(Field::File)?,
        line: fields.position(Field::Line)?,
        column: fields.position(Field::Column)?,
        test: fields.test()?,
        symbol: fields.symbol("init")?,
    })
}

fn parse_stamp(body: &[u8], offset: usize) -> Result<StampRecord, RecordFault> {
    let fields = Fields::split(body, offset)?;
    if fields.get(Field::Kind) != KIND_STAMP {
        return Err(fields.refuse(Field::Kind));
    }
    Ok(StampRecord {
        package: fields.text(Field::Package)?,
        version: fields.text(Field::Version)?,
        crate_name: fields.text(Field::Crate)?,
        module: fields.text(Field::Module)?,
        name: fields.text(Field::Name)?,
        location: Location {
            file: fields.text(Field::File)?,
            line: fields.position(Field::Line)?,
            column: fields.position(Field::Column)?,
        },
        symbol: fields.symbol("stamp")?,
    })
}

/// The fields of one record, not yet checked.
struct Fields<'a> {
    values: [&'a str; FIELDS],
    offset: usize,
}

impl<'a> Fields<'a> {
    fn split(body: &'a [u8], offset: usize) -> Result<Self, RecordFault> {
        let body = str::from_utf8(body).map_err(|_| RecordFault::Utf8 { offset })?;
        let found = body.split('\0').count();
        let mut values = [""; FIELDS];
        if found != FIELDS {
            return Err(RecordFault::FieldCount { offset, found });
        }
        for (slot, value) in values.iter_mut().zip(body.split('\0')) {
            *slot = value;
        }
        Ok(Self { values, offset })
    }

    fn get(&self, field: Field) -> &'a str {
        self.values[field as usize]
    }

    fn refuse(&self, field: Field) -> RecordFault {
        RecordFault::Value {
            offset: self.offset,
            field,
            value: self.get(field).to_owned(),
        }
    }

    fn kind(&self) -> Result<InitKind, RecordFault> {
        match self.get(Field::Kind) {
            KIND_INIT => Ok(InitKind::Init),
            KIND_VAR => Ok(InitKind::Var),
            _ => Err(self.refuse(Field::Kind)),
        }
    }

    /// A field that is not empty and can be printed on one line.
    fn text(&self, field: Field) -> Result<String, RecordFault> {
        let value = self.get(field);
        if value.is_empty() || value.contains(char::is_control) {
            return Err(self.refuse(field));
        }
        Ok(value.to_owned())
    }

    fn position(&self, field: Field) -> Result<u32, RecordFault> {
        let value = self.get(field);
        let digits = value.bytes().all(|byte| byte.is_ascii_digit());
        value
            .parse()
            .ok()
            .filter(|&number| digits && number > 0)
            .ok_or_else(|| self.refuse(field))
    }

    /// The symbol that the macros make for what the other fields say: `<module>.<name>.<word>.<hash>.<line>.<column>.<test>`.
    fn symbol(&self, word: &str) -> Result<String, RecordFault> {
        const HASH_DIGITS: usize = 16;
        let symbol = self.text(Field::Symbol)?;
        let [module, name, line, column, test] = [
            Field::Module,
            Field::Name,
            Field::Line,
            Field::Column,
            Field::Test,
        ]
        .map(|field| self.get(field));
        let hash = symbol
            .strip_prefix(&format!("{module}.{name}.{word}."))
            .and_then(|rest| rest.strip_suffix(&format!(".{line}.{column}.{test}")));
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let is_hash = |hash: &str| hash.len() == HASH_DIGITS && hash.bytes().all(is_digit);
        // `@` would name a version of a symbol to linkers.
        if symbol.contains('@') || !hash.is_some_and(is_hash) {
            return Err(self.refuse(Field::Symbol));
        }
        Ok(symbol)
    }

    fn test(&self) -> Result<bool, RecordFault> {
        let value = self.get(Field::Test).parse();
        value.map_err(|_| self.refuse(Field::Test))
    }
}
