//! The linker, called and, when it fails, understood.
//!
//! What it prints goes on to rustc line by line as it comes, since rustc reads it and tries again without options that an old compiler does not know.
//! The end of it is kept, to tell the user what the machine lacks.

use std::ffi::OsString;
use std::io::{self, PipeReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus};

use super::error::LinkError;
use super::foreign;
use super::noise::Filter;
use crate::interrupt::{Ended, Group, Interrupts};
use crate::shell;

/// How much of the linker's output is kept.
const KEPT: usize = 64 << 10;
/// A disk with less free space than this is full.
const FULL: u64 = 1 << 20;

/// Runs the linker `program` to make `output`.
///
/// # Errors
/// When it cannot be started, fails, crashes or is interrupted.
pub fn call(
    program: &Path,
    args: Vec<OsString>,
    output: &Path,
    interrupts: &Interrupts,
) -> Result<(), LinkError> {
    let start = |source| LinkError::Start {
        program: program.into(),
        source,
    };
    let (reader, writer) = io::pipe().map_err(start)?;
    let copying = std::thread::spawn(move || copy(reader, shell::hand_on));
    let mut command = Command::new(program);
    command.args(args).stderr(writer);
    let ended = interrupts.run(&mut command, Group::Own);
    // The command holds the write end; the copy ends when that is gone.
    drop(command);
    let said = copying.join().unwrap_or_default();
    match ended.map_err(start)? {
        Ended::Interrupted(signal) => Err(LinkError::Interrupted(signal)),
        Ended::Exited(status) if status.success() => Ok(()),
        Ended::Exited(status) => Err(failure(program, output, status, &said)),
    }
}

fn copy(mut reader: PipeReader, hand_on: impl Fn(&[u8])) -> String {
    let mut kept = Vec::new();
    let mut filter = Filter::default();
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = reader.read(&mut buffer) {
        filter.push(&buffer[..count], &hand_on);
        kept.extend_from_slice(&buffer[..count]);
        if kept.len() > 2 * KEPT {
            kept.drain(..KEPT);
        }
    }
    filter.end(&hand_on);
    String::from_utf8_lossy(&kept).into_owned()
}

fn failure(program: &Path, output: &Path, status: ExitStatus, said: &str) -> LinkError {
    let is_full = disk_is_full(output);
    let has_libc = || has_static_libc(program);
    let hint = hint(said, is_full, has_libc, output);
    let (program, output) = (program.to_path_buf(), output.to_path_buf());
    match (status.code(), status.signal()) {
        (Some(status), _) => LinkError::Failed {
            program,
            output,
            status,
            hint,
        },
        (None, signal) => LinkError::Crashed {
            program,
            output,
            signal: signal.unwrap_or_default(),
            hint,
        },
    }
}

/// What the machine lacks or the user has set, if that is why linking failed.
fn hint(
    said: &str,
    is_full: bool,
    has_libc: impl FnOnce() -> bool,
    output: &Path,
) -> Option<String> {
    let says = |text: &str| said.contains(text);
    // Linkers write through a memory map, and a full disk then is a bus error.
    if is_full || says("No space left on device") || says("Bus error") {
        let dir = output.parent().unwrap_or(output);
        return Some(crate::error::full_disk_help(dir));
    }
    if says("ld.gold") || says("gold/") {
        return Some(
            "gold cannot link these programs, and binutils no longer maintains it; remove `-fuse-ld=gold` from RUSTFLAGS, build scripts and \
             .cargo/config.toml, or choose another linker with `--linker lld` or `--linker cc`"
                .to_owned(),
        );
    }
    if let Some(function) = foreign::defined_twice(said) {
        return Some(foreign::help(function));
    }
    if let Some(library) = missing_library(said).filter(|library| *library != "c") {
        return Some(format!(
            "`-l{library}` asks for a library of which there is no static one (lib{library}.a); install it (Debian, Ubuntu: mostly in the package that \
             ends with `-dev`), or use a feature that builds the C code (`vendored`, `bundled`, `static`)"
        ));
    }
    if says("recompile with -fPIC") || says("can not be used when making a PIE") {
        return Some(
            "a linker argument makes this a position independent program; remove `-pie` and `-static-pie` from RUSTFLAGS, \
             build scripts and .cargo/config.toml"
                .to_owned(),
        );
    }
    (!has_libc()).then(|| {
        "there is no static C library (libc.a); install it (Debian, Ubuntu: `apt install libc6-dev`; Fedora: `dnf install \
         glibc-static`)"
            .to_owned()
    })
}

