//! The last step of a link, which reads and patches the finished file in place: the driver's own code, on a program of 500 MB.

use std::fs;
use std::path::Path;
use std::time::Instant;

use cargo_gobuild::linker::output::Output;

use super::take_turns;
use crate::args::Effort;
use crate::error::BenchError;
use crate::measurement::{Group, Measurement, Peer, Target, Unit};
use crate::programs;

const LIMIT_MS: f64 = 10.0;

/// Patches and checks a new copy in every round. It comes out of a link and so is patched already, which changes nothing: the same bytes are
/// read and written.
pub fn patch(effort: &Effort) -> Result<Vec<Measurement>, BenchError> {
    let program = programs::ours("large")?.join("large");
    let size = fs::metadata(&program).map_err(BenchError::file("read", &program))?;
    let turn = || Ok([patch_copy(&program)?]);
    let [peers] = take_turns(effort.rounds, vec![(Peer::Ours, Box::new(turn))])?;
    Ok(vec![Measurement {
        group: Group::Tool,
        work: format!("patch and check a program of {} MB", size.len() / 1_000_000),
        how: "The time from opening the linked file to the end of its verification. The tool writes the entry point, the note and the build id in place, and then \
              reads the header, the tables and the symbols. The file is in the page cache, as it is after a link.",
        unit: Unit::Time,
        peers,
        targets: vec![Target::AtMost(LIMIT_MS * 1e6)],
    }])
}

/// How many nanoseconds the step takes on a copy of `program`.
fn patch_copy(program: &Path) -> Result<f64, BenchError> {
    let copy = program.with_extension("copy");
    let output = Output::beside(&copy)?;
    fs::copy(program, output.path()).map_err(BenchError::file("copy", program))?;
    let start = Instant::now();
    output.finish()?;
    Ok(start.elapsed().as_nanos() as f64)
}
