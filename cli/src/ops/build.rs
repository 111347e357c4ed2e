//! `cargo gobuild build`, the pipeline: look around, select, plan, call cargo, emit. START HERE.
//!
//! cargo compiles; when rustc links, it calls `linker::run` in another process.

use std::ffi::OsString;

use gobuild_codegen::model::{RootTarget, TargetKind};

use super::context::Context;
use super::{dry_run, emit};
use crate::args::BuildArgs;
use crate::args::cargo::{CargoArgs, Forward, PackageArgs, TargetArgs};
use crate::error::Error;
use crate::exit_code;
use crate::invocation::{Invocation, Scope, link_flags};
use crate::plan_file::{PlanFile, TARGET_VAR, target_to_env};
use crate::selection::{self, Call, Selection};

/// Builds, and gives cargo's exit code.
///
/// # Errors
/// When the settings are wrong, cargo cannot be asked or started, or something cannot be emitted.
pub fn build(args: &BuildArgs) -> Result<u8, Error> {
    let context = Context::open(&args.cargo, &args.go)?;
    let selection = selection::select(
        &context.project.workspace,
        &args.packages,
        &args.targets,
        &args.cargo.features,
    );
    if !args.emit.is_empty() && !args.emit.iter().any(|request| request.kind.needs_link()) {
        return emit::from_source(&context, &selection, &args.emit);
    }
    let plan = context.plan(&selection)?;
    let mut only = Forward::default();
    args.only.forward(&mut only);
    let invocation = invocation(
        &context,
        &selection,
        &plan,
        &args.cargo,
        (&args.packages, &args.targets),
        only.into_args(),
    )?;
    if context.dry_run() {
        dry_run::show(&context, &selection, &plan, &invocation);
        return Ok(exit_code::SUCCESS);
    }
    let code = context.execute(&invocation)?;
    if code == exit_code::SUCCESS && !args.emit.is_empty() {
        emit::after_build(&context, &selection, &plan, &args.emit)?;
    }
    Ok(code)
}

/// The call of cargo that builds a selection. `only` are arguments that no other command than `cargo build` takes.
///
/// # Errors
/// When the plan cannot be handed over.
pub fn invocation(
    context: &Context,
    selection: &Selection,
    plan: &PlanFile,
    cargo: &CargoArgs,
    (packages, targets): (&PackageArgs, &TargetArgs),
    only: Vec<OsString>,
) -> Result<Invocation, Error> {
    let mut forward = Forward::default();
    let call = match context.call(selection) {
        Call::Rustc if !only.is_empty() => Call::Wrapped,
        call => call,
    };
    let subcommand = if call == Call::Rustc {
        "rustc"
    } else {
        "build"
    };
    let mut invocation = Invocation::cargo(&context.cargo, subcommand, &context.dir);
    context.equip(&mut invocation, plan)?;
    match (&call, selection.programs.first()) {
        (Call::Rustc, Some(program)) => {
            let member = context.project.workspace.member(&program.package);
            let mut cargo = cargo.clone();
            match member {
                Some(member) if is_pattern(&program.package.0) => {
                    cargo.manifest_path = Some(member.manifest_path.clone());
                }
                _ => drop(invocation.args(["--package", &program.package.0])),
            }
            cargo.forward(&mut forward);
            invocation.args(named(program)).args(forward.into_args());
            let dir = member.and_then(|member| member.manifest_path.parent());
            let recipe = dir.map_or(&plan.recipe, |dir| plan.recipe_for(dir));
            // With trimmed paths it stands there already.
            if context.may_stand_before_all(plan) {
                invocation.wrapper(Scope::All);
            }
            invocation.args(["--"]).args(link_flags(&recipe.marker));
            invocation.env(TARGET_VAR, target_to_env(program)?);
        }
        (_, _) => {
            packages.forward(&mut forward);
            targets.forward(&mut forward);
            cargo.forward(&mut forward);
            if call != Call::Plain {
                invocation.wrapper(Scope::Workspace);
            }
            invocation.args(forward.into_args()).args(only);
        }
    }
    Ok(invocation)
}

/// Whether cargo takes a package's id, which holds its path, for a pattern.
fn is_pattern(id: &str) -> bool {
    id.contains(['*', '?', '[', ']'])
}

/// The arguments that name one program of a package to `cargo rustc`.
fn named(program: &RootTarget) -> [String; 2] {
    let option = if program.kind == TargetKind::Example {
        "--example"
    } else {
        "--bin"
    };
    [option.into(), program.name.clone()]
}
