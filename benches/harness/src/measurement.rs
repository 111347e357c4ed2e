//! Numbers and verdicts. Pure: nothing here measures or prints.

use std::fmt;

/// Whose number it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// This project.
    Ours,
    /// Go.
    Go,
    /// Tasks on tokio.
    Tokio,
    /// Coroutines of `may`.
    May,
    /// Threads of the system: with the channels of `crossbeam-channel`, or our own program of std as plain cargo builds it.
    Threads,
    /// A loop around one epoll, in C.
    Epoll,
    /// Goroutines of `rtlib` and its channels, when what is ours are threads of std.
    Rtlib,
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
            Self::Tokio => "tokio",
            Self::May => "may",
            Self::Threads => "threads",
            Self::Epoll => "epoll loop",
            Self::Rtlib => "rtlib",
            Self::StaticC => "static C",
            Self::StaticRust => "static Rust",
            Self::Cargo => "cargo",
            Self::Direct => "cargo-gobuild",
        })
    }
}

/// Measurements that are shown together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// How long goroutines need.
    Goroutines,
    /// Servers and their clients.
    Network,
    /// Threads, locks and calls of std.
    Std,
    /// What they occupy.
    Memory,
    /// Processes and the programs that make them.
    Tool,
}

impl Group {
    /// In the order of the report.
    pub const ALL: [Self; 5] = [
        Self::Goroutines,
        Self::Network,
        Self::Std,
        Self::Memory,
        Self::Tool,
    ];
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Goroutines => "Goroutines, channels, locks",
            Self::Network => "Servers",
            Self::Std => "Programs of std",
            Self::Memory => "Memory",
            Self::Tool => "Start and builds",
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
    /// Whole things.
    Count,
}

impl Unit {
    /// A number of this unit, as people read it.
    #[must_use]
    pub fn show(self, value: f64) -> String {
        match self {
            Self::Bytes => show_bytes(value),
            Self::Percent => format!("{value:.1} %"),
            Self::Count => format!("{value:.0}"),
            Self::Time => show_time(value),
        }
    }
}

fn show_bytes(bytes: f64) -> String {
    const MIB: f64 = 1024.0 * 1024.0;
    if bytes < MIB {
        format!("{bytes:.0} B")
    } else {
        format!("{:.1} MiB", bytes / MIB)
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
        median(self.0.clone())
    }

    /// The median of the ratios to another peer's samples of the same rounds. Whatever disturbs a round disturbs both sides of its ratio, so this says
    /// more on a busy machine than the ratio of medians does.
    #[must_use]
    pub fn ratio_to(&self, other: &Self) -> f64 {
        let pairs = self.0.iter().zip(&other.0);
        median(pairs.map(|(mine, theirs)| mine / theirs).collect())
    }

    /// The one that was disturbed least.
    #[must_use]
    pub fn min(&self) -> f64 {
        self.0.iter().copied().fold(f64::INFINITY, f64::min)
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 {
        values[middle]
    } else {
        f64::midpoint(values[middle - 1], values[middle])
    }
}

/// What must not be exceeded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target {
    /// So many times another peer's, in the median of all rounds.
    Times(f64, Peer),
    /// By the median: this, in the measurement's unit.
    AtMost(f64),
}

/// One row of the result.
#[derive(Clone, Debug)]
pub struct Measurement {
    /// Where it is shown.
    pub group: Group,
    /// What was done.
    pub work: String,
    /// How, for a reader who wants to judge the number.
    pub how: &'static str,
    /// What is counted.
    pub unit: Unit,
    /// Who did it. [`Peer::Ours`] is among them.
    pub peers: Vec<(Peer, Samples)>,
    /// What is to be reached, all of it, if anything was promised.
    pub targets: Vec<Target>,
}

impl Measurement {
    /// A peer's samples, if it took part.
    #[must_use]
    pub fn of(&self, peer: Peer) -> Option<&Samples> {
        let mut peers = self.peers.iter();
        peers.find(|(who, _)| *who == peer).map(|(_, found)| found)
    }

