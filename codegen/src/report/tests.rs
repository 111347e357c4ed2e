//! Every report of one small program.

use snapbox::data::Inline;
use snapbox::{IntoData, assert_data_eq, str};

use super::*;
use crate::graph::RuntimeGraph;
use crate::model::{
    EdgeKind, FnReason, InitKind, Location, Plan, Reference, Task, TaskFn, TaskReason,
};
use crate::testing::GraphBuilder;

fn function(kind: InitKind, name: &str, line: u32, symbol: &str, reason: FnReason) -> TaskFn {
    let location = Location {
        file: "config/src/lib.rs".into(),
        line,
        column: 4,
    };
    TaskFn {
        kind,
        name: name.into(),
        location,
        symbol: symbol.into(),
        reason,
    }
}

fn program() -> (RuntimeGraph, Plan) {
    let graph = GraphBuilder::new()
        .package(
            "app",
            &[("config", EdgeKind::Normal), ("log", EdgeKind::Normal)],
        )
        .package("config", &[("log", EdgeKind::Normal)])
        .package("log", &[])
        .target("app", crate::model::TargetKind::LibTest);
    let refers_to = vec![Reference {
        name: "config::B".into(),
        via: vec!["config::f".into()],
    }];
    let unsure = FnReason::Conditional {
        cfg: "cfg(maybe)".into(),
        otherwise: Box::new(FnReason::Init),
    };
    let config = Task {
        package: "config".into(),
        version: "1.0.0".into(),
        fns: vec![
            function(
                InitKind::Var,
                "config::A",
                3,
                "config.A.init.1f",
                FnReason::Var { refers_to },
            ),
            function(InitKind::Init, "config::load", 9, "", unsure),
        ],
        reason: TaskReason::Package {
            after: vec![],
            before_by_name: vec!["zlib".into()],
        },
    };
    let main = Task {
        package: "main".into(),
        version: "1.0.0".into(),
        fns: vec![function(
            InitKind::Init,
            "app::start",
            1,
            "app.start.init.2e",
            FnReason::Init,
        )],
        reason: TaskReason::Main,
    };
    (
        RuntimeGraph::new(&graph).expect("no cycle"),
        Plan {
            tasks: vec![config, main],
            warnings: vec![],
        },
    )
}

fn check(text: &str, expect: Inline) {
    assert_data_eq!(text, expect.raw());
}

