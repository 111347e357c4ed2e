//! The calls of `rtlib_abi::traceback`, made safe.

use core::ffi::c_void;
use core::fmt;
use core::mem::MaybeUninit;
use core::ptr;
use core::slice;
use std::vec::Vec;

use rtlib_abi::traceback::{self, Record, Trace};

pub(crate) use super::text;

/// How many goroutines are asked for at a time.
const BATCH: usize = 32;

/// The stack of the caller's caller and so on.
#[inline(always)]
pub(crate) fn callers() -> Trace {
    let mut trace = MaybeUninit::zeroed();
    // SAFETY: zero bytes are a trace.
    unsafe {
        traceback::callers(trace.as_mut_ptr());
        trace.assume_init()
    }
}

/// Calls `f` with every goroutine, and whether it is the calling one, whose stack is not there.
pub(crate) fn for_each_goroutine(mut f: impl FnMut(&Record, bool)) {
    let me = super::current().id();
    let mut records = Vec::<Record>::with_capacity(BATCH);
    let mut cursor = ptr::null();
    loop {
        // SAFETY: there is room for so many; the first ones that are filled are returned.
        let count = unsafe {
            let count = traceback::goroutines(&raw mut cursor, records.as_mut_ptr(), BATCH);
            records.set_len(count);
            count
        };
        for record in &records {
            f(record, record.goid == me);
        }
        records.clear();
        if count == 0 {
            return;
        }
    }
}

/// The address of the function with this program counter.
pub(crate) fn function_entry(pc: usize) -> Option<usize> {
    // SAFETY: any number may be asked for.
    Some(unsafe { traceback::func_entry(pc) }).filter(|entry| *entry != 0)
}

/// Writes a stack as tracebacks do.
pub(crate) fn write_trace(trace: &Trace, to: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut out = Out::new(to);
    // SAFETY: the trace and the writer live over the call.
    unsafe { traceback::write_trace(trace, write, (&raw mut out).cast()) };
    out.result
}

/// Writes a goroutine as tracebacks do.
pub(crate) fn write_record(record: &Record, to: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut out = Out::new(to);
    // SAFETY: as above.
    unsafe { traceback::write_record(record, write, (&raw mut out).cast()) };
    out.result
}

struct Out<'a, 'b> {
    to: &'a mut fmt::Formatter<'b>,
    result: fmt::Result,
}

impl<'a, 'b> Out<'a, 'b> {
    fn new(to: &'a mut fmt::Formatter<'b>) -> Self {
        Self { to, result: Ok(()) }
    }
}

/// # Safety
/// `to` is an [`Out`], `text` has `len` bytes of UTF-8.
unsafe extern "C" fn write(to: *mut c_void, text: *const u8, len: usize) {
    // SAFETY: the caller vouches; the runtime writes whole strings.
    let (out, text) = unsafe {
        (
            &mut *to.cast::<Out<'_, '_>>(),
            str::from_utf8_unchecked(slice::from_raw_parts(text, len)),
        )
    };
    if out.result.is_ok() {
        out.result = out.to.write_str(text);
    }
}
