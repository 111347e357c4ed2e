//! The scan on small crates in memory: what it finds, what it refuses, what variables refer to.

mod declarations;
mod handles;
mod references;
mod refusals;

use std::collections::BTreeMap;
use std::path::PathBuf;

use snapbox::data::Inline;
use snapbox::{IntoData, assert_data_eq};

use super::*;
use crate::model::EdgeKind;
use crate::source::MemorySource;
use crate::testing::GraphBuilder;

const CFG: &str = "unix\ntarget_os=\"linux\"\n";

/// A crate `app` of a `main.rs` and other files below `/ws/app/src`, which depends on rtlib.
fn scan_app(main: &str, files: &[(&str, &str)]) -> Result<Scan, Diagnostics> {
    let graph = GraphBuilder::new()
        .package("app", &[(RTLIB_PACKAGE, EdgeKind::Normal)])
        .package(RTLIB_PACKAGE, &[]);
    let mut graph = graph.bin("app");
    for package in graph.packages.values_mut() {
        package.lib = package.lib.take().filter(|lib| lib.crate_name == "rtlib");
    }
    let mut sources: BTreeMap<PathBuf, String> = BTreeMap::new();
    sources.insert("/ws/app/src/main.rs".into(), main.into());
    for (name, text) in files {
        sources.insert(format!("/ws/app/src/{name}").into(), (*text).into());
    }
    let graph = RuntimeGraph::new(&graph).expect("no cycle");
    scan(&graph, &Cfg::parse(CFG), &MemorySource(sources))
}

fn listed(scan: &Scan) -> String {
    let mut out = String::new();
    for item in scan.crates.values().flat_map(|krate| &krate.items) {
        let condition = item
            .condition
            .as_ref()
            .map_or(String::new(), |it| format!(" if {it}"));
        out.push_str(&format!(
            "{} {} {}{condition}\n",
            item.kind,
            item.path(),
            item.location()
        ));
    }
    for label in scan.crates.values().flat_map(|krate| &krate.behind_macros) {
        out.push_str(&format!("behind a macro: {}\n", label.location));
    }
    out
}

fn check(main: &str, files: &[(&str, &str)], expect: Inline) {
    let text = match scan_app(main, files) {
        Ok(scan) => listed(&scan),
        Err(errors) => errors.to_string(),
    };
    assert_data_eq!(text, expect.raw());
}
