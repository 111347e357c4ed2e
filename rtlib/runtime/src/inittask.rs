//! doInit: runs the inittasks in the order of the emitted table, on the main goroutine, and traces them under `GODEBUG=inittrace=1`.
//!
//! The order was computed by the linker driver; here it is only checked that nobody runs twice (Go: runtime/proc.go, `doInit1`).

use core::fmt;
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

use rtlib_abi::api::CurrentInit;
use rtlib_abi::layout::{
    FnInfo, INIT_DONE, INIT_NOT_STARTED, INIT_RUNNING, InitTask, Slice, Str, TaskInfo,
};

use crate::arch::current::step_of_boot;
use crate::libc::malloc;
use crate::moduledata::{moduledata, slice, text};
use crate::os::linux::nanotime;
use crate::{godebug, trace};

unsafe extern "C" {
    /// Emitted: a slice header over the runtime's own inittasks.
    #[link_name = "runtime.runtime_inittasks"]
    static RUNTIME_INITTASKS: Slice<*const InitTask>;
}

static TASK: AtomicPtr<TaskInfo> = AtomicPtr::new(ptr::null_mut());
static FUNCTION: AtomicPtr<FnInfo> = AtomicPtr::new(ptr::null_mut());

/// What is being initialised, for messages.
pub struct Running {
    /// Package path.
    pub package: &'static str,
    /// Rust path of the function or variable.
    pub name: &'static str,
    /// Its file.
    pub file: &'static str,
    /// Its line.
    pub line: u32,
}

/// What is being initialised right now.
pub fn running() -> Option<Running> {
    // SAFETY: null, or entries of the emitted table, which is never written.
    let (task, function) = unsafe {
        (
            TASK.load(Ordering::Acquire).as_ref()?,
            FUNCTION.load(Ordering::Acquire).as_ref()?,
        )
    };
    Some(Running {
        package: text(&task.package),
        name: text(&function.name),
        file: text(&function.file),
        line: function.line,
    })
}

/// See `rtlib_abi::api::current_init`.
#[unsafe(export_name = "runtime.currentinit")]
extern "C" fn currentinit() -> CurrentInit {
    let now = running();
    let running = u32::from(now.is_some());
    let now = now.unwrap_or(Running {
        package: "",
        name: "",
        file: "",
        line: 0,
    });
    CurrentInit {
        package: Str::of(now.package),
        name: Str::of(now.name),
        file: Str::of(now.file),
        line: now.line,
        running,
    }
}

/// The slice of the runtime's own tasks.
pub fn runtime_inittasks() -> &'static [*const InitTask] {
    // SAFETY: emitted; a slice header over an array that is there.
    unsafe { slice(&RUNTIME_INITTASKS) }
}

/// The slice of the program's tasks, `main` last.
pub fn main_inittasks() -> &'static [*const InitTask] {
    // SAFETY: emitted, as above.
    unsafe { slice(&moduledata().inittasks) }
}

/// Runs the tasks in order. `started` is when the runtime was initialised, for the trace.
#[unsafe(export_name = "runtime.doInit")]
#[inline(never)]
pub extern "C" fn do_init(tasks: *const *const InitTask, len: usize, started: u64) {
    step_of_boot!();
    for i in 0..len {
        // SAFETY: the callers pass one of the slices above.
        do_init1(unsafe { *tasks.add(i) }, started);
    }
}

fn info(task: *const InitTask) -> &'static TaskInfo {
    // SAFETY: emitted.
    let infos = unsafe { slice(&moduledata().taskinfo) };
    match infos.iter().find(|info| ptr::eq(info.task, task)) {
        Some(info) => info,
        None => crate::fatal::throw(b"inittask without description - linker skew"),
    }
}

fn do_init1(task: *const InitTask, started: u64) {
    // SAFETY: an emitted task: two words that are only touched here, then `nfns` function pointers.
    let (state, nfns, fns) = unsafe {
        let state = AtomicU32::from_ptr(task.cast_mut().cast::<u32>());
        (
            state,
            (*task).nfns as usize,
            task.add(1).cast::<extern "C" fn()>(),
        )
    };
    match state.load(Ordering::Acquire) {
        INIT_DONE => return,
        INIT_NOT_STARTED => {}
        _ => crate::fatal::throw(b"recursive call during initialization - linker skew"),
    }
    state.store(INIT_RUNNING, Ordering::Relaxed);
    if nfns == 0 {
        crate::fatal::throw(b"inittask with no functions");
    }
    let info = info(task);
    let trace = Trace::start();
    trace::init_begins(info);
    TASK.store(ptr::from_ref(info).cast_mut(), Ordering::Release);
    for i in 0..nfns {
        // SAFETY: `nfns` functions follow the task, and as many descriptions are in its info.
        let (f, about) = unsafe { (*fns.add(i), info.fns.add(i)) };
        FUNCTION.store(about.cast_mut(), Ordering::Release);
        f();
    }
    FUNCTION.store(ptr::null_mut(), Ordering::Release);
    TASK.store(ptr::null_mut(), Ordering::Release);
    trace::init_ends();
    if let Some(trace) = trace {
        trace.print(text(&info.package), started);
    }
    state.store(INIT_DONE, Ordering::Release);
}

struct Trace {
    start: u64,
    allocs: u64,
    bytes: u64,
}

impl Trace {
    fn start() -> Option<Self> {
        if !godebug::inittrace() {
            return None;
        }
        malloc::trace(true);
        let (allocs, bytes) = malloc::counted();
        Some(Self {
            start: nanotime(),
            allocs,
            bytes,
        })
    }

    fn print(self, package: &str, started: u64) {
        let end = nanotime();
        malloc::trace(false);
        let (allocs, bytes) = malloc::counted();
        crate::print!(
            "init {package} @{} ms, {} ms clock, {} bytes, {} allocs\n",
            Ms(self.start.saturating_sub(started)),
            Ms(end.saturating_sub(self.start)),
            bytes - self.bytes,
            allocs - self.allocs
        );
    }
}

/// Nanoseconds printed as milliseconds the way Go's `fmtNSAsMS` does: whole from 10 ms on, else two significant digits.
struct Ms(u64);

impl fmt::Display for Ms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 >= 10_000_000 {
            return write!(f, "{}", self.0 / 1_000_000);
        }
        let (mut x, mut decimals) = (self.0 / 1000, 3_u32);
        if x == 0 {
            return f.write_str("0");
        }
        while x >= 100 {
            x /= 10;
            decimals -= 1;
        }
        let unit = 10_u64.pow(decimals);
        write!(
            f,
            "{}.{:0width$}",
            x / unit,
            x % unit,
            width = decimals as usize
        )
    }
}
