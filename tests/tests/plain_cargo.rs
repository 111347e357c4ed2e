//! `cargo gobuild setup`, `env` and `check`: plain cargo, and what calls it, links programs as the tool does; nothing is compiled twice, host programs are left alone, settings are watched,
//! and what is wrong is said as rustc says it, in the place of its link line.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use gobuild_tests::process::{BUILD, Outcome, RUN, run};
use gobuild_tests::project::Project;
use gobuild_tests::{readelf, tool};

const RTLIB: &str = "gobuild-rtlib = { path = \"{rtlib}\" }";

/// Plain cargo.
fn cargo(project: &Project, args: &[&str]) -> Command {
    let mut command = project.cargo();
    command.args(args).env("PATH", tool::path_with_it());
    command
}

fn gobuild(project: &Project, args: &[&str]) -> Command {
    let mut command = project.gobuild();
    command.args(args).env("PATH", tool::path_with_it());
    command
}

fn ok(mut command: Command) -> Outcome {
    run(&mut command, BUILD).ok()
}

fn set_up(project: &Project) {
    _ = ok(gobuild(project, &["setup"]));
}

fn is_ours(program: &Path) -> bool {
    readelf::symbol(program, "runtime.rt0_go").is_some()
}

/// A library with a doctest, a program with an init, a build script, a procedural macro, a test, a benchmark, an example, and a feature.
fn app() -> Project {
    let project = Project::alone();
    let more = format!(
        "{RTLIB}\npm = {{ path = \"pm\" }}\nplugin = {{ path = \"plugin\", optional = true }}\n\n[features]\nextra = [\"dep:plugin\"]\n\n[[bench]]\nname = \"speed\"\nharness = false\n\n\
         [package.metadata.gobuild]\nstd = \"goroutines\"\n"
    );
    project.package("", "app", &more);
    project.file("build.rs", "fn main() { std::thread::spawn(|| ()).join().unwrap(); println!(\"cargo::rustc-env=MADE=here\"); }\n");
    project.file(
        "src/lib.rs",
        "/// ```\n/// assert!(app::is_booted());\n/// rtlib::spawn(|| ()).join().unwrap();\n/// ```\npub fn is_booted() -> bool { rtlib::current().is_some() }\n\
         #[test] fn unit() { assert!(is_booted()); }\n",
    );
    project.file(
        "src/main.rs",
        "#[cfg(feature = \"extra\")] use plugin as _;\n#[rtlib::init] fn begin() { println!(\"init\"); }\nfn main() { println!(\"{} {} {}\", pm::word!(), env!(\"MADE\"), app::is_booted()); }\n",
    );
    project.file(
        "tests/it.rs",
        "#[test] fn integration() { assert!(app::is_booted()); }\n",
    );
    project.file(
        "benches/speed.rs",
        "fn main() { println!(\"speed {}\", app::is_booted()); }\n",
    );
    project.file(
        "examples/show.rs",
        "fn main() { println!(\"show {}\", app::is_booted()); }\n",
    );
    project.package("pm", "pm", "\n[lib]\nproc-macro = true\n");
    project.file("pm/src/lib.rs", "#[proc_macro] pub fn word(_: proc_macro::TokenStream) -> proc_macro::TokenStream { \"\\\"word\\\"\".parse().unwrap() }\n");
    project.package("plugin", "plugin", RTLIB);
    project.file(
        "plugin/src/lib.rs",
        "#[rtlib::init] fn plugged() { println!(\"plugin\"); }\n",
    );
    project
}

/// How many crates cargo has compiled.
fn compiled(outcome: &Outcome) -> Vec<String> {
    let err = outcome.err();
    let lines = err.lines().map(str::trim);
    lines
        .filter(|line| line.starts_with("Compiling"))
        .map(str::to_owned)
        .collect()
}

