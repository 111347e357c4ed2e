//! The C interface of the runtime object: what the `rtlib` crate may call. The runtime object is compiled once, ahead, with
//! its own optimisation; this is the border, so only C types cross it and nothing unwinds over it except where said.
//!
//! Every function may be called from any thread unless it says "on a goroutine".

use crate::layout::Str;

/// A goroutine, opaque. Never freed, but reused: a `GRef` names one incarnation.
#[repr(C)]
pub struct OpaqueG {
    _opaque: [u8; 0],
}

/// Names one incarnation of a goroutine, or a thread that is none (goid 0).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct GRef {
    /// The goroutine.
    pub g: *const OpaqueG,
    /// Its id: 1 for the main goroutine, unique for the life of the process; 0 for a thread that is no goroutine.
    pub goid: u64,
}

/// What an init phase is running right now; all empty outside of it.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct CurrentInit {
    /// Package path of the running inittask.
    pub package: Str,
    /// Rust path of the running function.
    pub name: Str,
    /// Its file.
    pub file: Str,
    /// Its line.
    pub line: u32,
    /// 1 while an init function runs, else 0.
    pub running: u32,
}

/// The body of a goroutine: called once on the new goroutine's stack with the address of its copied argument. It must not
/// unwind; the `rtlib` crate catches panics inside.
pub type Entry = unsafe extern "C" fn(arg: *mut u8);

/// `flags` of [`newproc1`]: when a panic leaves the goroutine's entry, the program ends by [`fatalpanic`]. So it is kept where a panic came from.
pub const PANICS_ARE_FATAL: usize = 1;

/// Most bytes of a goroutine's name, the zero behind it counted: as many as a thread of the kernel has (`TASK_COMM_LEN`).
pub const NAME_LEN: usize = 16;

/// Whether a thread that the calling goroutine or thread makes now is to be the kernel's. Defined as `runtime.wantsosthread` by the `rtlib` crate; programs without it have none.
pub type WantsOsThread = extern "C" fn() -> bool;

unsafe extern "C" {
    /// Not 0 in the runtime object when it has this ABI version; 0 in a process without a runtime.
    #[link_name = "gobuild_abi_v1"]
    pub static ABI_V1: u32;

    /// Creates a goroutine that runs `entry` on a copy of the `size` bytes at `arg` (alignment `align`, at most 4096; size at
    /// most a quarter of the stack). The bytes are copied before this returns: the caller must forget the original.
    /// `stack_size` in bytes, 0 = the program's default; rounded up to a size class. Does not return on "out of memory": it
    /// throws. Names as in Go's proc.go. `flags`: 0 or [`PANICS_ARE_FATAL`]. Tracebacks name the function that this call is in, or inlined into, as the creator.
    #[link_name = "runtime.newproc1"]
    pub fn newproc1(
        entry: Entry,
        arg: *const u8,
        size: usize,
        align: usize,
        stack_size: usize,
        flags: usize,
    ) -> GRef;

    /// Puts the calling goroutine at the tail of the run queue and runs others. On a plain thread: `sched_yield`.
    #[link_name = "runtime.Gosched"]
    pub fn gosched();

    /// Blocks the calling goroutine (or plain thread) until its token is there, and takes it. May return spuriously.
    /// The token is one bit, as in `std::thread::park`.
    #[link_name = "runtime.park"]
    pub fn park();

    /// Makes the token of `g` available and readies it when it is parked. A dead `g` is left alone.
    #[link_name = "runtime.unpark"]
    pub fn unpark(g: GRef);

    /// Gives the calling goroutine a name, which ends with a zero. Nothing happens on a thread that is none.
    #[link_name = "runtime.setname"]
    pub fn setname(name: *const [u8; NAME_LEN]);

    /// The calling goroutine; on a thread that is none a stand-in with goid 0, which `unpark` takes as well. In a signal handler that has interrupted the scheduler, null with goid 0.
    #[link_name = "runtime.getgref"]
    pub fn getgref() -> GRef;

    /// Runs and forgets the destructors of the caller's thread-locals, as its exit would. The caller must not use a thread-local that
    /// has a destructor afterwards. Hosted programs only.
    #[link_name = "runtime.calltlsdtors"]
    pub fn calltlsdtors();

    /// Sets the number of Ps (n < 1: only asks) and returns the previous setting. Takes effect without stopping the world:
    /// surplus Ps retire at their next scheduling point.
    #[link_name = "runtime.GOMAXPROCS"]
    pub fn gomaxprocs(n: i32) -> i32;

    /// Logical CPUs usable by this process at start.
    #[link_name = "runtime.NumCPU"]
    pub fn num_cpu() -> i32;

    /// Goroutines that exist, system goroutines left out.
    #[link_name = "runtime.NumGoroutine"]
    pub fn num_goroutine() -> u64;

    /// Wires the calling goroutine to its thread; nests. On a plain thread: nothing.
    #[link_name = "runtime.LockOSThread"]
    pub fn lock_os_thread();

    /// Undoes one `LockOSThread`.
    #[link_name = "runtime.UnlockOSThread"]
    pub fn unlock_os_thread();

    /// Ends the program as Go does for an unrecovered panic: prints `panic: <msg>`, `goroutine N [running]:` and the creator, exit
    /// status 2. For goroutines started with `go`. `payload` is where the panic's payload lies, by which its stack is found; null: it is the caller's.
    #[link_name = "runtime.fatalpanic"]
    pub fn fatalpanic(msg: *const u8, len: usize, payload: *const u8) -> !;

    /// A panic hook begins, or has returned, on the calling goroutine. If its panics are fatal, `main` waits for that when it returns.
    #[link_name = "runtime.panichook"]
    pub fn panichook(begins: bool);

    /// Ends the program because an init function panicked: prints `panic: <msg>` and `goroutine 1 [running, in init of package
    /// P]:` with the function, file and line, exit status 2. `payload` as for `fatalpanic`.
    #[link_name = "runtime.initpanic"]
    pub fn initpanic(msg: *const u8, len: usize, payload: *const u8) -> !;

    /// `fatal error: <msg>`, exit status 2.
    #[link_name = "runtime.throw"]
    pub fn throw(msg: *const u8, len: usize) -> !;

    /// What is being initialised right now.
    #[link_name = "runtime.currentinit"]
    pub fn current_init() -> CurrentInit;
}
