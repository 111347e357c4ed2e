//! `cargo gobuild run`: builds one program and becomes it.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use gobuild_codegen::model::TargetKind;

use super::context::Context;
use super::{build, dry_run};
use crate::args::RunArgs;
use crate::args::cargo::{PackageArgs, TargetArgs};
use crate::error::Error;
use crate::exit_code;
use crate::selection;
use crate::shell;

/// Builds and runs. Comes back only if there is nothing to run: with cargo's exit code, or after a dry run.
///
/// # Errors
/// As `build`; also when there is not exactly one program, or it cannot be started.
pub fn run(args: &RunArgs) -> Result<u8, Error> {
    let context = Context::open(&args.cargo, &args.go)?;
    let selection = selection::select_to_run(
        &context.project.workspace,
        args.package.as_ref(),
        &args.target,
    )?;
    let plan = context.plan(&selection)?;
    let program = &selection.programs[0];
    let packages = PackageArgs {
        package: vec![program.package.0.clone()],
        ..PackageArgs::default()
    };
    let name = vec![program.name.clone()];
    let (targets, dir) = match program.kind {
        TargetKind::Example => (
            TargetArgs {
                example: name,
                ..TargetArgs::default()
            },
            context.profile_dir().join("examples"),
        ),
        _ => (
            TargetArgs {
                bin: name,
                ..TargetArgs::default()
            },
            context.profile_dir(),
        ),
    };
    let invocation = build::invocation(
        &context,
        &selection,
        &plan,
        &args.cargo,
        (&packages, &targets),
        Vec::new(),
    )?;
    let binary = dir.join(&program.name);
    let line = command_line(&context, &binary, &args.args);
    if context.dry_run() {
        dry_run::show(&context, &selection, &plan, &invocation);
        context.shell.step(&shell::quoted(&line));
        return Ok(exit_code::SUCCESS);
    }
    let code = context.execute(&invocation)?;
    // With the graph printed, nothing was built.
    if code != exit_code::SUCCESS || args.cargo.unit_graph {
        return Ok(code);
    }
    context.shell.command(&shell::quoted(&line));
    let mut command = Command::new(&line[0]);
    command.args(&line[1..]);
    set_environment(&context, &program.package, &mut command);
    Err(Error::Start {
        program: line[0].clone().into(),
        source: command.exec(),
    })
}

/// The program with its runner, if the user has configured one.
fn command_line(context: &Context, binary: &Path, args: &[OsString]) -> Vec<OsString> {
    let runner = context.project.cargo_config.runner.iter();
    runner
        .flat_map(|runner| {
            std::iter::once(runner.path.clone().into_os_string()).chain(runner.args.iter().cloned())
        })
        .chain([binary.into()])
        .chain(args.iter().cloned())
        .collect()
}

/// What cargo tells the programs that it runs.
fn set_environment(
    context: &Context,
    package: &gobuild_codegen::model::PackageId,
    command: &mut Command,
) {
    command.env("CARGO", &context.cargo);
    if let Some(member) = context.project.workspace.member(package) {
        command.envs(member.environment.iter().map(|(name, value)| (name, value)));
    }
    for entry in &context.project.cargo_config.env {
        if entry.force || std::env::var_os(&entry.name).is_none() {
            command.env(&entry.name, &entry.value);
        }
    }
}
