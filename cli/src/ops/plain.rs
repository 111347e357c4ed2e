//! The plan of a build that plain cargo has started, in a workspace that `cargo gobuild setup` has set up: made by the wrapper when a program is about to be linked,
//! from the command line of the cargo above it.
//!
//! The answers of cargo and the compiler are cached as those of `cargo gobuild` are, so a build of many programs asks once.

use gobuild_templates::GoAmd64;

use super::context::{self, Context};
use crate::ancestors;
use crate::args::GoArgs;
use crate::args::through::{self, Through};
use crate::error::Error;
use crate::invocation;
use crate::plan_file::{Handed, PlanFile};
use crate::standing;

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
    warn_of_level(&context, &plan);
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

/// Plain cargo compiles with the flags that it finds. Those of `cargo gobuild setup` are of the time when it ran.
fn warn_of_level(context: &Context, plan: &PlanFile) {
    let flags = &plan.flags;
    let levels = plan.recipes.iter().map(|(_, recipe)| recipe);
    let level = levels.chain([&plan.recipe]).next().unwrap_or(&plan.recipe);
    let level = level.settings.goamd64;
    let is_left = level == GoAmd64::V1 && standing::without_level(flags).len() < flags.len();
    if is_left || !context::holds(level, flags) {
        context.shell.warning(&format!(
            "the program is to run on processors of GOAMD64={}, but plain cargo compiles with other flags: run `cargo gobuild setup` again (it reads the level from Cargo.toml)",
            level.as_str()
        ));
    }
}
