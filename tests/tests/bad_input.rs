//! Bad code and bad projects get a clear error, with file, line and a hint: the messages are snapshots in `tests/snapshots/bad_input`. A build
//! that fails leaves no program behind.

use std::collections::BTreeSet;

use gobuild_codegen::diagnostic::Code;
use gobuild_tests::process::{BUILD, Outcome, RUN, run};
use gobuild_tests::project::Project;
use gobuild_tests::{redact, tool};
use rtlib_abi::code;
use snapbox::{Data, Redactions, assert_data_eq};

const FAILURE: i32 = 101;
const RTLIB: &str = "gobuild-rtlib = { path = \"{rtlib}\" }";

/// A package of this name that depends on rtlib.
fn bad(name: &str, main: &str) -> Project {
    Project::bin("bad", name, RTLIB, main)
}

/// Compares what the tool said with the snapshot `bad_input/NAME`, but for directories and cargo's progress.
#[track_caller]
fn says(name: &str, project: &Project, outcome: &Outcome) {
    let mut paths = Redactions::new();
    for (placeholder, path) in [
        ("[DIR]", project.path().canonicalize().expect("it is there")),
        ("[TARGET]", project.target().to_path_buf()),
        ("[ROOT]", tool::root().to_path_buf()),
    ] {
        paths.insert(placeholder, path).expect("a placeholder");
    }
    let snapshots = tool::root().join("tests/snapshots/bad_input");
    let expected = Data::read_from(&snapshots.join(name).with_extension("txt"), None);
    let found = paths.redact(&redact::without_progress(&outcome.err()));
    assert_data_eq!(found, expected.raw());
}

/// The scan alone sees what is wrong and says this; the build fails too, at the same line, and leaves no program.
#[track_caller]
fn check(name: &str, line: u32, main: &str) {
    let project = bad(name, main);
    let scan = run(project.gobuild().args(["--emit", "inittask"]), BUILD).fails_with(FAILURE);
    says(name, &project, &scan);
    let build = project.build(&[]).fails_with(FAILURE);
    let place = format!("src/main.rs:{line}:");
    for outcome in [&scan, &build] {
        assert!(
            outcome.err().contains(&place),
            "no {place}: {}",
            outcome.report()
        );
    }
    // rustc's message about its linker would have the whole link line.
    assert!(!build.err().contains("linking with"), "{}", build.report());
    assert!(!project.exe("debug", name).exists());
}

#[test]
fn an_init_with_arguments() {
    check(
        "init-arguments",
        2,
        "#[rtlib::init]\nfn setup(x: u32) { _ = x; }\nfn main() {}\n",
    );
}

#[test]
fn an_init_with_a_return_value() {
    check(
        "init-returns",
        2,
        "#[rtlib::init]\nfn setup() -> u32 { 1 }\nfn main() {}\n",
    );
}

#[test]
fn a_generic_init() {
    check(
        "init-generic",
        2,
        "#[rtlib::init]\nfn setup<T>() {}\nfn main() {}\n",
    );
}

#[test]
fn an_async_init() {
    check(
        "init-async",
        2,
        "#[rtlib::init]\nasync fn setup() {}\nfn main() {}\n",
    );
}

#[test]
fn an_unsafe_init() {
    check(
        "init-unsafe",
        2,
        "#[rtlib::init]\nunsafe fn setup() {}\nfn main() {}\n",
    );
}

#[test]
fn an_init_in_an_impl() {
    check(
        "init-in-impl",
        3,
        "struct S;\nimpl S {\n    #[rtlib::init] fn setup() {}\n}\nfn main() { _ = S; }\n",
    );
}

#[test]
fn an_init_in_a_function_body() {
    check(
        "init-in-body",
        2,
        "fn main() {\n    #[rtlib::init]\n    fn setup() {}\n}\n",
    );
}

#[test]
fn an_init_declared_twice() {
    check(
        "init-twice",
        4,
        "#[rtlib::init]\nfn setup() {}\n#[rtlib::init]\nfn setup() {}\nfn main() {}\n",
    );
}

#[test]
fn an_init_on_something_else() {
    check(
        "init-on-struct",
        1,
        "#[rtlib::init] struct S;\nfn main() { _ = S; }\n",
    );
}

#[test]
fn variables_that_need_each_other() {
    check(
        "cycle",
        2,
        "#[rtlib::var]\nstatic A: u32 = one() + 1;\n#[rtlib::var]\nstatic B: u32 = *A;\nfn one() -> u32 { *B }\nfn main() { println!(\"{}\", *A); }\n",
    );
}

