//! Numbers and verdicts. Pure: nothing here measures or prints.

use std::fmt;

/// Whose number it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// This project.
    Ours,
    /// Go.
    Go,
    /// A static C program of glibc's.
    StaticC,
    /// The same Rust program, built by plain cargo as a static one.
    StaticRust,
    /// Plain cargo on the same workspace.
    Cargo,
    /// The tool, started by its own name and not by cargo.
    Direct,
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ours => "gobuild",
            Self::Go => "Go",
            Self::StaticC => "static C",
            Self::StaticRust => "static Rust",
            Self::Cargo => "cargo",
            Self::Direct => "cargo-gobuild",
        })
    }
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Nanoseconds.
    Time,
    /// Bytes.
    Bytes,
    /// Hundredths.
    Percent,
}

impl Unit {
    /// A number of this unit, as people read it.
    #[must_use]
    pub fn show(self, value: f64) -> String {
        match self {
            Self::Bytes => format!("{value:.0} B"),
            Self::Percent => format!("{value:.1} %"),
            Self::Time => show_time(value),
        }
    }
}

fn show_time(nanoseconds: f64) -> String {
    let (value, unit) = match nanoseconds {
        n if n < 1e3 => (n, "ns"),
        n if n < 1e6 => (n / 1e3, "µs"),
        n if n < 1e9 => (n / 1e6, "ms"),
        n => (n / 1e9, "s"),
    };
    match value {
        v if v < 10.0 => format!("{v:.2} {unit}"),
        v if v < 100.0 => format!("{v:.1} {unit}"),
        v => format!("{v:.0} {unit}"),
    }
}

/// What was measured of one peer. Never empty.
#[derive(Clone, Debug, PartialEq)]
pub struct Samples(Vec<f64>);

impl Samples {
    /// At least one.
    ///
    /// # Panics
    /// If there is none: rounds are counted from one.
    #[must_use]
    pub fn new(values: impl Iterator<Item = f64>) -> Self {
        let values: Vec<f64> = values.collect();
        assert!(!values.is_empty(), "a peer had no turn");
        Self(values)
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Half of them are not above it.
    #[must_use]
    pub fn median(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        if sorted.len() % 2 == 1 {
            sorted[middle]
        } else {
            f64::midpoint(sorted[middle - 1], sorted[middle])
        }
    }

    /// The one that was disturbed least.
    #[must_use]
    pub fn min(&self) -> f64 {
        self.0.iter().copied().fold(f64::INFINITY, f64::min)
    }
}

/// What our median must not exceed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target {
    /// So many times another peer's median.
    Times(f64, Peer),
    /// This, in the measurement's unit.
    AtMost(f64),
}

/// One row of the result.
#[derive(Clone, Debug)]
pub struct Measurement {
    /// What was done.
    pub work: String,
    /// How, for a reader who wants to judge the number.
    pub how: &'static str,
    /// What is counted.
    pub unit: Unit,
    /// Who did it. [`Peer::Ours`] is among them.
    pub peers: Vec<(Peer, Samples)>,
    /// What is to be reached, if anything was promised.
    pub target: Option<Target>,
}

impl Measurement {
    /// A peer's samples, if it took part.
    #[must_use]
    pub fn of(&self, peer: Peer) -> Option<&Samples> {
        let mut peers = self.peers.iter();
        peers.find(|(who, _)| *who == peer).map(|(_, found)| found)
    }

    /// Our median as a multiple of that of the peer that it is measured by: the target's, else Go.
    #[must_use]
    pub fn ratio(&self) -> Option<(f64, Peer)> {
        let to = match self.target {
            Some(Target::Times(_, peer)) => peer,
            _ => Peer::Go,
        };
        let ratio = self.of(Peer::Ours)?.median() / self.of(to)?.median();
        ratio.is_finite().then_some((ratio, to))
    }

    /// The target as an absolute number.
    #[must_use]
    pub fn limit(&self) -> Option<f64> {
        match self.target? {
            Target::AtMost(limit) => Some(limit),
            Target::Times(times, peer) => Some(times * self.of(peer)?.median()),
        }
    }

    /// Whether the target was reached, if there is one.
    #[must_use]
    pub fn reached(&self) -> Option<bool> {
        Some(self.of(Peer::Ours)?.median() <= self.limit()?)
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    fn samples(values: &[f64]) -> Samples {
        Samples::new(values.iter().copied())
    }

    /// A measurement with one sample of each peer.
    pub fn measurement(peers: &[(Peer, f64)], target: Option<Target>) -> Measurement {
        let peers = peers.iter();
        Measurement {
            work: "work &<> more".into(),
            how: "Carefully.",
            unit: Unit::Time,
            peers: peers.map(|(peer, n)| (*peer, samples(&[*n]))).collect(),
            target,
        }
    }

    #[test]
    fn the_median_stands_in_the_middle_whatever_the_order() {
        assert_eq!(samples(&[9.0, 1.0, 2.0]).median(), 2.0);
        assert_eq!(samples(&[4.0, 1.0, 2.0, 100.0]).median(), 3.0);
        assert_eq!(samples(&[4.0, 1.0, 2.0]).min(), 1.0);
    }

    #[test]
    fn a_target_in_times_is_judged_by_its_own_peer() {
        let peers = [(Peer::Ours, 10.0), (Peer::Go, 100.0), (Peer::StaticC, 9.0)];
        let row = measurement(&peers, Some(Target::Times(1.05, Peer::StaticC)));
        assert_eq!(row.reached(), Some(false));
        assert_eq!(row.ratio().map(|(_, peer)| peer), Some(Peer::StaticC));
        let row = measurement(&peers, Some(Target::Times(0.1, Peer::Go)));
        assert_eq!(row.reached(), Some(true));
    }

    #[test]
    fn an_absolute_target_needs_no_peer() {
        let row = measurement(&[(Peer::Ours, 11.0)], Some(Target::AtMost(10.0)));
        assert_eq!(
            (row.ratio(), row.limit(), row.reached()),
            (None, Some(10.0), Some(false))
        );
    }

    #[test]
    fn what_was_not_promised_is_neither_reached_nor_missed() {
        let row = measurement(&[(Peer::Ours, 11.0), (Peer::Go, 22.0)], None);
        assert_eq!((row.ratio(), row.reached()), (Some((0.5, Peer::Go)), None));
    }

    #[test]
    fn there_is_no_ratio_to_nothing() {
        let row = measurement(&[(Peer::Ours, 11.0), (Peer::Go, 0.0)], None);
        assert_eq!(row.ratio(), None);
    }

    #[test]
    fn times_are_shown_in_the_unit_that_fits() {
        for (nanoseconds, expect) in [
            (4.321, "4.32 ns"),
            (43.21, "43.2 ns"),
            (1500.0, "1.50 µs"),
            (2.5e6, "2.50 ms"),
            (1.234e11, "123 s"),
        ] {
            assert_eq!(Unit::Time.show(nanoseconds), expect);
        }
        assert_eq!(Unit::Bytes.show(2743.6), "2744 B");
    }
}
