//! Same input, same bits: one tree in two directories gives identical programs.

use std::fs;
use std::path::Path;

use gobuild_tests::process::{BUILD, run};
use gobuild_tests::project::Project;
use gobuild_tests::tool;

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

/// Builds two trees and compares their programs.
#[track_caller]
fn check(args: &[&str], profile: &str) {
    let (one, two) = (tree(), tree());
    let built = [&one, &two].map(|project| {
        _ = project.build(args).ok();
        fs::read(project.exe(profile, "same")).expect("it was built")
    });
    let [first, second] = &built;
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
    check(&["--trimpath"], "debug");
}

#[test]
fn release_builds_with_trimmed_paths() {
    check(&["--trimpath", "--release"], "release");
}

#[test]
fn release_builds_without_debug_information() {
    check(
        &["--release", "--config", "profile.release.strip='debuginfo'"],
        "release",
    );
}

#[test]
fn the_same_tree_built_twice_gives_the_same_program() {
    let project = tree();
    _ = project.build(&[]).ok();
    let exe = project.exe("debug", "same");
    let first = fs::read(&exe).expect("it was built");
    fs::remove_dir_all(project.target()).expect("remove");
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
