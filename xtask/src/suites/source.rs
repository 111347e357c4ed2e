//! Gets the sources of a suite and puts them, as they are, into a directory of ours: a published package out of cargo's registry, or std's own tests out of the toolchain's component rust-src.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::place;
use super::table::{From, Suite};
use crate::files::{copy, output, read, write};

/// A suite's sources.
pub struct Source {
    pub dir: PathBuf,
    pub version: String,
}

/// The package that is made around std's tests; `STD` stands for the directory of its sources, `HERE` for the package's.
const STD_MANIFEST: &str = include_str!("std.toml");
const STD_SYNC: &str = include_str!("std_sync.in");
const STD_UNIT: &str = include_str!("std_unit.in");

/// The places where a unit test looks into what it tests: the file, the copy of it, what is there, and what says the same from outside.
const PRIVATE: [(&str, &str, &str, &str); 2] = [
    (
        "src/net/udp/tests.rs",
        "udp_tests.rs",
        "udpsock.0.socket().as_raw()",
        "crate::os::fd::AsRawFd::as_raw_fd(&udpsock)",
    ),
    (
        "src/fs/tests.rs",
        "fs_tests.rs",
        "dir_entry.0.path()",
        "dir_entry.path()",
    ),
];

/// Gets them.
pub fn get(suite: &Suite) -> Result<Source, String> {
    match suite.from {
        From::Registry { version, sha256 } => package(suite, version, sha256),
        From::Toolchain => std(suite.name),
    }
}

/// A published package. Cargo downloads it and compares it with the registry's checksum, which must be the one that we know.
fn package(suite: &Suite, version: &str, sha256: &str) -> Result<Source, String> {
    let name = suite.name;
    let dir = place().join(format!("src/{name}-{version}"));
    let version = version.to_owned();
    if dir.join("Cargo.toml").is_file() {
        return Ok(Source { dir, version });
    }
    let fetch = place().join(format!("fetch/{name}-{version}"));
    let manifest = format!(
        "[package]\nname = \"fetch\"\nedition = \"2024\"\n\n[lib]\npath = \"lib.rs\"\n\n[dependencies]\n{name} = \"={version}\"\n\n[workspace]\n"
    );
    write(&fetch.join("Cargo.toml"), &manifest)?;
    write(&fetch.join("lib.rs"), "")?;
    output(
        Command::new("cargo")
            .args(["fetch", "--quiet"])
            .current_dir(&fetch),
    )?;
    let lock = read(&fetch.join("Cargo.lock"))?;
    if !locks(&lock, name, &version, sha256) {
        return Err(format!(
            "{name} {version} of the registry has not the checksum of the table of suites, {sha256}: {}",
            fetch.join("Cargo.lock").display()
        ));
    }
    let unpacked = unpacked(&format!("{name}-{version}"))?;
    // In two steps, so that what is there is whole.
    let partial = dir.with_extension("partial");
    copy(&unpacked, &partial)?;
    let manifest = partial.join("Cargo.toml");
    let mut text = read(&manifest)?;
    if !text.lines().any(|line| line.trim() == "[workspace]") {
        // Else cargo takes it for a member of the workspace in whose directory it is.
        text.push_str("\n[workspace]\n");
    }
    write(&manifest, &format!("{text}\n{}", suite.manifest))?;
    for package in suite.update {
        let mut update = Command::new("cargo");
        update.args(["update", "--quiet", "--package", package]);
        output(update.current_dir(&partial))?;
    }
    rename(&partial, &dir)?;
    Ok(Source { dir, version })
}

/// Whether a lock file has the package with this checksum.
fn locks(lock: &str, name: &str, version: &str, sha256: &str) -> bool {
    lock.split("[[package]]").any(|package| {
        let has = |key: &str, value: &str| {
            let line = format!("{key} = \"{value}\"");
            package.lines().any(|found| found == line)
        };
        has("name", name) && has("version", version) && has("checksum", sha256)
    })
}

/// Where cargo has unpacked a package.
fn unpacked(package: &str) -> Result<PathBuf, String> {
    let home = env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cargo")))
        .ok_or("neither CARGO_HOME nor HOME is set")?;
    let sources = home.join("registry/src");
    let registries =
        fs::read_dir(&sources).map_err(|error| format!("{}: {error}", sources.display()))?;
    registries
        .flatten()
        .map(|registry| registry.path().join(package))
        .find(|dir| dir.is_dir())
        .ok_or_else(|| {
            format!(
                "cargo has fetched {package}, but it is not below {}",
                sources.display()
            )
        })
}

/// Where std's sources are, which are installed if that is possible. The error says how.
pub fn sources_of_std() -> Result<PathBuf, String> {
    let sysroot = output(Command::new("rustc").args(["--print", "sysroot"]))?;
    let std = Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library/std");
    if !std.is_dir() {
        // Where there is no rustup, the message below tells what is missing.
        _ = Command::new("rustup")
            .args(["component", "add", "rust-src"])
            .status();
    }
    if !std.is_dir() {
        return Err(format!(
            "there is no {}: `rustup component add rust-src` brings it",
            std.display()
        ));
    }
    Ok(std)
}

/// std's tests: the files of the toolchain where they are, and a package around them.
fn std(name: &str) -> Result<Source, String> {
    let rustc = |args: &[&str]| output(Command::new("rustc").args(args));
    let version = rustc(&["--version"])?;
    let version = version.split(' ').nth(1).unwrap_or_default().to_owned();
    let std = sources_of_std()?;
    let dir = place().join(format!("src/{name}-{version}"));
    let fill = |text: &str| {
        text.replace("STD", &std.display().to_string())
            .replace("HERE", &dir.display().to_string())
    };
    for (file, copy, private, public) in PRIVATE {
        let text = read(&std.join(file))?;
        write(&dir.join(copy), &text.replace(private, public))?;
    }
    write(&dir.join("Cargo.toml"), &fill(STD_MANIFEST))?;
    write(&dir.join("lib.rs"), "")?;
    write(&dir.join("sync.rs"), &fill(STD_SYNC))?;
    write(&dir.join("unit.rs"), &fill(STD_UNIT))?;
    Ok(Source { dir, version })
}

fn rename(from: &Path, to: &Path) -> Result<(), String> {
    fs::rename(from, to).map_err(|error| format!("{} to {}: {error}", from.display(), to.display()))
}

#[cfg(test)]
mod tests {
    use super::locks;

    #[test]
    fn a_lock_file_has_the_package_only_with_all_that_we_know_of_it() {
        let lock = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nchecksum = \"12\"\n\n\
            [[package]]\nname = \"b\"\nversion = \"2.0.0\"\nchecksum = \"34\"\n";
        assert!(locks(lock, "a", "1.0.0", "12"));
        assert!(locks(lock, "b", "2.0.0", "34"));
        for (name, version, sum) in [
            ("a", "1.0.0", "34"),
            ("a", "2.0.0", "12"),
            ("b", "1.0.0", "12"),
            ("a", "1.0.0", ""),
        ] {
            assert!(!locks(lock, name, version, sum), "{name} {version} {sum}");
        }
    }
}
