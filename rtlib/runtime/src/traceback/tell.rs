//! Telling of goroutines while the program goes on: to standard error, for settings of `GODEBUG`.

use rtlib_abi::traceback::Record;

use super::level;
use super::write::{self, Style};
use crate::print::Stderr;

/// Tells of a goroutine that was recorded, followed by an empty line. Nothing if `GOTRACEBACK` wants no stacks.
///
/// The calling thread looks names up, with the program's allocator: it holds no lock of the runtime, and may take its time. The first look takes some ten milliseconds.
pub fn recorded(record: &Record) {
    let depth = level::get().depth;
    if depth == 0 {
        return;
    }
    let style = Style {
        depth,
        symbols: true,
    };
    let mut err = Stderr::new();
    // Writing cannot fail.
    let _ = write::record(&mut err, record, style);
    err.bytes(b"\n");
}
