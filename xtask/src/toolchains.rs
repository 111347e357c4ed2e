//! The toolchains that the tool is tested with beside the one that builds it, each a step: what must not be there is skipped with the reason.
//!
//! `tests/toolchain.rs` is the battery that each of them runs; which names functions have concerns few tests. Which toolchain, flags and configuration a step means is said by variables (`tests/src/toolchain.rs`), and the tests prove that what they built came from
//! these.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::needs::{apt_get, on_path};
use crate::run::Runner;
use crate::steps::NIGHTLY;
use crate::workspace::{cargo, target};

/// The test binary with the battery.
const BATTERY: &[&str] = &["--test", "toolchain"];
/// The tests whose expectations are made of functions' names, here and in the battery. Nothing else that is tested looks at how the compiler mangles them.
const NAMES: &[&str] = &[
    "--test",
    "tracebacks",
    "--test",
    "gdb_goroutines",
    "--test",
    "goroutine_names",
    "--test",
    "inits",
    "--test",
    "toolchain",
    "--",
    // tracebacks
    "an_unrecovered_panic_tells_where_it_came_from",
    "frames_and_creators_have_files_and_lines",
    "stack_overflow_names_the_goroutine",
    "a_deadlock_tells_what_all_goroutines_wait_for",
    "a_fatal_error_tells_where_it_was",
    "sigquit_tells_what_all_goroutines_do",
    "a_program_sees_the_stacks_of_all_its_goroutines",
    "a_goroutine_and_a_thread_see_their_own_stacks",
    "of_a_long_stack_both_ends_are_kept",
    "a_panic_that_goes_on_after_another_in_a_destructor",
    "a_program_whose_file_is_gone_knows_its_functions",
    // gdb_goroutines
    "goroutines_are_listed_with_what_they_wait_for",
    "every_goroutine_has_a_backtrace",
    "a_goroutine_that_has_not_run_is_at_its_start",
    // goroutine_names
    "a_panic_is_told_with_the_goroutines_name",
    "the_message_is_as_long_as_stds_and_so_is_the_backtrace",
    // inits
    "reading_a_variable_too_early_names_it_and_its_reader",
    "an_init_that_panics_ends_the_program_and_its_package_is_named",
    // toolchain
    "tracebacks_show_the_programs_functions_only",
    "gdb_says_where_in_the_program_a_goroutine_waits",
    "what_is_planned_and_what_was_built_can_be_read",
];
/// The battery but for what the same compiler does in the step with the new layout, too, and as well there.
const BUT_TRIMMED: &[&str] = &["--test", "toolchain", "--", "--skip", "trimmed_programs"];
/// Debian's newest compiler, for its browsers, and cargo to it. They cannot be installed beside rustup's package.
const DEBIAN: [&str; 2] = ["rustc-web", "cargo-web"];
/// The oldest release that is of use: 1.95 is what the tool is built with.
const DEBIAN_AT_LEAST: &str = "1.96";
/// Files in the way that `build.build-dir` arranges them, and in that of the nightly.
const BUILD_DIR: &str = "build.build-dir = \"build-dir\"\n";
const NEW_LAYOUT: &str = "unstable.build-dir-new-layout = true\n";

/// All steps, with this build of the tool.
pub fn test(runner: &mut Runner, tool: &Path) {
    let step = |runner: &mut Runner, name: &str, tests: &[&str], env: &[(&str, &str)]| {
        let mut command = cargo(&["test", "-p", "gobuild-tests", "--no-fail-fast"]);
        command
            .args(tests)
            .env("GOBUILD_BIN", tool)
            .envs(env.iter().copied());
        runner.child(name, &mut command);
    };
    step(
        runner,
        "toolchain, v0 names",
        NAMES,
        &[("GOBUILD_TEST_RUSTFLAGS", "-Csymbol-mangling-version=v0")],
    );
    step(
        runner,
        "toolchain, build-dir",
        BATTERY,
        &[("GOBUILD_TEST_CONFIG", BUILD_DIR)],
    );
    let (plain, new_layout) = ("toolchain, nightly", "toolchain, new layout");
    let nightly = NIGHTLY.trim_start_matches('+');
    if has_nightly() {
        let nightly = ("GOBUILD_TEST_TOOLCHAIN", nightly);
        step(runner, plain, BUT_TRIMMED, &[nightly]);
        let config = ("GOBUILD_TEST_CONFIG", NEW_LAYOUT);
        step(runner, new_layout, BATTERY, &[nightly, config]);
    } else {
        for name in [plain, new_layout] {
            runner.skip(name, "install it with `rustup toolchain install nightly`");
        }
    }
    let name = "toolchain, Debian's";
    if runner.wanted(name) {
        match debian() {
            Ok(dir) => {
                let dir = dir.display().to_string();
                let toolchain = ("GOBUILD_TEST_TOOLCHAIN", dir.as_str());
                step(runner, name, BATTERY, &[toolchain]);
            }
            Err(why) => runner.skip(name, &why),
        }
    }
}

