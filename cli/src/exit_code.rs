//! Every exit code that `cargo gobuild` gives by itself. Where cargo runs, its own code is handed on; where the built program
//! runs (`cargo gobuild run`), the program's.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

/// Everything asked for was done.
pub const SUCCESS: u8 = 0;
/// The command line is wrong. Cargo gives the same.
pub const USAGE: u8 = 1;
/// The build or the command failed. Cargo gives the same.
pub const FAILURE: u8 = 101;
/// As linker, called by rustc: the program was not linked.
pub const LINK_FAILURE: u8 = 1;
/// Added to the number of the signal that ended the work: 130 for Ctrl-C, 143 for SIGTERM. Shells count the same way.
pub const SIGNAL_BASE: u8 = 128;

/// The exit code for an end by signal `number`.
#[must_use]
pub fn of_signal(number: i32) -> u8 {
    u8::try_from(number).map_or(FAILURE, |number| SIGNAL_BASE.saturating_add(number))
}

/// The exit code of a child that ended so.
#[must_use]
pub fn of_status(status: ExitStatus) -> u8 {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    code.unwrap_or_else(|| of_signal(status.signal().unwrap_or_default()))
}