#[test]
fn plain_cargo_builds_runs_tests_and_measures() {
    let project = app();
    set_up(&project);
    let first = ok(cargo(&project, &["build"]));
    assert!(!compiled(&first).is_empty(), "{}", first.report());
    let program = project.exe("debug", "app");
    assert!(is_ours(&program));
    let scripts = fs::read_dir(project.target().join("debug/build")).expect("build scripts");
    let scripts = scripts.map(|dir| dir.expect("an entry").path().join("build-script-build"));
    let scripts: Vec<PathBuf> = scripts.filter(|path| path.is_file()).collect();
    assert!(!scripts.is_empty());
    assert!(!scripts.iter().any(|script| is_ours(script)), "{scripts:?}");

    assert_eq!(
        ok(cargo(&project, &["run", "-q"])).out(),
        "init\nword here true\n"
    );
    assert_eq!(
        ok(cargo(&project, &["run", "-q", "--example", "show"])).out(),
        "show true\n"
    );
    let tested = ok(cargo(&project, &["test"]));
    assert_eq!(
        tested.out().matches("1 passed").count(),
        3,
        "{}",
        tested.report()
    );
    let measured = ok(cargo(&project, &["bench", "--bench", "speed"]));
    assert!(
        measured.out().contains("speed true"),
        "{}",
        measured.report()
    );

    // A feature that cargo was called with: the wrapper reads it from the cargo above it.
    let with = ok(cargo(&project, &["run", "-q", "--features", "extra"]));
    assert_eq!(with.out(), "plugin\ninit\nword here true\n");
}

#[test]
fn nothing_is_compiled_twice() {
    let project = app();
    set_up(&project);
    _ = ok(cargo(&project, &["build"]));
    for mut again in [
        cargo(&project, &["build"]),
        gobuild(&project, &["build"]),
        gobuild(&project, &["--", "build"]),
        cargo(&project, &["build"]),
    ] {
        let outcome = run(&mut again, BUILD).ok();
        assert_eq!(compiled(&outcome), [""; 0], "{}", outcome.report());
    }
    _ = ok(cargo(&project, &["test", "--no-run"]));
    let outcome = ok(gobuild(&project, &["test", "--no-run"]));
    assert_eq!(compiled(&outcome), [""; 0], "{}", outcome.report());
}

#[test]
fn settings_are_watched() {
    let project = app();
    set_up(&project);
    let std_of = |mut build: Command| {
        let outcome = run(&mut build, BUILD).ok();
        let program = project.exe("debug", "app");
        let inspected = ok(gobuild(
            &project,
            &["inspect", program.to_str().expect("UTF-8")],
        ));
        let out = inspected.out();
        let line = out.lines().find(|line| line.starts_with("threads "));
        let word = match line.and_then(|line| line.split_whitespace().nth(1)) {
            Some("goroutines") => "goroutines",
            _ => "threads",
        };
        (word.to_owned(), compiled(&outcome).len())
    };
    let expect = |word: &str, count| (word.to_owned(), count);
    let plain = || cargo(&project, &["build"]);
    assert_eq!(std_of(plain()).0, "goroutines");
    let mut chosen = plain();
    chosen.env("CARGO_GOBUILD_STD", "threads");
    assert_eq!(std_of(chosen), expect("threads", 1));
    assert_eq!(std_of(plain()), expect("goroutines", 1));
    assert_eq!(
        std_of(gobuild(&project, &["--std", "threads"])),
        expect("threads", 1)
    );
    assert_eq!(std_of(plain()), expect("goroutines", 1));
    let manifest = project.path().join("Cargo.toml");
    let text = fs::read_to_string(&manifest).expect("read");
    fs::write(
        &manifest,
        text.replace("std = \"goroutines\"", "std = \"threads\""),
    )
    .expect("write");
    assert_eq!(std_of(plain()).0, "threads");
    assert_eq!(std_of(plain()), expect("threads", 0));
}

