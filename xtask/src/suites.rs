//! `cargo xtask suites [NAME…] [--write]`: tests that others wrote for other purposes, unchanged, with std's threads as goroutines.
//!
//! Each suite of [`table`] is fetched ([`source`]), built by cargo and by the tool ([`build`]), and run by plain cargo's programs once and by the tool's in every mode of [`MODES`] ([`run`]). A test that passes
//! with plain cargo must pass in all of them. What differs is a complaint, and the step fails. What is not run is in the table with the reason, and is told. [`report`] keeps the results.

mod build;
mod report;
mod run;
mod source;
mod table;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::run::Runner;
use crate::workspace::target;
use build::Program;
use report::Row;
use run::{Ended, Result as TestResult};
use table::{SUITES, Suite};

/// How a program of the tool is run.
struct Mode {
    name: &'static str,
    /// GOMAXPROCS.
    procs: &'static str,
    /// GODEBUG.
    debug: &'static str,
}

impl Mode {
    const fn new(name: &'static str, procs: &'static str, debug: &'static str) -> Self {
        Self { name, procs, debug }
    }
}

/// Those of the short form.
const SHORT: &[Mode] = &[
    Mode::new("2 P", "2", ""),
    Mode::new("migrate", "4", "schedmigrate=1"),
];

const MODES: &[Mode] = &[
    Mode::new("threads", "2", "stdthreads=os"),
    Mode::new("1 P", "1", ""),
    Mode::new("2 P", "2", ""),
    Mode::new("4 P", "4", ""),
    Mode::new("migrate", "4", "schedmigrate=1"),
    Mode::new("seed 1", "4", "schedseed=1"),
    Mode::new("seed 2", "4", "schedseed=2"),
    Mode::new("seed 3", "4", "schedseed=3"),
];

/// A run that takes this long, and ten times as long as plain cargo's, hangs.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often a test that failed must pass alone.
const ALONE: u32 = 3;
/// For plain cargo's programs.
const LONGEST: Duration = Duration::from_secs(600);

/// The chore. `tool` is the build of the tool.
pub fn suites(runner: &mut Runner, arguments: &[String], tool: &Path) {
    let (options, names): (Vec<_>, Vec<_>) = arguments
        .iter()
        .partition(|argument| argument.starts_with("--"));
    let unknown_option = options.iter().find(|option| **option != "--write");
    let unknown_name = names
        .iter()
        .find(|name| !SUITES.iter().any(|suite| suite.name == **name));
    if let Some(unknown) = unknown_option.or(unknown_name) {
        eprintln!("`cargo xtask suites [NAME…] [--write]`: there is no `{unknown}`; the names are");
        for suite in SUITES {
            eprintln!("  {}", suite.name);
        }
        std::process::exit(2);
    }
    let chosen = |suite: &&Suite| names.is_empty() || names.iter().any(|name| suite.name == **name);
    let mut rows = Vec::new();
    for suite in SUITES.iter().filter(chosen) {
        step(runner, suite, suite.args, MODES, tool, &mut rows);
    }
    report::print(&rows);
    if !options.is_empty() {
        runner.function("write", || report::write(rows).map_err(|error| vec![error]));
    }
}

/// The short form, for CI: a few suites, in a few modes.
pub fn short(runner: &mut Runner, tool: &Path) {
    let mut rows = Vec::new();
    for suite in SUITES {
        let Some(args) = suite.short else { continue };
        let needs_std = matches!(suite.from, table::From::Toolchain);
        if let Some(Err(why)) = needs_std.then(source::sources_of_std) {
            runner.skip(&format!("suite {}", suite.name), &why);
        } else {
            step(runner, suite, args, SHORT, tool, &mut rows);
        }
    }
}

fn step(
    runner: &mut Runner,
    suite: &Suite,
    args: &[&str],
    modes: &[Mode],
    tool: &Path,
    rows: &mut Vec<Row>,
) {
    runner.function(&format!("suite {}", suite.name), || {
        let row = compare(suite, args, modes, tool).map_err(|error| vec![error])?;
        let complaints = row.differs.clone();
        rows.push(row);
        if complaints.is_empty() {
            Ok(())
        } else {
            Err(complaints)
        }
    });
}

/// Where all suites are.
fn place() -> PathBuf {
    target().join("suites")
}

