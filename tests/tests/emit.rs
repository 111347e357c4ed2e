//! `--emit KIND[=PATH]`: what each kind shows, that most of them need no build, and that several can be asked for at once.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use gobuild_tests::process::{BUILD, Outcome, RUN, run};
use gobuild_tests::project::Project;
use gobuild_tests::readelf::{header, readelf};
use gobuild_tests::{rtlib, tool};
use serde_json::Value;

/// The packages of the registry example, in the order in which they are initialised.
const PACKAGES: [&str; 6] = ["codec", "hex", "reverse", "rot13", "shout", "main"];

/// A place for one test: the registry example with a target directory where nothing has been built.
struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("temporary directory");
        Self { dir }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// `--emit KIND` for each of these.
    #[track_caller]
    fn emit(&self, kinds: &[&str]) -> Outcome {
        self.emit_into(&self.path("target"), kinds).ok()
    }

    fn emit_into(&self, target: &Path, kinds: &[&str]) -> Outcome {
        let mut command = tool::gobuild(&tool::root().join("examples/registry"));
        for kind in kinds {
            command.args(["--emit", kind]);
        }
        run(command.env("CARGO_TARGET_DIR", target), BUILD)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }
}

/// The first words of the lines that begin with a whole position such as `3`.
fn packages_of(table: &str) -> Vec<&str> {
    let rows = table.lines().map(|line| line.split_whitespace());
    rows.filter_map(|mut words| {
        let position = words.next()?;
        position.parse::<u32>().is_ok().then(|| words.next())?
    })
    .collect()
}

#[test]
fn the_table_has_packages_and_functions_in_order_with_places_and_reasons() {
    let table = Place::new().emit(&["inittask"]).out();
    assert_eq!(packages_of(&table), PACKAGES, "{table}");
    let row = |start: &str| {
        let line = table.lines().find(|line| {
            line.split_whitespace()
                .collect::<Vec<_>>()
                .join(" ")
                .starts_with(start)
        });
        line.unwrap_or_else(|| panic!("no {start} in\n{table}"))
    };
    assert!(row("1 codec 0.1.0").contains("codec..inittask"));
    assert!(row("2 hex").contains("by name before reverse, rot13"));
    assert!(row("4.1 var rot13::SHIFT").contains("rot13/src/lib.rs:10"));
    assert!(row("4.2 var rot13::TABLE").contains("refers to rot13::SHIFT (through rot13::rotate)"));
    assert!(row("5 shout").contains("depends on codec, reverse"));
    assert!(row("6 main").contains("after all packages"));
}

#[test]
fn the_json_has_a_schema_and_the_same_order() {
    let text = Place::new().emit(&["inittask-json"]).out();
    let plan: Value = serde_json::from_str(&text).expect("one JSON object");
    assert_eq!(plan["schema_version"], 1);
    assert_eq!(plan["warnings"], Value::Array(Vec::new()));
    let tasks = plan["tasks"].as_array().expect("tasks");
    let packages: Vec<&Value> = tasks.iter().map(|task| &task["package"]).collect();
    assert_eq!(packages, PACKAGES);
    let table = &tasks[3]["functions"][1];
    assert_eq!(
        (
            &table["kind"],
            &table["name"],
            &table["line"],
            &table["column"]
        ),
        (&"var".into(), &"rot13::TABLE".into(), &4.into(), &8.into())
    );
    assert_eq!(table["refers_to"][0]["via"][0], "rot13::rotate");
}

/// Graphviz is not needed to check a DOT file as simple as ours: nodes, then edges between nodes that were declared.
#[test]
fn the_graph_is_dot_with_an_edge_for_each_dependency() {
    let dot = Place::new().emit(&["graph"]).out();
    assert!(
        dot.starts_with("digraph ") && dot.trim_end().ends_with('}'),
        "{dot}"
    );
    let id_of = |label: &str| {
        let line = dot
            .lines()
            .find(|line| line.contains(&format!("[label=\"{label}\\n")));
        let line = line.unwrap_or_else(|| panic!("no {label} in\n{dot}"));
        line.split_whitespace().next().expect("an id").to_owned()
    };
    let edge = |from: &str, to: &str| dot.contains(&format!("{} -> {};", id_of(from), id_of(to)));
    assert!(edge("2. hex", "1. codec"), "{dot}");
    assert!(edge("5. shout", "3. reverse"), "{dot}");
    assert!(edge("6. main", "5. shout"), "{dot}");
    assert!(!edge("3. reverse", "5. shout"), "{dot}");
}

