//! What the tests need besides Rust: found, else installed with apt-get where we may, else named exactly.

use std::path::Path;
use std::process::{Command, Stdio};

/// Debian packages, each with a program that tells whether it is there.
const PACKAGES: &[(&str, &str)] = &[
    ("gcc", "cc"),
    ("binutils", "readelf"),
    ("gdb", "gdb"),
    ("git", "git"),
    ("python3-venv", "python3"),
    ("qemu-user", "qemu-x86_64"),
    ("fish", "fish"),
    ("zsh", "zsh"),
    ("strace", "strace"),
    ("valgrind", "valgrind"),
    ("redis-server", "redis-server"),
];

/// glibc's static library, wherever the C compiler keeps it.
const STATIC_LIBC: (&str, &str) = ("libc6-dev", "libc.a");

/// Gets what is missing.
pub fn get() -> Result<(), Vec<String>> {
    let missing = missing();
    if missing.is_empty() {
        return Ok(());
    }
    if may_install() {
        println!("installing {}", missing.join(" "));
        _ = apt_get(&["update", "--quiet"]);
        _ = apt_get(
            &[
                &["install", "--yes", "--no-install-recommends"],
                &missing[..],
            ]
            .concat(),
        );
    }
    let missing = self::missing();
    if missing.is_empty() {
        return Ok(());
    }
    Err(vec![format!(
        "the tests need these packages (Debian's names): apt-get install {}",
        missing.join(" ")
    )])
}

fn missing() -> Vec<&'static str> {
    let programs = PACKAGES.iter().filter(|(_, program)| !on_path(program));
    let mut missing: Vec<&str> = programs.map(|(package, _)| *package).collect();
    if !has_static_libc() {
        missing.push(STATIC_LIBC.0);
    }
    missing
}

/// Whether a program is there.
pub fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
}

/// The C compiler prints a path when it finds the file, else the bare name.
fn has_static_libc() -> bool {
    let asked = Command::new("cc")
        .arg(format!("-print-file-name={}", STATIC_LIBC.1))
        .output();
    asked
        .is_ok_and(|output| Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_absolute())
}

fn may_install() -> bool {
    let root = Command::new("id").arg("-u").output();
    on_path("apt-get") && root.is_ok_and(|output| output.stdout == b"0\n")
}

/// Runs it without questions.
pub fn apt_get(args: &[&str]) -> std::io::Result<std::process::ExitStatus> {
    Command::new("apt-get")
        .args(args)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .status()
}
