//! `gobuild-bench`: the numbers that gobuild promises, measured beside Go and plain cargo in the same run.
//!
//! Data, in the order it flows: [`args`] -> [`checkout`], [`go`], [`tool`] (what is measured, built on demand) -> [`rows`] (who is measured how) ->
//! [`measurement`] (numbers and verdicts, pure) -> [`report`] (text, Markdown, SVG, pure), with [`machine`] for the reader of the numbers.
//!
//! Invariants:
//! - Peers take turns inside every round, so that a busy machine disturbs all of them alike.
//! - A number that was not measured is not printed, and a target that was missed is printed as missed.

mod args;
mod checkout;
mod child;
mod error;
mod go;
mod machine;
mod measurement;
mod programs;
mod report;
mod rows;
mod small_crates;
mod tool;

use std::process::ExitCode;

use args::Args;
use error::BenchError;
use report::Report;

fn main() -> ExitCode {
    match run(&Args::from_command_line()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), BenchError> {
    let load_before = machine::load();
    let mut measurements = Vec::new();
    for row in rows::ROWS.iter().filter(|row| args.wants(row)) {
        eprintln!("{}: {}", row.name, row.about);
        measurements.extend((row.measure)(&args.effort())?);
    }
    let report = Report {
        machine: machine::describe()?,
        effort: args.effort(),
        load: [load_before, machine::load()],
        measurements,
    };
    print!("{}", report.text());
    if args.write {
        report.write(&checkout::root().join("docs"))?;
    }
    Ok(())
}