#[test]
fn the_graph_is_drawn_when_the_path_ends_in_svg() {
    let place = Place::new();
    let path = place.path("deep/down/order.svg");
    assert_eq!(
        place.emit(&[&format!("graph={}", path.display())]).out(),
        ""
    );
    let svg = place.read("deep/down/order.svg");
    well_formed(&svg);
    for text in PACKAGES.into_iter().chain(["gobuild-rtlib"]) {
        assert!(
            svg.contains(&format!(">{text}</text>")),
            "no {text} in\n{svg}"
        );
    }
}

/// Every element that is opened is closed, in order, and there is one root.
fn well_formed(svg: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = svg;
    let mut roots = 0;
    while let Some(start) = rest.find('<') {
        let end = start + rest[start..].find('>').expect("a tag ends");
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        let name = tag.split_whitespace().next().unwrap_or(tag);
        if let Some(closed) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(closed), "{svg}");
        } else if !tag.ends_with('/') {
            roots += usize::from(open.is_empty());
            open.push(name);
        }
    }
    assert_eq!((open.len(), roots), (0, 1), "{svg}");
}

/// The assembly is what the linked program was made of: the C compiler accepts it, and the entry point is in it.
#[test]
fn the_assembly_can_be_assembled() {
    let place = Place::new();
    let source = place.path("rt0.s");
    _ = place.emit(&[&format!("rt0={}", source.display())]);
    let object = place.path("rt0.o");
    _ = run(
        Command::new("cc")
            .arg("-c")
            .arg(&source)
            .arg("-o")
            .arg(&object),
        RUN,
    )
    .ok();
    let symbols = readelf(&["-sW"], &object);
    for name in ["_rt0_amd64_linux", "_rt0_amd64", "runtime.rt0_go"] {
        assert!(
            symbols.contains(&format!(" {name}\n")),
            "no {name} in\n{symbols}"
        );
    }
}

#[test]
fn the_object_of_main_pc_refers_to_runtime_main() {
    let place = Place::new();
    let shown = place.emit(&["mainpc"]).out();
    let path = Path::new(shown.trim_end());
    assert!(readelf(&["-sW"], path).contains(" runtime.mainPC\n"));
    let relocations = readelf(&["-rW"], path);
    assert!(
        relocations.contains("R_X86_64_64") && relocations.contains(" runtime.main + 0"),
        "{relocations}"
    );
    let there = place.path("pc.o");
    assert_eq!(
        place.emit(&[&format!("mainpc={}", there.display())]).out(),
        ""
    );
    assert!(fs::read(there).expect("written") == fs::read(path).expect("written"));
}

/// The source is enough: no compiler compiles and no target appears, and a source that would not compile does no harm.
#[test]
fn kinds_that_need_no_build_build_nothing() {
    let project = Project::bin(
        "unused",
        "unbuilt",
        "gobuild-rtlib = { path = \"{rtlib}\" }",
        "#[rtlib::init]\nfn setup() { let _: u32 = \"not a number\"; }\nfn main() {}\n",
    );
    let target = project.path().join("target");
    for kind in ["inittask", "inittask-json", "graph", "rt0", "mainpc"] {
        let mut command = project.gobuild();
        command
            .args(["--emit", kind])
            .env("CARGO_TARGET_DIR", &target);
        let outcome = run(&mut command, RUN).ok();
        assert!(!outcome.err().contains("Compiling"), "{}", outcome.report());
    }
    assert!(!target.join("debug/deps").exists());
}

#[test]
fn one_command_answers_several_and_links_only_if_one_of_them_needs_it() {
    let place = Place::new();
    let path = |name: &str| place.path(name).display().to_string();
    let outcome = place.emit(&[
        &format!("inittask,graph={},obj={}", path("g.dot"), path("objects")),
        &format!("link-args={}", path("link")),
        &format!("inittask-json={}", path("plan.json")),
    ]);
    assert_eq!(packages_of(&outcome.out()), PACKAGES);
    assert!(place.read("g.dot").starts_with("digraph "));
    assert!(place.read("plan.json").starts_with('{'));
    let mut objects: Vec<String> = fs::read_dir(place.path("objects"))
        .expect("a directory")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("a name")
        })
        .collect();
    objects.sort();
    assert_eq!(
        objects,
        [
            "asm_amd64.o",
            "gdb.o",
            "inittask.o",
            "mainpc.o",
            "rt0_linux_amd64.o",
            "runtime.o"
        ]
    );
    for name in &objects {
        assert!(
            header(&place.path("objects").join(name), "Type").starts_with("REL"),
            "{name}"
        );
    }
    let inits = readelf(&["-sW"], &place.path("objects/inittask.o"));
    for package in PACKAGES {
        assert!(
            inits.contains(&format!(" {package}..inittask\n")),
            "{inits}"
        );
    }
    let link = place.read("link");
    for part in [
        "inittask.o",
        "-static",
        "-e,_rt0_amd64_linux",
        "--wrap=sigaction",
    ] {
        assert!(link.contains(part), "no {part} in\n{link}");
    }
}

