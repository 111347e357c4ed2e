//! `--emit graph=FILE.svg`: the crate graph drawn without graphviz.
//!
//! Boxes in rows, the program on top, arrows down to what a crate depends on. A package with inits is filled and bears its place in
//! the order in a circle. Text widths are estimates for a monospaced font, so that no font is needed to lay out.

use std::fmt::Write;

use super::layout::{Layout, layout};
use super::view::{Box, View};
use crate::graph::RuntimeGraph;
use crate::model::Plan;

const CHARACTER: f64 = 7.8;
const PADDING: f64 = 14.0;
const BOX_HEIGHT: f64 = 40.0;
const ROW_HEIGHT: f64 = 92.0;
const MARGIN: f64 = 30.0;
const BADGE: f64 = 11.0;
const CAPTION_HEIGHT: f64 = 26.0;
const CAPTION: &str = "Arrows point to dependencies; those that follow from others are left out. Numbers: the order of initialisation.";

const STYLE: &str = "\
    text { font-family: ui-monospace, 'DejaVu Sans Mono', Menlo, monospace; font-size: 13px; fill: #1b2733; }
    .version, .caption { font-size: 11px; fill: #5b6b7b; }
    .crate { fill: #ffffff; stroke: #9aa7b4; }
    .inits { fill: #dcefff; stroke: #2b7bbb; stroke-width: 1.5; }
    .badge { fill: #2b7bbb; }
    .place { fill: #ffffff; font-size: 11px; font-weight: bold; }
    .arrow { fill: none; stroke: #7c8a98; stroke-width: 1.2; }
    .head { fill: #7c8a98; }
";

/// The graph as an SVG document.
#[must_use]
pub fn svg(graph: &RuntimeGraph, plan: &Plan) -> String {
    let view = View::new(graph, plan);
    let widths: Vec<f64> = view.boxes.iter().map(box_width).collect();
    let layout = layout(&widths, &view.arrows);
    let width = layout.width.max(text_width(CAPTION)) + 2.0 * MARGIN;
    let height =
        layout.rows as f64 * ROW_HEIGHT - (ROW_HEIGHT - BOX_HEIGHT) + 2.0 * MARGIN + CAPTION_HEIGHT;
    let mut out = String::new();
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\">"
    );
    let _ = writeln!(
        out,
        "<title>Crates of the program and the order of their initialisation</title>"
    );
    let _ = writeln!(out, "<style>\n{STYLE}</style>");
    let _ = writeln!(
        out,
        "<defs><marker id=\"head\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"8\" markerHeight=\"8\" \
         orient=\"auto\"><path class=\"head\" d=\"M0 0 L10 5 L0 10 z\"/></marker></defs>"
    );
    let _ = writeln!(
        out,
        "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>"
    );
    let shift = (width - layout.width) / 2.0;
    draw_arrows(&mut out, &layout, shift);
    for (one, ((row, x), box_width)) in view.boxes.iter().zip(layout.places.iter().zip(&widths)) {
        draw_box(&mut out, one, x + shift, top(*row), *box_width);
    }
    let _ = writeln!(
        out,
        "<text class=\"caption\" x=\"{MARGIN:.0}\" y=\"{:.0}\">{CAPTION}</text>\n</svg>",
        height - 14.0
    );
    out
}

fn top(row: usize) -> f64 {
    MARGIN + row as f64 * ROW_HEIGHT
}

fn text_width(text: &str) -> f64 {
    text.chars().count() as f64 * CHARACTER
}

fn box_width(one: &Box) -> f64 {
    text_width(&one.name).max(text_width(&version_line(one))) + 2.0 * PADDING
}

fn version_line(one: &Box) -> String {
    match one.task {
        Some((_, 1)) => format!("{}, 1 function", one.version),
        Some((_, count)) => format!("{}, {count} functions", one.version),
        None => one.version.clone(),
    }
}

fn draw_arrows(out: &mut String, layout: &Layout, shift: f64) {
    for way in &layout.ways {
        let mut path = String::new();
        for (step, pair) in way.windows(2).enumerate() {
            let ((row, x), (next_row, next_x)) = (pair[0], pair[1]);
            let (x, next_x) = (x + shift, next_x + shift);
            let (from, to) = (top(row) + BOX_HEIGHT, top(next_row));
            if step == 0 {
                let _ = write!(path, "M{x:.1} {from:.1}");
            } else {
                let _ = write!(path, " L{x:.1} {from:.1}");
            }
            let middle = (from + to) / 2.0;
            let _ = write!(
                path,
                " C{x:.1} {middle:.1} {next_x:.1} {middle:.1} {next_x:.1} {to:.1}"
            );
        }
        let _ = writeln!(
            out,
            "<path class=\"arrow\" marker-end=\"url(#head)\" d=\"{path}\"/>"
        );
    }
}

fn draw_box(out: &mut String, one: &Box, x: f64, y: f64, width: f64) {
    let class = if one.task.is_some() { "inits" } else { "crate" };
    let left = x - width / 2.0;
    let _ = writeln!(
        out,
        "<rect class=\"{class}\" x=\"{left:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{BOX_HEIGHT}\" rx=\"6\"/>"
    );
    let (name, version) = (escaped(&one.name), escaped(&version_line(one)));
    let _ = writeln!(
        out,
        "<text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{name}</text>",
        y + 17.0
    );
    let _ = writeln!(
        out,
        "<text class=\"version\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{version}</text>",
        y + 32.0
    );
    if let Some((place, _)) = one.task {
        let radius = BADGE.max(text_width(&place.to_string()) / 2.0 + 3.0);
        let _ = writeln!(
            out,
            "<circle class=\"badge\" cx=\"{left:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\"/>"
        );
        let _ = writeln!(
            out,
            "<text class=\"place\" x=\"{left:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{place}</text>",
            y + 4.0
        );
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
