//! `cargo xtask package`: what would be published, used as somebody far away uses it.
//!
//! All packages are made; those that will be published are unpacked into a directory that stands for the registry, beside everything that they
//! need. From there, with a home of its own and without the network, cargo installs the tool, which builds and runs programs that depend on the
//! packaged `rtlib`. Nothing of the checkout reaches them but what is in the packages.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::files::{copy, each, output, read, version_of, write};
use crate::run::Runner;
use crate::workspace::{cargo, root, target};

/// The packages that are published, each behind those that it needs.
const PUBLISHED: [(&str, &str); 7] = [
    ("gobuild-rtlib-abi", "rtlib/abi"),
    ("gobuild-rtlib-macros", "rtlib/macros"),
    ("gobuild-rtlib-runtime", "rtlib/runtime"),
    ("gobuild-rtlib", "rtlib"),
    ("gobuild-templates", "templates"),
    ("gobuild-codegen", "codegen"),
    ("cargo-gobuild", "cli"),
];

/// A program whose goroutines all wait, main or an init among them.
const DEADLOCK: &str = include_str!("deadlock.rs");

/// Whether cargo compiles every package alone, as `cargo publish` does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Verify {
    /// Before a release.
    Yes,
    /// In CI: what follows compiles the same sources.
    No,
}

/// The steps; `tool` is what the checkout has made.
pub fn package(runner: &mut Runner, verify: Verify, tool: &Path) {
    let place = Place::new();
    let mut command = cargo(&["package", "--workspace", "--allow-dirty", "--quiet"]);
    command.env("CARGO_TARGET_DIR", &place.target);
    if verify == Verify::No {
        command.arg("--no-verify");
    }
    runner.child("package: make", &mut command);
    runner.child("package: vendor", &mut place.vendor());
    runner.function("package: unpack", || place.unpack());
    runner.child("package: install", &mut place.install());
    runner.function("package: runtime", || place.runtime(tool));
    runner.function("package: example", || place.example());
    runner.function("package: tracebacks", || place.tracebacks());
}

/// Where things are, below the target directory.
struct Place {
    /// Cargo's target directory for all of it.
    target: PathBuf,
    /// Stands for the registry.
    registry: PathBuf,
    /// CARGO_HOME.
    home: PathBuf,
    /// Where the tool is installed.
    installed: PathBuf,
    /// The programs.
    programs: PathBuf,
}

impl Place {
    fn new() -> Self {
        let below = |name: &str| target().join("packaged").join(name);
        Self {
            target: below("target"),
            registry: below("registry"),
            home: below("home"),
            installed: below("installed"),
            programs: below("programs"),
        }
    }

    /// Copies the packages of others out of the user's registry, those of the example, too.
    fn vendor(&self) -> Command {
        let mut command = cargo(&["vendor", "--quiet", "--locked", "--versioned-dirs"]);
        command.arg("--sync").arg("examples/registry/Cargo.toml");
        command.arg(&self.registry);
        command
    }

    /// Puts ours beside them, and has cargo take all of them from there.
    fn unpack(&self) -> Result<(), Vec<String>> {
        each(PUBLISHED, |(name, dir)| {
            let version = version_of(name)?;
            manifest_is_complete(name, dir, &version)?;
            let archive = self.target.join(format!("package/{name}-{version}.crate"));
            output(
                Command::new("tar")
                    .arg("-xzf")
                    .arg(&archive)
                    .arg("-C")
                    .arg(&self.registry),
            )?;
            let sum = output(Command::new("sha256sum").arg(&archive))?;
            let sum = sum.split(' ').next().unwrap_or_default();
            self.forget(name);
            write(
                &self
                    .registry
                    .join(format!("{name}-{version}/.cargo-checksum.json")),
                &format!("{{\"files\":{{}},\"package\":\"{sum}\"}}"),
            )
        })?;
        let config = format!(
            "[source.crates-io]\nreplace-with = \"packaged\"\n\n[source.packaged]\ndirectory = {:?}\n",
            self.registry
        );
        write(&self.home.join("config.toml"), &config).map_err(|error| vec![error])
    }

