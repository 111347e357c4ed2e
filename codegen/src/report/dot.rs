//! `--emit graph`: the crate graph in graphviz's language.

use std::fmt::Write;

use super::view::{Box, View};
use crate::graph::RuntimeGraph;
use crate::model::Plan;

/// The graph as DOT. Packages with inits are filled and bear their place in the order.
#[must_use]
pub fn dot(graph: &RuntimeGraph, plan: &Plan) -> String {
    let view = View::new(graph, plan);
    let mut out = String::from(
        "digraph crates {\n    rankdir=TB;\n    node [shape=box, fontname=\"sans-serif\"];\n",
    );
    for (index, one) in view.boxes.iter().enumerate() {
        let style = if one.task.is_some() {
            ", style=filled, fillcolor=\"#cfe8ff\""
        } else {
            ""
        };
        let _ = writeln!(
            out,
            "    n{index} [label=\"{}\"{style}];",
            quoted(&label(one))
        );
    }
    for (from, to) in &view.arrows {
        let _ = writeln!(out, "    n{from} -> n{to};");
    }
    out.push_str("}\n");
    out
}

fn label(one: &Box) -> String {
    match one.task {
        Some((place, _)) => format!("{place}. {}\n{}", one.name, one.version),
        None => format!("{}\n{}", one.name, one.version),
    }
}

fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}
