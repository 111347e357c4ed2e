//! `cargo gobuild test`: `cargo test` with the workspace wrapper, so that every test is a program that boots like the real one.
//!
//! rustdoc is no rustc, and no wrapper stands before it: doctests get the link arguments through rustdoc's own flags, which change nothing
//! else.

use super::context::Context;
use super::dry_run;
use crate::args::TestArgs;
use crate::args::cargo::{Forward, TargetArgs};
use crate::error::Error;
use crate::exit_code;
use crate::invocation::{self, Invocation, Scope, link_flags};
use crate::linker::doctest::DOCTEST_VAR;
use crate::plan_file::PlanFile;
use crate::selection;

/// Tests, and gives cargo's exit code.
///
/// # Errors
/// When the settings are wrong, or cargo cannot be asked or started.
pub fn test(args: &TestArgs) -> Result<u8, Error> {
    let context = Context::open(&args.cargo, &args.go)?;
    let workspace = &context.project.workspace;
    let tests = if args.targets.is_default() {
        TargetArgs {
            tests: true,
            ..TargetArgs::default()
        }
    } else {
        args.targets.clone()
    };
    let selection = selection::select(workspace, &args.packages, &tests, &args.cargo.features);
    let plan = context.plan(&selection)?;
    let mut invocation = Invocation::cargo(&context.cargo, "test", &context.dir);
    context.equip(&mut invocation, &plan)?;
    invocation.wrapper(Scope::Workspace);
    equip_doctests(&context, &plan, &mut invocation);
    invocation.args(forwarded(args));
    if context.dry_run() {
        dry_run::show(&context, &selection, &plan, &invocation);
        return Ok(exit_code::SUCCESS);
    }
    context.execute(&mut invocation)
}

fn equip_doctests(context: &Context, plan: &PlanFile, invocation: &mut Invocation) {
    let mut flags = context.project.cargo_config.rustdocflags.clone();
    flags.extend(
        link_flags(&plan.recipe.marker)
            .iter()
            .map(|flag| flag.to_string_lossy().into_owned()),
    );
    invocation.env("CARGO_ENCODED_RUSTDOCFLAGS", invocation::encoded(&flags));
    invocation.env(DOCTEST_VAR, "1");
}

fn forwarded(args: &TestArgs) -> Vec<std::ffi::OsString> {
    let mut forward = Forward::default();
    args.packages.forward(&mut forward);
    args.targets.forward(&mut forward);
    args.cargo.forward(&mut forward);
    let mut list = forward.into_args();
    let flags = [
        ("--doc", args.doc),
        ("--no-run", args.no_run),
        ("--no-fail-fast", args.no_fail_fast),
    ];
    list.extend(
        flags
            .into_iter()
            .filter(|(_, on)| *on)
            .map(|(flag, _)| flag.into()),
    );
    list.extend(args.filter.clone());
    if !args.args.is_empty() {
        list.push("--".into());
        list.extend(args.args.iter().cloned());
    }
    list
}
