//! Init functions and package variables, from source to running program: order, reads that come too early, panics, lost and stale
//! inits, tests and examples, versions, cfg and macros, profiles.

use std::path::{Path, PathBuf};
use std::process::Command;

use gobuild_tests::process::{BUILD, RUN, run, says};
use gobuild_tests::project::Project;

const RTLIB: &str = "gobuild-rtlib = { path = \"{rtlib}\" }";

fn program(name: &str, main: &str) -> Project {
    Project::bin("inits", name, RTLIB, main)
}

fn out(project: &Project, name: &str) -> String {
    run(&mut project.program("debug", name), RUN).ok().out()
}

#[test]
fn variables_come_before_functions_and_files_in_order_of_their_paths() {
    let project = program(
        "order",
        "mod z;\nmod a;\n\
         #[rtlib::init] fn main_second() { println!(\"src/main.rs init {}\", *TOTAL); }\n\
         #[rtlib::var] static TOTAL: u32 = { println!(\"TOTAL\"); *a::A + *z::Z };\n\
         fn main() { println!(\"main\"); }\n",
    );
    project.file("src/a.rs", "#[rtlib::init] fn f() { println!(\"src/a.rs init\"); }\n#[rtlib::var] pub static A: u32 = { println!(\"A\"); *crate::z::Z + 1 };\n");
    project.file("src/z.rs", "#[rtlib::var] pub static Z: u32 = { println!(\"Z\"); 1 };\n#[rtlib::init] fn one() { println!(\"src/z.rs one\"); }\n#[rtlib::init] fn two() { println!(\"src/z.rs two\"); }\n");
    _ = project.build(&["-q"]).ok();
    assert_eq!(
        out(&project, "order"),
        "Z\nA\nTOTAL\nsrc/a.rs init\nsrc/main.rs init 3\nsrc/z.rs one\nsrc/z.rs two\nmain\n"
    );
}

#[test]
fn an_init_may_do_what_main_may() {
    let project = program(
        "capable",
        "use std::sync::atomic::{AtomicU32, Ordering::SeqCst};\nstatic N: AtomicU32 = AtomicU32::new(0);\n\
         #[rtlib::init] fn everything() {\n\
           let id = rtlib::current().unwrap().id();\n\
           let h = rtlib::spawn(|| { rtlib::yield_now(); N.fetch_add(1, SeqCst); 7 });\n\
           assert_eq!(h.join().unwrap(), 7);\n\
           std::thread::spawn(|| N.fetch_add(1, SeqCst)).join().unwrap();\n\
           let text = std::fs::read_to_string(\"/proc/self/comm\").unwrap();\n\
           rtlib::go(|| loop { rtlib::yield_now(); });\n\
           let before = std::time::Instant::now();\n\
           let nap = std::time::Duration::from_millis(5);\n\
           rtlib::time::sleep(nap);\n\
           assert!(before.elapsed() >= nap);\n\
           println!(\"goroutine {id}, {}, {} args\", text.trim(), std::env::args().count());\n\
         }\n\
         fn main() { println!(\"{}\", N.load(SeqCst)); }\n",
    );
    _ = project.build(&["-q"]).ok();
    assert_eq!(
        out(&project, "capable"),
        "goroutine 1, capable, 1 args\n2\n"
    );
}

#[test]
fn reading_a_variable_too_early_names_it_and_its_reader() {
    let project = Project::new("inits");
    project.package(
        "",
        "early",
        "gobuild-rtlib = { path = \"{rtlib}\" }\nreader = { path = \"reader\" }",
    );
    project.package("reader", "reader", RTLIB);
    project.file(
        "reader/src/lib.rs",
        "pub static HOOK: std::sync::Mutex<Option<fn() -> u32>> = std::sync::Mutex::new(None);\n",
    );
    project.file(
        "src/main.rs",
        "#[rtlib::var] static A: u32 = sneak(read_b);\n#[rtlib::var] static B: u32 = 1;\n\
         fn sneak(f: impl Fn() -> u32) -> u32 { f() }\n\
         fn read_b() -> u32 { let name = \"B\"; if name.len() == 1 { hidden() } else { 0 } }\n\
         fn hidden() -> u32 { reader::HOOK.lock().unwrap().map_or(0, |f| f()) }\n\
         #[rtlib::var] static LATE: u32 = 5;\n\
         #[rtlib::init] fn fine() { assert_eq!((*A, *B, *LATE), (0, 1, 5)); }\n\
         fn main() { println!(\"fine\"); }\n",
    );
    _ = project.build(&["-q"]).ok();
    assert_eq!(out(&project, "early"), "fine\n");
    // What the scan cannot see: through a dependency whose initialiser runs first.
    let project = Project::new("inits");
    project.package(
        "",
        "early2",
        "gobuild-rtlib = { path = \"{rtlib}\" }\nreader2 = { path = \"reader2\" }",
    );
    project.package("reader2", "reader2", RTLIB);
    project.file("reader2/src/lib.rs", "unsafe extern \"Rust\" { safe fn peek() -> u32; }\n#[rtlib::init] fn read() { println!(\"{}\", peek()); }\n");
    project.file("src/main.rs", "use reader2 as _;\n#[rtlib::var]\nstatic B: u32 = 1;\n#[unsafe(no_mangle)] extern \"Rust\" fn peek() -> u32 { *B }\nfn main() {}\n");
    _ = project.build(&["-q"]).ok();
    let err = run(&mut project.program("debug", "early2"), RUN)
        .fails_with(2)
        .err();
    for part in [
        "early2::B` (src/main.rs:3)",
        "reader2::read",
        "reader2/src/lib.rs:2",
        "in init of package reader2",
    ] {
        assert!(err.contains(part), "{part} is not in\n{err}");
    }
}

