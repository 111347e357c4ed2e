//! gdb in batch mode.

use std::path::Path;
use std::process::Command;

use crate::process::{RUN, run};

/// What gdb prints for these commands on this program, standard error included.
///
/// # Panics
/// If gdb is not there.
#[must_use]
#[track_caller]
pub fn session(program: &Path, commands: &[&str]) -> String {
    batch(&[], program, commands)
}

/// The same when gdb may load the script that is in the program: as `docs/tracebacks.md` says that it is allowed to.
///
/// # Panics
/// If gdb is not there.
#[must_use]
#[track_caller]
pub fn session_with_script(program: &Path, commands: &[&str]) -> String {
    let dir = program.parent().expect("a program in a directory");
    let allowed = format!("add-auto-load-safe-path {}", dir.display());
    batch(&["-iex", &allowed], program, commands)
}

#[track_caller]
fn batch(options: &[&str], program: &Path, commands: &[&str]) -> String {
    let gdb = which::which("gdb").expect("gdb is needed: install gdb");
    let mut command = Command::new(gdb);
    command.args(["-nx", "-batch"]).args(options);
    for fixed in [
        "set pagination off",
        "set confirm off",
        "set debuginfod enabled off",
        "set width 0",
    ] {
        command.args(["-ex", fixed]);
    }
    for each in commands {
        command.args(["-ex", each]);
    }
    let outcome = run(command.arg(program).env("LC_ALL", "C"), RUN);
    outcome.out() + &outcome.err()
}