#[test]
fn other_commands_are_as_ever() {
    let project = app();
    set_up(&project);
    _ = ok(cargo(&project, &["check", "--all-targets"]));
    _ = ok(cargo(&project, &["doc", "--no-deps"]));
    assert!(project.target().join("doc/app/index.html").is_file());
    _ = ok(cargo(&project, &["clean"]));
    _ = ok(cargo(
        &project,
        &["metadata", "--format-version", "1", "-q"],
    ));
}

#[test]
fn setup_is_taken_back_and_leaves_what_was_there() {
    let project = app();
    let file = project.path().join(".cargo/config.toml");
    set_up(&project);
    set_up(&project);
    assert!(
        fs::read_to_string(&file)
            .expect("written")
            .contains("rustc-workspace-wrapper")
    );
    _ = ok(gobuild(&project, &["setup", "--remove"]));
    assert!(!file.exists() && !file.parent().expect("a directory").exists());
    let own = "# mine\n[term]\nquiet = false # yes\n";
    project.file(".cargo/config.toml", own);
    set_up(&project);
    _ = ok(gobuild(&project, &["setup", "--remove"]));
    assert_eq!(fs::read_to_string(&file).expect("left"), own);
    project.file(".cargo/config.toml", "[build]\nrustdoc = \"other\"\n");
    let refused = run(&mut gobuild(&project, &["setup"]), BUILD).fails_with(101);
    assert!(
        refused.err().contains("`build.rustdoc` is already `other`"),
        "{}",
        refused.report()
    );
}

#[test]
fn variables_mean_the_same() {
    let project = app();
    let printed = ok(gobuild(&project, &["env"])).out();
    let mut shell = Command::new("sh");
    let script = format!("{printed}\nexec cargo run -q");
    shell.args(["-c", &script]).current_dir(project.path());
    tool::clean(&mut shell);
    shell
        .env("PATH", tool::path_with_it())
        .env("CARGO_TARGET_DIR", project.target());
    assert_eq!(ok(shell).out(), "init\nword here true\n");
    let json = ok(gobuild(&project, &["env", "--json"])).out();
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["RUSTC_WORKSPACE_WRAPPER"], "cargo-gobuild");
}

/// A program that would lose the inits of a crate that nothing names, and of one behind a feature.
fn losing() -> Project {
    let project = Project::alone();
    let more = format!(
        "{RTLIB}\nplugin = {{ path = \"plugin\" }}\ncsv = {{ path = \"csv\", optional = true }}\n\n[features]\ndefault = [\"tables\"]\ntables = [\"dep:csv\"]\n"
    );
    project.package("", "losing", &more);
    project.file("src/main.rs", "fn main() {}\n");
    for name in ["plugin", "csv"] {
        project.package(name, name, RTLIB);
        project.file(
            &format!("{name}/src/lib.rs"),
            "#[rtlib::init] fn register() {}\n",
        );
    }
    project
}

/// The messages of the compiler, of an outcome in JSON.
fn messages(outcome: &Outcome) -> Vec<serde_json::Value> {
    let out = outcome.out();
    let all = out
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"));
    all.filter(|line: &serde_json::Value| line["reason"] == "compiler-message")
        .map(|line| {
            assert_eq!(line["target"]["name"], "losing");
            line["message"].clone()
        })
        .collect()
}

/// What an editor is told, whoever calls.
#[track_caller]
fn tells_of_losses(outcome: &Outcome, level: &str, programs: usize) {
    let all = messages(outcome);
    let lost: Vec<_> = all
        .iter()
        .filter(|one| one["code"]["code"] == "init-lost")
        .collect();
    assert_eq!(lost.len(), 2 * programs, "{}", outcome.report());
    for one in &lost {
        assert_eq!(one["level"], level);
        let span = &one["spans"][0];
        assert!(
            span["file_name"]
                .as_str()
                .expect("a file")
                .ends_with("src/lib.rs")
        );
        assert_eq!(
            (
                &span["line_start"],
                &span["column_start"],
                &span["byte_start"]
            ),
            (&1.into(), &19.into(), &18.into())
        );
        assert_eq!(span["text"][0]["text"], "#[rtlib::init] fn register() {}");
    }
    let text = lost
        .iter()
        .map(|one| one["rendered"].as_str().expect("text"))
        .collect::<String>();
    assert!(
        text.contains("add `use plugin as _;` to src/main.rs"),
        "{text}"
    );
    assert!(
        text.contains("add `#[cfg(feature = \"tables\")] use csv as _;` to src/main.rs"),
        "{text}"
    );
    assert!(!text.contains('\u{1b}'), "{text}");
    let said = outcome.report();
    assert!(!said.contains("linking with"), "{said}");
}

