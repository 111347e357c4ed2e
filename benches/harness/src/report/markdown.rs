//! `docs/benchmarks.md`.

use super::{Report, table};
use crate::machine::Description;
use crate::measurement::{Measurement, Peer};

/// The page.
#[must_use]
pub fn page(report: &Report) -> String {
    format!(
        "{HEAD}{}\n{}\n![Bars of the same numbers](benchmarks.svg)\n\n## How\n\n{}\n{}\n## Where\n\n{}\n{TAIL}",
        report.doubts(),
        table::draw(&report.measurements),
        order(report),
        ways(&report.measurements),
        machine(report),
    )
}

const HEAD: &str = "\
# Benchmarks

These tables compare programs that `cargo gobuild` built with Go, tokio, may, operating-system threads and other peers.
`cargo xtask bench --write` writes this page; do not edit it.

- **Numbers** are medians. The number in brackets is the smallest one that was measured.
- **Ratios** are the number of `gobuild` divided by that of the peer, measured in the same round. The table has the
  median of all rounds. Below 1, `gobuild` needs less.
- **Targets** are what the project wants to reach.

[How](#how) explains how each row is measured, [Where](#where) describes the machine, and
[Where the time goes](#where-the-time-goes) explains rows that miss their targets.
";

/// What people found out about these numbers.
const TAIL: &str = include_str!("notes.md");

fn order(report: &Report) -> String {
    format!(
        "The peers take turns in {} rounds. Each round begins with another peer, so other work on the machine disturbs all \
         peers alike. Programs are compiled with optimisations (`--release`, `-O2`, Go's defaults).\n",
        report.effort.rounds
    )
}

fn ways(measurements: &[Measurement]) -> String {
    let mut text = String::new();
    let mut last = "";
    for row in measurements.iter() {
        let samples = row.of(Peer::Ours).map_or(0, |samples| samples.count());
        let how = if row.how == last {
            "As above."
        } else {
            row.how
        };
        text += &format!("- **{}** ({samples} samples of each). {how}\n", row.work);
        last = row.how;
    }
    text
}

fn machine(report: &Report) -> String {
    let mut lines: Description = report.machine.clone();
    lines.push(("Load averages (1, 5, 15 min)", report.averages()));
    let rows = lines
        .iter()
        .map(|(name, value)| format!("| {name} | {value} |\n"));
    format!("| | |\n|---|---|\n{}", rows.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Effort;
    use crate::machine::Load;
    use crate::measurement::tests::measurement;

    #[test]
    fn a_page_shows_machine_load_and_the_way_of_every_row() {
        let report = Report {
            machine: vec![("CPU", "Some CPU".into())],
            effort: Effort {
                rounds: 3,
                quick: false,
            },
            load: [("0.1 0.1 0.1", false), ("2.0 1.0 0.5", true)].map(|(averages, busy)| Load {
                averages: averages.into(),
                busy,
            }),
            measurements: vec![
                measurement(&[(Peer::Ours, 1.0)], None),
                measurement(&[(Peer::Ours, 2.0)], None),
            ],
        };
        let page = page(&report);
        for part in [
            "| CPU | Some CPU |",
            "0.1 0.1 0.1 before, 2.0 1.0 0.5 after",
            "3 rounds",
            "- **work &<> more** (1 samples of each). Carefully.",
            "- **work &<> more** (1 samples of each). As above.",
        ] {
            assert!(page.contains(part), "{part} in\n{page}");
        }
        assert!(
            !page.contains("The machine was busy"),
            "after a run it was this run\n{page}"
        );
    }
}
