//! The calls into the runtime object, made safe. Only this file, those in `sys/`, and the modules that have calls of their own (`chan::{sys, clock}`, `sync::rt`, `event`, `time`, `deadline`) call functions
//! of `rtlib_abi`.
//!
//! Nothing here unwinds: the runtime never does.

#[cfg(feature = "std")]
pub(crate) mod goexit;
#[cfg(feature = "std")]
pub(crate) mod leaks;
#[cfg(feature = "std")]
pub(crate) mod traceback;
pub(crate) mod watch;

use core::slice;
use core::str;

use rtlib_abi::api::{self, Entry, GRef};
use rtlib_abi::layout::Str;

use crate::absent;

/// The init function or initialiser that is running.
#[derive(Clone, Copy)]
pub(crate) struct RunningInit {
    /// Package path, as traces print it.
    pub(crate) package: &'static str,
    /// Rust path of the function or variable.
    pub(crate) name: &'static str,
    /// Its source file.
    pub(crate) file: &'static str,
    /// Its line.
    pub(crate) line: u32,
}

/// Names a goroutine, or a thread that is none (id 0). It never dangles: the name of what has ended does nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ref(GRef);

// SAFETY: a name. Its pointer is only followed by the runtime, which accepts it from any thread.
unsafe impl Send for Ref {}
// SAFETY: as above; there is nothing to mutate.
unsafe impl Sync for Ref {}

impl Ref {
    /// The goroutine's id, 0 for a thread.
    pub(crate) fn id(self) -> u64 {
        self.0.goid
    }

    /// Makes its token available.
    pub(crate) fn unpark(self) {
        // SAFETY: a `GRef` names one incarnation, and the runtime leaves a dead one alone.
        unsafe { api::unpark(self.0) }
    }
}

/// What a panic that leaves the closure of a goroutine does.
#[derive(Clone, Copy, Debug)]
#[repr(usize)]
pub(crate) enum Panics {
    /// Somebody is told.
    AreCaught = 0,
    /// The program ends, and says where it came from.
    #[cfg(feature = "std")]
    AreFatal = api::PANICS_ARE_FATAL,
}

/// Starts a goroutine that calls `entry` with the address of a copy of the `size` bytes at `argument`.
///
/// # Safety
/// `argument` is readable for `size` bytes, `align` is a power of two up to 4096, `size` is at most a quarter of the stack, `entry` does
/// not unwind and may be called, once, on any thread, with a bitwise copy of the argument, which the caller no longer uses.
#[inline(always)]
pub(crate) unsafe fn newproc(
    entry: Entry,
    argument: *const u8,
    size: usize,
    align: usize,
    stack_size: usize,
    panics: Panics,
) -> Ref {
    if !absent::runtime_is_here() {
        no_goroutines();
    }
    // SAFETY: the caller vouches for the argument and the entry.
    let started =
        unsafe { api::newproc1(entry, argument, size, align, stack_size, panics as usize) };
    Ref(started)
}

#[cold]
fn no_goroutines() -> ! {
    panic!("rtlib: cannot start a goroutine: {}", absent::REASON)
}

/// The calling goroutine or thread.
pub(crate) fn current() -> Ref {
    // SAFETY: callable from any thread.
    Ref(unsafe { api::getgref() })
}

/// The calling goroutine is called so, by the bytes before the first zero.
pub(crate) fn set_name(name: [u8; api::NAME_LEN]) {
    // SAFETY: callable from any thread; the bytes are readable for the call.
    unsafe { api::setname(&raw const name) }
}

/// gettid(2): on a goroutine, its own.
#[cfg(feature = "std")]
pub(crate) fn thread_id() -> i32 {
    unsafe extern "C" {
        safe fn gettid() -> core::ffi::c_int;
    }
    gettid()
}

/// Lets other goroutines run.
pub(crate) fn yield_now() {
    // SAFETY: callable from any thread.
    unsafe { api::gosched() }
}

/// Blocks until the caller's token is there, or for no reason.
pub(crate) fn park() {
    // SAFETY: callable from any thread.
    unsafe { api::park() }
}

/// Sets the number of Ps if `n` is positive; returns the previous one.
pub(crate) fn gomaxprocs(n: i32) -> i32 {
    // SAFETY: any `n` is allowed.
    unsafe { api::gomaxprocs(n) }
}

/// CPUs usable at start.
pub(crate) fn num_cpu() -> i32 {
    // SAFETY: callable from any thread.
    unsafe { api::num_cpu() }
}

/// Goroutines that exist.
pub(crate) fn num_goroutine() -> u64 {
    // SAFETY: callable from any thread.
    unsafe { api::num_goroutine() }
}

/// Wires the calling goroutine to its thread, once more.
pub(crate) fn lock_os_thread() {
    // SAFETY: callable from any thread; nests.
    unsafe { api::lock_os_thread() }
}

/// Undoes one `lock_os_thread` of the calling goroutine, which must have made one.
pub(crate) fn unlock_os_thread() {
    // SAFETY: callable from any thread; a surplus call would only be one too many.
    unsafe { api::unlock_os_thread() }
}

/// What is being initialised now.
pub(crate) fn current_init() -> Option<RunningInit> {
    // SAFETY: callable from any thread.
    let init = unsafe { api::current_init() };
    (init.running != 0).then(|| RunningInit {
        package: text(init.package),
        name: text(init.name),
        file: text(init.file),
        line: init.line,
    })
}

pub(crate) fn text(text: Str) -> &'static str {
    if text.len == 0 {
        return "";
    }
    // SAFETY: `Str` promises `len` bytes in read-only data, which live as long as the program.
    let bytes = unsafe { slice::from_raw_parts(text.ptr, text.len as usize) };
    str::from_utf8(bytes).unwrap_or("(not UTF-8)")
}

/// Ends the program: a goroutine started with `go` panicked. `payload` is where the panic's payload lies, null if it has not unwound.
#[cfg(feature = "std")]
pub(crate) fn fatal_panic(message: &str, payload: *const u8) -> ! {
    // SAFETY: a string's bytes are readable for its length.
    unsafe { api::fatalpanic(message.as_ptr(), message.len(), payload) }
}

/// A panic hook begins, or has returned, on the calling goroutine or thread.
#[cfg(feature = "std")]
pub(crate) fn panic_hook(begins: bool) {
    // SAFETY: no requirements.
    unsafe { api::panichook(begins) }
}

/// Ends the program: the running init panicked. `payload` as for [`fatal_panic`].
#[cfg(feature = "std")]
pub(crate) fn init_panic(message: &str, payload: *const u8) -> ! {
    // SAFETY: as in `fatal_panic`.
    unsafe { api::initpanic(message.as_ptr(), message.len(), payload) }
}

/// Runs the destructors of the calling goroutine's thread-locals now instead of at its exit.
///
/// # Safety
/// No code that runs on this goroutine from now on may hold a reference into a thread-local that has a destructor.
#[cfg(feature = "std")]
pub(crate) unsafe fn run_thread_local_destructors() {
    // SAFETY: the runtime calls this itself when a goroutine exits; the caller vouches that this one is as good as there.
    unsafe { api::calltlsdtors() }
}