#[test]
fn a_lost_init_is_a_message_of_the_compiler() {
    let project = losing();
    const JSON: [&str; 2] = ["--message-format", "json"];
    let mut ours = gobuild(&project, &["build"]);
    tells_of_losses(&run(ours.args(JSON), BUILD).fails_with(101), "error", 1);
    // The program, and its tests.
    let mut whole = gobuild(&project, &["build", "--all-targets", "--keep-going"]);
    tells_of_losses(&run(whole.args(JSON), BUILD).fails_with(101), "error", 2);
    let mut checked = gobuild(&project, &["check"]);
    tells_of_losses(&run(checked.args(JSON), BUILD).ok(), "warning", 1);
    set_up(&project);
    let mut plain = cargo(&project, &["build"]);
    tells_of_losses(&run(plain.args(JSON), BUILD).fails_with(101), "error", 1);
    let human = run(&mut cargo(&project, &["build"]), BUILD).fails_with(101);
    let err = human.err();
    assert!(
        err.contains("error[init-lost]") && !err.contains("linking with"),
        "{}",
        human.report()
    );
}

#[test]
fn check_finds_what_is_wrong_with_inits() {
    let project = Project::bin(
        "plain_cargo",
        "wrong",
        RTLIB,
        "#[rtlib::var] static A: u32 = *B;\n#[rtlib::var] static B: u32 = *A;\nfn main() {}\n",
    );
    let outcome = run(&mut gobuild(&project, &["check"]), BUILD).fails_with(101);
    assert!(
        outcome.err().contains("error[initialization-cycle]"),
        "{}",
        outcome.report()
    );
    let short = ["check", "--message-format", "short"];
    let outcome = run(&mut gobuild(&project, &short), BUILD).fails_with(101);
    let line = "src/main.rs:1:22: error[initialization-cycle]: ";
    assert!(
        outcome.err().lines().any(|shown| shown.starts_with(line)),
        "{}",
        outcome.report()
    );
    project.file("src/main.rs", "#[rtlib::init] fn fine() {}\nfn main() {}\n");
    let outcome = run(&mut gobuild(&project, &["check"]), BUILD).ok();
    assert!(!outcome.err().contains("error"), "{}", outcome.report());
    assert!(!project.exe("debug", "wrong").exists());
}

/// Without a plan there is none to be made by hand: a name that cargo uses for rustc is passed on.
#[test]
fn the_wrapper_hands_questions_on() {
    let mut command = Command::new(tool::cargo_gobuild());
    command.args(["rustc", "-vV"]);
    tool::clean(&mut command);
    let outcome = run(&mut command, RUN).ok();
    assert!(outcome.out().starts_with("rustc "), "{}", outcome.report());
}

/// Cargo finds the subcommand beside itself, too, where PATH has nothing of it: then the keys can still be taken back.
#[test]
fn setup_can_be_taken_back_by_a_tool_that_is_not_on_path() {
    let project = app();
    set_up(&project);
    _ = run(project.gobuild().args(["setup", "--remove"]), BUILD).ok();
    assert!(!project.path().join(".cargo").exists());
}

fn set_level(manifest: &Path, level: &str) {
    const HEAD: &str = "[package.metadata.gobuild]\n";
    let text = fs::read_to_string(manifest).expect("read");
    let lines = text.lines().filter(|line| !line.starts_with("goamd64"));
    let others: String = lines.map(|line| format!("{line}\n")).collect();
    let set = format!("{HEAD}goamd64 = \"{level}\"\n");
    fs::write(manifest, others.replace(HEAD, &set)).expect("write");
}

