//! Same input, same bits: one tree in two directories gives identical programs.

use std::fs;
use std::path::Path;
use std::process::Command;

use gobuild_tests::process::{BUILD, RUN, run};
use gobuild_tests::project::Project;
use gobuild_tests::{rtlib, tool};

const MAIN: &str = r#"
mod part;

#[rtlib::var]
static NAMES: Vec<String> = vec![String::from("a"), helper::name()];

#[rtlib::init]
fn greet() {
    part::check(NAMES.len());
}

fn main() {
    println!("{:?} {}", *NAMES, file!());
    let sum = rtlib::spawn(|| std::env::args().count());
    part::check(sum.join().unwrap());
}
"#;

/// Panics carry paths, and so do debug information and the init table.
const PART: &str = "#[rtlib::init]\nfn late() {}\n\npub fn check(n: usize) {\n    assert!(n > 0, \"none at all\");\n}\n";

/// The tree, in a new directory with a target directory of its own.
fn tree() -> Project {
    let project = Project::alone();
    project.package(
        "",
        "same",
        "gobuild-rtlib = { path = \"{rtlib}\" }\nhelper = { path = \"helper\" }\n",
    );
    project.file("src/main.rs", MAIN);
    project.file("src/part.rs", PART);
    project.package(
        "helper",
        "helper",
        "gobuild-rtlib = { path = \"{rtlib}\" }\n",
    );
    project.file(
        "helper/src/lib.rs",
        "#[rtlib::init]\nfn ready() {}\n\npub fn name() -> String {\n    file!().to_owned()\n}\n",
    );
    project
}

/// What is compiled for each of two trees: all of a program, or only the trees' own packages.
#[derive(Clone, Copy, PartialEq)]
enum Twice {
    All,
    Own,
}

/// Builds two trees and compares their programs.
#[track_caller]
fn check(args: &[&str], profile: &str, twice: Twice) {
    let (one, two) = (tree(), tree());
    let build = |project: &Project| {
        _ = project.build(args).ok();
        fs::read(project.exe(profile, "same")).expect("it was built")
    };
    let first = &build(&one);
    if twice == Twice::Own {
        fs::remove_dir_all(two.target()).expect("remove");
        rtlib::copy(one.target(), two.target());
        fs::remove_file(two.exe(profile, "same")).expect("remove");
    }
    let second = &build(&two);
    let differs = first.iter().zip(second).position(|(a, b)| a != b);
    assert!(
        differs.is_none() && first.len() == second.len(),
        "{} and {} bytes, the first difference at {differs:?}",
        first.len(),
        second.len()
    );
    let text = String::from_utf8_lossy(first);
    let place = one.path().display().to_string();
    assert!(!text.contains(&place), "the program holds {place}");
}

#[test]
fn debug_builds_with_trimmed_paths() {
    check(&["--trimpath"], "debug", Twice::All);
}

#[test]
fn release_builds_with_trimmed_paths() {
    check(&["--trimpath", "--release"], "release", Twice::Own);
}

#[test]
fn release_builds_without_debug_information() {
    check(
        &["--release", "--config", "profile.release.strip='debuginfo'"],
        "release",
        Twice::Own,
    );
}

#[test]
fn the_same_tree_built_twice_gives_the_same_program() {
    let project = tree();
    _ = project.build(&[]).ok();
    let exe = project.exe("debug", "same");
    let first = fs::read(&exe).expect("it was built");
    fs::remove_dir_all(project.target()).expect("remove");
    rtlib::compiled_into(project.target());
    _ = project.build(&[]).ok();
    assert!(fs::read(&exe).expect("it was built") == first);
}

/// What makes cargo link again when it changes.
fn mark(tool: &Path, project: &Project) -> String {
    let mut command = tool::gobuild_by(tool, project.path());
    command.args(["-n", "build"]);
    let steps = run(command.env("CARGO_TARGET_DIR", project.target()), BUILD).ok();
    let text = steps.out() + &steps.err();
    let (_, mark) = text.split_once("--gobuild-link=").expect("a mark");
    mark.chars().take_while(char::is_ascii_hexdigit).collect()
}