#[test]
fn the_table_says_what_runs_when_and_why() {
    check(
        &table(&program().1),
        str![[r#"
POS  NAME                 SYMBOL             PLACE                WHY THERE
1    config 1.0.0         config..inittask                        depends on no package with inits; by name before zlib
1.1    var config::A      config.A.init.1f   config/src/lib.rs:3  variable: refers to config::B (through config::f)
1.2    init config::load  -                  config/src/lib.rs:9  init function: after the variables, by file and position; only if cfg(maybe)
2    main 1.0.0           main..inittask                          the program itself: after all packages
2.1    init app::start    app.start.init.2e  config/src/lib.rs:1  init function: after the variables, by file and position

"#]],
    );
    check(
        &table(&Plan {
            tasks: vec![],
            warnings: vec![],
        }),
        str![[r#"
no init functions and no package variables: `main` runs at once

"#]],
    );
}

#[test]
fn the_json_has_a_version_and_everything_the_table_has() {
    check(
        &json(&program().1),
        str![[r#"
{
  "schema_version": 1,
  "tasks": [
    {
      "position": 1,
      "package": "config",
      "version": "1.0.0",
      "symbol": "config..inittask",
      "after": [],
      "before_by_name": [
        "zlib"
      ],
      "reason": "depends on no package with inits; by name before zlib",
      "functions": [
        {
          "position": 1,
          "kind": "var",
          "name": "config::A",
          "symbol": "config.A.init.1f",
          "file": "config/src/lib.rs",
          "line": 3,
          "column": 4,
          "refers_to": [
            {
              "name": "config::B",
              "via": [
                "config::f"
              ]
            }
          ],
          "condition": null,
          "reason": "variable: refers to config::B (through config::f)"
        },
        {
          "position": 2,
          "kind": "init",
          "name": "config::load",
          "symbol": null,
          "file": "config/src/lib.rs",
          "line": 9,
          "column": 4,
          "refers_to": [],
          "condition": "cfg(maybe)",
          "reason": "init function: after the variables, by file and position; only if cfg(maybe)"
        }
      ]
    },
    {
      "position": 2,
      "package": "main",
      "version": "1.0.0",
      "symbol": "main..inittask",
      "after": [],
      "before_by_name": [],
      "reason": "the program itself: after all packages",
      "functions": [
        {
          "position": 1,
          "kind": "init",
          "name": "app::start",
          "symbol": "app.start.init.2e",
          "file": "config/src/lib.rs",
          "line": 1,
          "column": 4,
          "refers_to": [],
          "condition": null,
          "reason": "init function: after the variables, by file and position"
        }
      ]
    }
  ],
  "warnings": []
}

"#]],
    );
}

#[test]
fn the_dot_graph_leaves_out_implied_arrows_and_marks_inits() {
    let (graph, plan) = program();
    check(
        &dot(&graph, &plan),
        str![[r##"
digraph crates {
    rankdir=TB;
    node [shape=box, fontname="sans-serif"];
    n0 [label="1. config\n1.0.0", style=filled, fillcolor="#cfe8ff"];
    n1 [label="log\n1.0.0"];
    n2 [label="2. main\n1.0.0", style=filled, fillcolor="#cfe8ff"];
    n0 -> n1;
    n2 -> n0;
}

"##]],
    );
}

#[test]
fn the_drawing_is_stable_and_well_formed() {
    let (graph, plan) = program();
    check(
        &svg(&graph, &plan),
        str![[r##"
<svg xmlns="http://www.w3.org/2000/svg" width="926" height="310" viewBox="0 0 926 310">
<title>Crates of the program and the order of their initialisation</title>
<style>
text { font-family: ui-monospace, 'DejaVu Sans Mono', Menlo, monospace; font-size: 13px; fill: #1b2733; }
    .version, .caption { font-size: 11px; fill: #5b6b7b; }
    .crate { fill: #ffffff; stroke: #9aa7b4; }
    .inits { fill: #dcefff; stroke: #2b7bbb; stroke-width: 1.5; }
    .badge { fill: #2b7bbb; }
    .place { fill: #ffffff; font-size: 11px; font-weight: bold; }
    .arrow { fill: none; stroke: #7c8a98; stroke-width: 1.2; }
    .head { fill: #7c8a98; }
</style>
<defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto"><path class="head" d="M0 0 L10 5 L0 10 z"/></marker></defs>
<rect width="100%" height="100%" fill="#ffffff"/>
<path class="arrow" marker-end="url(#head)" d="M462.9 162.0 C462.9 188.0 462.9 188.0 462.9 214.0"/>
<path class="arrow" marker-end="url(#head)" d="M462.9 70.0 C462.9 96.0 462.9 96.0 462.9 122.0"/>
<rect class="inits" x="378.7" y="122.0" width="168.4" height="40" rx="6"/>
<text x="462.9" y="139.0" text-anchor="middle">config</text>
<text class="version" x="462.9" y="154.0" text-anchor="middle">1.0.0, 2 functions</text>
<circle class="badge" cx="378.7" cy="122.0" r="11.0"/>
<text class="place" x="378.7" y="126.0" text-anchor="middle">1</text>
<rect class="crate" x="429.4" y="214.0" width="67.0" height="40" rx="6"/>
<text x="462.9" y="231.0" text-anchor="middle">log</text>
<text class="version" x="462.9" y="246.0" text-anchor="middle">1.0.0</text>
<rect class="inits" x="382.6" y="30.0" width="160.6" height="40" rx="6"/>
<text x="462.9" y="47.0" text-anchor="middle">main</text>
<text class="version" x="462.9" y="62.0" text-anchor="middle">1.0.0, 1 function</text>
<circle class="badge" cx="382.6" cy="30.0" r="11.0"/>
<text class="place" x="382.6" y="34.0" text-anchor="middle">2</text>
<text class="caption" x="30" y="296">Arrows point to dependencies; those that follow from others are left out. Numbers: the order of initialisation.</text>
</svg>

"##]],
    );
}

#[test]
fn names_cannot_break_out_of_the_drawing() {
    let (mut graph, plan) = program();
    for krate in graph.crates.values_mut() {
        krate.package = "a\"<script>&\\".into();
    }
    assert!(!svg(&graph, &plan).contains("<script"));
    assert!(dot(&graph, &plan).contains(r#"a\"<script>&\\\n1.0.0"#));
}
