//! The walk of the articles about Go's bootstrap, literally, on one of our programs: `info files`, a breakpoint at the entry point, a breakpoint at every
//! step, in the order in which they must be hit.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use gobuild_tests::gdb::session;
use gobuild_tests::project::Project;

const MAIN: &str = r#"
fn deep(n: u32) {
    if n == 0 { inspect_me(); } else { deep(n - 1); std::hint::black_box(n); }
}

#[inline(never)]
#[unsafe(no_mangle)]
pub extern "C" fn inspect_me() { std::hint::black_box(()); }

#[rtlib::init]
fn announce() { println!("init"); }

fn main() {
    println!("startup");
    inspect_me();
    rtlib::spawn(|| deep(3)).join().unwrap();
}
"#;

fn startup() -> &'static Path {
    static BUILT: OnceLock<(Project, PathBuf)> = OnceLock::new();
    &BUILT
        .get_or_init(|| {
            let project = Project::bin(
                "gdb",
                "startup",
                "gobuild-rtlib = { path = \"{rtlib}\" }",
                MAIN,
            );
            _ = project.build(&[]).ok();
            let exe = project.exe("debug", "startup");
            (project, exe)
        })
        .1
}

/// `Entry point: 0x…` of `info files`.
fn entry() -> String {
    let text = session(startup(), &["info files"]);
    let line = text
        .lines()
        .find(|l| l.contains("Entry point:"))
        .unwrap_or_else(|| panic!("no entry point in\n{text}"));
    line.split_whitespace()
        .last()
        .expect("an address")
        .to_owned()
}

#[test]
fn a_breakpoint_at_the_entry_point_names_file_and_line() {
    let entry = entry();
    let text = session(
        startup(),
        &[
            &format!("b *{entry}"),
            &format!("info symbol {entry}"),
            "run",
            "list",
        ],
    );
    let answer = text
        .lines()
        .find(|l| l.starts_with("Breakpoint 1 at"))
        .expect("a breakpoint");
    assert!(
        answer.starts_with(&format!("Breakpoint 1 at {entry}: file ")),
        "{answer}"
    );
    let line = answer
        .rsplit_once("rt0_linux_amd64.s, line ")
        .unwrap_or_else(|| panic!("{answer}"))
        .1;
    assert!(
        line.trim_end_matches('.').parse::<u32>().is_ok(),
        "{answer}"
    );
    assert!(text.contains("_rt0_amd64_linux in section .text"), "{text}");
    assert!(text.contains("_rt0_amd64_linux ()"), "{text}");
    assert!(
        text.contains("jmp\t_rt0_amd64"),
        "the template is shown as source:\n{text}"
    );
}

#[test]
fn stepping_from_the_entry_point_reaches_rt0_go() {
    let text = session(
        startup(),
        &[
            &format!("b *{}", entry()),
            "run",
            "stepi",
            "info symbol $pc",
            "b runtime.rt0_go",
            "continue",
            "info symbol $pc",
            "next",
            "next",
        ],
    );
    let at = |name: &str| {
        text.find(name)
            .unwrap_or_else(|| panic!("{name} is not in\n{text}"))
    };
    assert!(
        at("_rt0_amd64 in section") < at("runtime.rt0_go in section"),
        "{text}"
    );
    assert!(text.contains("asm_amd64.s"), "{text}");
}

#[test]
fn the_steps_are_taken_in_gos_order() {
    let steps = [
        "runtime.rt0_go",
        "runtime.check",
        "runtime.args",
        "runtime.osinit",
        "runtime.schedinit",
        "runtime.newproc",
        "runtime.mstart",
        "runtime.main",
        "runtime.doInit", // the runtime's own
        "runtime.doInit", // the program's
        "main.main",
    ];
    // gdb's Ada demangler would print `runtime[check]`, for Go's own programs as well.
    let mut commands = vec!["set print demangle off".to_owned()];
    let mut distinct = steps.to_vec();
    distinct.dedup();
    commands.extend(distinct.iter().map(|step| format!("break {step}")));
    commands.push("run".into());
    for _ in steps {
        commands.push("info symbol $pc".into());
        commands.push("continue".into());
    }
    let commands: Vec<&str> = commands.iter().map(String::as_str).collect();
    let text = session(startup(), &commands);
    let hit: Vec<&str> = text
        .lines()
        .filter_map(|l| {
            l.split_once(" in section .text")
                .map(|(symbol, _)| symbol.split(" + ").next().unwrap_or(symbol))
        })
        .collect();
    assert_eq!(hit, steps, "{text}");
    assert!(text.contains("exited normally"), "{text}");
}

