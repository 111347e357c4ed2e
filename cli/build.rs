//! Compiles the runtime (`rtlib/runtime`) into one object, which `runtime_object.rs` embeds.
//!
//! It is compiled apart from the workspace: release, fat LTO, panic=abort, without the user's RUSTFLAGS or wrappers, so that the same sources and
//! compiler give the same object whoever builds the tool. Of the resulting static library only the runtime's own member is kept:
//! the program brings its own compiler builtins.

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use object::read::archive::ArchiveFile;

/// Settings of the user that must not reach the runtime's build.
const FOREIGN: [&str; 8] = [
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_BUILD_RUSTFLAGS",
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
    "CARGO_BUILD_TARGET",
    "CARGO_TARGET_DIR",
    "CARGO_BUILD_TARGET_DIR",
];

fn main() -> Result<(), Box<dyn Error>> {
    let source = Path::new(rtlib_runtime::MANIFEST_DIR);
    let rtlib = source.parent().ok_or("rtlib/runtime has no parent")?;
    for watched in [
        source.join("src"),
        source.join("Cargo.toml"),
        rtlib.join("abi/src"),
    ] {
        println!("cargo::rerun-if-changed={}", watched.display());
    }
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let archive = compile(source, rtlib, &out.join("runtime"))?;
    fs::write(out.join("runtime.o"), runtime_member(&fs::read(archive)?)?)?;
    Ok(())
}

fn compile(source: &Path, rtlib: &Path, target_dir: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let checkout = rtlib.parent().unwrap_or(rtlib);
    let mut cargo = Command::new(env::var("CARGO")?);
    for name in FOREIGN {
        cargo.env_remove(name);
    }
    let checked = env::var_os("CARGO_FEATURE_CHECKED").is_some();
    let features = match env::var_os("CARGO_FEATURE_FAULTS") {
        Some(_) => "object,faults",
        None => "object",
    };
    let checks = if checked { "true" } else { "false" };
    let profile = [
        ("LTO", "fat"),
        ("PANIC", "abort"),
        ("CODEGEN_UNITS", "1"),
        ("OPT_LEVEL", "3"),
        ("DEBUG", "line-tables-only"),
        ("STRIP", "none"),
        ("DEBUG_ASSERTIONS", checks),
        ("OVERFLOW_CHECKS", checks),
    ];
    for (key, value) in profile {
        cargo.env(format!("CARGO_PROFILE_RELEASE_{key}"), value);
    }
    cargo
        .args([
            "rustc",
            "--quiet",
            "--release",
            "--lib",
            "--features",
            features,
            "--crate-type",
            "staticlib",
        ])
        .arg("--manifest-path")
        .arg(source.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(target_dir)
        .args([
            "--",
            "-C",
            "relocation-model=pic",
            "-C",
            "force-unwind-tables=yes",
        ])
        // The last one that fits counts; the first is for the compile directory.
        .arg(format!("--remap-path-prefix={}=.", checkout.display()))
        .arg(format!("--remap-path-prefix={}=rtlib", rtlib.display()));
    let status = cargo.status()?;
    if !status.success() {
        return Err(format!("compiling the runtime failed: {status}").into());
    }
    Ok(target_dir.join("release/librtlib_runtime.a"))
}

fn runtime_member(archive: &[u8]) -> Result<&[u8], Box<dyn Error>> {
    let mut members = Vec::new();
    for member in ArchiveFile::parse(archive)?.members() {
        let member = member?;
        if member.name().starts_with(b"rtlib_runtime") {
            members.push(member.data(archive)?);
        }
    }
    match members[..] {
        [member] => Ok(member),
        _ => Err(format!(
            "expected one object of the runtime, found {}",
            members.len()
        )
        .into()),
    }
}
