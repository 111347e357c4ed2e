//! `cargo gobuild test` and `bench`: those of cargo with the workspace wrapper, so that every test is a program that boots like the real one.
//!
//! rustdoc is no rustc, and no wrapper stands before it: for doctests this executable stands in its place.

use super::context::Context;
use super::dry_run;
use crate::args::TestArgs;
use crate::args::cargo::{Forward, TargetArgs};
use crate::error::Error;
use crate::exit_code;
use crate::invocation::{Invocation, Scope};
use crate::selection;
use crate::wrapper::RUSTDOC_VAR;

/// Tests, and gives cargo's exit code.
///
/// # Errors
/// When the settings are wrong, or cargo cannot be asked or started.
pub fn test(args: &TestArgs) -> Result<u8, Error> {
    let default = TargetArgs {
        tests: true,
        ..TargetArgs::default()
    };
    call("test", args, default)
}

/// Measures, and gives cargo's exit code.
///
/// # Errors
/// As [`test()`].
pub fn bench(args: &TestArgs) -> Result<u8, Error> {
    let default = TargetArgs {
        benches: true,
        ..TargetArgs::default()
    };
    let mut args = args.clone();
    if !args.cargo.release {
        let profile = &mut args.cargo.compile.profile;
        profile.get_or_insert_with(|| "bench".into());
    }
    call("bench", &args, default)
}

fn call(command: &str, args: &TestArgs, default: TargetArgs) -> Result<u8, Error> {
    let context = Context::open(&args.cargo, &args.go)?;
    let workspace = &context.project.workspace;
    let tests = if args.targets.is_default() {
        default
    } else {
        args.targets.clone()
    };
    let selection = selection::select(workspace, &args.packages, &tests, &args.cargo.features);
    let plan = context.plan(&selection)?;
    let mut invocation = Invocation::cargo(&context.cargo, command, &context.dir);
    context.equip(&mut invocation, &plan)?;
    invocation.wrapper(Scope::Workspace);
    if command == "test" {
        equip_doctests(&context, &mut invocation);
    }
    invocation.args(forwarded(args));
    if context.dry_run() {
        dry_run::show(&context, &selection, &plan, &invocation);
        return Ok(exit_code::SUCCESS);
    }
    context.execute(&invocation)
}

/// Puts this executable in the place of rustdoc.
pub fn equip_doctests(context: &Context, invocation: &mut Invocation) {
    let of_toolchain = context.project.toolchain.sysroot.join("bin/rustdoc");
    let rustdoc = context
        .project
        .cargo_config
        .rustdoc_of_user()
        .unwrap_or(of_toolchain);
    invocation
        .env(RUSTDOC_VAR, rustdoc)
        .wrapper(Scope::Doctests);
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