/// Each step with what its source says: the runtime's, which the tool has brought along.
const SHOWN: [(&str, &str); 11] = [
    ("_rt0_amd64", "_rt0_amd64:"),
    ("runtime.rt0_go", "runtime.rt0_go:"),
    ("runtime.check", "extern \"C\" fn check()"),
    ("runtime.args", "extern \"C\" fn args("),
    ("runtime.osinit", "extern \"C\" fn osinit()"),
    ("runtime.schedinit", "extern \"C\" fn schedinit()"),
    ("runtime.newproc", "extern \"C\" fn newproc("),
    ("runtime.mstart", "extern \"C\" fn mstart()"),
    ("runtime.main", "extern \"C\" fn main()"),
    ("runtime.doInit", "extern \"C\" fn do_init("),
    ("inspect_me", "fn inspect_me()"),
];

/// `list` where each step stops, in gdb as it is installed: nothing of ours is loaded into it, and it runs in a directory of its own.
fn shows_sources(program: &Path, more: &[&str]) {
    let mut commands = vec!["set print demangle off", "cd /"];
    commands.extend(more);
    let breaks = SHOWN.map(|(step, _)| format!("tbreak {step}"));
    commands.extend(breaks.iter().map(String::as_str));
    commands.push("run");
    for _ in SHOWN {
        commands.extend(["echo STEP\\n", "list", "continue"]);
    }
    let text = session(program, &commands);
    let shown: Vec<&str> = text.split("STEP\n").skip(1).collect();
    for ((step, source), shown) in SHOWN.iter().zip(shown) {
        assert!(
            shown.contains(source),
            "{step}: no {source} in\n{shown}\nof\n{text}"
        );
    }
    assert!(!text.contains("No such file"), "{text}");
}

#[test]
fn every_step_is_shown_with_its_source() {
    shows_sources(startup(), &[]);
}

/// Then the program names no directory, and gdb is told it.
#[test]
fn a_trimmed_program_is_shown_with_its_source() {
    let project = Project::bin(
        "gdb",
        "trimmed",
        "gobuild-rtlib = { path = \"{rtlib}\" }",
        MAIN,
    );
    _ = project.build(&["--trimpath"]).ok();
    let exe = project.exe("debug", "trimmed");
    let dir = exe.parent().expect("a directory");
    let generated = format!("set substitute-path /gobuild {}/gobuild", dir.display());
    let own = format!(
        "set substitute-path /workspace {}",
        project.path().display()
    );
    shows_sources(&exe, &[&generated, &own]);
}

#[test]
fn a_backtrace_of_a_goroutine_ends_at_its_first_frame() {
    let text = session(
        startup(),
        &[
            "set print demangle off",
            "break inspect_me",
            "run",
            "bt",
            "continue",
            "bt",
        ],
    );
    let traces: Vec<Vec<&str>> = text
        .split("Breakpoint 1, ")
        .skip(1)
        .map(|part| part.lines().filter(|l| l.starts_with('#')).collect())
        .collect();
    let [main, goroutine] = &traces[..] else {
        panic!("two stops expected:\n{text}")
    };
    for trace in [main, goroutine] {
        assert!(
            trace.last().is_some_and(|l| l.contains("runtime.gostart")),
            "{text}"
        );
    }
    assert!(
        main.iter().any(|l| l.contains("boot/main.rs")),
        "runtime.main is under main:\n{text}"
    );
    assert!(
        goroutine.iter().filter(|l| l.contains("deep")).count() == 4,
        "{text}"
    );
    for trouble in ["previous frame", "corrupt stack", "Backtrace stopped"] {
        assert!(!text.contains(trouble), "{text}");
    }
}
