//! The programs that are measured: ours and those of the peers, built from `benches/programs`.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::error::BenchError;
use crate::tool::Tool;
use crate::{checkout, child, go};

/// For a static program that can be compared with ours: the same addresses, the same libc.
const STATIC: [&str; 4] = [
    "-C",
    "target-feature=+crt-static",
    "-C",
    "relocation-model=static",
];
const NO_LIBC: &str =
    "a static C library is needed: install `libc6-dev` (Debian, Ubuntu) or `glibc-static` (Fedora)";

fn ours_target() -> PathBuf {
    checkout::scratch().join("ours")
}

fn plain_target() -> PathBuf {
    checkout::scratch().join("plain")
}

/// Builds programs of one of our packages with `cargo gobuild` and returns the directory that they are in.
///
/// # Errors
/// When a build fails.
pub fn ours(package: &str) -> Result<PathBuf, BenchError> {
    let target = ours_target();
    let mut gobuild = Tool::build()?.command();
    gobuild.current_dir(checkout::programs().join("ours"));
    gobuild.args(["build", "--quiet", "--release", "--locked", "-p", package]);
    child::output(gobuild.arg("--target-dir").arg(&target))?;
    Ok(target.join("release"))
}

/// Builds programs of one of our packages with plain cargo, as anybody would, and returns the directory that they are in.
///
/// # Errors
/// When the build fails.
pub fn ours_by_cargo(package: &str) -> Result<PathBuf, BenchError> {
    let target = plain_target();
    let mut cargo = checkout::cargo();
    cargo.current_dir(checkout::programs().join("ours"));
    cargo.args(["build", "--quiet", "--release", "--locked", "-p", package]);
    child::output(cargo.arg("--target-dir").arg(&target))?;
    Ok(target.join("release"))
}

/// Builds the empty program with plain cargo, static.
///
/// # Errors
/// When the build fails.
pub fn static_rust() -> Result<PathBuf, BenchError> {
    let target = plain_target();
    let mut cargo = checkout::cargo();
    cargo.current_dir(checkout::programs().join("ours"));
    cargo.args(["rustc", "--quiet", "--release", "--locked"]);
    cargo.args(["-p", "empty", "--bin", "empty", "--target-dir"]);
    cargo.arg(&target);
    child::output_or(cargo.arg("--").args(STATIC), NO_LIBC)?;
    Ok(target.join("release/empty"))
}

/// Builds the programs of one of the packages in `peers` with plain cargo and returns the directory that they are in. The packages' programs have the same
/// names, so each has a target directory of its own.
///
/// # Errors
/// When a build fails.
pub fn rust_peer(package: &str) -> Result<PathBuf, BenchError> {
    let target = checkout::scratch().join(package);
    let mut cargo = checkout::cargo();
    cargo.current_dir(checkout::programs().join("peers"));
    cargo.args(["build", "--quiet", "--release", "--locked", "-p", package]);
    child::output(cargo.arg("--target-dir").arg(&target))?;
    Ok(target.join("release"))
}

/// Builds the programs in Go and returns the directory that they are in.
///
/// # Errors
/// When there is no Go, or the build fails.
pub fn go() -> Result<PathBuf, BenchError> {
    let to = directory("go")?;
    let mut go = go::command(&checkout::programs().join("go"))?;
    child::output(go.args(["build", "-o"]).arg(&to).arg("./..."))?;
    Ok(to)
}

/// Builds one of the programs in C, static.
///
/// # Errors
/// When there is no C compiler or no static libc.
pub fn static_c(name: &str) -> Result<PathBuf, BenchError> {
    let program = directory("c")?.join(name);
    let mut cc = Command::new("cc");
    cc.args(["-O2", "-static", "-o"]).arg(&program);
    cc.arg(
        checkout::programs()
            .join("c")
            .join(name)
            .with_extension("c"),
    );
    child::output_or(&mut cc, NO_LIBC)?;
    Ok(program)
}

fn directory(name: &str) -> Result<PathBuf, BenchError> {
    let path = checkout::scratch().join(name);
    fs::create_dir_all(&path).map_err(BenchError::file("create", &path))?;
    Ok(path)
}
