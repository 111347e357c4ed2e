//! `docs/benchmarks.svg`: for every row a bar for each peer, on a scale of the row's own, and a line where each target is.

use std::fmt::Write as _;

use super::table;
use crate::measurement::{Measurement, Peer};

const WIDTH: f64 = 760.0;
const MARGIN: f64 = 20.0;
/// Where bars begin, right of the peers' names, and the longest one's length; its number stands right of it.
const LEFT: f64 = 120.0;
const LONGEST: f64 = 500.0;
const LINE: f64 = 18.0;
const BAR: f64 = 12.0;
/// Between rows.
const GAP: f64 = 22.0;

const OURS: &str = "#0969da";
const OURS_MISSED: &str = "#cf222e";
const OTHERS: &str = "#afb8c1";
const STYLE: &str = "text{font:12px system-ui,sans-serif;fill:#24292f}.work{font-weight:600}.target{stroke:#1a7f37;stroke-width:2;stroke-dasharray:3 2}";

/// The picture.
#[must_use]
pub fn chart(measurements: &[Measurement]) -> String {
    let mut body = String::new();
    let mut y = MARGIN;
    for row in measurements {
        y = draw(&mut body, row, y);
    }
    legend(&mut body, y);
    let height = y + LINE + MARGIN;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" role=\"img\" \
         aria-label=\"Benchmarks\">\n<style>{STYLE}</style>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n{body}</svg>\n"
    )
}

/// Draws a row from `top` on and returns where the next one begins.
fn draw(body: &mut String, row: &Measurement, top: f64) -> f64 {
    let mut medians = row.peers.iter().map(|(_, samples)| samples.median());
    let widest = medians.by_ref().chain(row.limits()).fold(0.0, f64::max);
    let scale = if widest > 0.0 { LONGEST / widest } else { 0.0 };
    let goal = table::targets(row).map_or_else(String::new, |targets| format!(" ({targets})"));
    text(
        body,
        MARGIN,
        top + BAR,
        "work",
        &format!("{}{goal}", row.work),
    );
    let mut y = top + LINE;
    for (peer, samples) in &row.peers {
        let median = samples.median();
        let length = (median * scale).max(1.0);
        text(body, MARGIN, y + BAR - 2.0, "peer", &peer.to_string());
        _ = writeln!(
            body,
            "<rect x=\"{LEFT}\" y=\"{y}\" width=\"{length:.1}\" height=\"{BAR}\" fill=\"{}\"/>",
            colour(*peer, row)
        );
        let number = row.unit.show(median);
        text(body, LEFT + length + 6.0, y + BAR - 2.0, "number", &number);
        y += LINE;
    }
    for limit in row.limits() {
        target_line(body, LEFT + limit * scale, top + LINE - 2.0, y - 4.0);
    }
    y + GAP
}

fn colour(peer: Peer, row: &Measurement) -> &'static str {
    match (peer, row.reached()) {
        (Peer::Ours, Some(false)) => OURS_MISSED,
        (Peer::Ours, _) => OURS,
        _ => OTHERS,
    }
}

fn legend(body: &mut String, y: f64) {
    target_line(body, MARGIN + 2.0, y, y + BAR);
    let words = "target of the blue or red bar: red is missed. Shorter is better; every row has a scale of its own.";
    text(body, MARGIN + 12.0, y + BAR - 2.0, "legend", words);
}

fn target_line(body: &mut String, x: f64, from: f64, to: f64) {
    _ = writeln!(
        body,
        "<line class=\"target\" x1=\"{x:.1}\" y1=\"{from}\" x2=\"{x:.1}\" y2=\"{to}\"/>"
    );
}

fn text(body: &mut String, x: f64, y: f64, class: &str, words: &str) {
    _ = writeln!(
        body,
        "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y}\">{}</text>",
        escaped(words)
    );
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measurement::Target;
    use crate::measurement::tests::measurement;

    #[test]
    fn the_longest_bar_has_the_full_length_and_the_others_their_share() {
        let row = measurement(&[(Peer::Ours, 25.0), (Peer::Go, 100.0)], None);
        let svg = chart(&[row]);
        assert!(
            svg.contains("width=\"500.0\" height=\"12\" fill=\"#afb8c1\""),
            "{svg}"
        );
        assert!(
            svg.contains("width=\"125.0\" height=\"12\" fill=\"#0969da\""),
            "{svg}"
        );
    }

    #[test]
    fn a_missed_target_is_red_and_marked_where_it_is() {
        let target = Some(Target::Times(0.2, Peer::Go));
        let svg = chart(&[measurement(
            &[(Peer::Ours, 25.0), (Peer::Go, 100.0)],
            target,
        )]);
        assert!(svg.contains(OURS_MISSED), "{svg}");
        assert!(svg.contains("x1=\"220.0\""), "{svg}");
    }

    #[test]
    fn words_do_not_become_markup() {
        let svg = chart(&[measurement(&[(Peer::Ours, 0.0)], None)]);
        assert!(svg.contains("work &amp;&lt;&gt; more"), "{svg}");
        assert!(!svg.contains("NaN"), "{svg}");
    }
}