    /// Ours as a multiple of a peer's: the median of all rounds.
    #[must_use]
    pub fn ratio_to(&self, peer: Peer) -> Option<f64> {
        let ratio = self.of(Peer::Ours)?.ratio_to(self.of(peer)?);
        ratio.is_finite().then_some(ratio)
    }

    /// The same for every peer that took part.
    pub fn ratios(&self) -> impl Iterator<Item = (f64, Peer)> + '_ {
        let peers = self.peers.iter().map(|(peer, _)| *peer);
        peers
            .filter(|peer| *peer != Peer::Ours)
            .filter_map(|peer| Some((self.ratio_to(peer)?, peer)))
    }

    /// The targets as absolute numbers, for a drawing.
    pub fn limits(&self) -> impl Iterator<Item = f64> + '_ {
        self.targets.iter().filter_map(|target| match *target {
            Target::AtMost(limit) => Some(limit),
            Target::Times(times, peer) => Some(times * self.of(peer)?.median()),
        })
    }

    /// Whether all targets were reached, if there are any and each can be judged.
    #[must_use]
    pub fn reached(&self) -> Option<bool> {
        let mut reached = None;
        for target in &self.targets {
            let this = match *target {
                Target::AtMost(limit) => self.of(Peer::Ours)?.median() <= limit,
                Target::Times(times, peer) => self.ratio_to(peer)? <= times,
            };
            reached = Some(this && reached != Some(false));
        }
        reached
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
            group: Group::Tool,
            work: "work &<> more".into(),
            how: "Carefully.",
            unit: Unit::Time,
            peers: peers.map(|(peer, n)| (*peer, samples(&[*n]))).collect(),
            targets: target.into_iter().collect(),
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
        let row = measurement(&peers, Some(Target::Times(0.1, Peer::Go)));
        assert_eq!(row.reached(), Some(true));
    }

    #[test]
    fn an_absolute_target_needs_no_peer() {
        let row = measurement(&[(Peer::Ours, 11.0)], Some(Target::AtMost(10.0)));
        assert_eq!(
            (row.ratios().count(), row.limits().next(), row.reached()),
            (0, Some(10.0), Some(false))
        );
    }

    #[test]
    fn all_of_several_targets_must_be_reached() {
        let peers = [(Peer::Ours, 10.0), (Peer::Go, 10.0), (Peer::Tokio, 9.0)];
        let row = |targets: &[(f64, Peer)]| {
            let mut row = measurement(&peers, None);
            let targets = targets.iter();
            row.targets = targets.map(|(n, peer)| Target::Times(*n, *peer)).collect();
            row.reached()
        };
        assert_eq!(row(&[(1.0, Peer::Go), (1.2, Peer::Tokio)]), Some(true));
        assert_eq!(row(&[(1.0, Peer::Go), (1.0, Peer::Tokio)]), Some(false));
        assert_eq!(row(&[(0.9, Peer::Go), (1.2, Peer::Tokio)]), Some(false));
        assert_eq!(row(&[(1.0, Peer::Go), (1.0, Peer::May)]), None);
    }

    #[test]
    fn what_was_not_promised_is_neither_reached_nor_missed() {
        let row = measurement(&[(Peer::Ours, 11.0), (Peer::Go, 22.0)], None);
        assert_eq!((row.ratio_to(Peer::Go), row.reached()), (Some(0.5), None));
    }

    #[test]
    fn a_round_that_was_disturbed_as_a_whole_does_not_move_the_ratio() {
        let (ours, go) = (samples(&[10.0, 90.0, 80.0]), samples(&[20.0, 180.0, 20.0]));
        assert_eq!(ours.ratio_to(&go), 0.5);
        assert!(ours.median() > go.median());
    }

    #[test]
    fn there_is_no_ratio_to_nothing() {
        let row = measurement(&[(Peer::Ours, 11.0), (Peer::Go, 0.0)], None);
        assert_eq!(row.ratio_to(Peer::Go), None);
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
    }

    #[test]
    fn sizes_are_shown_in_the_unit_that_fits() {
        assert_eq!(Unit::Bytes.show(2743.6), "2744 B");
        assert_eq!(Unit::Bytes.show(1.5 * 1024.0 * 1024.0), "1.5 MiB");
    }
}
