//! `inittask.o`: what runs before `main`, in order, and everything that `inspect` reads back.
//!
//! The tables point at each other like this:
//!
//! ```text
//! .note.gobuild -> runtime.firstmoduledata -> go:main.inittasks -> <package>..inittask -> init functions
//!                                          -> runtime.taskinfo  -> runtime.fninfo -> go:string.*
//!                                          -> runtime.buildinfo
//! runtime.modinfo -> runtime.buildsettings, runtime.buildpackages -> go:string.*
//! runtime.runtime_inittasks -> go:runtime.inittasks -> runtime..inittask -> runtime.init.0
//! ```

use std::mem::offset_of;

use object::SectionKind;
use object::write::SymbolId;
use rtlib_abi::ABI_VERSION;
use rtlib_abi::layout::{
    BuildPackage, BuildSetting, FLAG_HOSTED, FLAG_MALLOC_RUNTIME, FLAG_STD_GOROUTINES, FN_INIT,
    FN_VAR, FnInfo, INIT_NOT_STARTED, InitTask, ModInfo, ModuleData, Note, Slice, Str, TaskInfo,
};
use rtlib_abi::symbol::{
    BUILD_INFO, DEP_V0_SECTION, ENTRY, GO_RUNTIME_INITTASKS, MAIN_INITTASKS, MAIN_PC, MOD_INFO,
    MODULE_DATA, NOTE_NAME, NOTE_SECTION, NOTE_TYPE, RUNTIME_INIT_0, RUNTIME_INITTASKS,
    RUNTIME_PACKAGE,
};

use super::EmitConfig;
use super::error::EmitError;
use super::object_file::{Home, ObjectFile, Visibility};
use super::strings::StringPool;
use super::structure::{POINTER, Structure};
use super::symbol_name::{inittask_symbol, is_linkable};
use crate::buildinfo::{BuildInfo, Malloc, Mode, PackageInfo, Std};
use crate::model::{InitKind, Plan, Task, TaskFn};

/// Local symbols of the tables that only `runtime.firstmoduledata` and `runtime.modinfo` point at.
const TASK_INFO: &str = "runtime.taskinfo";
const FN_INFO: &str = "runtime.fninfo";
const BUILD_SETTINGS: &str = "runtime.buildsettings";
const BUILD_PACKAGES: &str = "runtime.buildpackages";
/// Their rows have nothing but strings.
const _: () = assert!(
    size_of::<BuildSetting>() == 2 * size_of::<Str>()
        && size_of::<BuildPackage>() == 3 * size_of::<Str>()
);
const STAMPS: &str = "runtime.stamps";
const STRINGS: &str = "go:string.*";

/// Page size that stack sizes are multiples of.
const PAGE: u64 = 4096;

/// Emits `inittask.o`.
pub(super) fn emit(plan: &Plan, config: &EmitConfig) -> Result<Vec<u8>, EmitError> {
    let entries = entries(plan, config)?;
    let mut tables = Tables::new();
    let tasks = tables.tasks(&entries)?;
    let (runtime_tasks, main_tasks) = tasks.split_at(1);
    let runtime_array = tables.task_array(GO_RUNTIME_INITTASKS, runtime_tasks)?;
    tables.runtime_slice(runtime_array, runtime_tasks.len())?;
    let main_array = tables.task_array(MAIN_INITTASKS, main_tasks)?;
    let info = tables.task_info(&entries, &tasks)?;
    let build_info = tables.build_info(&config.build_info)?;
    let root = Root {
        main_array,
        main_len: main_tasks.len(),
        info,
        info_len: tasks.len(),
        build_info,
    };
    let module_data = tables.module_data(&root, &config.build_info)?;
    tables.mod_info(&config.build_info)?;
    tables.stamps(&config.stamps)?;
    tables.note(module_data)?;
    tables.dependencies(&config.dependencies)?;
    tables.finish()
}

/// One inittask, the runtime's own included.
struct Entry<'a> {
    package: &'a str,
    version: &'a str,
    fns: Vec<EntryFn<'a>>,
}

/// One function of it.
struct EntryFn<'a> {
    kind: u32,
    name: &'a str,
    file: &'a str,
    line: u32,
    symbol: &'a str,
}

