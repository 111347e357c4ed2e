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
