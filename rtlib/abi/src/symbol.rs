//! Symbol and section names. They are Go's own where Go has the thing, dots included, so that a Go programmer's gdb
//! session (`b runtime.schedinit`) works literally.

/// Defined in the runtime object; in the `rtlib` crate weakly, as 0, for processes without a runtime.
pub const ABI: &str = "gobuild_abi_v1";

/// The ELF entry point (`e_entry`). GLOBAL FUNC, from `templates/rt0_linux_amd64.s`.
pub const ENTRY: &str = "_rt0_amd64_linux";
/// Second step of the boot: argc and argv into registers.
pub const RT0: &str = "_rt0_amd64";
/// Third step: g0, m0, feature checks, then the calls into the runtime.
pub const RT0_GO: &str = "runtime.rt0_go";
/// 8 bytes of read-only data holding the address of [`RUNTIME_MAIN`].
pub const MAIN_PC: &str = "runtime.mainPC";
/// The main goroutine's function, in the runtime object.
pub const RUNTIME_MAIN: &str = "runtime.main";
/// The program's own `main`: a generated function that jumps to the `main` that rustc generates.
pub const MAIN_MAIN: &str = "main.main";
/// The `main` that rustc generates for a bin or test target.
pub const C_MAIN: &str = "main";

/// Array of pointers to inittasks, in the order they run (Go's linker calls it the same).
pub const MAIN_INITTASKS: &str = "go:main.inittasks";
/// Array of pointers to the runtime's own inittasks.
pub const GO_RUNTIME_INITTASKS: &str = "go:runtime.inittasks";
/// Slice header (pointer, length, capacity) over [`GO_RUNTIME_INITTASKS`].
pub const RUNTIME_INITTASKS: &str = "runtime.runtime_inittasks";
/// The package name of the runtime itself in tables and traces.
pub const RUNTIME_PACKAGE: &str = "runtime";
/// The package name of the binary in tables and traces.
pub const MAIN_PACKAGE: &str = "main";
/// The runtime's one init function, defined in the runtime object (`extern "C" fn()`).
pub const RUNTIME_INIT_0: &str = "runtime.init.0";
/// The [`ModuleData`](crate::layout::ModuleData) of the program, emitted by the tool, read by the runtime and `inspect`.
pub const MODULE_DATA: &str = "runtime.firstmoduledata";
/// The build information, JSON text (see `gobuild-codegen`'s `buildinfo` module for its fields).
pub const BUILD_INFO: &str = "runtime.buildinfo";

/// The build information as the program itself reads it: a [`ModInfo`](crate::layout::ModInfo), emitted by the tool. In the `rtlib` crate weakly, empty, for processes without a runtime.
pub const MOD_INFO: &str = "runtime.modinfo";

/// What follows a package's name in the symbol of its inittask: `config..inittask`.
pub const INITTASK_SUFFIX: &str = "..inittask";

/// Section (alloc, `SHT_NOTE`) with one [`Note`](crate::layout::Note).
pub const NOTE_SECTION: &str = ".note.gobuild";
/// The note's owner name, NUL included in the file.
pub const NOTE_NAME: &str = "gobuild";
/// The owner of the note that each `rtlib` in a program leaves; its type word is the ABI version that the crate was written for.
pub const RTLIB_NOTE_NAME: &str = "gobuild-abi";
/// The note's type word.
pub const NOTE_TYPE: u32 = 1;
/// Section with the dependency list in cargo-auditable's format.
pub const DEP_V0_SECTION: &str = ".dep-v0";
/// Section in user object files that holds the [`record`](crate::record)s of `#[rtlib::init]` and `#[rtlib::var]`.
pub const RECORD_SECTION: &str = ".gobuild.init";

/// The same for [`record`](crate::record)s of `#[rtlib::stamp]`.
pub const STAMP_SECTION: &str = ".gobuild.stamp";

/// libc functions that the runtime stands in for in every program, besides those of [`crate::calls::TABLE`]: the driver passes `--wrap=<name>` for each, the runtime object
/// defines `__wrap_<name>`.
///
/// - `sigaction`: the runtime keeps its own handlers and chains to the program's; `__sigaction`: the same for libc's own callers, signal(3) and its like.
/// - `pthread_getattr_np`: on a goroutine it answers with the goroutine's stack.
/// - `__nptl_setxid_sighandler`: `setuid` and its like reach threads that run goroutines.
/// - `__pthread_unwind`: `pthread_exit` is for threads; a goroutine that calls it ends the program.
/// - `__nptl_deallocate_tsd`: what destructors of pthread keys register in their turn is run, too.
/// - `_Unwind_Find_FDE`: the unwinder finds its data without locks and without memory.
/// - `_Unwind_Backtrace`: a fault while it walks over a stack ends the walk, for profilers that interrupt what cannot be unwound.
/// - `_Unwind_RaiseException`: where a panic comes from is kept, for those that end the program.
pub const WRAPPED: [&str; 9] = [
    "sigaction",
    "__sigaction",
    "pthread_getattr_np",
    "__nptl_setxid_sighandler",
    "__pthread_unwind",
    "__nptl_deallocate_tsd",
    "_Unwind_Find_FDE",
    "_Unwind_Backtrace",
    "_Unwind_RaiseException",
];

/// libc functions that the runtime counts under `GODEBUG=inittrace=1`: wrapped as [`WRAPPED`] is, but only in programs with
/// packages that may have init functions or package variables: those that depend on `rtlib`.
pub const WRAPPED_FOR_INITTRACE: [&str; 5] = [
    "malloc",
    "calloc",
    "realloc",
    "posix_memalign",
    "aligned_alloc",
];

/// malloc(3) and its family: wrapped as [`WRAPPED`] is, in programs whose memory is the runtime's.
pub const WRAPPED_FOR_MALLOC: [&str; 11] = [
    "malloc",
    "calloc",
    "realloc",
    "free",
    "posix_memalign",
    "aligned_alloc",
    "memalign",
    "valloc",
    "pvalloc",
    "malloc_usable_size",
    "malloc_trim",
];