#[test]
fn a_context_that_is_cancelled_at_once_is_a_warning() {
    let project = bad(
        "handle",
        "use rtlib::context;\nfn main() {\n    let (ctx, _) = context::with_cancel(&context::background());\n    println!(\"{:?}\", ctx.err());\n}\n",
    );
    let checked = run(project.gobuild().args(["check", "-q"]), BUILD).ok();
    let built = project.build(&[]).ok();
    for said in [checked.err(), built.err()] {
        for part in [
            "warning[handle-dropped]: the context of `with_cancel` is cancelled at once",
            "src/main.rs:3:15",
            "let (ctx, _cancel) = …",
        ] {
            assert!(said.contains(part), "{part} is not in\n{said}");
        }
    }
    let ran = run(&mut project.program("debug", "handle"), RUN).ok();
    assert_eq!(ran.out(), "Some(Canceled)\n");
}

#[test]
fn a_source_that_does_not_parse() {
    check(
        "does-not-parse",
        2,
        "mod inner { fn f() {} }\nfn main( { inner::f() }\n",
    );
}

#[test]
fn a_module_whose_file_is_missing() {
    check("missing-file", 1, "mod nowhere;\nfn main() {}\n");
}

#[test]
fn packages_that_depend_on_each_other() {
    let project = Project::new("bad");
    project.package("", "ring", "a = { path = \"a\" }");
    project.file("src/main.rs", "fn main() {}\n");
    for (dir, other) in [("a", "b"), ("b", "a")] {
        project.package(dir, dir, &format!("{other} = {{ path = \"../{other}\" }}"));
        project.file(&format!("{dir}/src/lib.rs"), "");
    }
    let outcome = project.build(&[]).fails_with(FAILURE);
    says("package-cycle", &project, &outcome);
}

#[test]
fn no_manifest() {
    let project = Project::new("bad");
    let outcome = project.build(&[]).fails_with(FAILURE);
    assert!(
        outcome.err().contains("could not find `Cargo.toml`"),
        "{}",
        outcome.report()
    );
}

#[test]
fn misspelt_settings_are_named_with_what_was_meant() {
    let project = bad("settings", "fn main() {}\n");
    let manifest = std::fs::read_to_string(project.path().join("Cargo.toml")).expect("it is there");
    let with = |table: &str| {
        project.file(
            "Cargo.toml",
            &format!("{manifest}\n[package.metadata.gobuild]\n{table}\n"),
        )
    };
    for (name, table) in [
        ("unknown-key", "stack_size = \"1M\""),
        ("bad-value", "goamd64 = \"v5\""),
        ("bad-size", "stack-size = \"large\""),
    ] {
        with(table);
        says(name, &project, &project.build(&[]).fails_with(FAILURE));
    }
}

#[test]
fn wrong_environment_variables_are_named() {
    let project = bad("environment", "fn main() {}\n");
    for (variable, value) in [
        ("GOAMD64", "v9"),
        ("CARGO_GOBUILD_LINKER", "gold"),
        ("CARGO_GOBUILD_STACK_SIZE", "-1"),
    ] {
        let outcome =
            run(project.gobuild().arg("build").env(variable, value), BUILD).fails_with(FAILURE);
        assert!(outcome.err().contains(variable), "{}", outcome.report());
        assert!(outcome.err().contains(value), "{}", outcome.report());
    }
}

#[test]
fn a_misspelt_option_or_command() {
    let project = bad("options", "fn main() {}\n");
    for (args, meant) in [
        (["build", "--relese"], "--release"),
        (["buidl", "-q"], "build"),
    ] {
        let outcome = run(project.gobuild().args(args), BUILD).fails_with(1);
        assert!(outcome.err().contains(meant), "{}", outcome.report());
    }
}

#[test]
fn an_unknown_kind_to_emit_lists_the_kinds() {
    let project = bad("emit-kind", "fn main() {}\n");
    let outcome = run(project.gobuild().args(["--emit", "inittasks"]), BUILD).fails_with(1);
    assert!(
        outcome.err().contains("inittask-json"),
        "{}",
        outcome.report()
    );
}

#[test]
fn a_sanitizer_that_needs_shared_libraries() {
    let project = bad("sanitizer", "fn main() {}\n");
    let mut build = project.gobuild();
    build.arg("build").env("RUSTFLAGS", "-Zsanitizer=address");
    let outcome = run(build.env("RUSTC_BOOTSTRAP", "1"), BUILD).fails_with(FAILURE);
    let help = "help: sanitizers need shared libraries";
    assert!(outcome.err().contains(help), "{}", outcome.report());
}

