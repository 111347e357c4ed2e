//! The boot: what `runtime.rt0_go` (templates/asm_amd64.s) calls, in its order, on g0 and the process stack.
//!
//! `check`, `args`, `osinit`, `schedinit`; then `sched::spawn::newproc` makes the main goroutine and `sched::threads::mstart` runs it: `main`.

pub mod fork;
pub mod inittask;
pub mod main;
pub mod second;

use core::cell::UnsafeCell;
use core::ffi::{CStr, c_char};
use core::sync::atomic::{AtomicI32, AtomicPtr, AtomicU32, AtomicUsize, Ordering};

use rtlib_abi::layout::{FLAG_STD_GOROUTINES, ModuleData};

use crate::arch::current::tls::{self, USE_FSGSBASE};
use crate::arch::current::valgrind;
use crate::gmp::{G0, M0};
use crate::godebug;
use crate::libc::tcb;
use crate::os::linux::auxv::{Auxv, HWCAP2_FSGSBASE};
use crate::os::linux::{cgroup, membarrier, proc};
use crate::sched::global::{MAX_GOMAXPROCS, SCHED};
use crate::sched::{procs, threads};
use crate::stack;
use crate::traceback::{eh_frame, level};

static ARGC: AtomicI32 = AtomicI32::new(0);
static ARGV: AtomicPtr<*const c_char> = AtomicPtr::new(core::ptr::null_mut());
static NCPU: AtomicU32 = AtomicU32::new(1);
static WISH: AtomicU32 = AtomicU32::new(0);
static MAIN_TP: AtomicUsize = AtomicUsize::new(0);

struct BootAuxv(UnsafeCell<Option<Auxv>>);

// SAFETY: written by `args` while there is one thread, only read afterwards.
unsafe impl Sync for BootAuxv {}

static AUXV: BootAuxv = BootAuxv(UnsafeCell::new(None));

fn auxv() -> Auxv {
    // SAFETY: see `BootAuxv`.
    unsafe { *AUXV.0.get() }.unwrap_or_default()
}

unsafe extern "C" {
    #[link_name = "runtime.firstmoduledata"]
    static FIRSTMODULEDATA: ModuleData;
}

/// The program's tables, emitted by cargo-gobuild.
pub fn moduledata() -> &'static ModuleData {
    // SAFETY: the linker has put it there, read-only; `check` looks at its version first.
    unsafe { &FIRSTMODULEDATA }
}

/// Sanity of what everything else takes for granted.
#[unsafe(export_name = "runtime.check")]
extern "C" fn check() {
    if size_of::<usize>() != 8 || tls::getg().is_none_or(|gp| !core::ptr::eq(gp, &raw const G0)) {
        crate::fatal::throw(b"runtime: bad g0");
    }
    if !core::ptr::eq(G0.mp(), &raw const M0) {
        crate::fatal::throw(b"runtime: bad m0");
    }
    if moduledata().abi_version != rtlib_abi::ABI_VERSION {
        crate::fatal::throw(
            b"runtime: the program's tables are of another version than its runtime",
        );
    }
}

/// Keeps argc and argv; reads the auxiliary vector behind the environment.
#[unsafe(export_name = "runtime.args")]
extern "C" fn args(argc: i32, argv: *mut *const c_char) {
    ARGC.store(argc, Ordering::Relaxed);
    ARGV.store(argv, Ordering::Relaxed);
    sysargs(argc, argv);
}

fn sysargs(argc: i32, argv: *mut *const c_char) {
    // SAFETY: psABI "Initial Process Stack": argv, null, environment, null, auxiliary vector up to AT_NULL.
    unsafe {
        let mut at = argv.add(argc as usize + 1);
        while !(*at).is_null() {
            at = at.add(1);
        }
        let mut pairs = at.add(1).cast::<(usize, usize)>();
        let next = core::iter::from_fn(|| {
            let pair = *pairs;
            pairs = pairs.add(1);
            Some(pair)
        });
        *AUXV.0.get() = Some(Auxv::from_pairs(next));
    }
}

/// The environment, as libc has it.
pub fn getenv(name: &CStr) -> Option<&'static [u8]> {
    getenv_c(name).map(CStr::to_bytes)
}

/// The same, as a C string.
pub fn getenv_c(name: &CStr) -> Option<&'static CStr> {
    unsafe extern "C" {
        fn getenv(name: *const c_char) -> *const c_char;
    }
    // SAFETY: libc's function; the boot runs before anybody changes the environment.
    let value = unsafe { getenv(name.as_ptr()) };
    // SAFETY: a value is a C string.
    (!value.is_null()).then(|| unsafe { CStr::from_ptr(value) })
}

/// What the system has: CPUs.
#[unsafe(export_name = "runtime.osinit")]
extern "C" fn osinit() {
    NCPU.store(proc::num_cpu(), Ordering::Relaxed);
}

/// CPUs of this process at start.
pub fn ncpu() -> u32 {
    NCPU.load(Ordering::Relaxed)
}

static PROCESS: AtomicU32 = AtomicU32::new(0);

/// Whether this is the child of a fork, in which other threads are where they were, for ever. What the boot has registered for the program's exit is its parent's affair.
pub fn is_forked() -> bool {
    proc::pid() != PROCESS.load(Ordering::Relaxed)
}

/// Whether the scheduler has been made, or is being made. Constructors, which libc calls, come before that.
pub fn has_begun() -> bool {
    PROCESS.load(Ordering::Relaxed) != 0
}

