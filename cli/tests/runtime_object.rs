//! The build script compiles the runtime: the same object from a checkout, whose is in this tool, and from where cargo unpacks packages, whatever
//! is configured there.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Longer than a compiler takes for two small crates and the runtime on a slow machine; a build that waits for its own lock takes for ever.
const LIMIT: Duration = Duration::from_secs(400);

/// Everything that a user may set for all of cargo's builds and that must not reach the runtime.
const HOSTILE: &str = r#"
[build]
build-dir = "elsewhere"
target = "x86_64-unknown-linux-gnu"
rustflags = ["-Ctarget-cpu=native", "-Cforce-frame-pointers=yes", "-Cdebuginfo=2"]
rustc-wrapper = "./wrapper"

[profile.release]
panic = "unwind"
incremental = true
debug-assertions = true
"#;

/// Refuses to compile the runtime, and nothing else.
const WRAPPER: &str =
    "#!/bin/sh\ncase \"$*\" in *lto*) echo refused >&2; exit 1 ;; esac\nexec \"$@\"\n";

/// A package as a registry's: the build script alone, in a folder that cargo made.
const TOOL: &str = r#"[package]
name = "cargo-gobuild"
version = "0.1.0"
edition = "2024"

[features]
checked = []
faults = []

[build-dependencies]
gobuild-rtlib-abi = { path = "../gobuild-rtlib-abi-0.1.0" }
gobuild-rtlib-runtime = { path = "../gobuild-rtlib-runtime-0.1.0" }
object = { version = "0.40", default-features = false, features = ["std", "read_core", "archive"] }

[workspace]
"#;

fn library(name: &str, krate: &str, more: &str) -> String {
    format!(
        "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[lib]\nname = \"{krate}\"\n\n{more}\n[workspace]\n"
    )
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("below a directory")).expect("creates");
    fs::write(path, text).expect("writes");
}

/// Copies a package's sources, with a manifest of its own.
fn unpack(from: &Path, to: &Path, manifest: &str) {
    write(&to.join("Cargo.toml"), manifest);
    let copied = Command::new("cp")
        .arg("-R")
        .arg(from.join("src"))
        .arg(to)
        .status();
    assert!(copied.expect("cp starts").success());
}

/// The one object below a directory.
fn object(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).expect("a directory").flatten() {
        let path = entry.path();
        if path.is_dir() {
            object(&path, found);
        } else if path.file_name() == Some("runtime.o".as_ref()) {
            found.push(path);
        }
    }
}

#[test]
fn a_registry_and_a_hostile_configuration_give_the_same_object() {
    let place = tempfile::tempdir().expect("a directory");
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let registry = place.path().join("registry/src/index.crates.io-0");
    unpack(
        &checkout.join("rtlib/abi"),
        &registry.join("gobuild-rtlib-abi-0.1.0"),
        &library("gobuild-rtlib-abi", "rtlib_abi", ""),
    );
    unpack(
        &checkout.join("rtlib/runtime"),
        &registry.join("gobuild-rtlib-runtime-0.1.0"),
        &library(
            "gobuild-rtlib-runtime",
            "rtlib_runtime",
            "[features]\nobject = []\nfaults = []\n\n[dependencies]\ngobuild-rtlib-abi = { path = \"../gobuild-rtlib-abi-0.1.0\" }\n",
        ),
    );
    let tool = registry.join("cargo-gobuild-0.1.0");
    write(&tool.join("Cargo.toml"), TOOL);
    write(&tool.join("src/lib.rs"), "");
    for (from, to) in [("cli/build.rs", "build.rs"), ("Cargo.lock", "Cargo.lock")] {
        fs::copy(checkout.join(from), tool.join(to)).expect("copies");
    }
    write(&tool.join(".cargo/config.toml"), HOSTILE);
    let wrapper = tool.join("wrapper");
    write(&wrapper, WRAPPER);
    fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755)).expect("sets the mode");

    let mut cargo = assert_cmd::Command::new("cargo");
    for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_TARGET_DIR"] {
        cargo.env_remove(name);
    }
    cargo
        .args(["build", "--quiet", "--release", "--offline"])
        .current_dir(&tool)
        .timeout(LIMIT);
    for (feature, on) in [
        ("checked", cfg!(feature = "checked")),
        ("faults", cfg!(feature = "faults")),
    ] {
        if on {
            cargo.args(["--features", feature]);
        }
    }
    cargo.assert().success();

    let mut found = Vec::new();
    object(&tool.join("elsewhere"), &mut found);
    let [built] = &found[..] else {
        panic!("not one object: {found:?}");
    };
    assert!(
        fs::read(built).expect("reads") == cargo_gobuild::runtime_object::bytes(),
        "{} differs from the checkout's",
        built.display()
    );
}
