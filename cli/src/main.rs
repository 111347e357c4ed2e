//! The `cargo-gobuild` executable: hands its arguments to [`cargo_gobuild::main`], which picks the mode.

use std::process::ExitCode;

fn main() -> ExitCode {
    cargo_gobuild::main(std::env::args_os().collect())
}
