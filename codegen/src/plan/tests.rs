//! Plans of small programs.

mod program;

use snapbox::str;

use super::*;
use crate::graph::RTLIB_PACKAGE;
use crate::model::{EdgeKind, LibTarget, TargetKind};
use crate::testing::{GraphBuilder, lib};

use program::{NORMAL, Program, graph, record, shown};

const INIT: &str = "#[rtlib::init] fn start() {}";

#[test]
fn packages_run_in_the_order_of_gos_linker() {
    let graph = graph(&[
        ("app", &["a", "b", "m"]),
        ("a", &["z"]),
        ("b", &[]),
        ("m", &["quiet"]),
        ("quiet", &["b"]),
        ("z", &[]),
    ]);
    let files = [
        ("app/src/main.rs", INIT),
        ("a/src/lib.rs", INIT),
        ("b/src/lib.rs", INIT),
        ("m/src/lib.rs", INIT),
        ("z/src/lib.rs", INIT),
    ];
    Program::new(&graph, &files).check(str![[r#"
b 1.0.0: depends on no package with inits; by name before z
    init b::start b/src/lib.rs:1: init function: after the variables, by file and position
m 1.0.0: depends on b; by name before z
    init m::start m/src/lib.rs:1: init function: after the variables, by file and position
z 1.0.0: depends on no package with inits
    init z::start z/src/lib.rs:1: init function: after the variables, by file and position
a 1.0.0: depends on z
    init a::start a/src/lib.rs:1: init function: after the variables, by file and position
main 1.0.0: the program itself: after all packages
    init app::start app/src/main.rs:1: init function: after the variables, by file and position
"#]]);
}

/// As found by comparing with Go: `y` waits for `empty` in the crate graph, but Go knows no inittask of `empty`.
#[test]
fn nothing_waits_for_packages_without_inits_below() {
    let graph = graph(&[
        ("app", &["y", "z"]),
        ("empty", &[]),
        ("y", &["empty"]),
        ("z", &[]),
    ]);
    let program = Program::new(&graph, &[("y/src/lib.rs", INIT), ("z/src/lib.rs", INIT)]);
    program.check(str![[r#"
y 1.0.0: depends on no package with inits; by name before z
    init y::start y/src/lib.rs:1: init function: after the variables, by file and position
z 1.0.0: depends on no package with inits
    init z::start z/src/lib.rs:1: init function: after the variables, by file and position
"#]]);
}

#[test]
fn names_are_compared_as_symbols() {
    let graph = graph(&[("app", &["a", "a-b"]), ("a", &[]), ("a-b", &[])]);
    let program = Program::new(&graph, &[("a/src/lib.rs", INIT), ("a-b/src/lib.rs", INIT)]);
    program.check(str![[r#"
a-b 1.0.0: depends on no package with inits; by name before a
    init a_b::start a-b/src/lib.rs:1: init function: after the variables, by file and position
a 1.0.0: depends on no package with inits
    init a::start a/src/lib.rs:1: init function: after the variables, by file and position
"#]]);
}

#[test]
fn variables_come_first_and_after_what_they_refer_to() {
    let source = "
#[rtlib::init] fn first() {}
#[rtlib::var] static A: u8 = c();
#[rtlib::var] static B: u8 = 1;
#[rtlib::var] static C: u8 = *B + *A2;
fn c() -> u8 { *C }
mod a;
";
    let files = [
        ("app/src/main.rs", source),
        (
            "app/src/a.rs",
            "#[rtlib::var] pub static A2: u8 = 1;\n#[rtlib::init] fn second() {}",
        ),
    ];
    Program::new(
        &graph(&[("app", &[])]),
        &[(files[0].0, &source.replace("*A2", "*a::A2")), files[1]],
    )
    .check(str![[r#"
main 1.0.0: the program itself: after all packages
    var app::a::A2 app/src/a.rs:1: variable: refers to no other, by file and position
    var app::B app/src/main.rs:4: variable: refers to no other, by file and position
    var app::C app/src/main.rs:5: variable: refers to app::a::A2, app::B
    var app::A app/src/main.rs:3: variable: refers to app::C (through app::c)
    init app::a::second app/src/a.rs:2: init function: after the variables, by file and position
    init app::first app/src/main.rs:2: init function: after the variables, by file and position
"#]]);
}

#[test]
fn a_circle_of_variables_is_printed_as_a_chain() {
    let source = "
#[rtlib::var] static A: u8 = f();
#[rtlib::var] static B: u8 = *A;
#[rtlib::var] static C: u8 = *C;
fn f() -> u8 { *B }
";
    Program::new(&graph(&[("app", &[])]), &[("app/src/main.rs", source)]).check(str![[r#"
error[initialization-cycle]: initialization cycle for app::A
 --> app/src/main.rs:2:22
  |
2 | #[rtlib::var] static A: u8 = f();
  |                      ^
  |
  = note: app/src/main.rs:2: app::A refers to app::f
  = note: app/src/main.rs:5: app::f refers to app::B
  = note: app/src/main.rs:3: app::B refers to app::A
  = help: read one of the variables later, in an init function or on first use, or pass the value as an argument

error[initialization-cycle]: initialization cycle: app::C refers to itself
 --> app/src/main.rs:4:22
  |
4 | #[rtlib::var] static C: u8 = *C;
  |                      ^
  |
  = help: read one of the variables later, in an init function or on first use, or pass the value as an argument
"#]]);
}

#[test]
fn a_circle_that_rests_on_a_guess_is_cut_there() {
    let source = "
#[rtlib::var] static A: u8 = map().get(1);
#[rtlib::var] static B: u8 = *A;
struct S;
impl S { fn get(&self) -> u8 { *B } }
";
    Program::new(&graph(&[("app", &[])]), &[("app/src/main.rs", source)]).check(str![[r#"
main 1.0.0: the program itself: after all packages
    var app::A app/src/main.rs:2: variable: refers to no other, by file and position
    var app::B app/src/main.rs:3: variable: refers to app::A
warning[guess-dropped]: `app::A` may refer to `app::B` through `app::S::get`, which would be a cycle; this reference is ignored
 --> app/src/main.rs:2:22
  |
2 | #[rtlib::var] static A: u8 = map().get(1);
  |                      ^
  |
  = note: app/src/main.rs:2: app::A refers to app::S::get
  = note: app/src/main.rs:5: app::S::get refers to app::B
  = note: app/src/main.rs:3: app::B refers to app::A
  = help: name the type in the call (`Type::method(value)` instead of `value.method()`), so that it is known which method is meant
"#]]);
}

#[test]
fn an_init_that_no_object_holds_is_an_error() {
    let graph = graph(&[("app", &["config"]), ("config", &[])]);
    let files = [(
        "config/src/lib.rs",
        "#[rtlib::init] fn load() {}\n#[rtlib::init] fn check() {}",
    )];
    let program = Program::new(&graph, &files).drop_records(|record| record.name == "check");
    program.check(str![[r#"
error[init-lost]: init function `config::check` would be lost: it is in the source, but in no object of the program
 --> config/src/lib.rs:2:19
  |
2 | #[rtlib::init] fn check() {}
  |                   ^^^^^ declared here
  |
  = note: other inits of package `config 1.0.0` are there
  = help: build again; if that does not help, `cargo clean` removes stale objects
  = help: if it is compiled out on purpose, put a `#[cfg(…)]` on it or on its module
"#]]);
    program.drop_records(|_| true).check(str![[r#"
error[init-lost]: 2 inits of package `config 1.0.0` would be lost: no object of the program holds an init of crate `config`
 --> config/src/lib.rs:1:19
  |
1 | #[rtlib::init] fn load() {}
  |                   ^^^^ declared here
  |
 ::: config/src/lib.rs:2:19
  |
2 | #[rtlib::init] fn check() {}
  |                   ----- declared here
  |
  = note: rustc leaves out a crate that nothing in the source names
  = help: add `use config as _;` to app/src/main.rs, or remove the dependency
"#]]);
}

/// Cargo gives each file of `tests/` the library and all dependencies. One that starts the package's program names none of them.
#[test]
fn a_test_is_made_of_what_it_names() {
    let of = |main: &str, lib: &str, is_linked: bool| {
        let graph = GraphBuilder::new()
            .package(RTLIB_PACKAGE, &[])
            .package("plugin", &[(RTLIB_PACKAGE, NORMAL)])
            .package("app", &[(RTLIB_PACKAGE, NORMAL), ("plugin", NORMAL)])
            .target("app", TargetKind::Test);
        let files = [
            ("app/src/main.rs", main),
            ("app/src/lib.rs", lib),
            ("plugin/src/lib.rs", INIT),
        ];
        Program::new(&graph, &files).drop_records(|record| record.crate_name != "app" || !is_linked)
    };
    for main in ["", "fn app(app: u8) -> u8 { app(app) }"] {
        of(main, INIT, false).check(str![[r#""#]]);
    }
    let lost = "error[init-lost]: init function `plugin::start` would be lost: no object of the program holds an init of crate `plugin`";
    for (main, lib) in [
        ("use app as _;", ""),
        ("use {app as _};", INIT),
        ("extern crate app;", INIT),
        ("fn f() { vec![app::f()]; }", ""),
    ] {
        let program = of(main, lib, true);
        let shown = shown(reconcile(&program.graph, &program.scan, &program.records));
        assert!(shown.contains(lost), "{shown}");
    }
    let program = of("", INIT, false);
    let shown = shown(plan_from_scan(&program.graph, &program.scan));
    assert!(!shown.contains("lost"), "{shown}");
}

/// From the source alone: what a build would refuse, as a warning. A comment names nothing; a path anywhere else does, in a macro's input, too.
#[test]
fn crates_that_nothing_names_are_told_without_a_build() {
    let builder = GraphBuilder::new()
        .package(RTLIB_PACKAGE, &[])
        .package("named", &[(RTLIB_PACKAGE, NORMAL)])
        .package("hidden", &[(RTLIB_PACKAGE, NORMAL)]);
    let mut graph = builder
        .package("app", &[("named", NORMAL), ("hidden", NORMAL)])
        .target("app", TargetKind::Bin);
    let app = graph
        .packages
        .values_mut()
        .find(|package| package.name == "app");
    app.expect("it is there").deps[1].feature = Some("more".into());
    let main = "// use hidden as _;\nfn main() { let _ = vec![named::f as fn()]; }\n";
    let files = [
        ("app/src/main.rs", main),
        ("named/src/lib.rs", "pub fn f() {}"),
        ("hidden/src/lib.rs", INIT),
    ];
    Program::new(&graph, &files).check_scan_only(str![[r#"
hidden 1.0.0: depends on no package with inits
    init hidden::start hidden/src/lib.rs:1: init function: after the variables, by file and position
warning[init-lost]: init function `hidden::start` would be lost: nothing in the source names crate `hidden`
 --> hidden/src/lib.rs:1:19
  |
1 | #[rtlib::init] fn start() {}
  |                   ^^^^^ declared here
  |
  = note: rustc leaves out a crate that nothing in the source names
  = help: add `#[cfg(feature = "more")] use hidden as _;` to app/src/main.rs, or remove the dependency
"#]]);
}

#[test]
fn a_dev_dependency_that_is_not_linked_is_a_warning() {
    let builder = GraphBuilder::new()
        .package(RTLIB_PACKAGE, &[])
        .package("helper", &[(RTLIB_PACKAGE, NORMAL)]);
    let graph = builder
        .package("app", &[("helper", EdgeKind::Dev)])
        .target("app", TargetKind::Example);
    let program = Program::new(&graph, &[("helper/src/lib.rs", INIT)]).drop_records(|_| true);
    program.check(str![[r#"
warning[crate-not-linked]: init function `helper::start` will not run: no object of the program holds an init of crate `helper`
 --> helper/src/lib.rs:1:19
  |
1 | #[rtlib::init] fn start() {}
  |                   ^^^^^ declared here
  |
  = note: rustc leaves out a crate that nothing in the source names
  = help: add `use helper as _;` to app/src/main.rs, or remove the dependency
"#]]);
}

#[test]
fn unit_tests_name_a_dev_dependency_in_tests_only() {
    let builder = |kind| {
        GraphBuilder::new()
            .package(RTLIB_PACKAGE, &[])
            .package("helper", &[(RTLIB_PACKAGE, NORMAL)])
            .package("app", kind)
            .target("app", TargetKind::BinTest)
    };
    let files = [("helper/src/lib.rs", INIT)];
    let program = Program::new(&builder(&[("helper", EdgeKind::Dev)]), &files);
    program.drop_records(|_| true).check(str![[r#"
warning[crate-not-linked]: init function `helper::start` will not run: no object of the program holds an init of crate `helper`
 --> helper/src/lib.rs:1:19
  |
1 | #[rtlib::init] fn start() {}
  |                   ^^^^^ declared here
  |
  = note: rustc leaves out a crate that nothing in the source names
  = help: add `#[cfg(test)] use helper as _;` to app/src/main.rs, or remove the dependency
"#]]);
    let both = [("helper", EdgeKind::Dev), ("helper", NORMAL)];
    let program = Program::new(&builder(&both), &files);
    program.drop_records(|_| true).check(str![[r#"
error[init-lost]: init function `helper::start` would be lost: no object of the program holds an init of crate `helper`
 --> helper/src/lib.rs:1:19
  |
1 | #[rtlib::init] fn start() {}
  |                   ^^^^^ declared here
  |
  = note: rustc leaves out a crate that nothing in the source names
  = help: add `use helper as _;` to app/src/main.rs, or remove the dependency
"#]]);
}

#[test]
fn what_cfg_compiles_out_is_not_missed() {
    let source = "#[cfg(maybe)] #[rtlib::init] fn perhaps() {}\n#[rtlib::init] fn surely() {}";
    let program = Program::new(&graph(&[("app", &[])]), &[("app/src/main.rs", source)]);
    program.check(str![[r#"
main 1.0.0: the program itself: after all packages
    init app::surely app/src/main.rs:2: init function: after the variables, by file and position
"#]]);
    program.check_scan_only(str![[r#"
main 1.0.0: the program itself: after all packages
    init app::perhaps app/src/main.rs:1: init function: after the variables, by file and position; only if cfg(maybe)
    init app::surely app/src/main.rs:2: init function: after the variables, by file and position
"#]]);
}

#[test]
fn what_macros_made_is_believed_of_functions_only() {
    let program = Program::new(
        &graph(&[("app", &[])]),
        &[("app/src/main.rs", "#[rtlib::init] fn plain() {}")],
    );
    let place = Location {
        file: "app/src/made.rs".into(),
        line: 9,
        column: 1,
    };
    let made = record("app", InitKind::Init, "app::made", "one", &place);
    let program = program.with_record(made.clone());
    program.check(str![[r#"
main 1.0.0: the program itself: after all packages
    init app::made::one app/src/made.rs:9: init function made by a macro: after the variables, by the object's file and line
    init app::plain app/src/main.rs:1: init function: after the variables, by file and position
"#]]);
    let var = Record {
        kind: InitKind::Var,
        symbol: "other".into(),
        name: "TWO".into(),
        ..made
    };
    program.with_record(var).check(str![[r#"
error[var-behind-macro]: package variable `app::made::TWO` is made by a macro
--> app/src/made.rs:9:1
 = note: variables are initialised after those that their initialisers refer to, which is read from the source
 = help: write the static outside of the macro; let the macro make an expression instead
 = help: if no macro makes it, write the attribute as `#[rtlib::var]`
"#]]);
}

#[test]
fn without_a_build_what_macros_make_is_missing_and_that_is_said() {
    let source = "#[rtlib::init] fn plain() {}\nmake! { #[rtlib::init] fn other() {} }";
    let program = Program::new(&graph(&[("app", &[])]), &[("app/src/main.rs", source)]);
    program.check_scan_only(str![[r#"
main 1.0.0: the program itself: after all packages
    init app::plain app/src/main.rs:1: init function: after the variables, by file and position
warning[init-behind-macro]: init functions made by macros are missing here
 --> app/src/main.rs:2:10
  |
2 | make! { #[rtlib::init] fn other() {} }
  |          ^^^^^^^^^^^^^ made by a macro
  |
  = help: build the program: the table of a build holds them
"#]]);
}

#[test]
fn a_stale_object_is_named() {
    let program = Program::new(
        &graph(&[("app", &[])]),
        &[("app/src/main.rs", "\n\n#[rtlib::init] fn moved() {}")],
    );
    program
        .change_records(|record| record.line = 1)
        .check(str![[r#"
error[stale-object]: the object of `app::moved` was compiled from a different version of the source
 --> app/src/main.rs:3:19
  |
3 | #[rtlib::init] fn moved() {}
  |                   ^^^^^ the source has it here
 ::: app/src/main.rs:1:19
  = note: the object says app/src/main.rs:1
  = help: build again; if that does not help, `cargo clean` removes the stale object
"#]]);
}

#[test]
fn remapped_paths_still_match() {
    let program = Program::new(
        &graph(&[("app", &["config"]), ("config", &[])]),
        &[("config/src/lib.rs", INIT)],
    );
    program.change_records(|record| record.file = "/rustc/remapped/config/src/lib.rs".into()).check(str![[r#"
config 1.0.0: depends on no package with inits
    init config::start /rustc/remapped/config/src/lib.rs:1: init function: after the variables, by file and position
"#]]);
}

#[test]
fn paths_outside_of_the_sources_directory_still_match() {
    let files = [
        ("app/src/main.rs", "#[path = \"../other/a.rs\"] mod a;"),
        ("app/src/../other/a.rs", INIT),
    ];
    Program::new(&graph(&[("app", &[])]), &files).check(str![[r#"
main 1.0.0: the program itself: after all packages
    init app::a::start app/src/../other/a.rs:1: init function: after the variables, by file and position
"#]]);
}

#[test]
fn a_symbol_may_be_there_once() {
    let program = Program::new(&graph(&[("app", &[])]), &[("app/src/main.rs", INIT)]);
    let twice = program.records[0].clone();
    program.with_record(Record { name: "other".into(), ..twice }).check(str![[r#"
error[duplicate-symbol]: `app::start` and `app::other` have the same symbol `app.start.init.app/src/main.rs:1`
--> app/src/main.rs:1:19
::: app/src/main.rs:1:19
 = help: rename one of them; if both are the same function, its crate is linked twice: `cargo tree -d` shows it
"#]]);
}

#[test]
fn a_record_of_an_unknown_package_is_an_error() {
    let program = Program::new(&graph(&[("app", &[])]), &[("app/src/main.rs", INIT)]);
    program.change_records(|record| record.version = "9.9.9".into()).check(str![[r#"
error[unknown-package]: an object holds `app::start` of package `app 9.9.9` (crate `app`), which is not part of the program's crate graph
--> app/src/main.rs:1:19
 = help: build again; if that does not help, `cargo clean` removes objects of earlier builds

error[init-lost]: init function `app::start` would be lost: no object of the program holds an init of crate `app`
 --> app/src/main.rs:1:19
  |
1 | #[rtlib::init] fn start() {}
  |                   ^^^^^ declared here
  |
  = help: build again; if that does not help, `cargo clean` removes stale objects
"#]]);
}

#[test]
fn a_library_and_a_binary_of_one_name_are_told_apart() {
    let graph = GraphBuilder::new()
        .package(RTLIB_PACKAGE, &[])
        .package("app", &[(RTLIB_PACKAGE, NORMAL)])
        .bin("app");
    let files = [
        ("app/src/main.rs", "#[rtlib::init] fn same() {}"),
        ("app/src/lib.rs", "#[rtlib::init] fn same() {}"),
    ];
    Program::new(&graph, &files).check(str![[r#"
app 1.0.0: depends on no package with inits
    init app::same app/src/lib.rs:1: init function: after the variables, by file and position
main 1.0.0: the program itself: after all packages
    init app::same app/src/main.rs:1: init function: after the variables, by file and position
"#]]);
}

#[test]
fn a_library_is_linked_with_its_own_unit_tests() {
    let mut graph = GraphBuilder::new()
        .package(RTLIB_PACKAGE, &[])
        .package("helper", &[("app", NORMAL)])
        .package("app", &[(RTLIB_PACKAGE, NORMAL), ("helper", EdgeKind::Dev)])
        .target("app", TargetKind::LibTest);
    graph.target.src_path = "/ws/app/src/lib.rs".into();
    let program = Program::new(&graph, &[("app/src/lib.rs", INIT)]);
    program.check(str![[r#"
app 1.0.0: depends on no package with inits
    init app::start app/src/lib.rs:1: init function: after the variables, by file and position
main 1.0.0: the program itself: after all packages
    init app::start app/src/lib.rs:1: init function: after the variables, by file and position
"#]]);
    program
        .drop_records(|record| !record.test)
        .check(str![[r#"
main 1.0.0: the program itself: after all packages
    init app::start app/src/lib.rs:1: init function: after the variables, by file and position
warning[crate-not-linked]: init function `app::start` will not run: no object of the program holds an init of crate `app`
 --> app/src/lib.rs:1:19
  |
1 | #[rtlib::init] fn start() {}
  |                   ^^^^^ declared here
  |
  = note: rustc leaves out a crate that nothing in the source names
  = help: add `#[cfg(test)] use helper as _;` to app/src/lib.rs and `use app as _;` to helper/src/lib.rs, or remove the dependency
"#]]);
}

#[test]
fn a_crate_that_nothing_linked_uses_is_named_all_the_way() {
    let graph = graph(&[("app", &["near"]), ("near", &["far"]), ("far", &[])]);
    let source = |text| [("far/src/lib.rs", INIT), ("near/src/lib.rs", text)];
    let program = Program::new(&graph, &source(""));
    program.drop_records(|_| true).check(str![[r#"
error[init-lost]: init function `far::start` would be lost: no object of the program holds an init of crate `far`
 --> far/src/lib.rs:1:19
  |
1 | #[rtlib::init] fn start() {}
  |                   ^^^^^ declared here
  |
  = note: rustc leaves out a crate that nothing in the source names
  = help: add `use near as _;` to app/src/main.rs and `use far as _;` to near/src/lib.rs, or remove the dependency
"#]]);
    let program = Program::new(&graph, &source(INIT));
    program
        .drop_records(|record| record.package == "far")
        .check(str![[r#"
error[init-lost]: init function `far::start` would be lost: no object of the program holds an init of crate `far`
 --> far/src/lib.rs:1:19
  |
1 | #[rtlib::init] fn start() {}
  |                   ^^^^^ declared here
  |
  = note: rustc leaves out a crate that nothing in the source names
  = help: add `use far as _;` to near/src/lib.rs, or remove the dependency
"#]]);
}

#[test]
fn two_versions_are_two_packages() {
    let mut graph = graph(&[("app", &["log"]), ("log", &["old"]), ("old", &[])]);
    let old = graph.packages.get_mut(&lib("old")).expect("old is there");
    old.name = "log".into();
    old.version = "0.9.0".into();
    old.lib = old.lib.take().map(|it| LibTarget {
        crate_name: "log".into(),
        ..it
    });
    let files = [
        ("log/src/lib.rs", "#[rtlib::init] fn new() {}"),
        ("old/src/lib.rs", "#[rtlib::init] fn old() {}"),
    ];
    let program = Program::new(&graph, &files).change_records(|record| {
        if record.name == "old" {
            record.version = "0.9.0".into();
        }
    });
    program.check(str![[r#"
log@0.9.0 0.9.0: depends on no package with inits
    init log::old old/src/lib.rs:1: init function: after the variables, by file and position
log@1.0.0 1.0.0: depends on log@0.9.0
    init log::new log/src/lib.rs:1: init function: after the variables, by file and position
warning[two-versions]: several versions of package `log` with inits are linked: 0.9.0, 1.0.0
 --> old/src/lib.rs:1:19
  |
1 | #[rtlib::init] fn old() {}
  |                   ^^^ in version 0.9.0
  |
 ::: log/src/lib.rs:1:19
  |
1 | #[rtlib::init] fn new() {}
  |                   --- in version 1.0.0
  |
  = note: each runs its own inits and has its own statics: what registers with one is not seen by the other
  = help: `cargo tree -d` shows which package needs which `log`; make them use one version
"#]]);
}

#[test]
fn one_version_from_two_sources_is_told_apart_by_source() {
    let mut graph = graph(&[
        ("app", &["log", "main"]),
        ("log", &["fork"]),
        ("fork", &[]),
        ("main", &[]),
    ]);
    let fork = graph.packages.get_mut(&lib("fork")).expect("fork is there");
    fork.name = "log".into();
    fork.source = Some("git+https://example.org/log#abc".into());
    fork.lib = fork.lib.take().map(|it| LibTarget {
        crate_name: "log".into(),
        ..it
    });
    let files = [
        ("log/src/lib.rs", INIT),
        ("fork/src/lib.rs", INIT),
        ("main/src/lib.rs", INIT),
    ];
    let program = Program::new(&graph, &files);
    let plan = plan_from_scan(&program.graph, &program.scan).expect("a plan");
    let names: Vec<&str> = plan
        .tasks
        .iter()
        .map(|task| task.package.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "log@1.0.0#git+https://example.org/log#abc",
            "log@1.0.0#log",
            "main@1.0.0"
        ]
    );
    let built = reconcile(&program.graph, &program.scan, &program.records).expect("a plan");
    for task in &built.tasks {
        let from = if task.package.ends_with("#log") {
            "log/src/lib.rs"
        } else if task.package.starts_with("log") {
            "/ws/fork/src/lib.rs"
        } else {
            "main/src/lib.rs"
        };
        let files: Vec<&str> = task.fns.iter().map(|f| f.location.file.as_str()).collect();
        assert_eq!(files, [from], "{}", task.package);
    }
    assert_eq!(built.tasks.len(), 3);
    let message = &built.warnings[0].message;
    assert_eq!(
        message,
        "several versions of package `log` with inits are linked: 1.0.0 (git+https://example.org/log#abc), 1.0.0 (log)"
    );
}
