//! Building: one small package through the whole pipeline, and how politely that treats cargo.

mod common;

use std::fs;

use common::{Outcome, Package};

const MAIN: &str = "target/debug/app";

#[test]
fn a_program_is_built_run_and_inspected() {
    let package = Package::hello("");
    package.run(&[]).expect_code(0);
    assert_eq!(package.output_of(MAIN), "hello\n");
    let shown = package.run(&["inspect", MAIN]).expect_code(0).stdout;
    assert!(
        shown.contains("_rt0_amd64_linux") && shown.contains("runtime.main"),
        "{shown}"
    );
    let json = package
        .run(&["inspect", "--format", "json", MAIN])
        .expect_code(0)
        .stdout;
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["patched"], true);
    assert_eq!(json["build-info"]["packages"][0]["name"], "app");
}

#[test]
fn run_hands_on_arguments_environment_and_exit_code() {
    let main = "fn main() {\n    println!(\"{:?} {}\", std::env::args().skip(1).collect::<Vec<_>>(), std::env::var(\"CARGO_PKG_NAME\").unwrap());\n    \
                std::process::exit(7);\n}\n";
    let package = Package::new("", &[("src/main.rs", main)]);
    let outcome = package
        .run(&["run", "-q", "--", "-x", "a b"])
        .expect_code(7);
    assert_eq!(outcome.stdout, "[\"-x\", \"a b\"] app\n");
}

#[test]
fn a_runner_runs_the_program() {
    let package = Package::hello("");
    package.write(
        ".cargo/config.toml",
        "[target.x86_64-unknown-linux-gnu]\nrunner = \"echo ran\"\n",
    );
    let outcome = package.run(&["run", "-q", "--", "z"]).expect_code(0);
    assert!(
        outcome.stdout.starts_with("ran ") && outcome.stdout.ends_with("/app z\n"),
        "{}",
        outcome.stdout
    );
}

#[test]
fn a_compile_error_is_cargos() {
    let package = Package::new("", &[("src/main.rs", "fn main() { nothing() }\n")]);
    package
        .run(&[])
        .expect_code(101)
        .expect_error(&["cannot find function `nothing`"]);
}

#[test]
fn tests_are_built_like_programs() {
    let lib = "#[test]\nfn works() { assert!(std::env::current_exe().unwrap().exists()); }\n";
    let package = Package::new(
        "",
        &[
            ("src/lib.rs", lib),
            (
                "tests/it.rs",
                "#[test]\nfn fails() { panic!(\"as it should\"); }\n",
            ),
        ],
    );
    let outcome = package.run(&["test", "--no-fail-fast"]).expect_code(101);
    assert!(
        outcome.stdout.contains("works ... ok") && outcome.stdout.contains("fails ... FAILED"),
        "{}",
        outcome.stdout
    );
    let names = fs::read_dir(package.path("target/debug/gobuild/app")).expect("generated files");
    let names: Vec<_> = names
        .flatten()
        .map(|entry| entry.file_name().into_string().expect("UTF-8"))
        .collect();
    assert!(
        names.contains(&"lib-test-app".to_owned()) && names.contains(&"test-it".to_owned()),
        "{names:?}"
    );
}

#[test]
fn several_programs_are_built_in_one_call() {
    let main = "fn main() { println!(\"{}\", module_path!()); }\n";
    let package = Package::new("", &[("src/bin/one.rs", main), ("src/bin/two.rs", main)]);
    package.run(&[]).expect_code(0);
    assert_eq!(package.output_of("target/debug/one"), "one\n");
    assert_eq!(package.output_of("target/debug/two"), "two\n");
}

#[test]
fn a_library_alone_is_left_to_cargo() {
    let package = Package::new("", &[("src/lib.rs", "pub fn f() {}\n")]);
    package.run(&[]).expect_code(0);
    assert!(package.path("target/debug/libapp.rlib").exists());
}

#[test]
fn a_dry_run_prints_the_steps_and_does_nothing() {
    let package = Package::hello("");
    let outcome = package.run(&["-n", "--release"]).expect_code(0);
    let outcome = outcome.expect_error(&[
        "cargo rustc",
        "--bin app",
        "--release",
        "linker=cargo-gobuild",
        "cc -c -g ",
        "rt0_linux_amd64.s",
        "-Wl,-e,_rt0_amd64_linux",
    ]);
    assert!(outcome.stdout.is_empty(), "{}", outcome.stdout);
    assert!(!package.path("target/release").exists());
}

#[test]
fn printed_steps_hold_the_link_line() {
    let package = Package::hello("");
    package.run(&["-x"]).expect_code(0).expect_error(&[
        "cargo rustc",
        "cc -c -g ",
        "inittask.o",
        "-Wl,-e,_rt0_amd64_linux",
    ]);
}