    /// Cargo takes what comes from a registry for unchanged as long as the version is the same.
    fn forget(&self, package: &str) {
        for dir in [&self.target, &self.programs.join("target")] {
            for profile in ["debug", "release"] {
                let units = fs::read_dir(dir.join(profile).join(".fingerprint"));
                let of_package = format!("{package}-");
                for unit in units.into_iter().flatten().flatten() {
                    if unit.file_name().to_string_lossy().starts_with(&of_package) {
                        _ = fs::remove_dir_all(unit.path());
                    }
                }
            }
        }
    }

    /// Cargo as somebody far away has it. It stands outside of the checkout's workspace, and nothing of the user's is configured.
    fn cargo(&self) -> Command {
        let mut command = Command::new("cargo");
        command
            .current_dir(&self.home)
            .env("CARGO_HOME", &self.home)
            .env("CARGO_NET_OFFLINE", "true");
        command
    }

    fn install(&self) -> Command {
        let mut command = self.cargo();
        command
            .args(["install", "cargo-gobuild", "--debug", "--locked", "--quiet"])
            .args(["--force", "--root"])
            .arg(&self.installed)
            // As the workspace has it, which is not there.
            .env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only")
            .env("CARGO_TARGET_DIR", &self.target);
        command
    }

    /// The installed tool, for the program in `dir`.
    fn tool(&self, dir: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(self.installed.join("bin/cargo-gobuild"));
        command
            .args(args)
            .current_dir(dir)
            .env("CARGO_HOME", &self.home)
            .env("CARGO_NET_OFFLINE", "true")
            .env("CARGO_TARGET_DIR", self.programs.join("target"));
        command
    }

    /// The registry example against the packaged `rtlib`.
    fn example(&self) -> Result<(), Vec<String>> {
        let run = || {
            let from = root().join("examples/registry");
            let to = self.programs.join("registry");
            copy(&from, &to)?;
            let manifest = to.join("Cargo.toml");
            let version = version_of("gobuild-rtlib")?;
            let text = read(&manifest)?;
            let depends = text.replace(
                "gobuild-rtlib = { path = \"../../rtlib\" }",
                &format!("gobuild-rtlib = \"{version}\""),
            );
            if depends == text {
                return Err(format!("{} does not depend on a path", manifest.display()));
            }
            write(&manifest, &depends)?;
            _ = fs::remove_file(to.join("Cargo.lock"));
            let got = output(&mut self.tool(&to, &["run", "--quiet"]))?;
            equal(&got, &read(&from.join("expected.txt"))?, "the example")
        };
        run().map_err(|error| vec![error])
    }

    /// Both tools write the object out under a name that has its content's hash.
    fn runtime(&self, tool: &Path) -> Result<(), Vec<String>> {
        let run = || {
            let hello = self.programs.join("hello");
            write(
                &hello.join("Cargo.toml"),
                "[package]\nname = \"hello\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n",
            )?;
            write(&hello.join("src/main.rs"), "fn main() {}\n")?;
            let places = ["theirs", "ours"].map(|name| self.programs.join(name));
            let [theirs, ours] = &places;
            // What an earlier run has left would be found, too.
            places
                .iter()
                .for_each(|place| _ = fs::remove_dir_all(place));
            output(
                self.tool(&hello, &["--quiet"])
                    .env("CARGO_TARGET_DIR", theirs),
            )?;
            output(
                Command::new(tool)
                    .arg("--quiet")
                    .current_dir(&hello)
                    .env("CARGO_TARGET_DIR", ours),
            )?;
            equal(
                &runtimes(&theirs.join("debug/gobuild"))?,
                &runtimes(&ours.join("debug/gobuild"))?,
                "the runtime's object",
            )?;
            // gdb finds the runtime's sources, which the packages have brought along.
            let mut gdb = Command::new("gdb");
            gdb.args(["-nx", "-batch", "-ex", "set print demangle off"]);
            gdb.args(["-ex", "list runtime.main"])
                .arg(theirs.join("debug/hello"));
            let shown = output(gdb.current_dir("/"))?;
            match shown.contains("extern \"C\" fn main()") {
                true => Ok(()),
                false => Err(format!("gdb does not show the runtime's source: {shown}")),
            }
        };
        run().map_err(|error| vec![error])
    }

