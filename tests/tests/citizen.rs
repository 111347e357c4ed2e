//! A good citizen of cargo's: what cargo compiled is not compiled again, what the user configured holds, what cargo answers is handed on.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use gobuild_tests::process::{BUILD, Outcome, RUN, run};
use gobuild_tests::project::Project;
use gobuild_tests::{files, readelf, tool};
use serde_json::Value;

const MAIN: &str = "fn main() {
    let special = if cfg!(special) { \"special\" } else { \"plain\" };
    println!(\"{special} {} {}\", helper::BUILT, macros::seven!());
    if std::env::args().nth(1).as_deref() == Some(\"fail\") {
        std::process::exit(7);
    }
}

#[test]
fn it_works() {
    assert_eq!(helper::BUILT, \"by a script\");
}
";

/// A program, a library with a build script, and a procedural macro; nothing from the network.
fn app() -> Project {
    let project = Project::alone();
    project.package(
        "",
        "app",
        "helper = { path = \"helper\" }\nmacros = { path = \"macros\" }\n\n[features]\nextra = []\n\n[lints.rust]\nunexpected_cfgs = \"allow\"\n",
    );
    project.file("src/main.rs", MAIN);
    project.file(
        "examples/shows.rs",
        "fn main() { println!(\"{:?}\", std::env::args().skip(1).collect::<Vec<_>>()); }\n",
    );
    project.package("helper", "helper", "");
    project.file(
        "helper/build.rs",
        "fn main() { println!(\"cargo::rustc-env=BUILT=by a script\"); }\n",
    );
    project.file(
        "helper/src/lib.rs",
        "pub const BUILT: &str = env!(\"BUILT\");\n",
    );
    project.package("macros", "macros", "\n[lib]\nproc-macro = true\n");
    let macros = "#[proc_macro]\npub fn seven(_: proc_macro::TokenStream) -> proc_macro::TokenStream {\n    \"7\".parse().unwrap()\n}\n";
    project.file("macros/src/lib.rs", macros);
    project
}

#[track_caller]
fn prints(project: &Project, expect: &str) {
    let outcome = run(&mut project.program("debug", "app"), RUN).ok();
    assert_eq!(outcome.out(), expect);
}

const PLAIN: &str = "plain by a script 7\n";
const SPECIAL: &str = "special by a script 7\n";

/// The targets that this build compiled, by name and kind, and did not find fresh; from cargo's JSON messages.
#[track_caller]
fn compiled(mut command: Command, args: &[&str]) -> Vec<String> {
    let outcome = run(
        command.args(["build", "--message-format=json"]).args(args),
        BUILD,
    )
    .ok();
    let messages = outcome.out();
    let artifact = |line: &str| -> Option<String> {
        let message: Value = serde_json::from_str(line).expect("JSON on every line");
        let is_new = message["reason"] == "compiler-artifact" && message["fresh"] == false;
        let target = &message["target"];
        let name = format!(
            "{} ({})",
            target["name"].as_str()?,
            target["kind"][0].as_str()?
        );
        is_new.then_some(name)
    };
    let mut all: Vec<String> = messages.lines().filter_map(artifact).collect();
    all.sort();
    all
}

#[test]
fn after_cargo_build_only_the_program_is_compiled() {
    let project = app();
    assert_eq!(compiled(project.cargo(), &[]).len(), 4);
    assert_eq!(compiled(project.gobuild(), &[]), ["app (bin)"]);
    prints(&project, PLAIN);
}

#[test]
fn after_cargo_gobuild_cargo_compiles_only_the_program_and_both_stay_fresh() {
    let project = app();
    assert_eq!(compiled(project.gobuild(), &[]).len(), 4);
    assert_eq!(compiled(project.cargo(), &[]), ["app (bin)"]);
    for _ in 0..2 {
        assert_eq!(compiled(project.gobuild(), &[]), [""; 0]);
        assert!(is_ours(&project.exe("debug", "app")));
        assert_eq!(compiled(project.cargo(), &[]), [""; 0]);
        assert!(!is_ours(&project.exe("debug", "app")));
    }
}

fn is_ours(program: &Path) -> bool {
    readelf::symbol(program, "runtime.rt0_go").is_some()
}

#[test]
fn a_build_with_nothing_to_do_touches_nothing() {
    let project = app();
    let modified = || {
        let exe = fs::metadata(project.exe("debug", "app")).expect("it is there");
        exe.modified().expect("has a time")
    };
    _ = project.build(&[]).ok();
    let before = modified();
    let again = project.build(&[]).ok();
    assert_eq!(modified(), before);
    assert!(!again.err().contains("Compiling"), "{}", again.report());
}

#[test]
fn build_scripts_and_macros_are_linked_as_ever() {
    let project = app();
    _ = project.build(&[]).ok();
    let debug = project.target().join("debug");
    let found = |dir: &str, is: fn(&str) -> bool| -> PathBuf {
        let mut all = files::below(&debug.join(dir));
        all.retain(|path| is(&path.file_name().unwrap_or_default().to_string_lossy()));
        all.first()
            .unwrap_or_else(|| panic!("nothing in {dir}"))
            .clone()
    };
    let script = found("build", |name| name == "build-script-build");
    let macros = found("deps", |name| {
        name.starts_with("libmacros") && name.ends_with(".so")
    });
    assert!(!is_ours(&script) && !is_ours(&macros));
    assert!(readelf::header(&script, "Type").starts_with("DYN"));
}

#[test]
fn flags_of_the_environment_hold_and_recompile_nothing() {
    let project = app();
    let flagged = |mut command: Command| {
        command.env("RUSTFLAGS", "--cfg special");
        compiled(command, &[])
    };
    assert_eq!(flagged(project.cargo()).len(), 4);
    assert_eq!(flagged(project.gobuild()), ["app (bin)"]);
    prints(&project, SPECIAL);
}

#[test]
fn flags_of_the_configuration_hold() {
    for section in [
        "build",
        "target.x86_64-unknown-linux-gnu",
        "target.'cfg(unix)'",
    ] {
        let project = app();
        project.file(
            ".cargo/config.toml",
            &format!("[{section}]\nrustflags = [\"--cfg\", \"special\"]\n"),
        );
        _ = compiled(project.cargo(), &[]);
        assert_eq!(compiled(project.gobuild(), &[]), ["app (bin)"], "{section}");
        prints(&project, SPECIAL);
    }
}

/// A script that notes its arguments in `NAME.log` and does what it stands for.
fn noting(project: &Project, name: &str, then: &str) -> (PathBuf, PathBuf) {
    let (script, log) = (
        project.path().join(name),
        project.path().join(format!("{name}.log")),
    );
    let text = format!(
        "#!/bin/sh\necho \"$@\" >> '{}'\nexec {then} \"$@\"\n",
        log.display()
    );
    fs::write(&script, text).expect("write script");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("make it executable");
    (script, log)
}

#[track_caller]
fn noted(log: &Path, part: &str) {
    let text = fs::read_to_string(log).unwrap_or_default();
    assert!(text.contains(part), "no {part} in\n{text}");
}

#[test]
fn wrappers_of_the_compiler_are_called() {
    for variable in ["RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER"] {
        for command in ["build", "test"] {
            let project = app();
            let (wrapper, log) = noting(&project, "wrapper", "");
            _ = run(
                project.gobuild().arg(command).env(variable, &wrapper),
                BUILD,
            )
            .ok();
            noted(&log, "--crate-name app");
        }
    }
}

#[test]
fn the_configured_linker_links() {
    let project = app();
    let (linker, log) = noting(&project, "my-cc", "cc");
    let config = format!(
        "[target.x86_64-unknown-linux-gnu]\nlinker = \"{}\"\n",
        linker.display()
    );
    project.file(".cargo/config.toml", &config);
    _ = project.build(&[]).ok();
    noted(&log, "-Wl,--wrap");
    prints(&project, PLAIN);
}

#[test]
fn the_linker_in_the_flags_links() {
    let project = app();
    let (linker, log) = noting(&project, "my-cc", "cc");
    let flags = format!("-C linker={}", linker.display());
    _ = run(
        project.gobuild().arg("build").env("RUSTFLAGS", flags),
        BUILD,
    )
    .ok();
    noted(&log, "-Wl,--wrap");
    prints(&project, PLAIN);
}

#[test]
fn link_arguments_of_the_user_reach_the_linker() {
    let project = app();
    let map = project.path().join("map");
    project.file(
        "build.rs",
        &format!(
            "fn main() {{ println!(\"cargo::rustc-link-arg-bins=-Wl,-Map={}\"); }}\n",
            map.display()
        ),
    );
    _ = project.build(&[]).ok();
    noted(&map, "runtime.rt0_go");
}

/// Whether static programs that plain cargo links with mold run: those of mold 1 do not.
fn mold_links_static_programs(project: &Project) -> bool {
    let flags = [
        "rustc",
        "-q",
        "--target-dir",
        "plain",
        "--",
        "-C",
        "target-feature=+crt-static",
        "-C",
        "relocation-model=static",
        "-C",
        "link-arg=-fuse-ld=mold",
    ];
    _ = run(project.cargo().args(flags), BUILD).ok();
    run(
        &mut Command::new(project.path().join("plain/debug/app")),
        RUN,
    )
    .out()
        == PLAIN
}

#[test]
fn every_linker_that_is_here_links() {
    let project = app();
    let mut linkers = vec!["auto", "cc", "lld"];
    let here = |name| which::which(name).is_ok();
    if here("mold") && mold_links_static_programs(&project) {
        linkers.push("mold");
    }
    if here("wild") {
        linkers.push("wild");
    }
    for linker in linkers {
        _ = project.build(&["--linker", linker]).ok();
        assert!(is_ours(&project.exe("debug", "app")), "{linker}");
        prints(&project, PLAIN);
    }
}

#[test]
fn json_messages_are_cargos() {
    let project = app();
    let outcome = project.build(&["--message-format=json"]).ok();
    let messages: Vec<Value> = outcome
        .out()
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let executable = messages
        .iter()
        .find_map(|message| message["executable"].as_str());
    assert_eq!(
        executable.map(Path::new),
        Some(&*project.exe("debug", "app"))
    );
    let last = messages.last().expect("messages");
    assert!(
        last["reason"] == "build-finished" && last["success"] == true,
        "{last}"
    );

    project.file("src/main.rs", "fn main() { missing() }\n");
    let outcome = project.build(&["--message-format=json"]).fails_with(101);
    assert!(
        outcome.out().contains("cannot find function `missing`"),
        "{}",
        outcome.report()
    );
}

/// Runs the same with cargo and with the tool.
#[track_caller]
fn same_code(project: &Project, args: &[&str]) -> Outcome {
    let plain = run(project.cargo().args(args), BUILD);
    let ours = run(project.gobuild().args(args), BUILD);
    assert_eq!(
        plain.code(),
        ours.code(),
        "{}\n{}",
        plain.report(),
        ours.report()
    );
    ours
}

#[test]
fn exit_codes_are_cargos() {
    let project = app();
    assert_eq!(same_code(&project, &["run", "-q"]).out(), PLAIN);
    assert_eq!(same_code(&project, &["run", "-q", "--", "fail"]).code(), 7);
    assert_eq!(
        same_code(&project, &["build", "--no-such-option"]).code(),
        1
    );
    assert_eq!(same_code(&project, &["build", "-p", "nobody"]).code(), 101);
    assert_eq!(
        same_code(&project, &["build", "--bin", "nobody"]).code(),
        101
    );
    assert_eq!(same_code(&project, &["test", "-q"]).code(), 0);
    project.file(
        "src/main.rs",
        &MAIN.replace("by a script\");\n}", "otherwise\");\n}"),
    );
    assert_eq!(same_code(&project, &["test", "-q"]).code(), 101);
    project.file("src/main.rs", "fn main() { std::process::abort() }\n");
    _ = same_code(&project, &["run", "-q"]);
}

#[test]
fn cargos_options_are_handed_on() {
    let project = app();
    let elsewhere = project.path().join("elsewhere");
    let dir = elsewhere.display().to_string();
    _ = project
        .build(&[
            "--release",
            "--features",
            "extra",
            "--locked",
            "-j1",
            "--target-dir",
            &dir,
        ])
        .fails_with(101);
    _ = run(project.cargo().arg("generate-lockfile"), BUILD).ok();
    _ = project
        .build(&[
            "--release",
            "--features",
            "extra",
            "--locked",
            "--offline",
            "-j1",
            "--target-dir",
            &dir,
        ])
        .ok();
    assert!(is_ours(&elsewhere.join("release/app")));
    let custom = [
        "--config",
        "profile.small.inherits='release'",
        "--profile",
        "small",
    ];
    _ = project.build(&custom).ok();
    assert!(is_ours(&project.exe("small", "app")));
    let example = run(
        project
            .gobuild()
            .args(["run", "-q", "--example", "shows", "--", "-v", "--help"]),
        BUILD,
    )
    .ok();
    assert_eq!(example.out(), "[\"-v\", \"--help\"]\n");
    assert!(is_ours(&project.exe("debug/examples", "shows")));
}

#[test]
fn a_dry_run_prints_the_steps_and_does_nothing() {
    let project = app();
    let outcome = project.build(&["-n"]).ok();
    let said = outcome.out() + &outcome.err();
    for part in ["cargo", "rustc", "--gobuild-link="] {
        assert!(said.contains(part), "no {part} in\n{said}");
    }
    assert!(!project.exe("debug", "app").exists());
}

#[test]
fn explained_builds_print_the_link_line_and_build() {
    let project = app();
    let outcome = project.build(&["-x"]).ok();
    let said = outcome.out() + &outcome.err();
    for part in ["cargo", "--wrap=", "-static"] {
        assert!(said.contains(part), "no {part} in\n{said}");
    }
    prints(&project, PLAIN);
}

#[test]
fn it_is_a_subcommand_of_cargo() {
    let project = app();
    let mut command = project.cargo();
    let dir = tool::cargo_gobuild()
        .parent()
        .expect("in a directory")
        .to_path_buf();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(std::iter::once(dir).chain(std::env::split_paths(&path)));
    command
        .args(["gobuild", "run", "-q"])
        .env("PATH", path.expect("a path"));
    assert_eq!(run(&mut command, BUILD).ok().out(), PLAIN);
}