#[test]
fn an_init_that_panics_ends_the_program_and_its_package_is_named() {
    let source =
        "#[rtlib::init] fn bad() { panic!(\"no disk\"); }\nfn main() { println!(\"never\"); }\n";
    let project = program("panics", source);
    _ = project.build(&["-q"]).ok();
    let outcome = run(&mut project.program("debug", "panics"), RUN).fails_with(2);
    let err = outcome.err();
    for part in [
        "panicked at src/main.rs:1",
        "panic: no disk",
        "[running, in init of package main]",
        "panics::bad",
        "src/main.rs:1",
    ] {
        assert!(err.contains(part), "{part} is not in\n{err}");
    }
    assert_eq!(outcome.out(), "");

    let project = program("aborts", source);
    project.file(".cargo/config.toml", "[profile.dev]\npanic = \"abort\"\n"); // nothing unwinds
    _ = project.build(&["-q"]).ok();
    let err = run(&mut project.program("debug", "aborts"), RUN)
        .fails_with(2)
        .err();
    for part in [
        "no disk",
        "[running, in init of package main]",
        "aborts::bad",
    ] {
        assert!(err.contains(part), "{part} is not in\n{err}");
    }
}

fn lost(use_line: &str) -> Project {
    let project = Project::new("inits");
    project.package(
        "",
        "loses",
        "gobuild-rtlib = { path = \"{rtlib}\" }\ndriver = { path = \"driver\" }",
    );
    project.package("driver", "driver", RTLIB);
    project.file(
        "driver/src/lib.rs",
        "\n#[rtlib::init]\nfn register() { println!(\"registered\"); }\n",
    );
    project.file("src/main.rs", &format!("{use_line}fn main() {{}}\n"));
    project
}

#[test]
fn an_init_that_would_be_lost_fails_the_build() {
    let project = lost("");
    _ = std::fs::remove_file(project.exe("debug", "loses")); // an earlier run's
    let err = project.build(&[]).fails_with(101).err();
    for part in ["driver/src/lib.rs:3", "register", "use driver as _;"] {
        assert!(err.contains(part), "{part} is not in\n{err}");
    }
    assert!(!project.exe("debug", "loses").exists());
    let project = lost("use driver as _;\n");
    _ = project.build(&["-q"]).ok();
    assert_eq!(out(&project, "loses"), "registered\n");
}

/// A package's program does not use its own library of itself.
#[test]
fn an_init_of_a_programs_own_library_would_be_lost_likewise() {
    let project = program("own", "fn main() {}\n");
    project.file(
        "src/lib.rs",
        "#[rtlib::init]\nfn in_lib() { println!(\"in lib\"); }\n",
    );
    let lost = project.build(&[]).fails_with(101);
    says(
        &lost,
        &[
            "error[init-lost]",
            "own::in_lib",
            "src/lib.rs:2",
            "add `use own as _;` to src/main.rs",
        ],
    );
    project.file("src/main.rs", "use own as _;\nfn main() {}\n");
    _ = project.build(&["-q"]).ok();
    assert_eq!(out(&project, "own"), "in lib\n");
}

