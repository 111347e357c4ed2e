//! What the kernel handed the process, read in the boot (Go: runtime/runtime1.go, os_linux.go): arguments, environment, the auxiliary vector, processors; and where the process stack and the first TLS block are.

use core::cell::UnsafeCell;
use core::ffi::{CStr, c_char};
use core::sync::atomic::{AtomicI32, AtomicPtr, AtomicU32, AtomicUsize, Ordering};

use crate::arch::current::step_of_boot;
use crate::os::linux::auxv::Auxv;
use crate::os::linux::{mem, proc};

static ARGC: AtomicI32 = AtomicI32::new(0);
static ARGV: AtomicPtr<*const c_char> = AtomicPtr::new(core::ptr::null_mut());
static NCPU: AtomicU32 = AtomicU32::new(1);
static MAIN_TP: AtomicUsize = AtomicUsize::new(0);

struct BootAuxv(UnsafeCell<Option<Auxv>>);

// SAFETY: written by `args` while there is one thread, only read afterwards.
unsafe impl Sync for BootAuxv {}

static AUXV: BootAuxv = BootAuxv(UnsafeCell::new(None));

/// The auxiliary vector.
pub fn auxv() -> Auxv {
    // SAFETY: see `BootAuxv`.
    unsafe { *AUXV.0.get() }.unwrap_or_default()
}

/// Keeps argc and argv; reads the auxiliary vector behind the environment.
#[unsafe(export_name = "runtime.args")]
extern "C" fn args(argc: i32, argv: *mut *const c_char) {
    step_of_boot!();
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
    step_of_boot!();
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

/// Notes which process this is, and that the scheduler is being made.
pub fn begin() {
    PROCESS.store(proc::pid(), Ordering::Relaxed);
}

/// The thread pointer of libc's first block: the main goroutine's.
pub fn main_thread_pointer() -> usize {
    MAIN_TP.load(Ordering::Relaxed)
}

/// Notes it. In the boot.
pub fn set_main_thread_pointer(tp: usize) {
    MAIN_TP.store(tp, Ordering::Relaxed);
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
    let top = auxv().execfn.max(hi).next_multiple_of(mem::PAGE);
    top.saturating_sub(proc::stack_limit().unwrap_or(UNLIMITED))
        .min(hi)
}

/// Bytes that the kernel needs for a signal frame on this processor.
pub fn signal_frame_size() -> usize {
    auxv().minsigstksz.next_multiple_of(mem::PAGE)
}

/// argc and argv, for `main.main`.
pub fn argc_argv() -> (i32, *mut *const c_char) {
    (ARGC.load(Ordering::Relaxed), ARGV.load(Ordering::Relaxed))
}
