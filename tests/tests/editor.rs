//! What an editor does with rust-analyzer, over its own protocol: the Run, Test and Debug buttons, and mistakes with inits while one types (docs/editors.md).
//!
//! Needs rust-analyzer, so `cargo xtask test` runs it where that is there, and says so where it is not.

use std::path::{Path, PathBuf};
use std::process::Command;

use gobuild_tests::lsp::{Server, uri};
use gobuild_tests::process::{BUILD, RUN, run};
use gobuild_tests::project::Project;
use gobuild_tests::{readelf, tool};
use serde_json::{Value, json};

const RTLIB: &str = "gobuild-rtlib = { path = \"{rtlib}\" }\n";

fn app() -> Project {
    let project = Project::alone();
    let more = format!("{RTLIB}plugin = {{ path = \"plugin\" }}\n");
    project.package("", "app", &more);
    project.file(
        "src/main.rs",
        "#[rtlib::init] fn ready() { println!(\"ready\"); }\n\
         fn main() { println!(\"{}\", rtlib::spawn(|| 42).join().unwrap()); }\n\
         #[cfg(test)] mod tests {\n    \
             #[test] fn is_booted() { assert!(rtlib::current().is_some()); }\n\
         }\n",
    );
    project.package("plugin", "plugin", RTLIB);
    project.file("plugin/src/lib.rs", "\n#[rtlib::init] fn register() {}\n");
    project
}

/// rust-analyzer for the project, with these settings.
fn rust_analyzer(project: &Project, settings: &Value) -> Server {
    let mut command = Command::new("rust-analyzer");
    tool::clean(&mut command);
    command
        .env("PATH", tool::path_with_it())
        .env("CARGO_TARGET_DIR", project.target());
    Server::start(&mut command, project.path(), settings, BUILD)
}

fn open(server: &mut Server, file: &Path) -> Value {
    let text = std::fs::read_to_string(file).expect("a file");
    let document = json!({ "uri": uri(file), "languageId": "rust", "version": 1, "text": text });
    server.notify("textDocument/didOpen", &json!({ "textDocument": document }));
    json!({ "uri": uri(file) })
}

/// The command behind a button, as rust-analyzer's extension for VS Code makes it.
fn command(project: &Project, args: &Value, of_cargo: &[&str]) -> Command {
    let texts = |key: &str| {
        let all = args[key].as_array().into_iter().flatten();
        all.map(|one| one.as_str().expect("text").to_owned())
            .collect::<Vec<_>>()
    };
    let mut command = project.cargo();
    command
        .current_dir(args["cwd"].as_str().expect("a directory"))
        .env("PATH", tool::path_with_it())
        .args(texts("cargoArgs"))
        .args(of_cargo);
    let of_program = texts("executableArgs");
    if !of_program.is_empty() {
        command.arg("--").args(of_program);
    }
    for (name, value) in args["environment"].as_object().into_iter().flatten() {
        command.env(name, value.as_str().expect("text"));
    }
    command
}

#[test]
#[ignore = "needs rust-analyzer"]
fn the_buttons_run_test_and_debug() {
    let project = app();
    project.file("src/plugins.rs", "use plugin as _;\n");
    let main = std::fs::read_to_string(project.path().join("src/main.rs")).expect("a file");
    project.file("src/main.rs", &format!("mod plugins;\n{main}"));
    _ = run(
        project
            .gobuild()
            .arg("setup")
            .env("PATH", tool::path_with_it()),
        BUILD,
    )
    .ok();
    let mut server = rust_analyzer(&project, &json!({ "checkOnSave": false }));
    let document = open(&mut server, &project.path().join("src/main.rs"));
    _ = server.wait_for("the workspace to be loaded", |message| {
        message["method"] == "experimental/serverStatus" && message["params"]["quiescent"] == true
    });
    let runnables = server.request(
        "experimental/runnables",
        &json!({ "textDocument": document, "position": null }),
    );
    let of = |label: &str| {
        let mut all = runnables.as_array().expect("runnables").iter();
        let found = all.find(|one| one["label"].as_str().is_some_and(|one| one.contains(label)));
        let found = found.unwrap_or_else(|| panic!("no `{label}` in {runnables:#}"));
        assert_eq!(found["kind"], "cargo");
        found["args"].clone()
    };

    let ran = run(&mut command(&project, &of("run app"), &[]), BUILD).ok();
    assert_eq!(ran.out(), "ready\n42\n");
    let tested = run(
        &mut command(&project, &of("test tests::is_booted"), &[]),
        BUILD,
    )
    .ok();
    assert!(
        tested.out().starts_with("ready\n") && tested.out().contains("1 passed"),
        "{}",
        tested.report()
    );
    // Debug builds the program, finds it in cargo's messages, and starts a debugger with it.
    let mut debug = of("run app");
    debug["cargoArgs"][0] = "build".into();
    let built = run(
        &mut command(&project, &debug, &["--message-format=json"]),
        BUILD,
    )
    .ok();
    let program = executable(&built.out());
    assert!(readelf::symbol(&program, "runtime.rt0_go").is_some());
    assert_eq!(
        run(&mut Command::new(program), RUN).ok().out(),
        "ready\n42\n"
    );
}

/// The last that cargo tells of.
fn executable(messages: &str) -> PathBuf {
    let all = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut executables = all.filter_map(|line| Some(PathBuf::from(line["executable"].as_str()?)));
    executables.next_back().expect("an executable")
}

/// `check.overrideCommand`, as docs/editors.md says.
#[test]
#[ignore = "needs rust-analyzer"]
fn a_lost_init_is_underlined_where_it_is_declared() {
    let project = app();
    let mut server = rust_analyzer(
        &project,
        &json!({ "check": { "overrideCommand": [
            "cargo", "gobuild", "check", "--workspace", "--all-targets", "--message-format=json"
        ] } }),
    );
    let plugin = project.path().join("plugin/src/lib.rs");
    _ = open(&mut server, &plugin);
    let published = server.wait_for("a diagnostic of the lost init", |message| {
        let params = &message["params"];
        let mut all = params["diagnostics"].as_array().into_iter().flatten();
        params["uri"] == uri(&plugin) && all.any(|one| one["code"] == "init-lost")
    });
    let mut all = published["params"]["diagnostics"]
        .as_array()
        .into_iter()
        .flatten();
    let lost = all
        .find(|one| one["code"] == "init-lost")
        .expect("it is there");
    assert_eq!(
        lost["range"]["start"],
        json!({ "line": 1, "character": 18 }),
        "{lost:#}"
    );
    let text = lost["message"].as_str().expect("text");
    assert!(text.contains("`plugin::register` would be lost"), "{text}");
}
