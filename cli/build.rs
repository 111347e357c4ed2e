//! Compiles the runtime (`rtlib/runtime`) into one object, which `runtime_object.rs` embeds.
//!
//! rustc is called directly, once for each of the runtime's two packages, and is told everything: a cargo in here would bring a lock file, the
//! network and the user's configuration into it, and would wait for a build directory that the outer cargo holds. So the same sources and
//! compiler give the same object, whoever builds the tool and wherever the sources lie: in a checkout, a registry or a vendored directory.
//! Of the resulting static library only the runtime's own member is kept: the program brings its own compiler builtins.
//!
//! The sources are embedded, too, so that gdb finds them: the linker driver writes them out, and the place where into the object's debug
//! information, which has room for any path there ([`COMPILE_DIR`]).

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use object::read::archive::ArchiveFile;

/// What the object is for, whatever the tool is compiled for.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// What debug information has as the compile directory, in front of the names of files, until the driver writes the real one: as long as a
/// path may be, the zero behind it counted (`PATH_MAX`).
const COMPILE_DIR: [u8; 4095] = [b'@'; 4095];

/// A package of the runtime.
struct Package {
    crate_name: &'static str,
    /// Where it is.
    dir: &'static str,
    /// Where it is in a checkout, which is what debug information says.
    name: &'static str,
}

fn main() -> Result<(), Box<dyn Error>> {
    let abi = Package {
        crate_name: "rtlib_abi",
        dir: rtlib_abi::MANIFEST_DIR.ok_or("cargo did not say where gobuild-rtlib-abi is")?,
        name: "rtlib/abi",
    };
    let runtime = Package {
        crate_name: "rtlib_runtime",
        dir: rtlib_runtime::MANIFEST_DIR,
        name: "rtlib/runtime",
    };
    for package in [&abi, &runtime] {
        println!("cargo::rerun-if-changed={}/src", package.dir);
    }
    println!("cargo::rerun-if-env-changed=DOCS_RS");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo did not say where to write")?);
    if env::var_os("DOCS_RS").is_some() {
        // The documentation is made without linking.
        return embed(&out, &[], 0, &[]);
    }

    let packages = [&abi, &runtime];
    run(compiler(&abi, &packages, &out)?.arg("--crate-type=rlib"))?;

    let mut rustc = compiler(&runtime, &packages, &out)?;
    let checks = match env::var_os("CARGO_FEATURE_CHECKED") {
        Some(_) => "yes",
        None => "no",
    };
    rustc
        .args(["--crate-type=staticlib", "-Clto=fat"])
        .args(["--cfg", "feature=\"object\""])
        .arg(format!("-Cdebug-assertions={checks}"))
        .arg(format!("-Coverflow-checks={checks}"));
    if env::var_os("CARGO_FEATURE_FAULTS").is_some() {
        rustc.args(["--cfg", "feature=\"faults\""]);
    }
    let library = out.join("librtlib_abi.rlib");
    run(rustc.arg(format!("--extern=rtlib_abi={}", library.display())))?;
    let archive = fs::read(out.join("librtlib_runtime.a"))?;
    let object = runtime_member(&archive)?;
    embed(&out, object, compile_dir(object)?, &packages)
}

/// Writes what `runtime_object.rs` includes.
fn embed(
    out: &Path,
    object: &[u8],
    compile_dir: usize,
    packages: &[&Package],
) -> Result<(), Box<dyn Error>> {
    let mut text = format!(
        "const COMPILE_DIR: std::ops::Range<usize> = {compile_dir}..{};\n",
        compile_dir + COMPILE_DIR.len()
    );
    text += "/// The runtime's sources: names from the compile directory, and texts.\n";
    text += "pub const SOURCES: &[(&str, &str)] = &[\n";
    for Package { dir, name, .. } in packages {
        for file in files_below(&Path::new(dir).join("src"))? {
            let below = file.strip_prefix(dir)?;
            text += &format!(
                "({:?}, include_str!({file:?})),\n",
                Path::new(name).join(below)
            );
        }
    }
    text += "];\n";
    fs::write(out.join("runtime.o"), object)?;
    Ok(fs::write(out.join("runtime.rs"), text)?)
}

fn files_below(dir: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(files_below(&path)?);
        } else {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Where the object names the compile directory.
fn compile_dir(object: &[u8]) -> Result<usize, Box<dyn Error>> {
    let starts = object.windows(COMPILE_DIR.len()).enumerate();
    let starts: Vec<usize> = starts
        .filter_map(|(at, bytes)| (bytes == COMPILE_DIR).then_some(at))
        .collect();
    match starts[..] {
        [at] => Ok(at),
        _ => Err(format!(
            "the object names its compile directory {} times",
            starts.len()
        )
        .into()),
    }
}

/// rustc for a package, with what both have in common.
fn compiler(package: &Package, all: &[&Package], out: &Path) -> Result<Command, Box<dyn Error>> {
    let mut rustc = Command::new(env::var_os("RUSTC").ok_or("cargo did not name the compiler")?);
    // Cargo's are about this package, and rustc's would change what it makes. CARGO_HOME is for rustup.
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("RUSTC_") || text.starts_with("CARGO_") && text != "CARGO_HOME" {
            rustc.env_remove(name);
        }
    }
    rustc
        .args(["--edition=2024", "--target", TARGET])
        .args(["--crate-name", package.crate_name])
        .args(["-Copt-level=3", "-Ccodegen-units=1", "-Cpanic=abort"])
        .args(["-Crelocation-model=pic", "-Cforce-unwind-tables=yes"])
        .args(["-Cdebuginfo=line-tables-only", "-Cstrip=none"])
        // In the hashes of symbols. The compiler adds its version.
        .args(["-Cmetadata=gobuild", "--cap-lints=allow"])
        .arg("--out-dir")
        .arg(out);
    // The last one that fits counts; the first is for the compile directory.
    let here = env::current_dir()?;
    let compile_dir = str::from_utf8(&COMPILE_DIR)?;
    rustc.arg(format!(
        "--remap-path-prefix={}={compile_dir}",
        here.display()
    ));
    for Package { dir, name, .. } in all {
        rustc.arg(format!("--remap-path-prefix={dir}={name}"));
    }
    // Where the component rust-src is installed, rustc names the sources of core by their place there, else as below.
    let (sysroot, version) = (answer("--print=sysroot")?, answer("-vV")?);
    let field = |name| version.lines().find_map(|line| line.strip_prefix(name));
    let hash = field("commit-hash: ").filter(|hash| *hash != "unknown");
    if let Some(of_core) = hash.or_else(|| field("release: ")) {
        let sources = Path::new(sysroot.trim_end()).join("lib/rustlib/src/rust");
        rustc.arg(format!(
            "--remap-path-prefix={}=/rustc/{of_core}",
            sources.display()
        ));
    }
    rustc.arg(Path::new(package.dir).join("src/lib.rs"));
    Ok(rustc)
}

/// What the compiler answers to a question about itself.
fn answer(question: &str) -> Result<String, Box<dyn Error>> {
    let rustc = env::var_os("RUSTC").ok_or("cargo did not name the compiler")?;
    let output = Command::new(rustc).arg(question).output()?;
    Ok(String::from_utf8(output.stdout)?)
}

fn run(command: &mut Command) -> Result<(), Box<dyn Error>> {
    let status = command
        .status()
        .map_err(|error| format!("compiling the runtime: cannot start {command:?}: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("compiling the runtime: {status}: {command:?}").into())
    }
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
