//! The C interface of stacks: what the runtime records of goroutines, how it is written as text, and how the runtime finds names, files and lines.
//!
//! A program counter in here is a return address, or the address behind an instruction: one byte before it lies the instruction that is meant.

use core::ffi::c_void;

use crate::layout::Str;

/// Innermost, and outermost, frames of a stack that are kept. Go's numbers.
pub const KEPT: usize = 50;

/// A stack's program counters: all, or the innermost and the outermost.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Trace {
    /// Frames that the stack has.
    pub total: u64,
    /// The innermost, innermost first: `min(total, KEPT)` are there.
    pub inner: [usize; KEPT],
    /// The other ones as a ring: frame `i`, counted from the innermost, is at `(i - KEPT) % KEPT`.
    pub outer: [usize; KEPT],
}

/// A goroutine at one moment.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Record {
    /// Its id.
    pub goid: u64,
    /// The id of the goroutine that started it; 0: a thread that is none did, or the runtime.
    pub parent_goid: u64,
    /// Program counter of the call that started it; 0 when unknown.
    pub gopc: usize,
    /// The address of the runtime's structure.
    pub g: usize,
    /// The number of the thread that runs it, or [`NO_M`].
    pub m: u64,
    /// `waiting`, `running`, …
    pub status: Str,
    /// Why it waits; empty when it does not.
    pub reason: Str,
    /// How long it has been waiting, ns; 0 when it does not.
    pub waited: u64,
    /// [`LOCKED`], [`STACK`] and so on.
    pub flags: u32,
    /// The descriptor that it waits for, with [`READS`] or [`WRITES`]; else 0.
    pub fd: i32,
    /// What it is called, with zeros behind it; none if that is all.
    pub name: [u8; 16],
    /// Its stack, with [`STACK`].
    pub trace: Trace,
}

/// `Record::m` of a goroutine that does not run.
pub const NO_M: u64 = u64::MAX;
/// `Record::flags`: tied to its thread.
pub const LOCKED: u32 = 1;
/// `Record::flags`: the trace is there.
pub const STACK: u32 = 2;
/// `Record::flags`: it runs on another thread that did not answer in time.
pub const RUNS_ELSEWHERE: u32 = 4;
/// `Record::flags`: blocked for ever, as far as is known.
pub const LEAKED: u32 = 8;
/// `Record::flags`: it waits for `fd` to have something to read.
pub const READS: u32 = 16;
/// `Record::flags`: it waits for `fd` to have room to write. With [`READS`]: for either.
pub const WRITES: u32 = 32;

/// What is known of a program counter. The innermost of inlined functions comes first, the function that they were inlined into last.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Symbol {
    /// The function; empty when unknown.
    pub name: Str,
    /// The file; empty when unknown.
    pub file: Str,
    /// The line; 0 when unknown.
    pub line: u32,
    /// [`INLINED`] and [`PLUMBING`].
    pub flags: u32,
}

/// `Symbol::flags`: more functions follow, into which it is inlined.
pub const INLINED: u32 = 1;
/// `Symbol::flags`: of the runtime, or what std does around a panic and the start of a program.
pub const PLUMBING: u32 = 2;

/// Takes a symbol. The strings live until it returns.
pub type EmitSymbol = unsafe extern "C" fn(to: *mut c_void, symbol: *const Symbol);

/// Emits the symbols of a program counter, none if nothing is known. Does not unwind. Defined as `runtime.symbolizer` by the `rtlib` crate; programs without it have none.
pub type Symbolizer = unsafe extern "C" fn(pc: usize, emit: EmitSymbol, to: *mut c_void);

/// Takes a piece of text.
pub type Write = unsafe extern "C" fn(to: *mut c_void, text: *const u8, len: usize);

/// Remembers how far [`goroutines`] got. Starts null.
pub type Cursor = *const c_void;

unsafe extern "C" {
    /// The stack of the caller, from the caller of this on.
    #[link_name = "runtime.callers"]
    pub fn callers(trace: *mut Trace);

    /// Records goroutines, the runtime's own left out, at most `n`; `*cursor` is null in the first call and then what the last one left. Returns how many; less than `n`: these were the last. The
    /// caller's own comes without a stack. Goroutines that start meanwhile are left out.
    #[link_name = "runtime.goroutines"]
    pub fn goroutines(cursor: *mut Cursor, records: *mut Record, n: usize) -> usize;

    /// The calling goroutine's record without a stack. False on a thread that is none.
    #[link_name = "runtime.thisgoroutine"]
    pub fn this_goroutine(record: *mut Record) -> bool;

    /// Writes a record as tracebacks print it: header, frames, creator.
    #[link_name = "runtime.writerecord"]
    pub fn write_record(record: *const Record, write: Write, to: *mut c_void);

    /// Writes a trace as tracebacks print it.
    #[link_name = "runtime.writetrace"]
    pub fn write_trace(trace: *const Trace, write: Write, to: *mut c_void);

    /// The address of the function that contains this program counter, 0 when unknown.
    #[link_name = "runtime.funcentry"]
    pub fn func_entry(pc: usize) -> usize;
}
