//! An x86-64 ELF object file in the shape that all emitted objects share: one section a table, the section named after its symbol.

use object::elf::{ELFOSABI_GNU, SHF_ALLOC, SHF_GNU_RETAIN, SHT_NOTE, SHT_PROGBITS};
use object::write::{Object, Relocation, SectionId, Symbol, SymbolId, SymbolSection};
use object::{
    Architecture, BinaryFormat, Endianness, FileFlags, RelocationEncoding, RelocationFlags,
    RelocationKind, SectionFlags, SectionKind, SymbolFlags, SymbolKind, SymbolScope,
};

use super::error::EmitError;
use super::structure::Structure;

/// Tables are arrays of words.
const TABLE_ALIGN: u64 = 8;

/// Where a table lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Home {
    /// `.data.<symbol>`: the program writes it.
    Data,
    /// `.data.rel.ro.<symbol>`: constant, with addresses in it.
    RelRo,
    /// `.rodata.<symbol>`: read-only from the first moment.
    ReadOnly,
}

impl Home {
    fn section(self) -> (&'static str, SectionKind) {
        match self {
            Self::Data => (".data.", SectionKind::Data),
            Self::RelRo => (".data.rel.ro.", SectionKind::ReadOnlyDataWithRel),
            Self::ReadOnly => (".rodata.", SectionKind::ReadOnlyData),
        }
    }
}

/// Who may see a symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Visibility {
    /// `STB_GLOBAL`.
    Global,
    /// `STB_LOCAL`: names the table for a debugger.
    Local,
}

/// An object file under construction.
pub(super) struct ObjectFile {
    name: &'static str,
    object: Object<'static>,
}

impl ObjectFile {
    /// An empty one; `name` is for messages.
    pub(super) fn new(name: &'static str) -> Self {
        let mut object = Object::new(BinaryFormat::Elf, Architecture::X86_64, Endianness::Little);
        // SHF_GNU_RETAIN means something under this OS ABI only.
        object.flags = FileFlags::Elf {
            os_abi: ELFOSABI_GNU,
            abi_version: 0,
            e_flags: object::elf::FileFlags(0),
        };
        object.add_section(Vec::new(), b".note.GNU-stack".to_vec(), SectionKind::Other);
        Self { name, object }
    }

    /// A symbol that another object defines. Asking twice gives the same one.
    pub(super) fn undefined(&mut self, name: &str) -> SymbolId {
        if let Some(known) = self.object.symbol_id(name.as_bytes()) {
            return known;
        }
        self.add_symbol(name, SymbolKind::Unknown, SymbolScope::Unknown)
    }

    /// Names a table that is [`define`](Self::define)d later, so that others can point at it.
    pub(super) fn declare(&mut self, name: &str, visibility: Visibility) -> SymbolId {
        let scope = match visibility {
            Visibility::Global => SymbolScope::Dynamic,
            Visibility::Local => SymbolScope::Compilation,
        };
        self.add_symbol(name, SymbolKind::Data, scope)
    }

    /// Gives a declared symbol its section and content.
    pub(super) fn define(
        &mut self,
        symbol: SymbolId,
        home: Home,
        content: Structure,
    ) -> Result<(), EmitError> {
        let align = if content.pointers.is_empty() && home == Home::ReadOnly {
            1
        } else {
            TABLE_ALIGN
        };
        let (prefix, kind) = home.section();
        let name = [prefix.as_bytes(), &self.object.symbol(symbol).name].concat();
        let section = self.object.add_section(Vec::new(), name, kind);
        self.object
            .add_symbol_data(symbol, section, &content.bytes, align);
        self.relocate(section, &content)
    }

    /// A section that no symbol names and that `--gc-sections` must not drop.
    pub(super) fn retained(
        &mut self,
        name: &str,
        kind: SectionKind,
        align: u64,
        content: &Structure,
    ) -> Result<(), EmitError> {
        let section = self
            .object
            .add_section(Vec::new(), name.as_bytes().to_vec(), kind);
        self.object
            .append_section_data(section, &content.bytes, align);
        self.object.section_mut(section).flags = SectionFlags::Elf {
            sh_type: match kind {
                SectionKind::Note => SHT_NOTE,
                _ => SHT_PROGBITS,
            },
            sh_flags: SHF_ALLOC | SHF_GNU_RETAIN,
        };
        self.relocate(section, content)
    }

    /// A section that is not loaded, of strings that end with a NUL byte.
    pub(super) fn strings(&mut self, name: &str, content: &[u8]) {
        let name = name.as_bytes().to_vec();
        let section = self
            .object
            .add_section(Vec::new(), name, SectionKind::DebugString);
        self.object.append_section_data(section, content, 1);
    }

    /// A global function with its own section.
    pub(super) fn function(
        &mut self,
        name: &str,
        code: &[u8],
        align: u64,
    ) -> (SymbolId, SectionId) {
        let symbol = self.add_symbol(name, SymbolKind::Text, SymbolScope::Dynamic);
        let section = self.object.add_section(
            Vec::new(),
            [b".text.", name.as_bytes()].concat(),
            SectionKind::Text,
        );
        self.object.add_symbol_data(symbol, section, code, align);
        (symbol, section)
    }

    /// The object writer itself, for what only one table needs.
    pub(super) fn writer(&mut self) -> &mut Object<'static> {
        &mut self.object
    }

    /// Adds one relocation.
    pub(super) fn relocation(
        &mut self,
        section: SectionId,
        relocation: Relocation,
    ) -> Result<(), EmitError> {
        let file = self.name;
        self.object
            .add_relocation(section, relocation)
            .map_err(|source| EmitError::Write { file, source })
    }

    /// The bytes of the file.
    pub(super) fn finish(self) -> Result<Vec<u8>, EmitError> {
        self.object.write().map_err(|source| EmitError::Write {
            file: self.name,
            source,
        })
    }

    fn relocate(&mut self, section: SectionId, content: &Structure) -> Result<(), EmitError> {
        let flags = RelocationFlags::Generic {
            kind: RelocationKind::Absolute,
            encoding: RelocationEncoding::Generic,
            size: 64,
        };
        for pointer in &content.pointers {
            let (offset, symbol, addend) = (pointer.offset, pointer.symbol, pointer.addend);
            self.relocation(
                section,
                Relocation {
                    offset,
                    symbol,
                    addend,
                    flags,
                },
            )?;
        }
        Ok(())
    }

    fn add_symbol(&mut self, name: &str, kind: SymbolKind, scope: SymbolScope) -> SymbolId {
        self.object.add_symbol(Symbol {
            name: name.as_bytes().to_vec(),
            value: 0,
            size: 0,
            kind,
            scope,
            weak: false,
            section: SymbolSection::Undefined,
            flags: SymbolFlags::None,
        })
    }
}
