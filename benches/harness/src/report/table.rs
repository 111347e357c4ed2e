//! The tables: Markdown with aligned columns, so that they read in a terminal as well.

use crate::measurement::{Group, Measurement, Peer, Samples, Target, Unit};

const NOTHING: &str = "–";

/// A table for each group, under its name.
#[must_use]
pub fn draw(measurements: &[Measurement]) -> String {
    let tables = Group::ALL.iter().filter_map(|group| {
        let rows = measurements.iter().filter(|row| row.group == *group);
        let rows: Vec<_> = rows.collect();
        (!rows.is_empty()).then(|| format!("### {group}\n\n{}", table(&rows)))
    });
    tables.collect::<Vec<_>>().join("\n")
}

/// One line for each measurement, one column for each peer that took part in one of them.
fn table(measurements: &[&Measurement]) -> String {
    let mut peers: Vec<Peer> = Vec::new();
    for (peer, _) in measurements.iter().flat_map(|row| &row.peers) {
        if !peers.contains(peer) && *peer != Peer::Ours {
            peers.push(*peer);
        }
    }
    let rows: Vec<_> = std::iter::once(head(&peers))
        .chain(measurements.iter().map(|row| cells(row, &peers)))
        .collect();
    let width = |column: usize| rows.iter().map(move |row| row[column].chars().count());
    let widths: Vec<usize> = (0..rows[0].len())
        .map(|column| width(column).max().unwrap_or(0))
        .collect();
    let rule: Vec<_> = widths.iter().map(|width| "-".repeat(*width)).collect();
    let lines = rows[1..].iter().map(|row| line(row, &widths));
    line(&rows[0], &widths) + &line(&rule, &widths) + &lines.collect::<String>()
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let padded = cells
        .iter()
        .zip(widths)
        .map(|(cell, width)| format!("| {cell:<width$} "));
    padded.collect::<String>() + "|\n"
}

fn head(peers: &[Peer]) -> Vec<String> {
    let mut head = vec!["work".to_owned(), Peer::Ours.to_string()];
    head.extend(peers.iter().map(Peer::to_string));
    head.extend(["ratio", "target", "reached"].map(String::from));
    head
}

fn cells(row: &Measurement, peers: &[Peer]) -> Vec<String> {
    let of = |peer| row.of(peer).map(|samples| numbers(row.unit, samples));
    let ratios: Vec<_> = row
        .ratios()
        .map(|(times, peer)| format!("{times:.2} × {peer}"))
        .collect();
    let mut cells = vec![row.work.clone(), of(Peer::Ours).unwrap_or(NOTHING.into())];
    cells.extend(peers.iter().map(|peer| of(*peer).unwrap_or(NOTHING.into())));
    cells.push(or_nothing(ratios.join(", ")));
    cells.push(targets(row).unwrap_or(NOTHING.into()));
    let verdict = match row.reached() {
        Some(true) => "yes",
        Some(false) => "**no**",
        None => NOTHING,
    };
    cells.push(verdict.into());
    cells
}

fn numbers(unit: Unit, samples: &Samples) -> String {
    format!(
        "{} ({})",
        unit.show(samples.median()),
        unit.show(samples.min())
    )
}

/// What is to be reached, as people read it, if anything is.
#[must_use]
pub fn targets(row: &Measurement) -> Option<String> {
    let shown = row.targets.iter().map(|target| match target {
        Target::Times(times, peer) => format!("≤ {times:.2} × {peer}"),
        Target::AtMost(limit) => format!("≤ {}", row.unit.show(*limit)),
    });
    let shown: Vec<_> = shown.collect();
    (!shown.is_empty()).then(|| shown.join(", "))
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
        let kept = measurement(&peers[..2], Some(Target::Times(0.5, Peer::Go)));
        let open = measurement(&peers[..1], None);
        let expect = "\
### Start and builds

| work          | gobuild           | Go                | static C          | ratio                      | target            | reached |
| ------------- | ----------------- | ----------------- | ----------------- | -------------------------- | ----------------- | ------- |
| work &<> more | 20.0 ns (20.0 ns) | 40.0 ns (40.0 ns) | 10.0 ns (10.0 ns) | 0.50 × Go, 2.00 × static C | ≤ 1.05 × static C | **no**  |
| work &<> more | 20.0 ns (20.0 ns) | 40.0 ns (40.0 ns) | –                 | 0.50 × Go                  | ≤ 0.50 × Go       | yes     |
| work &<> more | 20.0 ns (20.0 ns) | –                 | –                 | –                          | –                 | –       |
";
        assert_eq!(draw(&[missed, kept, open]), expect);
    }

    #[test]
    fn a_peer_that_took_no_part_in_a_group_has_no_column_there() {
        let mut memory = measurement(&[(Peer::Ours, 1.0), (Peer::Tokio, 2.0)], None);
        memory.group = Group::Memory;
        let text = draw(&[
            measurement(&[(Peer::Ours, 1.0), (Peer::Go, 2.0)], None),
            memory,
        ]);
        let (first, second) = text.split_once("### Start").expect("memory comes first");
        assert!(
            first.contains("### Memory") && first.contains("| tokio"),
            "{text}"
        );
        assert!(!first.contains("Go") && !second.contains("tokio"), "{text}");
    }
}
