//! `#[rtlib::stamp]`: strings that are set when a program is linked. No library is compiled again, whatever the compiler was told; names that are none are refused; plain cargo keeps the
//! defaults.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::process::Command;

use gobuild_tests::process::{BUILD, Outcome, RUN, run};
use gobuild_tests::project::Project;
use gobuild_tests::tool;

const RTLIB: &str = "gobuild-rtlib = { path = \"{rtlib}\" }";
const LIB: &str = "#![forbid(unsafe_code)]\npub mod inner { #[rtlib::stamp] pub static NAME: &str = concat!(\"a\", \"b\"); }\n\
    pub fn name() -> &'static str { inner::NAME.get() }\n";
const MAIN: &str = "#![forbid(unsafe_code)]
#[rtlib::stamp]
/// A version.
pub static VERSION: &'static str = \"dev\";
#[rtlib::stamp]
static UNUSED: &str = \"\";
#[rtlib::var]
static BEFORE: String = format!(\"{VERSION}-{}\", dep::name());
#[rtlib::init]
fn begin() { println!(\"init {VERSION}\"); }
fn main() { println!(\"{} {} {}\", *BEFORE, VERSION.len(), old::name()); }
";

/// A program with stamps, and with two versions of a crate with one.
fn project() -> Project {
    let project = Project::alone();
    let more = format!(
        "{RTLIB}\ndep = {{ path = \"dep\" }}\nold = {{ path = \"old\", package = \"dep\" }}\n\n[build-dependencies]\ndep = {{ path = \"dep\" }}\n\n\
         [profile.release]\nlto = \"fat\"\ncodegen-units = 1\n"
    );
    project.package("", "app", &more);
    // A workspace has one package of a name.
    let manifest = project.path().join("Cargo.toml");
    let text = fs::read_to_string(&manifest).expect("read");
    let text = text.replace("[workspace]\n", "[workspace]\nexclude = [\"old\"]\n");
    fs::write(&manifest, text).expect("write");
    project.file("src/main.rs", MAIN);
    project.file(
        "build.rs",
        "fn main() { assert_eq!(dep::name(), \"ab\"); }\n",
    );
    for (dir, version) in [("dep", "0.1.0"), ("old", "0.0.1")] {
        project.package(dir, "dep", RTLIB);
        let manifest = project.path().join(dir).join("Cargo.toml");
        let text = fs::read_to_string(&manifest).expect("read");
        let text = text.replace("version = \"0.1.0\"", &format!("version = \"{version}\""));
        fs::write(&manifest, text).expect("write");
        project.file(&format!("{dir}/src/lib.rs"), LIB);
    }
    project
}

fn said(project: &Project, profile: &str) -> String {
    run(&mut project.program(profile, "app"), RUN).ok().out()
}

/// What cargo has compiled.
fn compiled(outcome: &Outcome) -> Vec<String> {
    let err = outcome.err();
    let lines = err.lines().map(str::trim);
    let lines = lines.filter_map(|line| line.strip_prefix("Compiling "));
    lines
        .map(|line| line.split(' ').next().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn values_are_set_by_the_link() {
    let project = project();
    _ = project.build(&[]).ok();
    assert_eq!(said(&project, "debug"), "init dev\ndev-ab 3 ab\n");
    assert!(compiled(&project.build(&[]).ok()).is_empty());

    let args = [
        "--stamp",
        "main::VERSION=1.2=3",
        "--stamp=dep@0.1.0::inner::NAME=\u{e4} \"q\"",
    ];
    let emit = [&args[..], &["--emit", "stamps"]].concat();
    let built = project.build(&emit).ok();
    assert_eq!(compiled(&built), ["app"], "{}", built.report());
    assert_eq!(
        built.out(),
        "dep@0.1.0::inner::NAME = \"\u{e4} \\\"q\\\"\"  dep/src/lib.rs:2\nmain::VERSION = \"1.2=3\"  src/main.rs:4\n"
    );
    assert_eq!(
        said(&project, "debug"),
        "init 1.2=3\n1.2=3-\u{e4} \"q\" 5 ab\n"
    );
    let mut inspect = project.gobuild();
    inspect.arg("inspect").arg(project.exe("debug", "app"));
    let shown = run(&mut inspect, RUN).ok().out();
    assert!(
        shown.contains("stamp     main::VERSION = \"1.2=3\"\n"),
        "{shown}"
    );
    let bits = fs::read(project.exe("debug", "app")).expect("built");
    assert!(compiled(&project.build(&args).ok()).is_empty());
    // What is not set any more has its default again, and the same values give the same bits.
    _ = project.build(&[]).ok();
    assert_eq!(said(&project, "debug"), "init dev\ndev-ab 3 ab\n");
    _ = project.build(&args).ok();
    assert!(fs::read(project.exe("debug", "app")).expect("built") == bits);

    let mut tests = project.gobuild();
    _ = run(
        tests.args(["test", "--no-run", "--stamp", "dep@0.1.0::inner::NAME=t"]),
        BUILD,
    )
    .ok();
}

#[test]
fn names_that_are_none_are_refused() {
    let project = project();
    for (name, expect) in [
        ("main::VERSIONS=1", "help: did you mean `main::VERSION`?"),
        (
            "zzz::q=1",
            "no crate of the program `app` has a stamp `zzz::q`",
        ),
        (
            "dep::inner::NAME=1",
            "help: name one of dep@0.0.1::inner::NAME, dep@0.1.0::inner::NAME",
        ),
    ] {
        let err = project.build(&["--stamp", name]).fails_with(101).err();
        assert!(err.contains(expect), "{err}");
    }
    let mut hostile = project.gobuild();
    hostile.args(["build", "--stamp"]);
    hostile.arg(OsStr::from_bytes(b"main::VERSION=\xff"));
    let err = run(&mut hostile, BUILD).fails_with(1).err();
    assert!(err.contains("UTF-8"), "{err}");
    let mut hostile = project.gobuild();
    hostile.env(
        "CARGO_GOBUILD_STAMP",
        OsStr::from_bytes(b"main::VERSION=\xff"),
    );
    let err = run(&mut hostile, BUILD).fails_with(101).err();
    assert!(
        err.contains("CARGO_GOBUILD_STAMP") && err.contains("UTF-8"),
        "{err}"
    );
    for text in ["VERSION=1", "main::VERSION", "main::=1"] {
        let err = project.build(&["--stamp", text]).fails_with(1).err();
        assert!(err.contains("a stamp is NAME=VALUE"), "{err}");
    }
}

/// Values of any length, and of any characters, from the manifest; the environment and the command line come before it.
#[test]
fn values_stand_in_the_manifest_and_in_the_environment() {
    let project = project();
    let long = "x".repeat(1 << 20);
    let manifest = project.path().join("Cargo.toml");
    let text = fs::read_to_string(&manifest).expect("read");
    let table = format!(
        "\n[package.metadata.gobuild.stamp]\n\"main::VERSION\" = \"a\\u0000\\nb\"\n\"dep@0.1.0::inner::NAME\" = \"{long}\"\n\"elsewhere::NAME\" = \"1\"\n"
    );
    fs::write(&manifest, text + &table).expect("write");
    _ = project.build(&[]).ok();
    assert_eq!(
        said(&project, "debug"),
        format!("init a\0\nb\na\0\nb-{long} 4 ab\n")
    );
    let with = |lines: &str, args: &[&str]| {
        let mut build = project.gobuild();
        build
            .arg("build")
            .args(args)
            .env("CARGO_GOBUILD_STAMP", lines);
        _ = run(&mut build, BUILD).ok();
        said(&project, "debug")
    };
    let lines = "main::VERSION=of the environment\ndep@0.1.0::inner::NAME=n\n";
    assert!(with(lines, &[]).contains("of the environment-n 18 ab"));
    let args = ["--stamp", "main::VERSION=2"];
    assert!(with(lines, &args).contains("2-n 1 ab"));
}

/// However the compiler optimises and names things.
#[test]
fn every_way_of_compiling_keeps_the_word() {
    let project = project();
    let stamp = [
        "--stamp",
        "main::VERSION=9.9",
        "--stamp",
        "dep@0.0.1::inner::NAME=old",
    ];
    let expect = "init 9.9\n9.9-ab 3 old\n";
    for lto in ["fat", "thin", "off"] {
        let mut build = project.gobuild();
        build.args(["build", "--release"]).args(stamp);
        build.env("CARGO_PROFILE_RELEASE_LTO", lto);
        let units = if lto == "fat" { "1" } else { "16" };
        _ = run(
            build.env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", units),
            BUILD,
        )
        .ok();
        assert_eq!(said(&project, "release"), expect, "{lto}");
    }
    let mut build = project.gobuild();
    build.arg("build").args(stamp);
    _ = run(
        build.env("RUSTFLAGS", "-Csymbol-mangling-version=v0"),
        BUILD,
    )
    .ok();
    assert_eq!(said(&project, "debug"), expect);
}

/// Plain cargo, in a workspace that is set up, takes the values from the environment and the manifest.
#[test]
fn plain_cargo_sets_values_as_well() {
    let project = project();
    let dir = tool::cargo_gobuild().parent().expect("a directory");
    let usual = std::env::var_os("PATH").unwrap_or_default();
    let dirs = std::iter::once(dir.to_path_buf()).chain(std::env::split_paths(&usual));
    let path = std::env::join_paths(dirs).expect("a path");
    let on_path = |mut command: Command, args: &[&str]| {
        command.args(args).env("PATH", &path);
        command
    };
    _ = run(&mut on_path(project.gobuild(), &["setup"]), BUILD).ok();
    let plain = |stamp: &str| {
        let mut command = on_path(project.cargo(), &["build"]);
        if !stamp.is_empty() {
            command.env("CARGO_GOBUILD_STAMP", stamp);
        }
        let compiled = compiled(&run(&mut command, BUILD).ok()).len();
        (compiled, said(&project, "debug"))
    };
    assert_eq!(plain("").1, "init dev\ndev-ab 3 ab\n");
    let one = "init 1\n1-ab 1 ab\n".to_owned();
    assert_eq!(plain("main::VERSION=1"), (1, one.clone()));
    assert_eq!(plain("main::VERSION=1"), (0, one));
    let mut ours = on_path(project.gobuild(), &["build", "--stamp", "main::VERSION=22"]);
    _ = run(&mut ours, BUILD).ok();
    assert_eq!(said(&project, "debug"), "init 22\n22-ab 2 ab\n");
}
