//! What of cargo's commands goes through the tool beside `build`, `run` and `test`: `bench`, and `-- COMMAND` for all others, those of other programs included. What they
//! link boots as the real program does.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use gobuild_tests::process::{BUILD, run};
use gobuild_tests::project::Project;
use gobuild_tests::readelf;

/// Whether the program that runs was linked by the tool. The name is put together, so that it is not in the program for this.
const IS_OURS: &str = r#"
pub fn is_ours() -> bool {
    let name = ["_rt0_amd64", "_linux"].concat();
    let program = std::fs::read("/proc/self/exe").unwrap();
    program.windows(name.len()).any(|part| part == name.as_bytes())
}

#[test]
fn unit() {
    assert!(is_ours());
}
"#;

/// A library, a program, a test that calls cargo for another package, and a benchmark without a harness.
fn app() -> Project {
    let project = Project::alone();
    let bench = "\n[features]\nextra = []\n\n[[bench]]\nname = \"speed\"\nharness = false\n";
    project.package("", "app", bench);
    project.file("src/lib.rs", IS_OURS);
    project.file(
        "src/main.rs",
        "fn main() { println!(\"{}\", app::is_ours()); }\n",
    );
    project.file(
        "benches/speed.rs",
        "fn main() { println!(\"speed {} {:?}\", app::is_ours(), std::env::args().nth(1)); }\n",
    );
    let calls = "#[test]\nfn calls_cargo() {\n    assert!(app::is_ours() && cfg!(feature = \"extra\"));\n    \
        let mut cargo = std::process::Command::new(env!(\"CARGO\"));\n    \
        let built = cargo.args([\"build\", \"-q\", \"--target-dir\", \"target/nested\"]).current_dir(\"nested\").status();\n    \
        assert!(built.unwrap().success());\n}\n";
    project.file("tests/calls.rs", calls);
    project.package("nested", "nested", "\n[workspace]\n");
    project.file("nested/src/main.rs", "fn main() {}\n");
    project
}

fn is_ours(program: &Path) -> bool {
    readelf::symbol(program, "runtime.rt0_go").is_some()
}

#[test]
fn benchmarks_boot_like_the_program() {
    let project = app();
    let mut command = project.gobuild();
    command.args(["bench", "--bench", "speed", "--", "fast"]);
    let outcome = run(&mut command, BUILD).ok();
    let said = outcome.out();
    assert!(
        said.contains("speed true Some(\"fast\")"),
        "{}",
        outcome.report()
    );
    assert!(
        project
            .target()
            .join("release/gobuild/app/bench-speed")
            .is_dir()
    );
}

/// A command of another program's, which calls cargo in its own way; and one of cargo's own.
#[test]
fn any_command_links_through_the_tool_and_leaves_other_packages_alone() {
    let project = app();
    let bin = project.path().join("bin");
    fs::create_dir(&bin).expect("create directory");
    let script = bin.join("cargo-checks");
    fs::write(
        &script,
        "#!/bin/sh\nshift\nexec \"$CARGO\" test --lib --test calls \"$@\"\n",
    )
    .expect("write script");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("make it executable");
    let usual = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(std::iter::once(bin).chain(std::env::split_paths(&usual)));
    let mut command = project.gobuild();
    command
        .args(["--", "checks", "--features", "extra"])
        .env("PATH", path.expect("a path"));
    let outcome = run(&mut command, BUILD).ok();
    assert_eq!(
        outcome.out().matches("1 passed").count(),
        2,
        "{}",
        outcome.report()
    );
    assert!(!is_ours(
        &project.path().join("nested/target/nested/debug/nested")
    ));

    _ = run(project.gobuild().args(["--", "build", "--release"]), BUILD).ok();
    let program = project.exe("release", "app");
    assert!(is_ours(&program));
    let inspected = run(project.gobuild().arg("inspect").arg(&program), BUILD).ok();
    assert!(
        inspected.out().contains("profile   release"),
        "{}",
        inspected.report()
    );
}

/// A program whose variables need each other: the tool finds it, rustc does not.
fn circular() -> Project {
    let project = Project::alone();
    project.package("", "app", "gobuild-rtlib = { path = \"{rtlib}\" }");
    project.file("src/lib.rs", "");
    let main = "#[rtlib::var]\nstatic A: u32 = *B;\n#[rtlib::var]\nstatic B: u32 = *A;\nfn main() { println!(\"{}\", *A); }\n";
    project.file("src/main.rs", main);
    project
}

/// What cargo says of a program that the tool refuses is one error, and then that it could not compile it.
#[test]
fn an_error_of_the_tool_looks_like_one_of_rustc_in_every_command() {
    let project = circular();
    for args in [
        &["build"][..],
        &["build", "--color", "always"],
        &["build", "--all-targets", "--keep-going"],
        &["build", "--trimpath"],
        &["run"],
        &["test"],
        &["bench"],
        &["--", "build"],
        &["--", "test", "--bins"],
    ] {
        let outcome = run(project.gobuild().args(args), BUILD).fails_with(101);
        let (err, said) = (outcome.err(), outcome.report());
        assert!(!err.contains("linking with"), "{said}");
        let is_coloured = args.contains(&"always");
        let error = match is_coloured {
            true => "\u{1b}[1m\u{1b}[91merror[initialization-cycle]\u{1b}[0m",
            false => "error[initialization-cycle]: ",
        };
        // Cargo tells what is the same in a program and its tests once.
        assert_eq!(err.matches(error).count(), 1, "{said}");
        assert_eq!(err.contains('\u{1b}'), is_coloured, "{said}");
        assert!(err.contains("due to 1 previous error"), "{said}");
        assert!(outcome.out().is_empty(), "{said}");
    }
}

#[test]
fn an_error_of_the_tool_is_short_where_rustcs_are() {
    let project = circular();
    let mut command = project.gobuild();
    let outcome = run(command.args(["build", "--message-format", "short"]), BUILD).fails_with(101);
    let line = "src/main.rs:2:8: error[initialization-cycle]: initialization cycle for app::A\n";
    assert!(outcome.err().contains(line), "{}", outcome.report());
}

/// The linker's own words are in rustc's message: that one stays, with what the tool knows about it.
#[test]
fn a_failure_of_the_linker_is_one_error_with_help() {
    let project = Project::alone();
    project.package("", "app", "");
    let main = "unsafe extern \"C\" { fn nowhere(); }\nfn main() { unsafe { nowhere() } }\n";
    project.file("src/main.rs", main);
    for args in [&["build"][..], &["build", "--all-targets"]] {
        let outcome = run(project.gobuild().args(args), BUILD).fails_with(101);
        let (err, said) = (outcome.err(), outcome.report());
        let errors = err.lines().filter(|line| line.starts_with("error"));
        // The other one is cargo's, that it could not compile the program.
        assert_eq!(errors.count(), 2, "{said}");
        assert!(
            err.contains("undefined symbol: nowhere")
                || err.contains("undefined reference to `nowhere'"),
            "{said}"
        );
        assert!(err.contains("  = help: "), "{said}");
    }
}