/// A test that only starts the package's program is not made to name its library.
#[test]
fn a_test_that_names_no_library_needs_none_of_its_inits() {
    let project = program("started", "use started as _;\nfn main() {}\n");
    project.file(
        "src/lib.rs",
        "#[rtlib::init]\nfn in_lib() { println!(\"in lib\"); }\n",
    );
    project.file(
        "tests/starts.rs",
        "#[test] fn starts() {\n\
            let output = std::process::Command::new(env!(\"CARGO_BIN_EXE_started\")).output().unwrap();\n\
            assert_eq!(output.stdout, b\"in lib\\n\");\n\
        }\n",
    );
    let tested = run(project.gobuild().args(["test", "--test", "starts"]), BUILD).ok();
    assert!(!tested.err().contains("init-lost"), "{}", tested.report());
}

#[test]
fn a_changed_init_changes_the_table() {
    let project = program(
        "changes",
        "#[rtlib::init] fn one() { println!(\"one\"); }\nfn main() {}\n",
    );
    let table = |expected: &[&str]| {
        _ = project.build(&["-q"]).ok();
        let shown = run(
            project
                .gobuild()
                .arg("inspect")
                .arg(project.exe("debug", "changes")),
            RUN,
        )
        .ok()
        .out();
        let names: Vec<&str> = shown
            .lines()
            .filter_map(|l| {
                l.trim()
                    .strip_prefix("init changes::")?
                    .split_whitespace()
                    .next()
            })
            .collect();
        assert_eq!(names, expected, "{shown}");
    };
    table(&["one"]);
    project.file("src/main.rs", "#[rtlib::init] fn renamed() { println!(\"renamed\"); }\n#[rtlib::init] fn added() {}\nfn main() {}\n");
    table(&["renamed", "added"]);
    assert_eq!(out(&project, "changes"), "renamed\n");
    project.file("src/main.rs", "fn main() {}\n");
    table(&[]);
}

#[test]
fn tests_doctests_examples_and_libs_have_their_inits() {
    let project = Project::new("inits");
    project.package("", "kinds", RTLIB);
    project.file("src/lib.rs", "//! ```\n//! assert_eq!(kinds::V.as_str(), \"lib\");\n//! ```\n#[rtlib::var] pub static V: String = String::from(\"lib\");\n#[cfg(test)] mod tests { #[rtlib::var] static T: u32 = 3; #[test] fn unit() { assert_eq!((*T, super::V.as_str()), (3, \"lib\")); } }\n");
    project.file("tests/it.rs", "static LEN: std::sync::OnceLock<usize> = std::sync::OnceLock::new();\n#[rtlib::init] fn f() { LEN.set(kinds::V.len()).unwrap(); }\n#[test] fn integration() { assert_eq!((kinds::V.as_str(), LEN.get()), (\"lib\", Some(&3))); assert!(rtlib::current().is_some(), \"the harness runs tests on threads of std\"); }\n");
    project.file("examples/ex.rs", "#[rtlib::init] fn f() { println!(\"example init\"); }\nfn main() { println!(\"{}\", kinds::V.as_str()); }\n");
    let tests = run(project.gobuild().arg("test"), BUILD).ok().out();
    assert_eq!(
        tests.matches("test result: ok. 1 passed").count(),
        3,
        "{tests}"
    );
    let example = run(
        project.gobuild().args(["run", "-q", "--example", "ex"]),
        BUILD,
    )
    .ok()
    .out();
    assert_eq!(example, "example init\nlib\n");
}

/// A dev-dependency that uses the library brings the library in beside its unit tests: both run their inits, on statics of their own.
#[test]
fn a_library_beside_its_own_unit_tests_has_its_inits_too() {
    let project = Project::new("inits");
    let dependencies = format!("{RTLIB}\n[dev-dependencies]\nuser = {{ path = \"user\" }}");
    project.package("", "twice", &dependencies);
    project.package("user", "user", "twice = { path = \"..\" }");
    project.file(
        "src/lib.rs",
        "use std::sync::atomic::{AtomicU32, Ordering::SeqCst};\npub static RUNS: AtomicU32 = AtomicU32::new(0);\n\
         #[rtlib::init] fn start() { RUNS.fetch_add(1, SeqCst); }\n\
         #[test] fn once_each() { assert_eq!((RUNS.load(SeqCst), user::runs()), (1, 1)); }\n",
    );
    project.file(
        "user/src/lib.rs",
        "pub fn runs() -> u32 { twice::RUNS.load(std::sync::atomic::Ordering::SeqCst) }\n",
    );
    let tests = run(project.gobuild().args(["test", "-q", "--lib"]), BUILD).ok();
    assert!(tests.out().contains("1 passed"), "{}", tests.out());
}