/// The first library that the linker did not find: `unable to find library -lX` (lld), `cannot find -lX: …` (GNU ld), `library not found: X` (mold).
fn missing_library(said: &str) -> Option<&str> {
    let behind = [
        "unable to find library -l",
        "cannot find -l",
        "library not found: ",
    ];
    let rest = behind
        .iter()
        .find_map(|words| Some(said.split_once(words)?.1))?;
    let end = rest.find(|c: char| c.is_whitespace() || c == ':');
    let name = &rest[..end.unwrap_or(rest.len())];
    (!name.is_empty()).then_some(name)
}

fn disk_is_full(output: &Path) -> bool {
    let dir = output.parent().unwrap_or(output);
    rustix::fs::statvfs(dir).is_ok_and(|fs| fs.f_bavail.saturating_mul(fs.f_frsize) < FULL)
}

/// A compiler that cannot be asked is believed to have it.
fn has_static_libc(compiler: &Path) -> bool {
    let asked = Command::new(compiler)
        .arg("-print-file-name=libc.a")
        .output();
    asked.map_or(true, |output| output.stdout.trim_ascii() != b"libc.a")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hinted(said: &str, is_full: bool, has_libc: bool) -> Option<String> {
        hint(said, is_full, || has_libc, Path::new("/t/deps/app"))
    }

    #[test]
    fn failures_are_explained_when_they_can_be() {
        for (said, is_full, has_libc, part) in [
            ("", true, true, "the disk with /t/deps seems to be full"),
            (
                "ld: final link failed: No space left on device",
                false,
                true,
                "full",
            ),
            (
                "collect2: fatal error: ld terminated with signal 7 [Bus error]",
                false,
                true,
                "full",
            ),
            (
                "rust-lld: error: relocation X cannot be used against symbol 'y'; recompile with -fPIC",
                false,
                true,
                "-static-pie",
            ),
            ("ld: cannot find -lc", false, false, "libc6-dev"),
            (
                "rust-lld: error: unable to find library -lfoo\n",
                false,
                true,
                "`-lfoo`",
            ),
            (
                "/usr/bin/ld: cannot find -lbar: No such file or directory",
                false,
                true,
                "libbar.a",
            ),
            (
                "/usr/bin/ld.gold: internal error in f, at ../../gold/output.cc:1",
                false,
                true,
                "-fuse-ld=gold",
            ),
        ] {
            let hint = hinted(said, is_full, has_libc).unwrap_or_default();
            assert!(hint.contains(part), "{said}: {hint}");
        }
        assert_eq!(hinted("undefined reference to `f'", false, true), None);
    }

    #[test]
    fn status_and_signal_are_told_apart() {
        let run = |script: &str| {
            let status = Command::new("sh")
                .args(["-c", script])
                .status()
                .expect("runs");
            failure(Path::new("cc"), Path::new("/t/app"), status, "")
        };
        assert_eq!(
            run("exit 3").to_string(),
            "`cc` failed to link /t/app (exit status 3)"
        );
        assert_eq!(
            run("kill -SEGV $$").to_string(),
            "`cc` crashed while it linked /t/app (signal 11)"
        );
    }

    #[test]
    fn only_the_end_of_a_long_output_is_kept() {
        let (reader, mut writer) = io::pipe().expect("a pipe");
        let copying = std::thread::spawn(move || copy(reader, |_| ()));
        let line = " ".repeat(1023) + "\n";
        for _ in 0..200 {
            io::Write::write_all(&mut writer, line.as_bytes()).expect("writes");
        }
        io::Write::write_all(&mut writer, b"end").expect("writes");
        drop(writer);
        let kept = copying.join().expect("no panic");
        assert!(
            kept.len() <= 2 * KEPT && kept.ends_with("end"),
            "{}",
            kept.len()
        );
    }
}
