//! `repr(C)` layouts of the tables that the tool emits and the runtime reads.
//!
//! In the emitted object pointers are `R_X86_64_64` relocations. The tool writes these structures field by field with
//! [`core::mem::offset_of!`]; nobody copies a literal offset.

use core::sync::atomic::AtomicBool;

/// A string: `ptr` to UTF-8 bytes in read-only data, not NUL-terminated.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Str {
    /// First byte; may be dangling when `len` is 0.
    pub ptr: *const u8,
    /// Length in bytes.
    pub len: u64,
}

impl Str {
    /// This text, for as long as it lives.
    #[must_use]
    pub const fn of(text: &str) -> Self {
        Self {
            ptr: text.as_ptr(),
            len: text.len() as u64,
        }
    }
}

/// A Go slice header.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Slice<T> {
    /// First element.
    pub ptr: *const T,
    /// Elements in use.
    pub len: u64,
    /// Elements there is room for; always equal to `len` in emitted tables.
    pub cap: u64,
}

/// One package's inittask, symbol `<package>..inittask`, in writable data, aligned to 8. `nfns` function pointers
/// (`extern "C" fn()`) follow it immediately. Go 1.21+ has the same layout (`runtime/proc.go`, type `initTask`).
#[derive(Debug)]
#[repr(C)]
pub struct InitTask {
    /// 0 = not started, 1 = running, 2 = done. Written by the runtime only.
    pub state: u32,
    /// How many function pointers follow.
    pub nfns: u32,
}

/// `InitTask::state` before the task ran.
pub const INIT_NOT_STARTED: u32 = 0;
/// `InitTask::state` while it runs; meeting it again means recursive initialisation.
pub const INIT_RUNNING: u32 = 1;
/// `InitTask::state` when it is done.
pub const INIT_DONE: u32 = 2;

/// What the runtime and `inspect` know of a task beside its functions: one per entry of the inittask arrays, in the same
/// order, the runtime's own tasks first.
#[derive(Debug)]
#[repr(C)]
pub struct TaskInfo {
    /// The task itself.
    pub task: *const InitTask,
    /// Package path as traces print it: `main`, `runtime`, a Cargo package's name, or `name@version` where two versions are linked.
    pub package: Str,
    /// Cargo package version.
    pub version: Str,
    /// `task.nfns` entries, in the order of the function pointers.
    pub fns: *const FnInfo,
}

/// Where one function of an inittask comes from.
#[derive(Debug)]
#[repr(C)]
pub struct FnInfo {
    /// Full Rust path: `config::sub::load`.
    pub name: Str,
    /// Source file as the record has it.
    pub file: Str,
    /// Line, from 1; 0 when unknown.
    pub line: u32,
    /// [`FN_INIT`] or [`FN_VAR`].
    pub kind: u32,
}

/// `FnInfo::kind` of an init function.
pub const FN_INIT: u32 = 0;
/// `FnInfo::kind` of a package variable's initialiser.
pub const FN_VAR: u32 = 1;

/// The program's root table, symbol `runtime.firstmoduledata`, in read-only data (after relocation), aligned to 8.
#[derive(Debug)]
#[repr(C)]
pub struct ModuleData {
    /// [`ABI_VERSION`](crate::ABI_VERSION).
    pub abi_version: u32,
    /// [`FLAG_HOSTED`] and friends.
    pub flags: u32,
    /// `go:main.inittasks`.
    pub inittasks: Slice<*const InitTask>,
    /// One per runtime task, then one per main task.
    pub taskinfo: Slice<TaskInfo>,
    /// Build information, JSON.
    pub buildinfo: Str,
    /// Default goroutine stack size in bytes (a multiple of 4096), 0 = the runtime's default.
    pub stack_size: u64,
    /// GOAMD64 level the program was built for, 1 to 4.
    pub goamd64: u32,
    /// 0.
    pub reserved: u32,
}

/// The build information in pieces, symbol `runtime.modinfo`, in read-only data (after relocation), aligned to 8. The runtime does not read it.
#[derive(Debug)]
#[repr(C)]
pub struct ModInfo {
    /// How the program was built.
    pub settings: Slice<BuildSetting>,
    /// What is linked in, the main package first.
    pub packages: Slice<BuildPackage>,
}

// SAFETY: it is constant, and so is all that it points at.
unsafe impl Sync for ModInfo {}

/// One setting of a build.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct BuildSetting {
    /// `vcs.revision` and the like.
    pub key: Str,
    /// Its value.
    pub value: Str,
}

/// One package of a program.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct BuildPackage {
    /// Cargo package name.
    pub name: Str,
    /// Its version.
    pub version: Str,
    /// Where Cargo got it from; empty for a package in a local directory.
    pub source: Str,
}

/// The program uses std and libc (the only mode of ABI version 1).
pub const FLAG_HOSTED: u32 = 1;
/// std's threads are goroutines.
pub const FLAG_STD_GOROUTINES: u32 = 2;
/// malloc(3) and its family are the runtime's.
pub const FLAG_MALLOC_RUNTIME: u32 = 4;

/// Descriptor of the `.note.gobuild` note: what the tool patches and `inspect` starts from. It needs no section headers and
/// no symbol table, so it works on stripped binaries.
#[derive(Debug)]
#[repr(C)]
pub struct Note {
    /// [`ABI_VERSION`](crate::ABI_VERSION).
    pub abi_version: u32,
    /// [`NOTE_PATCHED`] once the tool has patched the file.
    pub state: u32,
    /// Address of `_rt0_amd64_linux`; the patch step copies it to `e_entry`.
    pub entry: u64,
    /// Address of `runtime.firstmoduledata`.
    pub moduledata: u64,
    /// Address of `runtime.mainPC`.
    pub main_pc: u64,
    /// The linker's GNU build id (first 20 bytes), copied here by the patch step; zero when the linker wrote none.
    pub build_id: [u8; 20],
    /// How many bytes of `build_id` are meant.
    pub build_id_len: u32,
}

/// `Note::state` after the patch step.
pub const NOTE_PATCHED: u32 = 1;

/// The first words of the runtime's `G`, which the assembly (`templates/asm_amd64.s`) addresses.
#[derive(Debug)]
#[repr(C)]
pub struct GHead {
    /// Lowest usable stack address.
    pub stack_lo: usize,
    /// Highest stack address, exclusive.
    pub stack_hi: usize,
    /// The M that runs this goroutine now.
    pub m: usize,
    /// Stack pointer while it does not run.
    pub sp: usize,
    /// FS base: the thread pointer of its TLS block.
    pub fs: usize,
}

/// The first words of the runtime's `M`: what the assembly addresses, and what the runtime's locks do.
#[derive(Debug)]
#[repr(C)]
pub struct MHead {
    /// The goroutine with the scheduling stack.
    pub g0: usize,
    /// Its thread sleeps until one of the runtime's locks is free, which others hold for a moment only.
    pub awaits_lock: AtomicBool,
}

/// log2 of the smallest and the largest stack of a goroutine: 16 KiB and 1 GiB.
pub const STACK_CLASSES: core::ops::RangeInclusive<usize> = 14..=30;
