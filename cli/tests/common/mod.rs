//! What the tests share: packages in temporary directories, and the tool started in them with a time limit.
//!
//! The tool is started as cargo starts it, with `gobuild` as first argument and without the variables of the cargo that runs the tests.
#![allow(
    dead_code,
    reason = "every test file is a crate of its own and uses a part"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{Duration, SystemTime};

use assert_cmd::Command;
use tempfile::TempDir;

/// Longer than any build here takes on a slow machine.
const LIMIT: Duration = Duration::from_secs(300);

/// A package in a temporary directory.
pub struct Package {
    dir: TempDir,
}

impl Package {
    /// A package `app` with these files; `manifest` follows its `[package]` table.
    pub fn new(manifest: &str, files: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().expect("temporary directory");
        let package = Self { dir };
        let head = "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
        package.write("Cargo.toml", &format!("{head}{manifest}\n[workspace]\n"));
        for (name, text) in files {
            package.write(name, text);
        }
        package
    }

    /// A package whose `main` prints `hello`.
    pub fn hello(manifest: &str) -> Self {
        Self::new(
            manifest,
            &[("src/main.rs", "fn main() { println!(\"hello\"); }\n")],
        )
    }

    /// Writes a file.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("below the package")).expect("creates");
        fs::write(path, text).expect("writes");
    }

    /// Writes an executable script.
    pub fn script(&self, name: &str, text: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;
        self.write(name, &format!("#!/bin/sh\n{text}\n"));
        let path = self.path(name);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("sets the mode");
        path
    }

    /// Makes files look as if they had been written a minute ago: what has just been written is not trusted to be unchanged.
    pub fn age(&self, names: &[&str]) {
        let then = SystemTime::now() - Duration::from_secs(60);
        for name in names {
            let file = fs::File::options()
                .append(true)
                .open(self.path(name))
                .expect("opens");
            file.set_modified(then).expect("sets the time");
        }
    }

    /// A path below the package.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The package's directory.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The tool with arguments, in the package's directory.
    pub fn gobuild(&self, args: &[&str]) -> Command {
        let mut command = gobuild(args);
        command.current_dir(self.dir());
        command
    }

    /// Runs the tool and gives what it said.
    pub fn run(&self, args: &[&str]) -> Outcome {
        Outcome::of(&mut self.gobuild(args))
    }

    /// Runs a built binary and gives its standard output.
    pub fn output_of(&self, binary: &str) -> String {
        let output = Command::new(self.path(binary))
            .timeout(LIMIT)
            .output()
            .expect("runs");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }
}

/// The tool with arguments.
pub fn gobuild(args: &[&str]) -> Command {
    let mut command = clean(Command::new(env!("CARGO_BIN_EXE_cargo-gobuild")));
    command.arg("gobuild").args(args);
    command
}

/// Plain cargo with arguments, in the environment that [`gobuild`] gives the tool.
pub fn cargo(args: &[&str]) -> Command {
    let cargo = std::env::var_os("CARGO").expect("tests run under cargo");
    let mut command = clean(Command::new(cargo));
    command.args(args);
    command
}

/// Without the variables of the cargo that runs the tests, and with a time limit.
fn clean(mut command: Command) -> Command {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let of_this_cargo = text.starts_with("CARGO") && text != "CARGO_HOME" && text != "CARGO";
        if of_this_cargo || text == "GOAMD64" || text == "RUSTFLAGS" || text.starts_with("RUSTC") {
            command.env_remove(&name);
        }
    }
    command.timeout(LIMIT);
    command
}

/// What a command did.
pub struct Outcome {
    /// Its exit code.
    pub code: Option<i32>,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Outcome {
    /// Runs a command.
    pub fn of(command: &mut Command) -> Self {
        let Output {
            status,
            stdout,
            stderr,
        } = command.output().expect("starts");
        Self {
            code: status.code(),
            stdout: String::from_utf8_lossy(&stdout).into_owned(),
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
        }
    }

    /// Fails the test unless the command ended with this code.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "stdout: {}\nstderr: {}",
            self.stdout,
            self.stderr
        );
        self
    }

    /// Fails the test unless standard error holds all of these.
    #[track_caller]
    pub fn expect_error(self, parts: &[&str]) -> Self {
        for part in parts {
            assert!(
                self.stderr.contains(part),
                "no `{part}` in: {}",
                self.stderr
            );
        }
        self
    }
}