#[test]
fn two_versions_of_a_package_are_two_packages_and_said_so() {
    let project = Project::new("inits");
    project.file(
        "Cargo.toml",
        "[package]\nname = \"twice\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
         [workspace]\nexclude = [\"old\", \"new\"]\n\n[dependencies]\n\
         old = { path = \"old\", package = \"reg\" }\nnew = { path = \"new\", package = \"reg\" }\n",
    );
    for (dir, version) in [("old", "0.1.0"), ("new", "0.2.0")] {
        let manifest = format!(
            "[package]\nname = \"reg\"\nversion = \"{version}\"\nedition = \"2024\"\n\n[dependencies]\n{RTLIB}\n"
        );
        project.file(&format!("{dir}/Cargo.toml"), &manifest);
        project.file(
            &format!("{dir}/src/lib.rs"),
            &format!("#[rtlib::init] fn f() {{ println!(\"reg {version}\"); }}\n"),
        );
    }
    project.file("src/main.rs", "use {old as _, new as _};\nfn main() {}\n");
    let err = project.build(&[]).ok().err();
    for part in ["warning", "old/src/lib.rs", "new/src/lib.rs"] {
        assert!(err.contains(part), "{part} is not in\n{err}");
    }
    assert_eq!(out(&project, "twice"), "reg 0.1.0\nreg 0.2.0\n");
    let trace = run(
        project
            .program("debug", "twice")
            .env("GODEBUG", "inittrace=1"),
        RUN,
    )
    .ok()
    .err();
    assert!(
        trace.contains("init reg@0.1.0 @") && trace.contains("init reg@0.2.0 @"),
        "{trace}"
    );
}

/// Makes a directory of the project a git repository with one commit.
fn committed(project: &Project, dir: &str) {
    let script = "git init -q . && git add -A && git -c user.name=x -c user.email=x@example.org commit -q -m x";
    let mut shell = Command::new("sh");
    shell
        .args(["-c", script])
        .current_dir(project.path().join(dir));
    _ = run(&mut shell, BUILD).ok();
}

/// A home of cargo's with all that is in the real one but checkouts, so that those of the test go with its project.
fn cargo_home(project: &Project) -> PathBuf {
    let real = std::env::var_os("CARGO_HOME").map_or_else(
        || Path::new(&std::env::var_os("HOME").expect("a home")).join(".cargo"),
        PathBuf::from,
    );
    let home = project.path().join("cargo-home");
    std::fs::create_dir(&home).expect("create directory");
    for entry in std::fs::read_dir(real).expect("cargo's home").flatten() {
        if entry.file_name() != "git" {
            std::os::unix::fs::symlink(entry.path(), home.join(entry.file_name())).expect("link");
        }
    }
    home
}

#[test]
fn one_version_from_two_sources_is_two_packages_and_said_so() {
    let project = Project::alone();
    let util = |dir: &str| {
        project.package(dir, "util", RTLIB);
        let init = format!("#[rtlib::init] fn setup() {{ println!(\"from {dir}\"); }}\n");
        project.file(&format!("{dir}/src/lib.rs"), &init);
    };
    util("path");
    util("git");
    committed(&project, "git");
    let git = format!("file://{}/git", project.path().display());
    let manifest = format!(
        "[package]\nname = \"two\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
         [workspace]\nexclude = [\"path\", \"git\"]\n\n[dependencies]\n\
         mine = {{ package = \"util\", path = \"path\" }}\ntheirs = {{ package = \"util\", git = \"{git}\" }}\n"
    );
    project.file("Cargo.toml", &manifest);
    project.file(
        "src/main.rs",
        "use {mine as _, theirs as _};\nfn main() {}\n",
    );
    let home = cargo_home(&project);
    // A path in a package from git is of that source: another `rtlib`.
    let refused = run(
        project.gobuild().arg("build").env("CARGO_HOME", &home),
        BUILD,
    )
    .fails_with(101);
    says(&refused, &["error[two-rtlibs]", "(git+file://", "[patch]"]);
    let mut emit = project.gobuild();
    emit.args(["--emit", "inittask"]).env("CARGO_HOME", &home);
    says(&run(&mut emit, BUILD).ok(), &["warning[two-rtlibs]"]);
    project.file(
        "Cargo.toml",
        &format!("{manifest}\n[patch.\"{git}\"]\n{RTLIB}\n"),
    );
    for args in [&[][..], &["--trimpath"]] {
        let mut build = project.gobuild();
        build.arg("build").args(args).env("CARGO_HOME", &home);
        let built = run(&mut build, BUILD).ok();
        says(&built, &["[two-versions]", "in version 0.1.0 (path)"]);
        let ran = run(
            project
                .program("debug", "two")
                .env("GODEBUG", "inittrace=1"),
            RUN,
        )
        .ok();
        assert_eq!(ran.out(), "from git\nfrom path\n");
        says(
            &ran,
            &["init util@0.1.0#git+file://", "init util@0.1.0#path @"],
        );
        let inits = run(
            project
                .gobuild()
                .arg("inspect")
                .arg(project.exe("debug", "two")),
            RUN,
        )
        .ok();
        assert!(
            inits.out().contains("/git/checkouts/git-"),
            "{}",
            inits.report()
        );
    }
}

#[test]
fn cfg_and_macros_decide_what_runs() {
    let project = Project::new("inits");
    project.package(
        "",
        "conditional",
        &format!("{RTLIB}\n\n[features]\nextra = []"),
    );
    project.file(
        "src/main.rs",
        "#[cfg(feature = \"extra\")] #[rtlib::init] fn extra() { println!(\"extra\"); }\n\
         #[cfg(any())] #[rtlib::init] fn never() { println!(\"never\"); }\n\
         macro_rules! inits { ($($name:ident)*) => { $(#[rtlib::init] fn $name() { println!(stringify!($name)); })* } }\n\
         inits!(one two);\n\
         fn main() {}\n",
    );
    _ = project.build(&["-q"]).ok();
    assert_eq!(out(&project, "conditional"), "one\ntwo\n");
    _ = project.build(&["-q", "--features", "extra"]).ok();
    assert_eq!(out(&project, "conditional"), "extra\none\ntwo\n");
}

#[test]
fn no_profile_loses_an_init() {
    let project = Project::new("inits-profiles");
    project.package(
        "",
        "profiles",
        "gobuild-rtlib = { path = \"{rtlib}\" }\npart = { path = \"part\" }",
    );
    project.package("part", "part", RTLIB);
    project.file("part/src/lib.rs", "mod deep { #[rtlib::init] fn hidden() { println!(\"part\"); } }\n#[rtlib::var] static V: Vec<u8> = { println!(\"var\"); vec![0; 9] };\n");
    project.file(
        "src/main.rs",
        "use part as _;\n#[rtlib::init] fn own() { println!(\"own\"); }\nfn main() {}\n",
    );
    for settings in [
        &["LTO=fat"][..],
        &["LTO=thin", "STRIP=symbols"],
        &["OPT_LEVEL=z", "PANIC=abort", "STRIP=symbols"],
        &["CODEGEN_UNITS=16", "INCREMENTAL=true"],
        &["CODEGEN_UNITS=1", "DEBUG=2"],
    ] {
        let mut build = project.gobuild();
        for setting in settings {
            let (key, value) = setting.split_once('=').expect("KEY=value");
            build.env(format!("CARGO_PROFILE_RELEASE_{key}"), value);
        }
        _ = run(build.args(["build", "-q", "--release"]), BUILD).ok();
        let printed = run(&mut project.program("release", "profiles"), RUN)
            .ok()
            .out();
        assert_eq!(printed, "var\npart\nown\n", "{settings:?}");
        let shown = run(
            project
                .gobuild()
                .arg("inspect")
                .arg(project.exe("release", "profiles")),
            RUN,
        )
        .ok()
        .out();
        assert!(
            shown.contains("part::deep::hidden") && shown.contains("part/src/lib.rs:1"),
            "{settings:?}\n{shown}"
        );
    }
}

#[test]
fn inittrace_prints_gos_lines_and_counts_allocations() {
    let project = program(
        "traced",
        "#[rtlib::init] fn f() { for _ in 0..3 { std::hint::black_box(vec![0_u8; 1000]); } }\nfn main() {}\n",
    );
    _ = project.build(&["-q"]).ok();
    let err = run(
        project
            .program("debug", "traced")
            .env("GODEBUG", "inittrace=1"),
        RUN,
    )
    .ok()
    .err();
    let lines: Vec<&str> = err.lines().collect();
    let [runtime, main] = lines[..] else {
        panic!("two lines expected:\n{err}")
    };
    assert!(runtime.starts_with("init runtime @"), "{runtime}");
    let words: Vec<&str> = main.split(' ').collect();
    let [
        init,
        package,
        at,
        ms,
        clock,
        ms2,
        clock2,
        bytes,
        bytes2,
        allocs,
        allocs2,
    ] = words[..]
    else {
        panic!("{main}")
    };
    assert_eq!(
        (init, package, ms, ms2, clock2, bytes2, allocs2),
        ("init", "main", "ms,", "ms", "clock,", "bytes,", "allocs")
    );
    assert!(
        at.strip_prefix('@')
            .is_some_and(|n| n.parse::<f64>().is_ok())
            && clock.parse::<f64>().is_ok(),
        "{main}"
    );
    assert_eq!((bytes, allocs), ("3000", "3"), "{main}");
}
