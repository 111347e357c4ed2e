//! `cargo gobuild -- COMMAND …`: a command of cargo's, run as it is. Whatever cargo compiles for it, programs and tests of the workspace are linked by
//! this tool.
//!
//! Such a command may be another program's (nextest, llvm-cov), which calls cargo in its own way. So the wrapper is configured by the environment, which
//! all of them inherit; of packages that are not of this workspace it keeps out. Where cargo builds, and in which profile, is seen when it links.

use std::ffi::OsString;

use super::context::Context;
use super::test;
use crate::args::BuildArgs;
use crate::args::through::{self, Through};
use crate::error::Error;
use crate::exit_code;
use crate::invocation::{Invocation, Scope};

/// Runs the command, and gives its exit code. `args` are the tool's own options before it.
///
/// # Errors
/// When the settings are wrong, or cargo cannot be asked or started.
pub fn run(args: &BuildArgs, words: &[OsString]) -> Result<u8, Error> {
    let Through {
        packages,
        mut cargo,
    } = through::read(words);
    cargo.display = args.cargo.display.clone();
    let context = Context::open(&cargo, &args.go)?;
    let plan = context.plan_for_others(&packages, &cargo.features)?;
    let mut invocation = Invocation::through(&context.cargo, words, &context.dir);
    context.equip(&mut invocation, &plan)?;
    invocation.wrapper(Scope::Workspace);
    test::equip_doctests(&context, &mut invocation);
    if context.dry_run() {
        context.shell.step(&invocation.shown());
        return Ok(exit_code::SUCCESS);
    }
    context.execute(&invocation)
}
