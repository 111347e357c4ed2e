//! The first door: what users type. One file a subcommand; [`context`] is what they share.

pub mod build;
pub mod context;
pub mod dry_run;
pub mod emit;
pub mod inspect;
pub mod install;
pub mod run;
pub mod test;

use std::ffi::OsString;

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
    ready.and_then(|()| dispatch(cli)).unwrap_or_else(|error| {
        if !error.is_told() {
            shell.report(&report(&error));
        }
        exit_code::FAILURE
    })
}

fn shell_for(cli: &Cli) -> Shell {
    match &cli.command {
        None => Shell::new(&cli.build.cargo.display, false),
        Some(Command::Build(args)) => Shell::new(&args.cargo.display, false),
        Some(Command::Run(args)) => Shell::new(&args.cargo.display, false),
        Some(Command::Test(args)) => Shell::new(&args.cargo.display, false),
        Some(Command::Install(args)) => Shell::new(&args.cargo.display, false),
        Some(Command::Inspect(_) | Command::Completions(_)) => Shell::plain(),
    }
}

fn dispatch(cli: Cli) -> Result<u8, Error> {
    match cli.command {
        None => build::build(&cli.build),
        Some(Command::Build(args)) => build::build(&args),
        Some(Command::Run(args)) => run::run(&args),
        Some(Command::Test(args)) => test::test(&args),
        Some(Command::Install(args)) => install::install(&args),
        Some(Command::Inspect(args)) => inspect::inspect(&args),
        Some(Command::Completions(args)) => {
            shell::answer(&args::completions(args.shell)).map_err(Error::Stdout)?;
            Ok(exit_code::SUCCESS)
        }
    }
}

fn report(error: &Error) -> Report {
    match error {
        Error::Diagnostics(diagnostics) => {
            let text = diagnostics.to_string();
            Report::Rendered {
                headline: text.lines().next().unwrap_or_default().to_owned(),
                text,
            }
        }
        other => Report::of(other, other.help()),
    }
}