fn has_nightly() -> bool {
    let version = cargo(&[NIGHTLY, "--version"]).output();
    version.is_ok_and(|output| output.status.success())
}

/// The directory with Debian's toolchain, downloaded and unpacked when it is not there; else why it cannot be.
fn debian() -> Result<PathBuf, String> {
    let dir = target().join("tools/debian-rust");
    if !dir.join("bin/cargo").is_file() {
        if !on_path("apt-get") || !on_path("dpkg-deb") {
            return Err("there is no apt-get here: needs Debian or Ubuntu".to_owned());
        }
        offered()?;
        let partial = dir.with_extension("partial");
        _ = fs::remove_dir_all(&partial);
        unpack(&partial).map_err(|error| format!("unpacking Debian's toolchain: {error}"))?;
        fs::rename(&partial, &dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    }
    Ok(dir)
}

/// Whether apt knows a release that is new enough; its lists may be old.
fn offered() -> Result<(), String> {
    let candidate = || {
        let policy = Command::new("apt-cache")
            .args(["policy", DEBIAN[0]])
            .env("LC_ALL", "C")
            .output();
        let policy = policy.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
        let policy = policy.unwrap_or_default();
        let line = policy
            .lines()
            .find_map(|line| line.trim().strip_prefix("Candidate: "));
        line.unwrap_or("(none)").to_owned()
    };
    let is_new = |version: &str| release(version) >= release(DEBIAN_AT_LEAST);
    if !is_new(&candidate()) {
        _ = apt_get(&["update", "--quiet"]);
    }
    let version = candidate();
    if is_new(&version) {
        return Ok(());
    }
    Err(format!(
        "apt offers {} {version}, which is not {DEBIAN_AT_LEAST} or later: try `apt-get update`",
        DEBIAN[0]
    ))
}

/// Major and minor version; none for what is none.
fn release(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

/// Downloads the packages with what they need and the machine lacks, and unpacks them into a directory.
fn unpack(dir: &Path) -> std::io::Result<()> {
    let archives = dir.join("archives");
    fs::create_dir_all(archives.join("partial"))?;
    let cache = format!("Dir::Cache::archives={}", archives.display());
    let options = [
        "--yes",
        "--quiet",
        "--no-install-recommends",
        "--download-only",
    ];
    let unlocked = ["-o", "Debug::NoLocking=1", "-o", &cache, "install"];
    let status = apt_get(&[&options[..], &unlocked, &DEBIAN].concat())?;
    if !status.success() {
        return Err(std::io::Error::other(format!("apt-get: {status}")));
    }
    for archive in fs::read_dir(&archives)?.flatten() {
        if archive.path().extension().is_some_and(|end| end == "deb") {
            let mut unpack = Command::new("dpkg-deb");
            unpack.arg("--extract").arg(archive.path()).arg(dir);
            let status = unpack.stdin(Stdio::null()).status()?;
            if !status.success() {
                return Err(std::io::Error::other(format!("dpkg-deb: {status}")));
            }
        }
    }
    fs::remove_dir_all(&archives)?;
    // The programs look for their libraries where the packages would be installed.
    let bin = dir.join("bin");
    fs::create_dir_all(&bin)?;
    for program in ["rustc", "rustdoc", "cargo"] {
        let script = "#!/bin/sh\ndir=$(dirname \"$(readlink -f \"$0\")\")/../usr\n\
             export LD_LIBRARY_PATH=\"$dir/lib/x86_64-linux-gnu\"\nexec \"$dir/bin/$(basename \"$0\")\" \"$@\"\n";
        fs::write(bin.join(program), script)?;
        fs::set_permissions(bin.join(program), fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{NAMES, release};
    use crate::files::read;
    use crate::workspace::root;

    #[test]
    fn every_test_that_is_picked_out_exists() {
        let mut words = NAMES.iter();
        let picked = words.by_ref().take_while(|word| **word != "--");
        let files = picked.filter(|word| **word != "--test");
        let texts: Vec<String> = files
            .map(|name| read(&root().join(format!("tests/tests/{name}.rs"))).expect("a test file"))
            .collect();
        for name in words {
            let test = format!("#[test]\nfn {name}");
            let found: usize = texts.iter().map(|text| text.matches(&test).count()).sum();
            assert_eq!(found, 1, "{name}");
        }
    }

    #[test]
    fn versions_of_packages_are_compared_by_number() {
        assert!(release("1.96.0+dfsg1-1~deb12u2") >= release("1.96"));
        assert!(release("1.100.0") >= release("1.96"));
        assert!(release("1.85.0+dfsg3-1~deb12u3") < release("1.96"));
        assert!(release("(none)") < release("1.96"));
    }
}