#[test]
fn a_target_that_cannot_be_built() {
    let project = bad("target", "fn main() {}\n");
    let outcome = project
        .build(&["--target", "x86_64-pc-windows-gnu"])
        .fails_with(FAILURE);
    says("foreign-target", &project, &outcome);
}

/// It would lose its inits in silence.
#[test]
fn a_program_that_uses_rtlib_and_was_built_by_plain_cargo_ends_at_once() {
    let project = bad(
        "plain",
        "#[rtlib::init]\nfn setup() {}\nfn main() { println!(\"main\"); }\n",
    );
    let outcome = run(project.cargo().arg("run"), BUILD).fails_with(2);
    assert_eq!(outcome.out(), "");
    assert!(
        outcome
            .err()
            .contains("this program uses rtlib and was not built by cargo gobuild"),
        "{}",
        outcome.report()
    );
}

/// Every code that the tool or an attribute can print has a line in the table of docs/troubleshooting.md, and every line a code.
#[test]
fn every_code_is_explained() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/troubleshooting.md");
    let page = std::fs::read_to_string(page).expect("the page");
    let (_, table) = page
        .split_once("| code | cause | what to do |\n")
        .expect("the table");
    let lines = table.lines().take_while(|line| line.starts_with('|'));
    let first = lines.filter_map(|line| line.split('|').nth(1));
    let explained: BTreeSet<&str> = first
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .collect();
    let of_tool = Code::ALL.iter().map(|code| code.as_str());
    let printed: BTreeSet<&str> = of_tool.chain(code::ALL).collect();
    assert_eq!(explained, printed);
}

/// One mistake in an attribute is one error, however the item is used, and has a code of the page.
#[test]
fn a_mistake_in_an_attribute_is_one_error() {
    let project = bad("one-error", "fn main() {}\n");
    for (code, main) in [
        (
            "var-mutable",
            "#[rtlib::var]\nstatic mut COUNT: u32 = 1;\nfn main() { println!(\"{}\", *COUNT); COUNT += 1; unsafe { COUNT = 2; } }\n",
        ),
        (
            "var-uninitialised",
            "#[rtlib::var]\nstatic NAME: String;\nfn main() { println!(\"{}\", NAME.len()); }\n",
        ),
        (
            "attribute-option",
            "#[rtlib::var(lazy)]\nstatic NAME: String = String::new();\nfn main() { println!(\"{}\", NAME.len()); }\n",
        ),
        (
            "wrong-item",
            "#[rtlib::var]\nconst LIMIT: u32 = 1;\nfn main() { println!(\"{}\", *LIMIT); }\n",
        ),
        (
            "wrong-item",
            "#[rtlib::init]\n#[rtlib::var]\nstatic A: u32 = 1;\nfn main() { println!(\"{}\", *A); }\n",
        ),
        (
            "wrong-item",
            "#[rtlib::init]\nfn setup();\nfn main() { setup() }\n",
        ),
        ("wrong-item", "#[rtlib::init]\nfn main() {}\n"),
        (
            "init-arguments",
            "struct S;\nimpl S {\n    #[rtlib::init]\n    fn setup(&self) {}\n}\nfn main() { S.setup(); }\n",
        ),
        (
            "init-qualifier",
            "#[rtlib::init]\n#[target_feature(enable = \"avx2\")]\nfn setup() {}\nfn main() {}\n",
        ),
        (
            "repeated-attribute",
            "#[rtlib::init]\n#[rtlib::init]\nfn setup() {}\nfn main() {}\n",
        ),
        // rustc's own.
        (
            "",
            "#[rtlib::var]\nstatic A = 1;\nfn main() { println!(\"{}\", *A); }\n",
        ),
        (
            "",
            "struct S;\nimpl S {\n    #[rtlib::init]\n    fn setup() {}\n}\nfn main() { S::setup(); }\n",
        ),
        (
            "",
            "fn main() {\n    #[rtlib::init]\n    let f = || ();\n    f();\n}\n",
        ),
    ] {
        project.file("src/main.rs", main);
        let outcome = run(project.cargo().args(["check", "-q"]), BUILD).fails_with(101);
        let (err, said) = (outcome.err(), outcome.report());
        let errors: Vec<_> = err
            .lines()
            .filter(|line| line.starts_with("error"))
            .collect();
        let [error, end] = errors[..] else {
            panic!("not one error: {main}{said}");
        };
        assert!(end.contains("due to 1 previous error"), "{said}");
        assert!(
            code.is_empty() || error.ends_with(&format!("[{code}]")),
            "{said}"
        );
    }
}
