//! The plan of a build that plain cargo has started, in a workspace that `cargo gobuild setup` has set up: made by the wrapper when a program is about to be linked,
//! from the command line of the cargo above it.
//!
//! The answers of cargo and the compiler are cached as those of `cargo gobuild` are, so a build of many programs asks once.

use super::context::{self, Context};
use crate::ancestors;
use crate::args::GoArgs;
use crate::args::through::{self, Through};
use crate::error::Error;
use crate::invocation;
use crate::plan_file::Handed;

/// Makes the plan.
///
/// # Errors
/// When the settings are wrong, cargo cannot be asked, or the plan cannot be written.
pub fn plan() -> Result<Handed, Error> {
    let above = ancestors::cargo();
    let words = above
        .as_ref()
        .map(|(args, _)| args.get(1..).unwrap_or_default());
    let Through { packages, cargo } = words.map(through::read).unwrap_or_default();
    let dir = match above {
        Some((_, dir)) => dir,
        None => context::current_dir()?,
    };
    let context = Context::open_in(dir, &cargo, &GoArgs::default())?;
    let plan = context.plan_for_others(&packages, &cargo.features)?;
    let state = context.project.state_dir();
    let this = context::this_executable()?;
    let bin = match invocation::is_on_path(&this) {
        true => None,
        false => Some(context::linked_to(&this, &state, &context.project.tool)?),
    };
    Ok(Handed {
        path: plan.write(&state)?,
        plan,
        bin,
    })
}
