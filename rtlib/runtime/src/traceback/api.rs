//! The C interface: `rtlib_abi::traceback`.

use core::ffi::c_void;
use core::fmt;

use rtlib_abi::traceback::{Cursor, Record, Trace, Write};

use super::record::{self, BATCH, Haste};
use super::write::{self, Style};
use super::{eh_frame, level, unwind};
use crate::gmp::g::G;
use crate::gmp::{MAIN_G, this_goroutine};
use crate::stack::allgs;

/// See `rtlib_abi::traceback::callers`.
///
/// # Safety
/// `trace` is the caller's.
#[unsafe(export_name = "runtime.callers")]
unsafe extern "C" fn callers(trace: *mut Trace) {
    let local = 0_u8;
    // SAFETY: the caller vouches.
    unwind::callers(unsafe { &mut *trace }, unwind::here(&local));
}

/// See `rtlib_abi::traceback::goroutines`.
///
/// # Safety
/// `cursor` and `n` records are the caller's.
#[unsafe(export_name = "runtime.goroutines")]
unsafe extern "C" fn goroutines(cursor: *mut Cursor, records: *mut Record, n: usize) -> usize {
    // SAFETY: the caller vouches; a cursor is null or a G that this function stored.
    let (records, last) = unsafe {
        (
            core::slice::from_raw_parts_mut(records, n),
            (*cursor).cast::<G>().as_ref(),
        )
    };
    let me = this_goroutine();
    let mut rest = last.map_or_else(allgs::all, allgs::after);
    let mut filled = 0;
    while filled < n {
        let mut batch = [&MAIN_G; BATCH];
        let mut len = 0;
        let listed = rest.by_ref().filter(|gp| record::is_listed(gp, false));
        for (place, gp) in batch.iter_mut().zip(listed.take(n - filled)) {
            *place = gp;
            len += 1;
        }
        let batch = &batch[..len];
        let Some(last) = batch.last() else { break };
        // SAFETY: the caller's.
        unsafe { *cursor = core::ptr::from_ref::<G>(last).cast() };
        filled += capture(batch, &mut records[filled..], me);
    }
    filled
}

/// Fills as many of the records as there are goroutines in the batch that still exist.
fn capture(batch: &[&'static G], records: &mut [Record], me: Option<&'static G>) -> usize {
    let records = &mut records[..batch.len()];
    record::capture(batch, records, me, Haste::None);
    let mut kept = 0;
    for i in 0..records.len() {
        if records[i].goid != 0 {
            records[kept] = records[i];
            kept += 1;
        }
    }
    kept
}

/// See `rtlib_abi::traceback::this_goroutine`.
///
/// # Safety
/// `record` is the caller's.
#[unsafe(export_name = "runtime.thisgoroutine")]
unsafe extern "C" fn this_goroutine_c(record: *mut Record) -> bool {
    let me = this_goroutine();
    if let Some(gp) = me {
        // SAFETY: the caller vouches.
        record::describe(unsafe { &mut *record }, gp, gp.status_acquire());
    }
    me.is_some()
}

/// The caller's writer.
struct Writer {
    write: Write,
    to: *mut c_void,
}

impl fmt::Write for Writer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // SAFETY: who passed the function vouches for it.
        unsafe { (self.write)(self.to, text.as_ptr(), text.len()) };
        Ok(())
    }
}

/// How the calling program's own texts look: at least without the runtime's frames.
fn style() -> Style {
    Style {
        depth: level::get().depth.max(1),
        symbols: true,
    }
}

/// See `rtlib_abi::traceback::write_record`.
///
/// # Safety
/// `record` is one; `write` takes text for `to`.
#[unsafe(export_name = "runtime.writerecord")]
unsafe extern "C" fn write_record(record: *const Record, write: Write, to: *mut c_void) {
    // SAFETY: the caller vouches. Our writer does not fail.
    let _ = write::record(&mut Writer { write, to }, unsafe { &*record }, style());
}

/// See `rtlib_abi::traceback::write_trace`.
///
/// # Safety
/// `trace` is one; `write` takes text for `to`.
#[unsafe(export_name = "runtime.writetrace")]
unsafe extern "C" fn write_trace(trace: *const Trace, write: Write, to: *mut c_void) {
    // SAFETY: the caller vouches. Our writer does not fail.
    let _ = write::trace(&mut Writer { write, to }, unsafe { &*trace }, style());
}

/// See `rtlib_abi::traceback::func_entry`.
#[unsafe(export_name = "runtime.funcentry")]
extern "C" fn func_entry(pc: usize) -> usize {
    eh_frame::function_start(pc).unwrap_or(0)
}
