//! The processes above this one. What the subcommand sets for the linker driver and the wrapper is in cargo's environment; a wrapper of the user's may clear
//! or change the environment of what it calls, but not that of cargo above it.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// More than stand between a subcommand and its driver by far.
const MAX_DEPTH: usize = 64;

/// A process, named so that no other one is meant by it, now or later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its id.
    pub pid: u32,
    /// When it started, in clock ticks since the system did.
    pub started: u64,
}

impl Process {
    /// This one.
    #[must_use]
    pub fn this() -> Option<Self> {
        Some(read(std::process::id())?.0)
    }
}

/// The processes above this one, the nearest first. None where there is no /proc.
pub fn above() -> impl Iterator<Item = Process> {
    let mut next = std::os::unix::process::parent_id();
    std::iter::from_fn(move || {
        let (process, parent) = read(next)?;
        next = parent;
        Some(process)
    })
    .take(MAX_DEPTH)
}

/// A variable of this process's environment, or else of the nearest one above that has it.
#[must_use]
pub fn var(name: &str) -> Option<OsString> {
    std::env::var_os(name).or_else(|| {
        above().find_map(|process| {
            let environ = std::fs::read(format!("/proc/{}/environ", process.pid)).ok()?;
            value(&environ, name)
        })
    })
}

fn value(environ: &[u8], name: &str) -> Option<OsString> {
    let mut all = environ.split(|&byte| byte == 0);
    all.find_map(|one| one.strip_prefix(name.as_bytes())?.strip_prefix(b"="))
        .map(|value| OsString::from_vec(value.to_vec()))
}

/// The arguments of the process above this one, and the directory that it is in.
#[must_use]
pub fn caller() -> Option<(Vec<OsString>, std::path::PathBuf)> {
    started(std::os::unix::process::parent_id())
}

/// The arguments of a process, and the directory that it is in.
fn started(pid: u32) -> Option<(Vec<OsString>, std::path::PathBuf)> {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let args = line.strip_suffix(b"\0").unwrap_or(&line);
    let args = args.split(|&byte| byte == 0);
    Some((
        args.map(|arg| OsStr::from_bytes(arg).to_owned()).collect(),
        std::fs::read_link(format!("/proc/{pid}/cwd")).ok()?,
    ))
}

/// The arguments of the nearest cargo above this process, and the directory that it was started in.
#[must_use]
pub fn cargo() -> Option<(Vec<OsString>, std::path::PathBuf)> {
    let is_cargo = |args: &[OsString]| {
        let name = args
            .first()
            .map(std::path::Path::new)
            .and_then(|program| program.file_name());
        name.is_some_and(|name| name == "cargo")
    };
    above()
        .filter_map(|process| started(process.pid))
        .find(|(args, _)| is_cargo(args))
}

/// A process and the id of the one above it.
fn read(pid: u32) -> Option<(Process, u32)> {
    let stat = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
    let (parent, started) = parse(&stat)?;
    Some((Process { pid, started }, parent))
}

/// Fields 4 and 22 of proc_pid_stat(5). The second one, a name in parentheses, may hold anything.
fn parse(stat: &[u8]) -> Option<(u32, u64)> {
    let name_end = stat.iter().rposition(|&byte| byte == b')')?;
    let rest = str::from_utf8(&stat[name_end + 1..]).ok()?;
    let mut fields = rest.split_ascii_whitespace();
    Some((fields.nth(1)?.parse().ok()?, fields.nth(17)?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_stand_behind_a_name_that_may_hold_anything() {
        let stat = b"7 (a) b) S 5 7 7 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 4711 9 9\n";
        assert_eq!(parse(stat), Some((5, 4711)));
        assert_eq!(parse(b"7 (a"), None);
        assert_eq!(parse(b"7 (a) S x"), None);
    }

    #[test]
    fn a_variable_is_found_whole() {
        let environ = b"AB=1\0A=2=3\0A=4\0";
        assert_eq!(value(environ, "A"), Some("2=3".into()));
        assert_eq!(value(environ, "B"), None);
    }

    #[test]
    fn the_parent_is_the_nearest() {
        let parent = above().next().expect("a parent");
        assert_eq!(parent.pid, std::os::unix::process::parent_id());
        assert_eq!(Process::this().expect("/proc").pid, std::process::id());
    }
}