#[test]
fn another_tool_that_takes_its_turns_in_the_same_directory_links_again() {
    let project = tree();
    let other = project.path().join("other-gobuild");
    let mut bytes = fs::read(tool::cargo_gobuild()).expect("read the tool");
    // Behind the end of an ELF file there may be anything.
    bytes.push(0);
    fs::write(&other, bytes).expect("write another tool");
    fs::set_permissions(
        &other,
        fs::metadata(tool::cargo_gobuild())
            .expect("mode")
            .permissions(),
    )
    .expect("make it executable");
    _ = project.build(&[]).ok();
    let ours = mark(tool::cargo_gobuild(), &project);
    assert_ne!(mark(&other, &project), ours);
    assert_eq!(mark(tool::cargo_gobuild(), &project), ours);
}

/// A package in `ws`, with a path dependency outside of its workspace, in `outside`. Both have generated sources, and panics that would name all of them.
fn spread() -> Project {
    let project = Project::alone();
    for (dir, name, dependencies) in [
        (
            "ws",
            "spread",
            "outside = { path = \"../outside\" }\n\n[workspace]\n",
        ),
        ("outside", "outside", ""),
    ] {
        project.package(dir, name, dependencies);
        let generated = "#[inline(never)] pub fn made(n: usize) { assert!(n < 9, \"made\"); }";
        let script = format!(
            "fn main() {{ std::fs::write(std::env::var(\"OUT_DIR\").unwrap() + \"/made.rs\", {generated:?}).unwrap(); }}\n"
        );
        project.file(&format!("{dir}/build.rs"), &script);
    }
    let included = "include!(concat!(env!(\"OUT_DIR\"), \"/made.rs\"));";
    let main = format!(
        "{included}\nfn main() {{ let n = std::env::args().count(); made(n); outside::made(n); outside::check(n); println!(\"{{}}\", file!()); }}\n"
    );
    project.file("ws/src/main.rs", &main);
    let lib = format!(
        "{included}\n#[inline(never)] pub fn check(n: usize) {{ assert!(n < 9, \"checked\"); }}\n"
    );
    project.file("outside/src/lib.rs", &lib);
    project
}

/// The tool, called in the workspace of [`spread`] with these arguments.
#[track_caller]
fn in_workspace(project: &Project, args: &[&str]) {
    let mut command = project.gobuild();
    command.args(args).current_dir(project.path().join("ws"));
    _ = run(&mut command, BUILD).ok();
}

/// The program runs, and nothing in it names the place where it was made.
#[track_caller]
fn names_no_place(project: &Project, program: &Path) {
    _ = run(&mut Command::new(program), RUN).ok();
    let bytes = fs::read(program).expect("it was built");
    let place = project.path().display().to_string();
    let text = String::from_utf8_lossy(&bytes);
    let found: Vec<_> = text
        .match_indices(&place)
        .map(|(at, _)| text[at..].chars().take(100).collect::<String>())
        .collect();
    assert!(found.is_empty(), "{}: {found:?}", program.display());
}

#[test]
fn installed_programs_are_trimmed_and_so_is_what_is_built_after_them() {
    let project = spread();
    let root = project.path().join("root");
    let into = root.display().to_string();
    let install = ["install", "--path", ".", "--root", &into, "--offline"];
    // First without, so that crates that are not trimmed lie in the same target directory.
    in_workspace(&project, &[&install[..], &["--force"]].concat());
    in_workspace(
        &project,
        &[&install[..], &["--force", "--trimpath"]].concat(),
    );
    names_no_place(&project, &root.join("bin/spread"));
    in_workspace(&project, &["build", "--release", "--trimpath"]);
    names_no_place(&project, &project.exe("release", "spread"));
    in_workspace(&project, &["build", "--trimpath"]);
    names_no_place(&project, &project.exe("debug", "spread"));
}

#[test]
fn a_build_directory_elsewhere_is_trimmed() {
    let project = spread();
    let dir = project.path().join("elsewhere/build");
    let config = format!("build.build-dir='{}'", dir.display());
    for profile in [
        &["--release"][..],
        &["--config", "profile.dev.strip='none'"],
    ] {
        let args = ["build", "--trimpath", "--config", &config];
        in_workspace(&project, &[&args[..], profile].concat());
    }
    names_no_place(&project, &project.exe("release", "spread"));
    names_no_place(&project, &project.exe("debug", "spread"));
    assert!(dir.is_dir(), "the build directory was not used");
}
