//! `cargo xtask release`: the files that a release has besides its packages. The tool is built with itself, so it is one static executable.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::files::{each, output, version_of, write};
use crate::run::Runner;
use crate::workspace::{cargo, root, target};

/// What cargo-binstall looks for: see `[package.metadata.binstall]` in `cli/Cargo.toml`.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// The shells whose completions are in the archive, with the names under which they find them.
const SHELLS: [(&str, &str); 3] = [
    ("bash", "cargo-gobuild.bash"),
    ("zsh", "_cargo-gobuild"),
    ("fish", "cargo-gobuild.fish"),
];

/// The steps.
pub fn release(runner: &mut Runner) {
    let place = target().join("release-files");
    runner.child(
        "release: build",
        cargo(&["run", "--quiet", "-p", "cargo-gobuild", "--", "build"])
            .args(["--release", "--locked", "--trimpath", "-p", "cargo-gobuild"])
            .arg("--target-dir")
            .arg(place.join("target")),
    );
    let tool = place.join("target/release/cargo-gobuild");
    runner.function("release: static", || one(is_static(&tool)));
    runner.function("release: works", || one(works(&tool, &place)));
    runner.function("release: archive", || one(archive(&tool, &place)));
}

fn one(result: Result<(), String>) -> Result<(), Vec<String>> {
    result.map_err(|error| vec![error])
}

/// It asks for no loader and no library, and holds no path of this machine's checkout.
fn is_static(tool: &Path) -> Result<(), String> {
    let headers = output(Command::new("readelf").args(["-lW", "-d"]).arg(tool))?;
    if headers.contains("INTERP") || headers.contains("NEEDED") {
        return Err(format!("{} is not static:\n{headers}", tool.display()));
    }
    let bytes = fs::read(tool).map_err(|error| format!("{}: {error}", tool.display()))?;
    let here = root().as_os_str().as_encoded_bytes();
    if bytes.windows(here.len()).any(|window| window == here) {
        return Err(format!(
            "{} holds the path {}",
            tool.display(),
            root().display()
        ));
    }
    Ok(())
}

/// It builds a program, as cargo's subcommand and as rustc's linker, and the program runs.
fn works(tool: &Path, place: &Path) -> Result<(), String> {
    let hello = place.join("hello");
    write(
        &hello.join("Cargo.toml"),
        "[package]\nname = \"hello\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n",
    )?;
    write(
        &hello.join("src/main.rs"),
        "fn main() { println!(\"hello\"); }\n",
    )?;
    let out = output(
        Command::new(tool)
            .args(["gobuild", "run", "--quiet"])
            .current_dir(&hello),
    )?;
    match out.as_str() {
        "hello\n" => Ok(()),
        other => Err(format!("the program printed {other:?}")),
    }
}

/// The archive, and its checksum beside it.
fn archive(tool: &Path, place: &Path) -> Result<(), String> {
    let name = format!("cargo-gobuild-{}-{TARGET}", version_of("cargo-gobuild")?);
    let dir = place.join(&name);
    _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    let copies = [
        (tool.to_owned(), "cargo-gobuild"),
        (root().join("cli/README.md"), "README.md"),
        (root().join("CHANGELOG.md"), "CHANGELOG.md"),
        (root().join("LICENSE-APACHE"), "LICENSE-APACHE"),
        (root().join("LICENSE-MIT"), "LICENSE-MIT"),
    ];
    each(copies, |(from, to): (PathBuf, &str)| {
        fs::copy(&from, dir.join(to))
            .map(drop)
            .map_err(|error| format!("{}: {error}", from.display()))
    })
    .map_err(|errors| errors.join("\n"))?;
    output(Command::new(tool).arg("man").arg(dir.join("man/man1")))?;
    for (shell, file) in SHELLS {
        let script = output(Command::new(tool).args(["completions", shell]))?;
        write(&dir.join("completions").join(file), &script)?;
    }
    // The same files give the same archive.
    let archive = format!("{name}.tar.gz");
    output(
        Command::new("tar")
            .args(["--sort=name", "--owner=0", "--group=0", "--numeric-owner"])
            .args(["--mtime=@0", "-I", "gzip -n9", "-cf", &archive, &name])
            .current_dir(place),
    )?;
    let sum = output(Command::new("sha256sum").arg(&archive).current_dir(place))?;
    write(&place.join(format!("{archive}.sha256")), &sum)?;
    println!("{}", place.join(archive).display());
    Ok(())
}
