//! The scan of source files, and everything that is made of what it finds: the plan, the reports, the diagnostics.
//!
//! The bytes are the files of one crate, separated by [`SEPARATOR`]: `main.rs` first, then `a.rs`, `b.rs` and so on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use gobuild_codegen::diagnostic::Diagnostics;
use gobuild_codegen::graph::{RTLIB_CRATE, RTLIB_PACKAGE, RuntimeGraph};
use gobuild_codegen::model::{
    Dependency, EdgeKind, Graph, InitKind, LibTarget, Package, PackageId, Plan, RootTarget,
    TargetKind,
};
use gobuild_codegen::plan::plan_from_scan;
use gobuild_codegen::report;
use gobuild_codegen::scan::{Cfg, scan};
use gobuild_codegen::source::MemorySource;

/// What separates the files in the input.
pub const SEPARATOR: &str = "\n//----\n";

/// Panics when a promise about hostile sources is broken.
pub fn target(bytes: &[u8]) {
    let graph = graph();
    let result = plan(&graph, bytes);
    assert_eq!(
        result,
        plan(&graph, bytes),
        "equal sources give equal results"
    );
    match result {
        Ok(plan) => check_plan(&graph, &plan),
        Err(errors) => check_errors(&errors),
    }
}

/// Whether an input is a crate without errors.
#[must_use]
pub fn makes_a_plan(bytes: &[u8]) -> bool {
    plan(&graph(), bytes).is_ok()
}

fn plan(graph: &RuntimeGraph, bytes: &[u8]) -> Result<Plan, Diagnostics> {
    let sources = sources(&String::from_utf8_lossy(bytes));
    let found = scan(graph, &Cfg::parse("unix\ntarget_os=\"linux\""), &sources)?;
    plan_from_scan(graph, &found)
}

fn check_plan(graph: &RuntimeGraph, plan: &Plan) {
    let names: BTreeSet<&str> = plan
        .tasks
        .iter()
        .map(|task| task.package.as_str())
        .collect();
    assert_eq!(names.len(), plan.tasks.len(), "task names are unique");
    for task in &plan.tasks {
        assert!(!task.fns.is_empty(), "an empty task");
        let kinds = task.fns.iter().map(|one| one.kind == InitKind::Init);
        assert!(kinds.is_sorted(), "an init function before a variable");
    }
    assert!(serde_json::from_str::<serde_json::Value>(&report::json(plan)).is_ok());
    assert!(report::table(plan).ends_with('\n'));
    assert!(report::dot(graph, plan).ends_with("}\n"));
    assert!(report::svg(graph, plan).ends_with("</svg>\n"));
}

fn check_errors(errors: &Diagnostics) {
    assert!(!errors.as_slice().is_empty(), "a failure without an error");
    for error in errors.as_slice() {
        let text = error.render(false);
        assert!(
            !text.contains('\u{1b}'),
            "a message with control characters: {text:?}"
        );
    }
}

fn sources(text: &str) -> MemorySource {
    let names = std::iter::once("main".to_owned()).chain(('a'..='z').map(String::from));
    let files = names.zip(text.split(SEPARATOR));
    let file = |(name, text): (String, &str)| {
        (PathBuf::from(format!("/ws/src/{name}.rs")), text.to_owned())
    };
    MemorySource(files.map(file).collect())
}

/// A binary that depends on rtlib.
fn graph() -> RuntimeGraph {
    let rtlib = package(RTLIB_PACKAGE, Vec::new());
    let dependency = Dependency {
        id: rtlib.id.clone(),
        extern_name: RTLIB_CRATE.into(),
        kind: EdgeKind::Normal,
        feature: None,
    };
    let mut app = package("app", vec![dependency]);
    app.lib = None;
    let target = RootTarget {
        package: app.id.clone(),
        kind: TargetKind::Bin,
        name: "app".into(),
        crate_name: "app".into(),
        src_path: "/ws/src/main.rs".into(),
        edition: "2024".into(),
    };
    let graph = Graph {
        workspace_root: "/ws".into(),
        packages: BTreeMap::from([(app.id.clone(), app), (rtlib.id.clone(), rtlib)]),
        target,
    };
    RuntimeGraph::new(&graph).expect("the graph is right")
}

fn package(name: &str, deps: Vec<Dependency>) -> Package {
    Package {
        id: PackageId(name.into()),
        name: name.into(),
        version: "1.0.0".into(),
        source: None,
        manifest_dir: "/ws".into(),
        lib: Some(LibTarget {
            crate_name: name.into(),
            src_path: format!("/{name}/lib.rs").into(),
            edition: "2024".into(),
            proc_macro: false,
        }),
        features: Vec::new(),
        deps,
    }
}

/// Crates that touch every part of the scan.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let files = [
        "use rtlib::{init as start, var};\nmod a;\n#[path = \"b.rs\"] mod other;\n#[start] fn f() {}\n#[var] static X: u8 = a::g();\n#[var] static Y: u8 = 1;",
        "#[cfg(any(unix, foo = \"bar\"))] pub fn g() -> u8 { let g = |x| x; match 1 { Some(y) if y => h(), _ => *crate::Y } }\nfn h() -> u8 { 1 }",
        "#![cfg(not(windows))]\nuse super::*;\nimpl S { #[inline] fn get(&self) -> u8 { self.x() } }\nmod c { #[cfg_attr(unix, rtlib::init)] fn d() {} }",
    ];
    let others = [
        "macro_rules! m { ($n:ident) => { #[rtlib::init] fn $n() { format!(\"{X:?} {}\", vec![1; 2]) } } }\nm!(a);",
        "#[rtlib::init] async unsafe extern \"C\" fn f<'a, T: A<{ 1 }>>(x: &'a dyn Fn(T) -> [u8; N]) -> impl B where T: C {}\ntrait T { #[rtlib::var] fn x() {} }",
        "#[rtlib::var] static A: u8 = { use m::k as b; if let Some(c) = b() { c } else { <S as T>::B.d(e!(f)) } };\n#[rtlib::var] static B: u8 = *A;\nmod m { pub fn k() -> u8 { *super::B } }",
        "\u{feff}#!/usr/bin/env x\nextern crate rtlib as old; #[old::init] fn r#type() {}\nuse x as y; use y as x; use self::*; #[x] fn g() {}",
    ];
    let mut seeds: Vec<Vec<u8>> = others.iter().map(|text| text.as_bytes().to_vec()).collect();
    seeds.push(files.join(SEPARATOR).into_bytes());
    seeds
}