/// The runtime's task, then those of the plan, checked.
fn entries<'a>(plan: &'a Plan, config: &'a EmitConfig) -> Result<Vec<Entry<'a>>, EmitError> {
    let runtime_init = EntryFn {
        kind: FN_INIT,
        name: RUNTIME_INIT_0,
        file: "",
        line: 0,
        symbol: RUNTIME_INIT_0,
    };
    let mut entries = vec![Entry {
        package: RUNTIME_PACKAGE,
        version: &config.build_info.tool,
        fns: vec![runtime_init],
    }];
    for task in &plan.tasks {
        if entries.iter().any(|entry| entry.package == task.package) {
            return Err(EmitError::SamePackage {
                package: task.package.clone(),
            });
        }
        entries.push(entry(task)?);
    }
    Ok(entries)
}

fn entry(task: &Task) -> Result<Entry<'_>, EmitError> {
    let fns = task.fns.iter().map(entry_fn).collect::<Result<_, _>>()?;
    Ok(Entry {
        package: &task.package,
        version: &task.version,
        fns,
    })
}

fn entry_fn(function: &TaskFn) -> Result<EntryFn<'_>, EmitError> {
    let (name, location) = (function.name.clone(), function.location.clone());
    if function.symbol.is_empty() {
        return Err(EmitError::NoSymbol { name, location });
    }
    if !is_linkable(&function.symbol) {
        return Err(EmitError::BadSymbol {
            name,
            location,
            symbol: function.symbol.clone(),
        });
    }
    let kind = match function.kind {
        InitKind::Init => FN_INIT,
        InitKind::Var => FN_VAR,
    };
    Ok(EntryFn {
        kind,
        name: &function.name,
        file: &function.location.file,
        line: function.location.line,
        symbol: &function.symbol,
    })
}

/// What `runtime.firstmoduledata` points at.
struct Root {
    main_array: SymbolId,
    main_len: usize,
    info: SymbolId,
    info_len: usize,
    build_info: (SymbolId, usize),
}

/// The object under construction and the strings of its tables.
struct Tables {
    file: ObjectFile,
    strings: StringPool,
    pool: SymbolId,
}

impl Tables {
    fn new() -> Self {
        let mut file = ObjectFile::new("inittask.o");
        let pool = file.declare(STRINGS, Visibility::Local);
        Self {
            file,
            strings: StringPool::default(),
            pool,
        }
    }