/// A build with nothing to do still answers, with the same.
#[test]
fn answers_of_a_build_stay_when_there_is_nothing_to_build() {
    let place = Place::new();
    let target = rtlib::target("registry");
    let ask = || place.emit_into(&target, &["obj", "link-args"]).ok();
    let first = ask();
    let again = ask();
    assert!(!again.err().contains("Compiling"), "{}", again.report());
    assert_eq!(again.out(), first.out());
    let objects = again
        .out()
        .lines()
        .filter(|line| line.ends_with(".o"))
        .count();
    assert_eq!(objects, 6, "{}", again.report());
}

/// A crate that makes system calls itself, one with C that waits, and std.
#[test]
fn blocking_says_which_crate_makes_which_calls_that_wait() {
    let project = Project::new("emit-blocking");
    project.package("", "waits", "");
    project.file(
        "src/main.rs",
        r#"
use std::io::Read;

#[inline(never)]
fn own_call() -> i64 {
    let pid;
    // SAFETY: getpid(2) has no arguments.
    unsafe { std::arch::asm!("syscall", inout("rax") 39_i64 => pid, out("rcx") _, out("r11") _) };
    pid
}

fn main() {
    let mut all = String::new();
    std::io::stdin().read_to_string(&mut all).unwrap();
    std::fs::File::open("/dev/null").unwrap().sync_all().unwrap();
    std::thread::spawn(|| ()).join().unwrap();
    println!("{}", own_call());
}
"#,
    );
    let ask = |more: &[&str]| {
        let mut command = project.gobuild();
        run(command.args(["--emit", "blocking"]).args(more), BUILD)
    };
    let answer = ask(&[]).ok().out();
    let paragraph = |name: &str| {
        let behind = answer.split_once(&format!("{name}\n"));
        let (_, behind) = behind.unwrap_or_else(|| panic!("no {name} in\n{answer}"));
        let lines = behind.lines().take_while(|line| line.starts_with(' '));
        lines.collect::<Vec<_>>().join("\n")
    };
    let std = paragraph("std");
    for (effect, call) in [
        ("parks", " read"),
        ("keeps its thread", " fsync"),
        ("starts threads", ""),
    ] {
        let line = std
            .lines()
            .find(|line| line.trim_start().starts_with(effect));
        assert!(line.is_some_and(|line| line.contains(call)), "{answer}");
    }
    let own = paragraph("waits");
    assert!(
        own.contains("bypasses libc     waits::own_call"),
        "{answer}"
    );
    let stripped = ask(&["--config", "profile.dev.strip=true"]).fails_with(101);
    assert!(
        stripped.err().contains("strip = false"),
        "{}",
        stripped.report()
    );
}

#[test]
fn a_path_cannot_stand_for_several_programs() {
    let project = Project::new("emit");
    project.package("", "many", "");
    for name in ["one", "two"] {
        project.file(&format!("src/bin/{name}.rs"), "fn main() {}\n");
    }
    let path = project.path().join("table");
    let mut command = project.gobuild();
    let outcome = run(
        command.args(["--emit", &format!("inittask={}", path.display())]),
        RUN,
    )
    .fails_with(101);
    assert!(
        outcome.err().contains("table") && outcome.err().contains('2'),
        "{}",
        outcome.report()
    );
    assert!(!path.exists());
    let both = run(project.gobuild().args(["--emit", "inittask"]), RUN)
        .ok()
        .out();
    assert!(
        both.contains("bin one:") && both.contains("bin two:"),
        "{both}"
    );
}

#[test]
fn an_answer_that_cannot_be_written_is_an_error_that_names_the_file() {
    let place = Place::new();
    fs::write(place.path("file"), "").expect("write file");
    let under = place.path("file/table");
    let kind = format!("inittask={}", under.display());
    let outcome = place
        .emit_into(&place.path("target"), &[&kind])
        .fails_with(101);
    assert!(
        outcome.err().contains(&under.display().to_string()),
        "{}",
        outcome.report()
    );
}