/// The level of processors: setup gives plain cargo the flags that `cargo gobuild` gives it, for dependencies, too.
#[test]
fn the_level_holds_for_plain_cargo() {
    let project = app();
    let level = |level: &str| set_level(&project.path().join("Cargo.toml"), level);
    let file = project.path().join(".cargo/config.toml");
    let own = "[build]\nrustflags = [\"--cfg=mine\"]\n";
    project.file(".cargo/config.toml", own);
    level("v2");
    set_up(&project);
    let program = project.exe("debug", "app");
    let first = ok(cargo(&project, &["build", "-v"]));
    let err = first.err();
    let mut crates = err.lines().filter(|line| line.contains("Running `"));
    assert!(
        crates.all(|line| !line.contains("--crate-name")
            || line.contains("--cfg=mine -Ctarget-cpu=x86-64-v2")),
        "{err}"
    );
    let bits = fs::read(&program).expect("built");
    for mut again in [gobuild(&project, &["build"]), cargo(&project, &["build"])] {
        let outcome = run(&mut again, BUILD).ok();
        assert_eq!(compiled(&outcome), [""; 0], "{}", outcome.report());
        assert!(fs::read(&program).expect("built") == bits);
    }
    fs::remove_file(&program).expect("remove");
    fs::remove_dir_all(project.target()).expect("remove");
    _ = ok(gobuild(&project, &["build"]));
    assert!(fs::read(&program).expect("built") == bits);

    // A level that has changed is told of, and set up again.
    level("v1");
    let stale = ok(cargo(&project, &["build"])).err();
    assert!(stale.contains("run `cargo gobuild setup` again"), "{stale}");
    set_up(&project);
    assert!(
        !fs::read_to_string(&file)
            .expect("read")
            .contains("target-cpu")
    );
    level("v2");
    set_up(&project);
    _ = ok(gobuild(&project, &["setup", "--remove"]));
    assert_eq!(fs::read_to_string(&file).expect("left"), own);

    // The variables mean the same.
    let json = ok(gobuild(&project, &["env", "--json"])).out();
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(
        json["CARGO_ENCODED_RUSTFLAGS"],
        "--cfg=mine\u{1f}-Ctarget-cpu=x86-64-v2"
    );
    let through = |mut command: Command| {
        for (name, value) in json.as_object().expect("an object") {
            command.env(name, value.as_str().expect("a string"));
        }
        ok(command)
    };
    _ = through(cargo(&project, &["build"]));
    let outcome = through(gobuild(&project, &["build"]));
    assert_eq!(compiled(&outcome), [""; 0], "{}", outcome.report());
}

/// Flags as a string cannot be joined with those of another file: nothing is written then.
#[test]
fn flags_of_other_files_are_not_hidden() {
    let project = app();
    let inner = project.path().join("inner");
    fs::create_dir_all(inner.join(".cargo")).expect("create");
    fs::rename(project.path().join("Cargo.toml"), inner.join("Cargo.toml")).expect("rename");
    for dir in [
        "src", "tests", "benches", "examples", "pm", "plugin", "build.rs",
    ] {
        fs::rename(project.path().join(dir), inner.join(dir)).expect("rename");
    }
    project.file(
        ".cargo/config.toml",
        "[build]\nrustflags = \"--cfg=mine\"\n",
    );
    let manifest = inner.join("Cargo.toml");
    set_level(&manifest, "v2");
    let mut setup = gobuild(&project, &["setup"]);
    let refused = run(setup.current_dir(&inner), BUILD).fails_with(101);
    assert!(
        refused.err().contains("write `rustflags` as a list"),
        "{}",
        refused.report()
    );
    assert!(!inner.join(".cargo/config.toml").exists());
}