/// Fetches, builds and runs one suite.
fn compare(suite: &Suite, args: &[&str], modes: &[Mode], tool: &Path) -> Result<Row, String> {
    let source = source::get(suite)?;
    let plain = build::programs(suite, args, &source.dir, None)?;
    let ours = build::programs(suite, args, &source.dir, Some(tool))?;
    let mut row = Row::new(suite, source.version);
    let mut plainly = BTreeMap::new();
    for program in &plain {
        let started = Instant::now();
        let results = results(suite, &source.dir, program, None, None, LONGEST)?;
        let took = started.elapsed();
        println!(
            "{:32} {:8} {}; {:.1} s",
            program.name,
            "cargo",
            tally(&results),
            took.as_secs_f64()
        );
        row.plain(&results);
        plainly.insert(&program.name, (results, took));
    }
    for mode in modes {
        let mut same = true;
        for program in &ours {
            let Some((expected, took)) = plainly.get(&program.name) else {
                return Err(format!(
                    "{}: cargo has built no {}",
                    suite.name, program.name
                ));
            };
            let patience = PATIENCE.max(*took * 10);
            let started = Instant::now();
            let run = |only: Option<&str>| {
                results(suite, &source.dir, program, Some(mode), only, patience)
            };
            let results = run(None)?;
            println!(
                "{:32} {:8} {}; {:.1} s",
                program.name,
                mode.name,
                tally(&results),
                started.elapsed().as_secs_f64()
            );
            for (failed, said) in differences(expected, &results) {
                let said = format!("{}, {}: {said}", program.name, mode.name);
                if failed.is_some_and(|test| passes_alone(&test, run)) {
                    row.unsteady.push(said);
                } else {
                    same = false;
                    row.differs.push(said);
                }
            }
        }
        if same {
            row.same.push(mode.name);
        }
    }
    Ok(row)
}

/// Whether a test that failed beside others passes [`ALONE`] times without them: what it asserts about time depends on how busy the machine is.
fn passes_alone(test: &str, run: impl Fn(Option<&str>) -> Result<Results, String>) -> bool {
    (0..ALONE).all(|_| {
        run(Some(test)).is_ok_and(|results| {
            let said: Vec<_> = results.tests.into_values().collect();
            said == [TestResult::Passed]
        })
    })
}

/// What a program's tests said, and how it ended.
struct Results {
    tests: BTreeMap<String, TestResult>,
    ended: Ended,
}

fn results(
    suite: &Suite,
    dir: &Path,
    program: &Program,
    mode: Option<&Mode>,
    only: Option<&str>,
    patience: Duration,
) -> Result<Results, String> {
    let left_out = suite.left_out.iter();
    let skipped = left_out
        .filter(|left_out| left_out.program == program.name)
        .flat_map(|left_out| ["--skip", left_out.test]);
    let mut args: Vec<&str> = only.into_iter().chain(skipped).collect();
    if !args.is_empty() {
        args.push("--exact");
    }
    let name = mode.map_or("cargo", |mode| mode.name);
    let env = mode.map(|mode| [("GOMAXPROCS", mode.procs), ("GODEBUG", mode.debug)]);
    let env = env.as_ref().map_or(&[][..], |env| &env[..]);
    let log = place().join(format!(
        "logs/{}/{}-{}{}.txt",
        suite.name,
        program.name.replace('/', "-"),
        name.replace(' ', "-"),
        if only.is_some() { "-alone" } else { "" }
    ));
    let (output, ended) = run::run(suite, dir, program, &args, env, &log, patience)?;
    Ok(Results {
        tests: run::read(&output, &program.name, ended),
        ended,
    })
}

fn tally(results: &Results) -> String {
    let count = |which| {
        results
            .tests
            .values()
            .filter(|result| **result == which)
            .count()
    };
    format!(
        "{} passed, {} failed, {} ignored, {}",
        count(TestResult::Passed),
        count(TestResult::Failed),
        count(TestResult::Ignored),
        results.ended
    )
}

/// The tests that pass with plain cargo and not here. Those without a result are the ones that ran when the program ended or hung, and those behind them: the first few tell. With the name of a test that failed,
/// and in words.
fn differences(expected: &Results, results: &Results) -> Vec<(Option<String>, String)> {
    const TOLD: usize = 4;
    let passing = expected
        .tests
        .iter()
        .filter(|(_, result)| **result == TestResult::Passed);
    let (mut differ, mut without) = (Vec::new(), Vec::new());
    for (test, _) in passing {
        match results.tests.get(test) {
            Some(TestResult::Passed) => {}
            Some(TestResult::Failed) => differ.push((Some(test.clone()), format!("{test} failed"))),
            Some(TestResult::Ignored) => differ.push((None, format!("{test} was ignored"))),
            None => without.push(test.as_str()),
        }
    }
    if !without.is_empty() {
        let first = &without[..without.len().min(TOLD)];
        let said = format!(
            "{}: no result of {} tests: {}{}",
            results.ended,
            without.len(),
            first.join(", "),
            if without.len() > TOLD { ", …" } else { "" }
        );
        differ.push((None, said));
    }
    differ
}
