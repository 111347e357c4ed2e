//! The revision of the source that goes into a program: what `cargo gobuild` has found out for the whole build, or, where plain cargo builds, what git says now.

use std::path::Path;

use gobuild_codegen::buildinfo::Vcs;

use super::error::LinkError;
use super::program::Program;
use crate::ancestors;
use crate::config::BuildVcs;
use crate::plan_file::{PackageSource, PlanFile, Recipe};
use crate::vcs::{self, VCS_VAR};

/// The revision of a program.
#[derive(Debug, Default)]
pub struct Revision {
    /// What it names, if anything.
    pub state: Option<Vcs>,
    /// The value of the variable that says so, for cargo to watch.
    pub watched: Option<String>,
}

/// The revision of a program of the package in `manifest_dir`. Tests name none: they would have to be linked again after each commit.
///
/// # Errors
/// When it must be named and is not known.
pub fn of(
    program: &Program,
    plan: &PlanFile,
    recipe: &Recipe,
    manifest_dir: &Path,
) -> Result<Revision, LinkError> {
    let wanted = recipe.settings.buildvcs;
    if wanted == BuildVcs::False || !program.names_revision() {
        return Ok(Revision::default());
    }
    let root = match &plan.packages {
        PackageSource::Known(packages) => &packages.workspace_root,
        PackageSource::Ask { .. } => manifest_dir,
    };
    let is_together = vcs::is_together(manifest_dir, root, wanted)?;
    // Where plain cargo builds, the variable could only be that of another build.
    let is_given = !plan.is_set_up && matches!(plan.packages, PackageSource::Known(_));
    let given = is_given.then(|| ancestors::var(VCS_VAR)).flatten();
    let state = match &given {
        _ if !is_together => None,
        Some(value) => vcs::from_env(value),
        None => vcs::ask(root, wanted)?,
    };
    let watched = given.and_then(|value| value.into_string().ok());
    Ok(Revision { state, watched })
}
