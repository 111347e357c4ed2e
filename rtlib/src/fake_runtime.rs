//! The C interface on std threads, for unit tests: each goroutine is a thread. So everything in this crate above `sys` runs as it does in
//! a program, under miri too, without the scheduler.
//!
//! ```text
//! MIRIFLAGS=-Zmiri-ignore-leaks cargo +nightly miri test -p gobuild-rtlib --lib
//! ```
//!
//! (Leaks are ignored because of the next point.)
//!
//! What would end a program ends the calling goroutine here: its message is kept, and it blocks for good.

use core::cell::{Cell, RefCell};
use core::ptr;
use core::slice;
use core::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering};
use std::borrow::ToOwned;
use std::collections::HashMap;
use std::string::String;
use std::sync::{Condvar, Mutex};
use std::thread::{self, Thread};
use std::thread_local;

use rtlib_abi::api::{CurrentInit, Entry, GRef, NAME_LEN, OpaqueG};
use rtlib_abi::layout::Str;

use crate::sys::RunningInit;

static LAST_ID: AtomicU64 = AtomicU64::new(1);
static GOMAXPROCS: AtomicI32 = AtomicI32::new(2);
/// Those who can be unparked, by name.
static THREADS: Mutex<Option<HashMap<usize, Thread>>> = Mutex::new(None);
static GOROUTINES: AtomicU64 = AtomicU64::new(0);
static FATAL: Mutex<Option<HashMap<u64, String>>> = Mutex::new(None);
static FATAL_CHANGED: Condvar = Condvar::new();

thread_local! {
    static ID: Cell<u64> = const { Cell::new(0) };
    /// Address of the stand-in for a G: a number of its own, 0 before it is needed.
    static NAME: Cell<usize> = const { Cell::new(0) };
    static LOCKS: Cell<u32> = const { Cell::new(0) };
    static IN_SYSCALL: Cell<bool> = const { Cell::new(false) };
    static INIT: Cell<Option<RunningInit>> = const { Cell::new(None) };
    static AT_EXIT: RefCell<std::vec::Vec<std::boxed::Box<dyn FnOnce()>>> = const { RefCell::new(std::vec::Vec::new()) };
}

/// Makes the calling thread the main goroutine while `f` runs.
pub(crate) fn as_main_goroutine<R>(f: impl FnOnce() -> R) -> R {
    let before = ID.replace(1);
    let result = f();
    ID.set(before);
    result
}

/// Makes `init` the running init, on this thread, while `f` runs.
pub(crate) fn during_init<R>(init: RunningInit, f: impl FnOnce() -> R) -> R {
    INIT.set(Some(init));
    let result = f();
    INIT.set(None);
    result
}

/// Whether the calling goroutine is in a call that blocks.
pub(crate) fn in_syscall() -> bool {
    IN_SYSCALL.get()
}

/// How often the calling thread is locked.
pub(crate) fn locks() -> u32 {
    LOCKS.get()
}

/// Has `f` run by `call_tls_dtors` on this goroutine.
pub(crate) fn at_thread_local_destruction(f: impl FnOnce() + 'static) {
    AT_EXIT.with_borrow_mut(|list| list.push(std::boxed::Box::new(f)));
}

/// Waits for the goroutine to end the program, and returns its message.
pub(crate) fn fatal_message(goid: u64) -> String {
    let mut fatal = FATAL.lock().unwrap();
    loop {
        if let Some(message) = fatal.as_ref().and_then(|messages| messages.get(&goid)) {
            return message.clone();
        }
        fatal = FATAL_CHANGED.wait(fatal).unwrap();
    }
}

fn gref(name: usize, goid: u64) -> GRef {
    GRef {
        g: ptr::without_provenance::<OpaqueG>(name),
        goid,
    }
}

fn register(name: usize, thread: Thread) {
    let mut threads = THREADS.lock().unwrap();
    threads.get_or_insert_default().insert(name, thread);
}

fn fresh_id() -> u64 {
    LAST_ID.fetch_add(1, Ordering::Relaxed) + 1
}

/// An argument in flight between two threads.
struct Argument {
    bytes: *mut u8,
    layout: std::alloc::Layout,
}

// SAFETY: the memory is the argument's own.
unsafe impl Send for Argument {}

impl Argument {
    /// # Safety
    /// `from` is readable for `size` bytes.
    unsafe fn copy(from: *const u8, size: usize, align: usize) -> Self {
        let layout =
            std::alloc::Layout::from_size_align(size.max(1), align).expect("a valid layout");
        // SAFETY: the size is not zero; the caller vouches for `from`.
        let bytes = unsafe {
            let bytes = std::alloc::alloc(layout);
            ptr::copy_nonoverlapping(from, bytes, size);
            bytes
        };
        Self { bytes, layout }
    }
}

impl Drop for Argument {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout in `copy`.
        unsafe { std::alloc::dealloc(self.bytes, self.layout) };
    }
}

#[unsafe(export_name = "runtime.newproc1")]
unsafe extern "C" fn newproc1(
    entry: Entry,
    argument: *const u8,
    size: usize,
    align: usize,
    _stack_size: usize,
    _flags: usize,
) -> GRef {
    let goid = fresh_id();
    let name = goid as usize;
    // SAFETY: the caller vouches for the argument.
    let argument = unsafe { Argument::copy(argument, size, align) };
    GOROUTINES.fetch_add(1, Ordering::Relaxed);
    thread::spawn(move || {
        let argument = argument;
        register(name, thread::current());
        ID.set(goid);
        NAME.set(name);
        // SAFETY: a bitwise copy of what the caller gave up.
        unsafe { entry(argument.bytes) };
        GOROUTINES.fetch_sub(1, Ordering::Relaxed);
    });
    gref(name, goid)
}