    /// Every `<package>..inittask`, in the order of the entries.
    fn tasks(&mut self, entries: &[Entry<'_>]) -> Result<Vec<SymbolId>, EmitError> {
        entries.iter().map(|entry| self.task(entry)).collect()
    }

    fn task(&mut self, entry: &Entry<'_>) -> Result<SymbolId, EmitError> {
        let count = entry.fns.len();
        let nfns = u32::try_from(count).map_err(|_| EmitError::TooManyFunctions {
            package: entry.package.to_owned(),
            count,
        })?;
        let symbol = self
            .file
            .declare(&inittask_symbol(entry.package), Visibility::Global);
        let mut task = Structure::zeroed(size_of::<InitTask>() + count * POINTER);
        task.u32(offset_of!(InitTask, state), INIT_NOT_STARTED);
        task.u32(offset_of!(InitTask, nfns), nfns);
        for (i, function) in entry.fns.iter().enumerate() {
            let init = self.file.undefined(function.symbol);
            task.pointer(size_of::<InitTask>() + i * POINTER, init, 0);
        }
        self.file.define(symbol, Home::Data, task)?;
        Ok(symbol)
    }

    fn task_array(&mut self, name: &str, tasks: &[SymbolId]) -> Result<SymbolId, EmitError> {
        let symbol = self.file.declare(name, Visibility::Global);
        let mut array = Structure::zeroed(tasks.len() * POINTER);
        for (i, &task) in tasks.iter().enumerate() {
            array.pointer(i * POINTER, task, 0);
        }
        self.file.define(symbol, Home::RelRo, array)?;
        Ok(symbol)
    }

    fn runtime_slice(&mut self, array: SymbolId, len: usize) -> Result<(), EmitError> {
        let symbol = self.file.declare(RUNTIME_INITTASKS, Visibility::Global);
        let mut slice = Structure::zeroed(size_of::<Slice<u8>>());
        slice.slice(0, array, len);
        self.file.define(symbol, Home::RelRo, slice)
    }

    fn task_info(
        &mut self,
        entries: &[Entry<'_>],
        tasks: &[SymbolId],
    ) -> Result<SymbolId, EmitError> {
        let functions = self.fn_info(entries)?;
        let symbol = self.file.declare(TASK_INFO, Visibility::Local);
        let mut table = Structure::zeroed(entries.len() * size_of::<TaskInfo>());
        let mut first_fn = 0;
        for (i, (entry, &task)) in entries.iter().zip(tasks).enumerate() {
            let at = i * size_of::<TaskInfo>();
            table.pointer(at + offset_of!(TaskInfo, task), task, 0);
            table.str(
                at + offset_of!(TaskInfo, package),
                self.pool,
                self.strings.intern(entry.package),
            );
            table.str(
                at + offset_of!(TaskInfo, version),
                self.pool,
                self.strings.intern(entry.version),
            );
            table.pointer(
                at + offset_of!(TaskInfo, fns),
                functions,
                (first_fn * size_of::<FnInfo>()) as u64,
            );
            first_fn += entry.fns.len();
        }
        self.file.define(symbol, Home::RelRo, table)?;
        Ok(symbol)
    }

    fn fn_info(&mut self, entries: &[Entry<'_>]) -> Result<SymbolId, EmitError> {
        let symbol = self.file.declare(FN_INFO, Visibility::Local);
        let functions: Vec<_> = entries.iter().flat_map(|entry| &entry.fns).collect();
        let mut table = Structure::zeroed(functions.len() * size_of::<FnInfo>());
        for (i, function) in functions.into_iter().enumerate() {
            let at = i * size_of::<FnInfo>();
            table.str(
                at + offset_of!(FnInfo, name),
                self.pool,
                self.strings.intern(function.name),
            );
            table.str(
                at + offset_of!(FnInfo, file),
                self.pool,
                self.strings.intern(function.file),
            );
            table.u32(at + offset_of!(FnInfo, line), function.line);
            table.u32(at + offset_of!(FnInfo, kind), function.kind);
        }
        self.file.define(symbol, Home::RelRo, table)?;
        Ok(symbol)
    }

    fn build_info(&mut self, info: &BuildInfo) -> Result<(SymbolId, usize), EmitError> {
        let bytes = info.to_json()?.into_bytes();
        let len = bytes.len();
        let symbol = self.file.declare(BUILD_INFO, Visibility::Global);
        self.file.define(
            symbol,
            Home::ReadOnly,
            Structure {
                bytes,
                pointers: Vec::new(),
            },
        )?;
        Ok((symbol, len))
    }

    /// The words that stamps are read from. The macros define each weakly, so these win.
    fn stamps(&mut self, stamps: &[(String, String)]) -> Result<(), EmitError> {
        if stamps.is_empty() {
            return Ok(());
        }
        let values: Vec<_> = stamps.iter().map(|(_, value)| [&**value]).collect();
        let texts = self.rows(STAMPS, &values)?;
        for (i, (name, _)) in stamps.iter().enumerate() {
            let symbol = self.file.declare(name, Visibility::Global);
            let mut word = Structure::zeroed(POINTER);
            word.pointer(0, texts, (i * size_of::<Str>()) as u64);
            self.file.define(symbol, Home::RelRo, word)?;
        }
        Ok(())
    }

    /// The build information for the program itself.
    fn mod_info(&mut self, info: &BuildInfo) -> Result<(), EmitError> {
        let (settings, packages) = info.settings();
        let settings: Vec<_> = settings
            .iter()
            .map(|(key, value)| [key, &**value])
            .collect();
        let source = |package: &PackageInfo| package.source.clone().unwrap_or_default();
        let sources: Vec<_> = packages.iter().map(source).collect();
        let packages = packages.iter().zip(&sources);
        let packages: Vec<_> = packages
            .map(|(package, source)| [&*package.name, &*package.version, &**source])
            .collect();
        let settings = (self.rows(BUILD_SETTINGS, &settings)?, settings.len());
        let packages = (self.rows(BUILD_PACKAGES, &packages)?, packages.len());
        let symbol = self.file.declare(MOD_INFO, Visibility::Global);
        let mut data = Structure::zeroed(size_of::<ModInfo>());
        data.slice(offset_of!(ModInfo, settings), settings.0, settings.1);
        data.slice(offset_of!(ModInfo, packages), packages.0, packages.1);
        self.file.define(symbol, Home::RelRo, data)
    }

    /// A table of rows of strings, which is how structures of nothing but [`Str`]s lie in memory.
    fn rows<const N: usize>(
        &mut self,
        name: &str,
        rows: &[[&str; N]],
    ) -> Result<SymbolId, EmitError> {
        let symbol = self.file.declare(name, Visibility::Local);
        let mut table = Structure::zeroed(rows.len() * N * size_of::<Str>());
        for (i, text) in rows.iter().flatten().enumerate() {
            table.str(i * size_of::<Str>(), self.pool, self.strings.intern(text));
        }
        self.file.define(symbol, Home::RelRo, table)?;
        Ok(symbol)
    }

    fn module_data(&mut self, root: &Root, info: &BuildInfo) -> Result<SymbolId, EmitError> {
        if !info.stack_size.is_multiple_of(PAGE) {
            return Err(EmitError::StackSize(info.stack_size));
        }
        let mode = match info.mode {
            Mode::Hosted => FLAG_HOSTED,
        };
        let threads = match info.std {
            Std::Threads => 0,
            Std::Goroutines => FLAG_STD_GOROUTINES,
        };
        let malloc = match info.malloc {
            Malloc::Libc => 0,
            Malloc::Runtime => FLAG_MALLOC_RUNTIME,
        };
        let symbol = self.file.declare(MODULE_DATA, Visibility::Global);
        let mut data = Structure::zeroed(size_of::<ModuleData>());
        data.u32(offset_of!(ModuleData, abi_version), ABI_VERSION);
        data.u32(offset_of!(ModuleData, flags), mode | threads | malloc);
        data.slice(
            offset_of!(ModuleData, inittasks),
            root.main_array,
            root.main_len,
        );
        data.slice(offset_of!(ModuleData, taskinfo), root.info, root.info_len);
        let (text, len) = root.build_info;
        data.pointer(
            offset_of!(ModuleData, buildinfo) + offset_of!(Str, ptr),
            text,
            0,
        );
        data.u64(
            offset_of!(ModuleData, buildinfo) + offset_of!(Str, len),
            len as u64,
        );
        data.u64(offset_of!(ModuleData, stack_size), info.stack_size);
        data.u32(offset_of!(ModuleData, goamd64), u32::from(info.goamd64));
        self.file.define(symbol, Home::RelRo, data)?;
        Ok(symbol)
    }

    /// The note: `namesz`, `descsz`, `type`, the owner's name, then [`Note`]. Aligned to 4 like the build id's, so that linkers put both into
    /// one segment.
    fn note(&mut self, module_data: SymbolId) -> Result<(), EmitError> {
        let owner = [NOTE_NAME.as_bytes(), b"\0"].concat();
        let mut note = Structure::zeroed(0);
        for word in [owner.len() as u32, size_of::<Note>() as u32, NOTE_TYPE] {
            note.bytes.extend(word.to_le_bytes());
        }
        note.bytes.extend(&owner);
        note.bytes.resize(note.bytes.len().next_multiple_of(4), 0);
        let at = note.bytes.len();
        note.bytes.resize(at + size_of::<Note>(), 0);

        let (entry, main_pc) = (self.file.undefined(ENTRY), self.file.undefined(MAIN_PC));
        note.u32(at + offset_of!(Note, abi_version), ABI_VERSION);
        note.pointer(at + offset_of!(Note, entry), entry, 0);
        note.pointer(at + offset_of!(Note, moduledata), module_data, 0);
        note.pointer(at + offset_of!(Note, main_pc), main_pc, 0);
        self.file
            .retained(NOTE_SECTION, SectionKind::Note, 4, &note)
    }

    fn dependencies(&mut self, payload: &[u8]) -> Result<(), EmitError> {
        let content = Structure {
            bytes: payload.to_vec(),
            pointers: Vec::new(),
        };
        self.file
            .retained(DEP_V0_SECTION, SectionKind::ReadOnlyData, 1, &content)
    }

    fn finish(mut self) -> Result<Vec<u8>, EmitError> {
        let content = Structure {
            bytes: self.strings.into_bytes(),
            pointers: Vec::new(),
        };
        self.file.define(self.pool, Home::ReadOnly, content)?;
        self.file.finish()
    }
}