#[test]
fn what_is_emitted_without_a_link_builds_nothing() {
    let package = Package::hello("");
    let outcome = package
        .run(&[
            "--emit",
            "inittask,rt0,graph=g.svg",
            "--emit=inittask-json=t.json,mainpc=m.o",
        ])
        .expect_code(0);
    assert!(
        outcome.stdout.contains("_rt0_amd64_linux:"),
        "{}",
        outcome.stdout
    );
    assert!(
        fs::read_to_string(package.path("g.svg"))
            .expect("written")
            .starts_with("<svg")
    );
    let json = fs::read_to_string(package.path("t.json")).expect("written");
    assert!(
        serde_json::from_str::<serde_json::Value>(&json).is_ok(),
        "{json}"
    );
    assert!(
        fs::read(package.path("m.o"))
            .expect("written")
            .starts_with(b"\x7fELF")
    );
    assert!(!package.path(MAIN).exists());
}

#[test]
fn objects_and_link_line_are_emitted_even_when_nothing_is_built() {
    let package = Package::hello("");
    package.run(&["-q"]).expect_code(0);
    let outcome = package
        .run(&["-q", "--emit", "obj=objects,link-args"])
        .expect_code(0);
    assert!(
        outcome.stdout.starts_with("cc ") && outcome.stdout.contains("runtime-"),
        "{}",
        outcome.stdout
    );
    for name in [
        "rt0_linux_amd64.o",
        "asm_amd64.o",
        "inittask.o",
        "mainpc.o",
        "gdb.o",
        "runtime.o",
    ] {
        assert!(package.path("objects").join(name).exists(), "{name}");
    }
}

#[test]
fn one_file_for_several_programs_is_refused() {
    let main = "fn main() {}\n";
    let package = Package::new("", &[("src/bin/one.rs", main), ("src/bin/two.rs", main)]);
    package
        .run(&["--emit", "inittask=t"])
        .expect_code(101)
        .expect_error(&["2 programs are selected", "--bin"]);
    package
        .run(&["--emit", "inittask=t", "--bin", "one"])
        .expect_code(0);
}

#[test]
fn the_library_is_not_compiled_again_beside_cargo_build() {
    let files = [
        ("src/lib.rs", "pub fn f() {}\n"),
        ("src/main.rs", "fn main() { app::f() }\n"),
    ];
    let package = Package::new("", &files);
    let built = common::cargo(&["build"])
        .current_dir(package.dir())
        .output();
    assert!(built.expect("starts").status.success());
    let outcome = package.run(&["-v"]).expect_code(0);
    let compiled = outcome.stderr.matches("Running `").count();
    assert_eq!(compiled, 1, "{}", outcome.stderr);
}

/// A cargo that notes how it is called.
fn noting_cargo(package: &Package) -> std::path::PathBuf {
    let cargo = std::env::var("CARGO").expect("tests run under cargo");
    let log = package.path("calls");
    package.script(
        "cargo",
        &format!("echo \"$1\" >> {}\nexec {cargo} \"$@\"", log.display()),
    )
}

fn calls(package: &Package) -> String {
    let text = fs::read_to_string(package.path("calls")).expect("called");
    fs::remove_file(package.path("calls")).expect("removes");
    text
}

#[test]
fn with_nothing_to_do_cargo_is_asked_nothing() {
    let package = Package::hello("");
    let cargo = noting_cargo(&package);
    package.age(&["Cargo.toml", "cargo"]);
    let build = || Outcome::of(package.gobuild(&["-q"]).env("CARGO", &cargo)).expect_code(0);
    build();
    assert_eq!(calls(&package), "metadata\nrustc\n");
    build();
    assert_eq!(calls(&package), "rustc\n");
}

#[test]
fn new_targets_and_changed_manifests_are_seen() {
    let package = Package::hello("");
    let cargo = noting_cargo(&package);
    let build = || Outcome::of(package.gobuild(&["-q"]).env("CARGO", &cargo)).expect_code(0);
    build();
    calls(&package);
    package.write("src/bin/extra.rs", "fn main() {}\n");
    build();
    assert_eq!(calls(&package), "metadata\nbuild\n");
    assert!(package.path("target/debug/extra").exists());
    let manifest = fs::read_to_string(package.path("Cargo.toml")).expect("reads");
    package.write(
        "Cargo.toml",
        &format!("{manifest}[package.metadata.gobuild]\nstack-size = \"64K\"\n"),
    );
    build();
    assert_eq!(stack_size(&package), 64 << 10);
}

fn stack_size(package: &Package) -> u64 {
    let json = package
        .run(&["inspect", "--format", "json", MAIN])
        .expect_code(0)
        .stdout;
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    json["build-info"]["stack-size"].as_u64().expect("a number")
}

