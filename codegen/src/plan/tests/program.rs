//! A small program to plan: sources in memory, records as objects would hold them, and what the plan of it must be.

use std::collections::BTreeMap;

use snapbox::data::Inline;
use snapbox::{IntoData, assert_data_eq};

use super::super::*;
use crate::graph::RTLIB_PACKAGE;
use crate::model::{EdgeKind, Graph};
use crate::scan::{Cfg, scan};
use crate::source::MemorySource;
use crate::testing::{GraphBuilder, lib};

pub const NORMAL: EdgeKind = EdgeKind::Normal;

/// A program: its graph, its sources, and the records of its objects.
pub struct Program {
    pub graph: RuntimeGraph,
    pub scan: Scan,
    pub records: Vec<Record>,
}

impl Program {
    /// Objects agree with the sources; conditional items are compiled out.
    pub fn new(graph: &Graph, files: &[(&str, &str)]) -> Self {
        let graph = RuntimeGraph::new(graph).expect("no cycle");
        let mut sources: BTreeMap<_, String> = graph
            .crates
            .values()
            .map(|krate| (krate.root_file.clone(), String::new()))
            .collect();
        sources.extend(
            files
                .iter()
                .map(|(path, text)| (format!("/ws/{path}").into(), (*text).to_owned())),
        );
        let scan = scan(&graph, &Cfg::parse("unix"), &MemorySource(sources))
            .expect("the sources are right");
        let records = records_of(&graph, &scan);
        Self {
            graph,
            scan,
            records,
        }
    }

    pub fn drop_records(mut self, unwanted: impl Fn(&Record) -> bool) -> Self {
        self.records.retain(|record| !unwanted(record));
        self
    }

    pub fn change_records(mut self, change: impl Fn(&mut Record)) -> Self {
        self.records.iter_mut().for_each(change);
        self
    }

    pub fn with_record(mut self, record: Record) -> Self {
        self.records.push(record);
        self
    }

    pub fn check(&self, expect: Inline) {
        assert_data_eq!(
            shown(reconcile(&self.graph, &self.scan, &self.records)),
            expect.raw()
        );
    }

    pub fn check_scan_only(&self, expect: Inline) {
        assert_data_eq!(shown(plan_from_scan(&self.graph, &self.scan)), expect.raw());
    }
}

fn records_of(graph: &RuntimeGraph, scan: &Scan) -> Vec<Record> {
    let mut records = Vec::new();
    for (id, krate) in &scan.crates {
        for item in krate.items.iter().filter(|item| item.condition.is_none()) {
            records.push(record(
                &graph.crates[id].package,
                item.kind,
                &item.module,
                &item.name,
                item.location(),
            ));
            let record = records.last_mut().expect("it was pushed");
            record.test = graph.crates[id].test;
            record
                .symbol
                .push_str(if record.test { ".test" } else { "" });
        }
    }
    records
}

pub fn record(
    package: &str,
    kind: InitKind,
    module: &str,
    name: &str,
    location: &Location,
) -> Record {
    Record {
        kind,
        package: package.into(),
        version: "1.0.0".into(),
        crate_name: module.split("::").next().unwrap_or_default().into(),
        module: module.into(),
        name: name.into(),
        file: location.file.clone(),
        line: location.line,
        column: location.column,
        symbol: format!("{module}.{name}.init.{}:{}", location.file, location.line),
        test: false,
    }
}

pub fn shown(plan: Result<Plan, Diagnostics>) -> String {
    let plan = match plan {
        Ok(plan) => plan,
        Err(errors) => return errors.to_string(),
    };
    let mut out = String::new();
    for task in &plan.tasks {
        out.push_str(&format!(
            "{} {}: {}\n",
            task.package, task.version, task.reason
        ));
        for one in &task.fns {
            out.push_str(&format!(
                "    {} {} {}: {}\n",
                one.kind, one.name, one.location, one.reason
            ));
        }
    }
    for warning in &plan.warnings {
        out.push_str(&format!("{warning}\n"));
    }
    out.trim_end().to_owned()
}

/// `app` (a binary without a library) and libraries, all of which use rtlib.
pub fn graph(edges: &[(&str, &[&str])]) -> Graph {
    let mut builder = GraphBuilder::new().package(RTLIB_PACKAGE, &[]);
    for (name, deps) in edges {
        let deps: Vec<_> = deps
            .iter()
            .chain(&[RTLIB_PACKAGE])
            .map(|dep| (*dep, NORMAL))
            .collect();
        builder = builder.package(name, &deps);
    }
    let mut graph = builder.bin("app");
    graph
        .packages
        .get_mut(&lib("app"))
        .expect("app is there")
        .lib = None;
    graph
}
