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

/// libc functions that the runtime stands in for in every program: the driver passes `--wrap=<name>` for each, the runtime object
/// defines `__wrap_<name>`.
///
/// - `sigaction`: the runtime keeps its own handlers and chains to the program's; `__sigaction`: the same for libc's own callers, signal(3) and its like.
/// - `pthread_create`: threads of the program are counted; with `std = "goroutines"` those of std are goroutines.
/// - `pthread_getattr_np`: on a goroutine it answers with the goroutine's stack.
/// - `__nptl_setxid_sighandler`: `setuid` and its like reach threads that run goroutines.
/// - `__pthread_unwind`: `pthread_exit` is for threads; a goroutine that calls it ends the program.
/// - `__nptl_deallocate_tsd`: what destructors of pthread keys register in their turn is run, too.
/// - `_Unwind_Find_FDE`: the unwinder finds its data without locks and without memory.
/// - `_Unwind_Backtrace`: a fault while it walks over a stack ends the walk, for profilers that interrupt what cannot be unwound.
/// - `_Unwind_RaiseException`: where a panic comes from is kept, for those that end the program.
pub const WRAPPED: [&str; 10] = [
    "sigaction",
    "__sigaction",
    "pthread_create",
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

/// libc functions about what the kernel keeps for each thread alone: wrapped as [`WRAPPED`] is, in every program. A goroutine that changes such a thing is tied to its thread, and has an id and a name of its own.
pub const WRAPPED_PER_THREAD: [&str; 41] = [
    "gettid",
    "tgkill",
    "prctl",
    "pthread_setname_np",
    "pthread_getname_np",
    "sched_setaffinity",
    "sched_getaffinity",
    "sched_setscheduler",
    "sched_getscheduler",
    "sched_setparam",
    "sched_getparam",
    "sched_rr_get_interval",
    "pthread_setaffinity_np",
    "pthread_getaffinity_np",
    "pthread_setschedparam",
    "pthread_getschedparam",
    "pthread_setschedprio",
    "setpriority",
    "getpriority",
    "nice",
    "unshare",
    "setns",
    "setfsuid",
    "setfsgid",
    "capset",
    "capget",
    "personality",
    "ptrace",
    "timer_create",
    "pthread_sigmask",
    "sigprocmask",
    "sigwait",
    "sigwaitinfo",
    "sigtimedwait",
    "sigsuspend",
    "pause",
    "pthread_kill",
    "pthread_cancel",
    "pthread_tryjoin_np",
    "pthread_timedjoin_np",
    "pthread_clockjoin_np",
];

/// libc functions that block and that park a goroutine instead: wrapped as [`WRAPPED`] is.
///
/// - `syscall`: futex(2), with which std's locks wait, and io_uring_enter(2); all else is passed on.
/// - `clock_nanosleep`, `nanosleep`, `usleep`, `sleep`: let others run meanwhile.
/// - `sched_yield`: the scheduler's own.
/// - `waitpid` and its like: child processes, which are waited for by their pidfds.
/// - `listen`: std's queue of 128 connections is made longer.
/// - names with `_chk`: the same calls of C that was compiled with `_FORTIFY_SOURCE`.
/// - the rest: calls on descriptors, which wait for the poller; `socket`, `setsockopt`, `close`, `dup2` and `dup3` tell it what a descriptor is.
/// - `pthread_join` and its like: threads of std, which are goroutines (see `pthread_create` in [`WRAPPED`]).
pub const WRAPPED_THAT_PARK: [&str; 51] = [
    "syscall",
    "clock_nanosleep",
    "nanosleep",
    "usleep",
    "sleep",
    "sched_yield",
    "read",
    "readv",
    "write",
    "writev",
    "recv",
    "recvfrom",
    "recvmsg",
    "send",
    "sendto",
    "sendmsg",
    "accept",
    "accept4",
    "connect",
    "socket",
    "setsockopt",
    "poll",
    "__poll",
    "epoll_wait",
    "epoll_pwait",
    "select",
    "pselect",
    "ppoll",
    "__poll_chk",
    "__ppoll_chk",
    "epoll_pwait2",
    "waitpid",
    "wait4",
    "waitid",
    "__read_chk",
    "__recv_chk",
    "__recvfrom_chk",
    "recvmmsg",
    "sendmmsg",
    "eventfd_read",
    "eventfd_write",
    "listen",
    "sendfile",
    "sendfile64",
    "splice",
    "close",
    "dup2",
    "dup3",
    "pthread_join",
    "pthread_detach",
    "sigaltstack",
];

/// libc functions that keep the thread of a goroutine, and give its P to others: wrapped as [`WRAPPED`] is. Files, locks of files, and waiting for any child: no event tells of their end.
pub const WRAPPED_THAT_KEEP_THEIR_THREAD: [&str; 26] = [
    "open",
    "open64",
    "openat",
    "openat64",
    "pread",
    "pread64",
    "__pread_chk",
    "__pread64_chk",
    "pwrite",
    "pwrite64",
    "preadv",
    "preadv64",
    "pwritev",
    "pwritev64",
    "preadv2",
    "preadv64v2",
    "pwritev2",
    "pwritev64v2",
    "fsync",
    "fdatasync",
    "flock",
    "fcntl",
    "fcntl64",
    "copy_file_range",
    "wait",
    "wait3",
];

/// libc functions that look names up: wrapped as [`WRAPPED`] is, in every program, so that a static program does not load the modules of its machine's name service switch.
///
/// Hosts, services and protocols are the runtime's own unless `GODEBUG=netdns=cgo` asks for libc's; users and groups unless `osuser=cgo` does.
pub const WRAPPED_NAMES: [&str; 34] = [
    "getaddrinfo",
    "getnameinfo",
    "gethostbyname",
    "gethostbyname_r",
    "gethostbyname2",
    "gethostbyname2_r",
    "gethostbyaddr",
    "gethostbyaddr_r",
    "getservbyname",
    "getservbyname_r",
    "getservbyport",
    "getservbyport_r",
    "getprotobyname",
    "getprotobyname_r",
    "getprotobynumber",
    "getprotobynumber_r",
    "getpwnam",
    "getpwnam_r",
    "getpwuid",
    "getpwuid_r",
    "getpwent",
    "getpwent_r",
    "setpwent",
    "endpwent",
    "getgrnam",
    "getgrnam_r",
    "getgrgid",
    "getgrgid_r",
    "getgrent",
    "getgrent_r",
    "setgrent",
    "endgrent",
    "getgrouplist",
    "initgroups",
];
