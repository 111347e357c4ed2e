//! Reads a program back, from the note to the names of its init functions.

use std::collections::{BTreeMap, BTreeSet};

use auditable_serde::{DependencyKind, VersionInfo};
use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;
use object::LittleEndian;
use object::read::ReadRef;
use object::read::elf::FileHeader;
use rtlib_abi::ABI_VERSION;
use rtlib_abi::symbol::{DEP_V0_SECTION, MAIN_PC};

use super::bytes::Bytes;
use super::error::ElfError;
use super::image::Image;
use super::inspection::{
    Address, Dependency, INSPECTION_SCHEMA, InitFunction, InitTask, Inspection, Location, MainPc,
};
use super::note::{GobuildNote, Notes};
use super::symbols::{self, Symbols};
use super::table::{Function, Reader, Root, Task};
use crate::buildinfo::BuildInfo;

/// The longest dependency list, unpacked, that is read; the same limit as the readers of that format have.
const MAX_DEPENDENCIES: usize = 8 << 20;

/// Reads everything that a program says about itself. The program need not be trusted, complete or unstripped.
///
/// # Errors
/// When the file is not a program of cargo-gobuild, or its tables are damaged: what, where, and (with [`ElfError::help`]) what to do.
pub fn inspect<'data, R: ReadRef<'data>>(data: R) -> Result<Inspection, ElfError> {
    let image = Image::open(data)?;
    let Notes {
        gobuild,
        gnu_build_id,
    } = Notes::read(&image)?;
    let root = Reader::new(&image).root(gobuild.moduledata)?;
    let entry = image.header().e_entry(LittleEndian);
    let main_function = main_function(&image, &gobuild)?;
    let names = Names::of(&image, &root, [entry, main_function])?;
    let build_id = if gobuild.build_id.is_empty() {
        gnu_build_id
    } else {
        Some(gobuild.build_id)
    };
    Ok(Inspection {
        schema: INSPECTION_SCHEMA,
        abi_version: ABI_VERSION,
        mode: root.mode,
        patched: gobuild.patched,
        entry: names.locate(entry),
        main_pc: MainPc {
            address: Address(gobuild.main_pc),
            function: names.locate(main_function),
        },
        build_id: build_id.map(|id| id.iter().map(|byte| format!("{byte:02x}")).collect()),
        build_info: build_info(&root)?,
        inittasks: (1..)
            .zip(&root.tasks)
            .map(|(position, task)| init_task(position, task, &names))
            .collect(),
        dependencies: symbols::section(&image, DEP_V0_SECTION)?
            .map(dependencies)
            .transpose()?,
    })
}

fn main_function<'data, R: ReadRef<'data>>(
    image: &Image<R>,
    note: &GobuildNote,
) -> Result<u64, ElfError> {
    Ok(Bytes::new(image.memory(MAIN_PC, note.main_pc, size_of::<u64>() as u64)?).u64(0))
}

/// The build information, checked against the words that the runtime reads.
fn build_info(root: &Root<'_>) -> Result<BuildInfo, ElfError> {
    let info = BuildInfo::from_json(root.build_info)?;
    let same = info.mode == root.mode
        && info.std == root.std
        && info.malloc == root.malloc
        && info.stack_size == root.stack_size
        && u32::from(info.goamd64) == root.goamd64;
    match same {
        true => Ok(info),
        false => {
            let what = "mode, kind of threads, stack size or GOAMD64 level differ between runtime.firstmoduledata and the build information";
            Err(ElfError::Disagree(what.to_owned()))
        }
    }
}

fn init_task(position: u32, task: &Task<'_>, names: &Names) -> InitTask {
    InitTask {
        position,
        package: task.package.to_owned(),
        version: task.version.to_owned(),
        runtime: task.runtime,
        table: names.locate(task.address),
        functions: task
            .functions
            .iter()
            .map(|function| init_function(function, names))
            .collect(),
    }
}

fn init_function(function: &Function<'_>, names: &Names) -> InitFunction {
    InitFunction {
        kind: function.kind,
        name: function.name.to_owned(),
        file: Some(function.file)
            .filter(|file| !file.is_empty())
            .map(str::to_owned),
        line: Some(function.line).filter(|&line| line > 0),
        code: names.locate(function.address),
    }
}

fn dependencies(payload: &[u8]) -> Result<Vec<Dependency>, ElfError> {
    let failed = |error: &dyn std::fmt::Display| ElfError::Dependencies(error.to_string());
    let json = decompress_to_vec_zlib_with_limit(payload, MAX_DEPENDENCIES)
        .map_err(|error| failed(&error))?;
    let list: VersionInfo = serde_json::from_slice(&json).map_err(|error| failed(&error))?;
    list.packages.into_iter().map(dependency).collect()
}

fn dependency(package: auditable_serde::Package) -> Result<Dependency, ElfError> {
    let source = String::from(package.source);
    if [&package.name, &source]
        .iter()
        .any(|text| text.contains(char::is_control))
    {
        return Err(ElfError::Dependencies(
            "a package's name or source is not printable text".to_owned(),
        ));
    }
    Ok(Dependency {
        name: package.name,
        version: package.version.to_string(),
        source,
        build_only: package.kind == DependencyKind::Build,
        root: package.root,
    })
}

/// What the symbol table calls the addresses that an inspection shows.
struct Names(BTreeMap<u64, String>);

impl Names {
    fn of<'data, R: ReadRef<'data>>(
        image: &Image<R>,
        root: &Root<'_>,
        others: [u64; 2],
    ) -> Result<Self, ElfError> {
        let Some(symbols) = Symbols::read(image)? else {
            return Ok(Self(BTreeMap::new()));
        };
        let tasks = root.tasks.iter().flat_map(|task| {
            task.functions
                .iter()
                .map(|function| function.address)
                .chain([task.address])
        });
        let wanted: BTreeSet<u64> = tasks.chain(others).collect();
        let mut names = BTreeMap::new();
        for (address, symbol) in symbols.at(image, |address| wanted.contains(&address))? {
            names.entry(address).or_insert(symbol.name);
        }
        Ok(Self(names))
    }

    fn locate(&self, address: u64) -> Location {
        Location {
            address: Address(address),
            symbol: self.0.get(&address).cloned(),
        }
    }
}
