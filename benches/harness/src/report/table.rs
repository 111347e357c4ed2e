//! The table: Markdown with aligned columns, so that it reads in a terminal as well.

use crate::measurement::{Measurement, Peer, Samples, Target, Unit};

const HEAD: [&str; 7] = [
    "work", "Go", "others", "gobuild", "ratio", "target", "reached",
];
const NOTHING: &str = "–";

/// One line for each measurement.
#[must_use]
pub fn draw(measurements: &[Measurement]) -> String {
    let rows: Vec<[String; 7]> = measurements.iter().map(cells).collect();
    let width = |column: usize| {
        let of = |row: &[String; 7]| row[column].chars().count();
        let widest = rows.iter().map(of).max().unwrap_or(0);
        widest.max(HEAD[column].chars().count())
    };
    let widths: [usize; 7] = std::array::from_fn(width);
    let head = line(&HEAD.map(String::from), &widths);
    let rule = line(&widths.map(|width| "-".repeat(width)), &widths);
    let rows = rows.iter().map(|row| line(row, &widths));
    head + &rule + &rows.collect::<String>()
}

fn line(cells: &[String; 7], widths: &[usize; 7]) -> String {
    let padded = cells
        .iter()
        .zip(widths)
        .map(|(cell, width)| format!("| {cell:<width$} "));
    padded.collect::<String>() + "|\n"
}

fn cells(row: &Measurement) -> [String; 7] {
    let other = |(peer, samples): &(Peer, Samples)| match peer {
        Peer::Ours | Peer::Go => None,
        peer => Some(format!("{peer} {}", numbers(row.unit, samples))),
    };
    let others: Vec<_> = row.peers.iter().filter_map(other).collect();
    let of = |peer| row.of(peer).map(|samples| numbers(row.unit, samples));
    [
        row.work.clone(),
        of(Peer::Go).unwrap_or(NOTHING.into()),
        or_nothing(others.join(", ")),
        of(Peer::Ours).unwrap_or(NOTHING.into()),
        or_nothing(
            row.ratio()
                .map_or_else(String::new, |(times, peer)| format!("{times:.2} × {peer}")),
        ),
        or_nothing(row.target.map_or_else(String::new, |t| target(row.unit, t))),
        match row.reached() {
            Some(true) => "yes",
            Some(false) => "**no**",
            None => NOTHING,
        }
        .into(),
    ]
}

fn numbers(unit: Unit, samples: &Samples) -> String {
    format!(
        "{} ({})",
        unit.show(samples.median()),
        unit.show(samples.min())
    )
}

/// A target, as people read it.
#[must_use]
pub fn target(unit: Unit, target: Target) -> String {
    match target {
        Target::Times(times, peer) => format!("≤ {times:.2} × {peer}"),
        Target::AtMost(limit) => format!("≤ {}", unit.show(limit)),
    }
}

fn or_nothing(text: String) -> String {
    if text.is_empty() {
        NOTHING.into()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measurement::tests::measurement;

    #[test]
    fn a_line_shows_every_peer_and_the_verdict() {
        let peers = [(Peer::Ours, 20.0), (Peer::Go, 40.0), (Peer::StaticC, 10.0)];
        let missed = measurement(&peers, Some(Target::Times(1.05, Peer::StaticC)));
        let kept = measurement(&peers, Some(Target::Times(0.5, Peer::Go)));
        let open = measurement(&peers[..1], None);
        let expect = "\
| work          | Go                | others                     | gobuild           | ratio           | target            | reached |
| ------------- | ----------------- | -------------------------- | ----------------- | --------------- | ----------------- | ------- |
| work &<> more | 40.0 ns (40.0 ns) | static C 10.0 ns (10.0 ns) | 20.0 ns (20.0 ns) | 2.00 × static C | ≤ 1.05 × static C | **no**  |
| work &<> more | 40.0 ns (40.0 ns) | static C 10.0 ns (10.0 ns) | 20.0 ns (20.0 ns) | 0.50 × Go       | ≤ 0.50 × Go       | yes     |
| work &<> more | –                 | –                          | 20.0 ns (20.0 ns) | –               | –                 | –       |
";
        assert_eq!(draw(&[missed, kept, open]), expect);
    }
}
