//! The toolchain and the compiler's flags that the tests build with: those that cargo runs the tests with, and none, unless these variables say otherwise.
//!
//! - `GOBUILD_TEST_TOOLCHAIN`: a name of rustup's (`nightly`), or a directory that holds `bin/cargo` and `bin/rustc`;
//! - `GOBUILD_TEST_RUSTFLAGS`: what is in RUSTFLAGS when something is built;
//! - `GOBUILD_TEST_CONFIG`: what is in `.cargo/config.toml` of the project that `tests/toolchain.rs` builds.
//!
//! A run that asks for something proves that it got it ([`prove`]): what changes on the way is seen, and not silently tested as if it had not been asked for.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use object::{Object, ObjectSymbol};

use crate::process::{RUN, run};

const TOOLCHAIN: &str = "GOBUILD_TEST_TOOLCHAIN";
const RUSTFLAGS: &str = "GOBUILD_TEST_RUSTFLAGS";
const CONFIG: &str = "GOBUILD_TEST_CONFIG";
/// In flags: names as the compiler makes them by default since 1.97.
const V0: &str = "symbol-mangling-version=v0";

/// The flags that were asked for, empty if none were.
#[must_use]
pub fn rustflags() -> String {
    env::var(RUSTFLAGS).unwrap_or_default()
}

/// The configuration that was asked for, empty if none was.
#[must_use]
pub fn config() -> String {
    env::var(CONFIG).unwrap_or_default()
}

/// What was asked for, as a part of a file's name; empty if nothing was.
#[must_use]
pub fn label() -> String {
    let asked = [TOOLCHAIN, RUSTFLAGS, CONFIG].map(|name| env::var(name).unwrap_or_default());
    let asked = asked.iter().filter(|text| !text.is_empty());
    asked
        .flat_map(|text| ["-", text])
        .collect::<String>()
        .replace(|c: char| !c.is_ascii_alphanumeric(), "-")
}

/// Makes the command, cargo or a child of cargo's, use what was asked for. Its environment is clean otherwise.
///
/// # Panics
/// If there is no such toolchain.
pub fn choose(command: &mut Command) {
    if let Some(bin) = bin() {
        let path = env::var_os("PATH").unwrap_or_default();
        let path = std::iter::once(bin.clone()).chain(env::split_paths(&path));
        command
            .env("PATH", env::join_paths(path).expect("a path"))
            .env("CARGO", bin.join("cargo"))
            // Of the toolchain that the tests run with.
            .env_remove("RUSTUP_TOOLCHAIN")
            .env_remove("LD_LIBRARY_PATH");
    }
    let flags = rustflags();
    if !flags.is_empty() {
        command.env("RUSTFLAGS", flags);
    }
}

/// The cargo to start.
#[must_use]
pub fn cargo() -> PathBuf {
    bin().map_or_else(|| PathBuf::from(env!("CARGO")), |bin| bin.join("cargo"))
}

/// The executables of the toolchain that was asked for.
fn bin() -> Option<&'static PathBuf> {
    static BIN: OnceLock<Option<PathBuf>> = OnceLock::new();
    BIN.get_or_init(|| env::var_os(TOOLCHAIN).map(|asked| find(&asked)))
        .as_ref()
}

fn find(asked: &OsString) -> PathBuf {
    let dir = Path::new(asked);
    if dir.is_absolute() {
        return dir.join("bin");
    }
    let mut which = Command::new("rustup");
    which.args(["which", "cargo", "--toolchain"]).arg(asked);
    let cargo = run(&mut which, RUN).ok().out();
    let bin = Path::new(cargo.trim()).parent().map(Path::to_path_buf);
    bin.expect("a program in a directory")
}

/// The version of the compiler that is used, as `rustc --version` prints it.
///
/// # Panics
/// If it cannot be asked.
#[must_use]
pub fn rustc_version() -> String {
    let rustc = cargo().with_file_name("rustc");
    let mut ask = Command::new(rustc);
    ask.arg("--version").env_remove("LD_LIBRARY_PATH");
    run(&mut ask, RUN).ok().out().trim().to_owned()
}

/// The library of std that programs are linked with.
///
/// # Panics
/// If it cannot be found.
#[must_use]
pub fn libstd() -> PathBuf {
    let mut ask = Command::new(cargo().with_file_name("rustc"));
    ask.args(["--print", "target-libdir"])
        .env_remove("LD_LIBRARY_PATH");
    let dir = run(&mut ask, RUN).ok().out();
    let files = fs::read_dir(dir.trim()).expect("lists").flatten();
    let is_libstd = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("libstd-") && name.ends_with(".rlib")
    };
    let mut all = files.map(|file| file.path()).filter(is_libstd);
    all.next().expect("libstd-*.rlib")
}

/// Whether functions of programs have v0 names.
#[must_use]
pub fn is_v0() -> bool {
    let version = rustc_version();
    let minor = version.split('.').nth(1).and_then(|text| text.parse().ok());
    let by_default = minor.is_some_and(|minor: u32| minor >= 97);
    rustflags().contains(V0) || by_default
}

/// Looks at a program that was built: it comes from the compiler that was asked for, and its functions have the names that were asked for.
///
/// # Panics
/// If not.
#[track_caller]
pub fn prove(exe: &Path, of_crate: &str) {
    let bytes = fs::read(exe).expect("a program");
    let elf = object::File::parse(&*bytes).expect("an ELF file");
    let version = rustc_version().replacen("rustc ", "rustc version ", 1);
    let comment = elf.section_by_name(".comment").expect("compilers' names");
    let comment = object::ObjectSection::data(&comment).expect("its bytes");
    let comment = String::from_utf8_lossy(comment);
    assert!(
        comment.contains(&version),
        "{}: not of {version}: {comment}",
        exe.display()
    );
    let crate_name = format!("{}{of_crate}", of_crate.len());
    let names = || elf.symbols().filter_map(|symbol| symbol.name().ok());
    let of_v0 = |name: &&str| name.starts_with("_R") && name.contains(&crate_name);
    let (v0, legacy) = (
        names().filter(of_v0).count(),
        names()
            .filter(|name| {
                name.strip_prefix("_ZN")
                    .is_some_and(|path| path.starts_with(&crate_name))
            })
            .count(),
    );
    let as_asked = if is_v0() {
        v0 > 0 && legacy == 0
    } else {
        legacy > 0 && v0 == 0
    };
    assert!(
        as_asked,
        "{}: {v0} names of v0, {legacy} legacy ones",
        exe.display()
    );
}