/// Makes the scheduler: m0 and g0, stacks, debug variables, Ps.
#[unsafe(export_name = "runtime.schedinit")]
extern "C" fn schedinit() {
    if moduledata().flags & FLAG_STD_GOROUTINES != 0 {
        godebug::threads_are_goroutines();
    }
    godebug::parse(getenv(c"GODEBUG").unwrap_or_default());
    #[cfg(feature = "faults")]
    crate::os::linux::faults::parse(getenv(c"RTLIB_FAULTS").unwrap_or_default());
    PROCESS.store(proc::pid(), Ordering::Relaxed);
    proc::check_fds();
    tracebackinit();
    cpuinit();
    stackinit();
    mcommoninit();
    WISH.store(gomaxprocs_wish(), Ordering::Relaxed);
    procs::procresize(1); // the others: `second`
    let Some(pp) = SCHED.lock().pidleget() else {
        crate::fatal::throw(b"schedinit: no P")
    };
    if godebug::hogtrace() {
        // A hog's stack is wanted at once, or it has ended.
        membarrier::prepare();
    }
    crate::leaks::report_at_exit_if_wanted();
    crate::trace::start();
    procs::acquire(&M0, pp);
}

fn tracebackinit() {
    const PT_GNU_EH_FRAME: u32 = 0x6474_e550;
    let wanted = getenv(c"GOTRACEBACK");
    level::set(if is_privileged() {
        Some(b"none")
    } else {
        wanted
    });
    let header = auxv().program_header(PT_GNU_EH_FRAME);
    eh_frame::init(header.map(|header| header.vaddr as usize));
}

fn cpuinit() {
    let allowed = auxv().hwcap2 & HWCAP2_FSGSBASE != 0;
    USE_FSGSBASE.store(allowed && godebug::fsgsbase(), Ordering::Relaxed);
}

fn stackinit() {
    valgrind::init();
    if !godebug::guardinstall() {
        stack::forbid_guard_install();
    }
    if moduledata().stack_size != 0 {
        stack::set_default(moduledata().stack_size as usize);
    }
}

/// m0's g0 gets a TLS block of its own; libc's is the main goroutine's.
fn mcommoninit() {
    threads::adopt_m0();
    tcb::init(&auxv());
    tcb::unregister_rseq();
    MAIN_TP.store(tls::thread_pointer(), Ordering::Relaxed);
    let Some(tp) = tcb::create_for_g0(&G0) else {
        crate::fatal::throw(b"runtime: cannot allocate memory")
    };
    G0.fs.store(tp, Ordering::Relaxed);
    // SAFETY: a complete block whose goroutine is g0, which is running.
    unsafe { tls::set_thread_pointer(tp) };
}

/// The thread pointer of libc's first block: the main goroutine's.
pub fn main_thread_pointer() -> usize {
    MAIN_TP.load(Ordering::Relaxed)
}

/// The environment variable GOMAXPROCS, read before the program may change its environment; 0 when it says nothing.
fn gomaxprocs_wish() -> u32 {
    let text = getenv(c"GOMAXPROCS").and_then(|text| core::str::from_utf8(text).ok());
    text.and_then(|text| text.parse::<u32>().ok())
        .unwrap_or(0)
        .min(MAX_GOMAXPROCS)
}

/// How many Ps there should be: the wish, or the CPUs within the cgroup's limit.
fn procs_wanted() -> u32 {
    match WISH.load(Ordering::Relaxed) {
        0 => cgroup::gomaxprocs(ncpu(), &mut ProcFiles),
        n => n,
    }
}

/// In the child of a fork: as many Ps as the parent had, when they are wanted again.
pub fn keep_procs(n: u32) {
    WISH.store(n, Ordering::Relaxed);
}

struct ProcFiles;

impl cgroup::Files for ProcFiles {
    fn read<'a>(&mut self, path: &[u8], buffer: &'a mut [u8]) -> Option<&'a [u8]> {
        proc::read_file(path, buffer)
    }
}

/// Whether the program has more rights than the user who started it (AT_SECURE): the environment is not to be trusted.
pub fn is_privileged() -> bool {
    auxv().secure
}

/// The name of the program's file, without directories.
pub fn program_name() -> &'static str {
    let at = auxv().execfn as *const c_char;
    if at.is_null() {
        return "";
    }
    // SAFETY: AT_EXECFN is a C string at the top of the process stack.
    let path = unsafe { CStr::from_ptr(at) }.to_str().unwrap_or_default();
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// The lowest address that the process stack may grow to, for a main goroutine whose frames start at `hi`.
pub fn main_stack_bottom(hi: usize) -> usize {
    const UNLIMITED: usize = 1 << 30;
    let top = auxv()
        .execfn
        .max(hi)
        .next_multiple_of(crate::os::linux::mem::PAGE);
    top.saturating_sub(proc::stack_limit().unwrap_or(UNLIMITED))
        .min(hi)
}

/// Bytes that the kernel needs for a signal frame on this processor.
pub fn signal_frame_size() -> usize {
    auxv()
        .minsigstksz
        .next_multiple_of(crate::os::linux::mem::PAGE)
}

/// argc and argv, for `main.main`.
pub fn argc_argv() -> (i32, *mut *const c_char) {
    (ARGC.load(Ordering::Relaxed), ARGV.load(Ordering::Relaxed))
}