    /// Deadlocks, in both profiles: nothing but the program's own functions is told.
    fn tracebacks(&self) -> Result<(), Vec<String>> {
        let dir = self.programs.join("deadlock");
        let write_program = || {
            let version = version_of("gobuild-rtlib")?;
            write(
                &dir.join("Cargo.toml"),
                &format!(
                    "[package]\nname = \"deadlock\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\ngobuild-rtlib = \"{version}\"\n\n\
                     [workspace]\n\n[profile.release]\ndebug = \"line-tables-only\"\n"
                ),
            )?;
            // An earlier run's has the checksums of that run's packages.
            _ = fs::remove_file(dir.join("Cargo.lock"));
            write(&dir.join("src/main.rs"), DEADLOCK)
        };
        write_program().map_err(|error| vec![error])?;
        let cases = [
            ("debug", "main"),
            ("debug", "init"),
            ("release", "main"),
            ("release", "init"),
        ];
        each(cases, |(profile, who)| {
            let mut args = vec!["build", "--quiet"];
            if profile == "release" {
                args.push("--release");
            }
            output(&mut self.tool(&dir, &args))?;
            let program = self.programs.join(format!("target/{profile}/deadlock"));
            let out = Command::new(&program)
                .arg(who)
                .output()
                .map_err(|error| format!("{}: {error}", program.display()))?;
            let told = String::from_utf8_lossy(&out.stderr);
            if out.status.code() == Some(2) && only_the_programs_own(&told) {
                return Ok(());
            }
            Err(format!(
                "{profile}, {who}: frames of others, or none:\n{told}"
            ))
        })
    }
}

/// Whether a traceback tells who waits for a message, and who for a lock, and no file but the program's.
fn only_the_programs_own(told: &str) -> bool {
    let mut files = told.lines().filter_map(|line| line.strip_prefix('\t'));
    told.contains("deadlock::wait(...)")
        && told.contains("deadlock::locker(...)")
        && files.all(|file| file.contains("/deadlock/src/main.rs:"))
}

/// The names of the runtime's objects in a directory.
fn runtimes(dir: &Path) -> Result<String, String> {
    let entries = fs::read_dir(dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    let mut names: Vec<String> = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with("runtime-"))
        .collect();
    names.sort();
    Ok(names.join(" "))
}

/// What cargo does not ask for, but whoever looks at a registry does.
fn manifest_is_complete(name: &str, dir: &str, version: &str) -> Result<(), String> {
    let manifest = root().join(dir).join("Cargo.toml");
    let text = read(&manifest)?;
    for key in [
        "description",
        "readme",
        "documentation",
        "keywords",
        "categories",
        "include",
        "rust-version",
        "license",
    ] {
        let has = |line: &str| {
            line.starts_with(&format!("{key} ")) || line.starts_with(&format!("{key}."))
        };
        if !text.lines().any(has) {
            return Err(format!("{}: no `{key}`", manifest.display()));
        }
    }
    let readme = read(&root().join(dir).join("README.md"))?;
    let (series, _) = version.rsplit_once('.').unwrap_or((version, ""));
    for line in readme.lines().filter(|line| line.contains(" = \"")) {
        if !line.ends_with(&format!("= \"{series}\"")) {
            return Err(format!(
                "{name}: README.md: `{line}`: this is version {version}"
            ));
        }
    }
    Ok(())
}

fn equal(got: &str, wanted: &str, what: &str) -> Result<(), String> {
    if got == wanted && !got.is_empty() {
        return Ok(());
    }
    Err(format!("{what}: got\n{got}\nwanted\n{wanted}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [chan receive]:\ndeadlock::wait(...)\n\t/x/deadlock/src/main.rs:26 +0x4d2\n\n\
         goroutine 3 [sync.Mutex.Lock]:\ndeadlock::locker(...)\n\t/x/deadlock/src/main.rs:9 +0x16\n";

    #[test]
    fn a_frame_of_the_runtime_is_noticed() {
        assert!(only_the_programs_own(GOOD));
        assert!(!only_the_programs_own("deadlock::wait(...)\n"));
        let bad = GOOD.replace(
            "deadlock::wait(",
            "gopark(...)\n\trtlib/rtlib-runtime-0.1.0/src/sched/park.rs:1\ndeadlock::wait(",
        );
        assert!(!only_the_programs_own(&bad));
    }
}
