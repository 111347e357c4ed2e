//! `gdb.o`: gdb's commands for goroutines, as text in the section from which gdb loads scripts (gdb's manual, "The .debug_gdb_scripts section").
//!
//! The section counts as debug information: what strips that from a program strips this, too.

use gobuild_templates::{GDB_SCRIPT, GDB_SCRIPT_NAME};

use super::error::EmitError;
use super::object_file::ObjectFile;

const SECTION: &str = ".debug_gdb_scripts";
/// What an entry begins with: Python, as text; a name for messages and the script follow, each to its end of line or string.
const PYTHON_TEXT: &[u8] = &[4];

/// Emits `gdb.o`, which is the same for every program.
///
/// # Errors
/// None that a user can cause: the object writer's own.
pub(super) fn gdb_script() -> Result<Vec<u8>, EmitError> {
    let mut file = ObjectFile::new("gdb.o");
    let entry = [
        PYTHON_TEXT,
        GDB_SCRIPT_NAME.as_bytes(),
        b"\n",
        GDB_SCRIPT.as_bytes(),
        b"\0",
    ];
    file.strings(SECTION, &entry.concat());
    file.finish()
}
