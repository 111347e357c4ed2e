//! The cargo subcommand: what users type. One file for each command of it; [`context`] is what they share.

pub mod build;
pub mod check;
pub mod context;
pub mod dry_run;
pub mod emit;
pub mod inspect;
pub mod install;
pub mod man;
pub mod messages;
pub mod plain;
pub mod run;
pub mod setup;
pub mod test;
pub mod through;

use std::ffi::OsString;
use std::process::{self, Stdio};

use crate::args::{self, Cli, Command};
use crate::error::Error;
use crate::exit_code;
use crate::interrupt;
use crate::report::Report;
use crate::shell::{self, Shell};

/// Reads the arguments and does what they say; gives the exit code.
#[must_use]
pub fn main(arguments: &[OsString]) -> u8 {
    let cli = match args::parse(arguments.iter().cloned()) {
        Ok(cli) => cli,
        Err(error) => {
            // What clap has to say goes out or not; the code is the same.
            let _ = error.print();
            return if error.use_stderr() {
                exit_code::USAGE
            } else {
                exit_code::SUCCESS
            };
        }
    };
    let shell = shell_for(&cli);
    let ready = interrupt::expect_children().map_err(|source| Error::Process {
        what: "catch signals",
        source,
    });
    let ready = ready.and_then(|()| prepare(&cli));
    ready
        .and_then(|code| code.map_or_else(|| dispatch(cli), Ok))
        .unwrap_or_else(|error| {
            if !error.is_told() {
                shell.report(&report(&error));
            }
            exit_code::FAILURE
        })
}

fn shell_for(cli: &Cli) -> Shell {
    cli.of_cargo()
        .map_or_else(Shell::plain, |(display, _)| Shell::new(display, false))
}

/// What comes before the command: the directory is changed, if cargo takes that. Gives an exit code if that was all.
fn prepare(cli: &Cli) -> Result<Option<u8>, Error> {
    let Some((_, more)) = cli.of_cargo() else {
        return Ok(None);
    };
    let unstable = more.unstable.iter().map(|flag| format!("-Z{flag}"));
    if more.unstable.iter().any(|flag| flag == "help") {
        let args = std::iter::once("build".to_owned()).chain(unstable);
        return ask(args.map(OsString::from), Stdio::inherit()).map(Some);
    }
    let Some(dir) = &more.directory else {
        return Ok(None);
    };
    let args = ["-C".into(), dir.into()].into_iter();
    let args = args
        .chain(unstable.map(OsString::from))
        .chain(["version".into()]);
    match ask(args, Stdio::null())? {
        exit_code::SUCCESS => {}
        code => return Ok(Some(code)),
    }
    std::env::set_current_dir(dir).map_err(|source| Error::Read {
        path: dir.clone(),
        source,
    })?;
    Ok(None)
}

/// Cargo's exit code for these arguments; what it has to say goes to standard error.
fn ask(args: impl Iterator<Item = OsString>, stdout: Stdio) -> Result<u8, Error> {
    let cargo = context::cargo();
    let status = process::Command::new(&cargo)
        .args(args)
        .stdout(stdout)
        .status();
    status
        .map(exit_code::of_status)
        .map_err(|source| Error::Start {
            program: cargo.into(),
            source,
        })
}

fn dispatch(cli: Cli) -> Result<u8, Error> {
    match cli.command {
        None if !cli.through.is_empty() => through::run(&cli.build, &cli.through),
        None => build::build(&cli.build),
        Some(Command::Build(args)) => build::build(&args),
        Some(Command::Check(args)) => check::check(&args),
        Some(Command::Run(args)) => run::run(&args),
        Some(Command::Test(args)) => test::test(&args),
        Some(Command::Bench(args)) => test::bench(&args),
        Some(Command::Install(args)) => install::install(&args),
        Some(Command::Inspect(args)) => inspect::inspect(&args),
        Some(Command::Setup(args)) => setup::setup(&args),
        Some(Command::Env(args)) => setup::env(&args),
        Some(Command::Man(args)) => man::man(&args),
        Some(Command::Completions(args)) => {
            shell::answer(&args::completions(args.shell)).map_err(Error::Stdout)?;
            Ok(exit_code::SUCCESS)
        }
    }
}

fn report(error: &Error) -> Report {
    match error {
        Error::Diagnostics(all) => {
            let text = all.to_string();
            let headline = text.lines().next().unwrap_or_default().to_owned();
            Report::of_diagnostics(headline, all.as_slice())
        }
        other => Report::of(other, other.help()),
    }
}
