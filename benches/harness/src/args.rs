//! The command line.

use clap::Parser;
use clap::builder::PossibleValuesParser;

use crate::rows::{ROWS, Row};

/// Measure cargo gobuild and its runtime beside Go and plain cargo.
#[derive(Debug, Parser)]
#[command(name = "gobuild-bench")]
pub struct Args {
    /// How often every peer is measured; start-up and builds with nothing to do are measured many times a round
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Little work, one round, and only rows that measure programs unless others are asked for: shows that these run and are right, its numbers mean little
    #[arg(long, conflicts_with = "rounds")]
    quick: bool,
    /// Measure this row only; may be given several times
    #[arg(long, value_name = "ROW", value_parser = PossibleValuesParser::new(ROWS.iter().map(|row| row.name)))]
    only: Vec<String>,
    /// Write docs/benchmarks.md and docs/benchmarks.svg
    #[arg(long, conflicts_with_all = ["quick", "only"])]
    pub write: bool,
}

/// How much is done for a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effort {
    /// Rounds in which every peer has its turn.
    pub rounds: u32,
    /// Whether sizes are reduced.
    pub quick: bool,
}

impl Effort {
    /// `full`, or a hundredth of it when there is no time.
    #[must_use]
    pub fn of(self, full: u64) -> u64 {
        if self.quick { full.div_ceil(100) } else { full }
    }
}

impl Args {
    /// Reads them; ends the process when they are wrong.
    #[must_use]
    pub fn from_command_line() -> Self {
        Self::parse()
    }

    /// Whether a row is to be measured.
    #[must_use]
    pub fn wants(&self, row: &Row) -> bool {
        if self.only.is_empty() {
            return row.programs || !self.quick;
        }
        self.only.iter().any(|name| name == row.name)
    }

    /// How much is to be done.
    #[must_use]
    pub fn effort(&self) -> Effort {
        let rounds = if self.quick { 1 } else { self.rounds };
        Effort {
            rounds,
            quick: self.quick,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Args, clap::Error> {
        Args::try_parse_from(std::iter::once("gobuild-bench").chain(text.split_whitespace()))
    }

    #[test]
    fn numbers_that_are_not_whole_are_not_written() {
        for text in ["--quick --write", "--only spawn --write"] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse("--rounds 3 --write").expect("is right").write);
    }

    #[test]
    fn only_rows_that_exist_are_taken() {
        assert!(parse("--only nothing").is_err());
        let args = parse("--only spawn --only patch").expect("is right");
        let wanted: Vec<_> = ROWS.iter().filter(|row| args.wants(row)).collect();
        assert_eq!(wanted.len(), 2);
    }

    #[test]
    fn a_quick_run_measures_programs_and_what_is_asked_for() {
        let wanted = |text| {
            let args = parse(text).expect("is right");
            let rows = ROWS.iter().filter(|row| args.wants(row));
            rows.map(|row| row.name).collect::<Vec<_>>()
        };
        let quick = wanted("--quick");
        assert!(quick.contains(&"sieve") && !quick.contains(&"build"));
        assert_eq!(wanted("--quick --only build"), ["build"]);
        assert!(wanted("").contains(&"build"));
    }
}