#[test]
fn changed_settings_link_again_in_both_ways_of_calling_cargo() {
    for several in [false, true] {
        let package = Package::hello("");
        if several {
            package.write("src/bin/other.rs", "fn main() {}\n");
        }
        for (setting, expect) in [("1M", 1 << 20), ("2M", 2 << 20), ("1M", 1 << 20)] {
            Outcome::of(
                package
                    .gobuild(&["-q"])
                    .env("CARGO_GOBUILD_STACK_SIZE", setting),
            )
            .expect_code(0);
            assert_eq!(stack_size(&package), expect, "{several}");
        }
    }
}

#[test]
fn the_users_linker_links_wherever_it_is_named() {
    const VARIABLE: &str = "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER";
    for way in ["configuration", "flags", "variable"] {
        let package = Package::hello("");
        let log = package.path("log");
        let script = format!("echo \"$@\" >> {}\nexec cc \"$@\"", log.display());
        let cc = package.script("my-cc", &script).display().to_string();
        let mut command = package.gobuild(&["-q"]);
        match way {
            "configuration" => {
                let table = format!("[target.x86_64-unknown-linux-gnu]\nlinker = {cc:?}\n");
                package.write(".cargo/config.toml", &table);
            }
            "flags" => drop(command.env("RUSTFLAGS", format!("-C linker={cc}"))),
            _ => drop(command.env(VARIABLE, &cc)),
        }
        Outcome::of(&mut command).expect_code(0);
        let log = fs::read_to_string(log).expect("the linker was called");
        let is_ours = log.contains("inittask.o") && log.contains("-Wl,-e,_rt0_amd64_linux");
        assert!(is_ours, "{way}: {log}");
        assert_eq!(package.output_of(MAIN), "hello\n", "{way}");
    }
}

#[test]
fn the_users_wrappers_are_called() {
    let package = Package::hello("");
    package.write("src/bin/other.rs", "fn main() {}\n");
    for (variable, args) in [
        ("RUSTC_WRAPPER", &["-q"][..]),
        ("RUSTC_WORKSPACE_WRAPPER", &["-q"]),
        ("RUSTC_WRAPPER", &["-q", "--trimpath"]),
    ] {
        let log = package.path("log");
        let wrapper = package.script(
            "wrapper",
            &format!("echo \"$@\" >> {}\nexec \"$@\"", log.display()),
        );
        package.write(
            "src/main.rs",
            &format!("fn main() {{ println!(\"hello\"); }}\n// {variable} {args:?}\n"),
        );
        Outcome::of(package.gobuild(args).env(variable, &wrapper)).expect_code(0);
        let text = fs::read_to_string(&log).expect("the wrapper was called");
        assert!(text.contains("--crate-name app"), "{variable}: {text}");
        fs::remove_file(log).expect("removes");
    }
}

#[test]
fn trimmed_builds_in_different_directories_are_the_same() {
    let build = || {
        let package = Package::hello("");
        package.run(&["-q", "--trimpath"]).expect_code(0);
        let bits = fs::read(package.path(MAIN)).expect("built");
        let dir = package.dir().display().to_string();
        let holds_path = bits
            .windows(dir.len())
            .any(|window| window == dir.as_bytes());
        (bits, holds_path)
    };
    let (one, two) = (build(), build());
    assert!(!one.1 && !two.1, "a path is in the program");
    assert!(one.0 == two.0, "the programs differ");
}

#[test]
fn proc_macros_build_scripts_and_tests_without_a_harness_keep_their_ways() {
    let files = [
        (
            "build.rs",
            "fn main() { println!(\"cargo::rustc-env=FOO=bar\"); }\n",
        ),
        (
            "src/main.rs",
            "fn main() { println!(\"{}\", mac::foo!()); }\n",
        ),
        (
            "tests/plain.rs",
            "fn main() { println!(\"plain {}\", env!(\"FOO\")); }\n",
        ),
        (
            "mac/Cargo.toml",
            "[package]\nname = \"mac\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[lib]\nproc-macro = true\n",
        ),
        (
            "mac/src/lib.rs",
            "//! ```\n//! assert_eq!(mac::foo!(), 3);\n//! ```\n#[proc_macro]\npub fn foo(_: proc_macro::TokenStream) -> \
             proc_macro::TokenStream { \"3\".parse().unwrap() }\n#[test]\nfn unit() {}\n",
        ),
    ];
    let manifest =
        "[dependencies]\nmac = { path = \"mac\" }\n[[test]]\nname = \"plain\"\nharness = false";
    let package = Package::new(manifest, &files);
    let outcome = package
        .run(&["test", "-p", "mac", "-p", "app"])
        .expect_code(0);
    for part in [
        "plain bar",
        "unit ... ok",
        "mac/src/lib.rs - (line 1) ... ok",
    ] {
        assert!(
            outcome.stdout.contains(part),
            "no {part} in: {}",
            outcome.stdout
        );
    }
    assert!(package.path("target/debug/gobuild/app/test-plain").exists());
}
