//! Crates with init functions in programs that plain cargo links: build scripts, procedural macros and their tests. They link and run, inits do not run there, and what needs the runtime says that
//! it is not there. A program that plain cargo built ends at once.

use gobuild_tests::process::{BUILD, RUN, run, says};
use gobuild_tests::project::Project;

const FAILURE: i32 = 101;
const RTLIB: &str = "gobuild-rtlib = { path = \"{rtlib}\" }";

/// A program, its build script and a procedural macro, all of which use a crate with an init.
fn app() -> Project {
    let project = Project::new("host_programs");
    project.package(
        "",
        "host",
        "common = { path = \"common\" }\npm = { path = \"pm\" }\n\n[build-dependencies]\ncommon = { path = \"common\" }\n",
    );
    project.file(
        "build.rs",
        "fn main() {\n    println!(\"cargo::rerun-if-env-changed=MISUSE\");\n    println!(\"cargo::rustc-env=VERSION={}\", common::version());\n    \
         common::misuse(std::env::var(\"MISUSE\").ok().as_deref());\n}\n",
    );
    project.file(
        "src/main.rs",
        "fn main() { println!(\"{} {} {}\", common::version(), env!(\"VERSION\"), pm::version!()); }\n",
    );
    project.package("common", "common", RTLIB);
    project.file(
        "common/src/lib.rs",
        "#[rtlib::init] fn begin() { println!(\"init of common\"); }\n\
         #[rtlib::var] static WORDS: Vec<u8> = vec![1, 2];\n\
         pub fn version() -> &'static str { \"1.2\" }\n\
         pub fn misuse(how: Option<&str>) {\n    match how {\n        Some(\"go\") => drop(rtlib::spawn(|| ())),\n        Some(\"var\") => println!(\"{}\", WORDS.len()),\n        \
         Some(\"yield\") => rtlib::yield_now(),\n        _ => {}\n    }\n}\n",
    );
    project.package(
        "pm",
        "pm",
        "common = { path = \"../common\" }\n\n[lib]\nproc-macro = true\n",
    );
    project.file(
        "pm/src/lib.rs",
        "#[proc_macro] pub fn version(_: proc_macro::TokenStream) -> proc_macro::TokenStream { format!(\"{:?}\", common::version()).parse().unwrap() }\n\
         #[test] fn unit() { assert_eq!(common::version(), \"1.2\"); }\n",
    );
    project
}

#[test]
fn crates_with_inits_may_be_used_at_build_time() {
    let project = app();
    _ = run(project.cargo().arg("check"), BUILD).ok();
    _ = project.build(&[]).ok();
    let ran = run(&mut project.program("debug", "host"), RUN).ok();
    assert_eq!(ran.out(), "init of common\n1.2 1.2 1.2\n");
    for mut tests in [project.cargo(), project.gobuild()] {
        let tested = run(tests.args(["test", "-p", "pm", "--lib"]), BUILD).ok();
        assert!(tested.out().contains("1 passed"), "{}", tested.report());
    }
    for (misuse, message) in [
        (
            "go",
            "cannot start a goroutine: the runtime is not in this process",
        ),
        (
            "var",
            "package variable `common::WORDS` (common/src/lib.rs:2) has no value: the runtime is not in this process",
        ),
        ("yield", "rtlib: the runtime is not in this process"),
    ] {
        let refused =
            run(project.cargo().arg("check").env("MISUSE", misuse), BUILD).fails_with(FAILURE);
        says(
            &refused,
            &[message, "it is a build script or a procedural macro"],
        );
    }
    // A program is none of these. It must not run without its inits.
    _ = run(project.cargo().arg("build"), BUILD).ok();
    let ended = run(&mut project.program("debug", "host"), RUN).fails_with(2);
    says(
        &ended,
        &["was not built by cargo gobuild", "use `cargo gobuild`"],
    );
    assert_eq!(ended.out(), "");
}