#[unsafe(export_name = "runtime.Gosched")]
extern "C" fn gosched() {
    thread::yield_now();
}

#[unsafe(export_name = "runtime.park")]
extern "C" fn park() {
    thread::park();
}

#[unsafe(export_name = "runtime.unpark")]
extern "C" fn unpark(g: GRef) {
    if let Some(thread) = THREADS
        .lock()
        .unwrap()
        .as_ref()
        .and_then(|all| all.get(&g.g.addr()))
    {
        thread.unpark();
    }
}

#[unsafe(export_name = "runtime.setname")]
extern "C" fn setname(_: *const [u8; NAME_LEN]) {}

#[unsafe(export_name = "runtime.getgref")]
extern "C" fn getgref() -> GRef {
    if NAME.get() == 0 {
        NAME.set(fresh_id() as usize);
        register(NAME.get(), thread::current());
    }
    gref(NAME.get(), ID.get())
}

#[unsafe(export_name = "runtime.GOMAXPROCS")]
extern "C" fn gomaxprocs(n: i32) -> i32 {
    if n < 1 {
        GOMAXPROCS.load(Ordering::Relaxed)
    } else {
        GOMAXPROCS.swap(n, Ordering::Relaxed)
    }
}

#[unsafe(export_name = "runtime.NumCPU")]
extern "C" fn num_cpu() -> i32 {
    2
}

#[unsafe(export_name = "runtime.NumGoroutine")]
extern "C" fn num_goroutine() -> u64 {
    GOROUTINES.load(Ordering::Relaxed)
}

#[unsafe(export_name = "runtime.LockOSThread")]
extern "C" fn lock_os_thread() {
    LOCKS.set(LOCKS.get() + 1);
}

#[unsafe(export_name = "runtime.UnlockOSThread")]
extern "C" fn unlock_os_thread() {
    LOCKS.set(LOCKS.get() - 1);
}

#[unsafe(export_name = "runtime.entersyscall")]
extern "C" fn entersyscall() -> bool {
    !IN_SYSCALL.replace(true)
}

#[unsafe(export_name = "runtime.exitsyscall")]
extern "C" fn exitsyscall() {
    IN_SYSCALL.set(false);
}

#[unsafe(export_name = "runtime.fatalpanic")]
unsafe extern "C" fn fatalpanic(message: *const u8, len: usize, _: *const u8) -> ! {
    // SAFETY: the caller vouches.
    end_with(unsafe { slice::from_raw_parts(message, len) })
}

#[unsafe(export_name = "runtime.panichook")]
extern "C" fn panichook(_: bool) {}

#[unsafe(export_name = "runtime.initpanic")]
unsafe extern "C" fn initpanic(message: *const u8, len: usize, _: *const u8) -> ! {
    // SAFETY: the caller vouches.
    end_with(unsafe { slice::from_raw_parts(message, len) })
}

#[unsafe(export_name = "runtime.throw")]
unsafe extern "C" fn throw(message: *const u8, len: usize) -> ! {
    // SAFETY: the caller vouches.
    end_with(unsafe { slice::from_raw_parts(message, len) })
}

#[unsafe(export_name = "runtime.maingoexit")]
extern "C" fn goexit_end_main() -> ! {
    end_with(b"main called goexit")
}

fn end_with(message: &[u8]) -> ! {
    let message = String::from_utf8(message.to_owned()).expect("a message is UTF-8");
    FATAL
        .lock()
        .unwrap()
        .get_or_insert_default()
        .insert(ID.get(), message);
    FATAL_CHANGED.notify_all();
    loop {
        thread::park();
    }
}

#[unsafe(export_name = "runtime.currentinit")]
extern "C" fn currentinit() -> CurrentInit {
    let none = RunningInit {
        package: "",
        name: "",
        file: "",
        line: 0,
    };
    let init = INIT.get();
    let RunningInit {
        package,
        name,
        file,
        line,
    } = init.unwrap_or(none);
    CurrentInit {
        package: Str::of(package),
        name: Str::of(name),
        file: Str::of(file),
        line,
        running: u32::from(init.is_some()),
    }
}

#[unsafe(export_name = "runtime.calltlsdtors")]
extern "C" fn call_tls_dtors() {
    for f in AT_EXIT.take() {
        f();
    }
}

#[unsafe(export_name = "runtime.schedstats")]
unsafe extern "C" fn sched_stats(to: *mut rtlib_abi::watch::SchedStats) {
    let stats = rtlib_abi::watch::SchedStats {
        goroutines: num_goroutine(),
        ..Default::default()
    };
    // SAFETY: the caller vouches.
    unsafe { to.write(stats) }
}

#[unsafe(export_name = "runtime/debug.freeOSMemory")]
extern "C" fn free_os_memory() {}

#[unsafe(export_name = "runtime/debug.setMaxThreads")]
extern "C" fn set_max_threads(limit: u32) -> u32 {
    static LIMIT: AtomicU32 = AtomicU32::new(10_000);
    LIMIT.swap(limit.max(1), Ordering::Relaxed)
}
