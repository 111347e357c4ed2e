//! `cargo gobuild check`: `cargo check`, and what the scan of the source finds besides: circles among inits, inits where they cannot be, crates with inits that nothing
//! names. Nothing is compiled to code and nothing linked, so an editor can call it at every save.

use std::collections::BTreeSet;

use gobuild_codegen::diagnostic::{Diagnostic, Severity};
use gobuild_codegen::model::RootTarget;

use super::context::Context;
use super::messages;
use crate::args::CheckArgs;
use crate::args::cargo::Forward;
use crate::error::Error;
use crate::exit_code;
use crate::invocation::Invocation;
use crate::metadata::MemberTargetKind;
use crate::selection::{self, Selection};

/// Checks, and gives cargo's exit code, or that of a failure when only the scan has found one.
///
/// # Errors
/// When the settings are wrong, or cargo cannot be asked or started.
pub fn check(args: &CheckArgs) -> Result<u8, Error> {
    let context = Context::open(&args.cargo, &args.go)?;
    let selection = selection::select(
        &context.project.workspace,
        &args.packages,
        &args.targets,
        &args.cargo.features,
    );
    let mut invocation = Invocation::cargo(&context.cargo, "check", &context.dir);
    let mut forward = Forward::default();
    args.packages.forward(&mut forward);
    args.targets.forward(&mut forward);
    args.only.forward(&mut forward);
    args.cargo.forward(&mut forward);
    invocation.args(forward.into_args());
    if context.dry_run() {
        context.shell.step(&invocation.shown());
        return Ok(exit_code::SUCCESS);
    }
    let code = context.execute(&invocation)?;
    if code != exit_code::SUCCESS || args.cargo.unit_graph {
        return Ok(code);
    }
    let found = find(&context, &selection);
    for (target, diagnostic) in &found {
        messages::tell(&context, target, diagnostic)?;
    }
    let is_error = |(_, found): &(_, Diagnostic)| found.severity == Severity::Error;
    Ok(match found.iter().any(is_error) {
        true => exit_code::FAILURE,
        false => exit_code::SUCCESS,
    })
}

/// What is wrong in the selected programs, and in the libraries of packages that have none; each once.
fn find(context: &Context, selection: &Selection) -> Vec<(RootTarget, Diagnostic)> {
    let workspace = &context.project.workspace;
    let mut told = BTreeSet::new();
    let mut found = Vec::new();
    let mut targets = selection.programs.clone();
    for id in &selection.packages {
        let has_program = targets.iter().any(|target| target.package == *id);
        let member = workspace.member(id).filter(|_| !has_program);
        let libraries = member.into_iter().flat_map(|member| &member.targets);
        let library = libraries
            .filter(|target| target.kind == MemberTargetKind::Lib)
            .zip(member)
            .map(|(target, member)| selection::root(member, target, true));
        targets.extend(library);
    }
    for target in targets {
        let all = match context.plan_from_source(&target) {
            Ok((_, plan)) => plan.warnings,
            Err(all) => all.as_slice().to_vec(),
        };
        for one in all {
            if told.insert(one.to_string()) {
                found.push((target.clone(), one));
            }
        }
    }
    found
}
