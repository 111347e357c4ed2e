//! What is known of the program that is linked: its crates, what runs before its `main`, and what it says about itself.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use gobuild_codegen::audit;
use gobuild_codegen::buildinfo::{self, BuildInfo, Mode, PackageInfo, Vcs};
use gobuild_codegen::emit::EmitConfig;
use gobuild_codegen::graph::{CrateId, RTLIB_CRATE, RuntimeGraph};
use gobuild_codegen::model::{Graph, Plan, RootTarget, TargetKind};
use gobuild_codegen::plan::several_rtlibs;
use gobuild_codegen::records::{read as inits, read_stamps};

use super::args::LinkLine;
use super::error::LinkError;
use super::layout::{Layout, kind_name};
use super::stamps::{self, Stamp};
use super::{late, records};
use crate::plan_file::{PackageSource, PlanFile, Recipe};
use crate::report::{Message, Outbox, Report};
use crate::scan;

/// The program that is linked.
#[derive(Debug)]
pub struct Program {
    graph: Graph,
    crates: RuntimeGraph,
}

impl Program {
    /// Finds the crates of `target`, a target of the package in `manifest_dir`, whose generated files lie in `dir`. `adjust` may change the
    /// graph before.
    ///
    /// # Errors
    /// When cargo must be asked and does not answer, or the crates depend on each other in a circle.
    pub fn load(
        plan: &PlanFile,
        target: RootTarget,
        (manifest_dir, dir): (&Path, &Path),
        adjust: impl FnOnce(&mut Graph),
    ) -> Result<Self, LinkError> {
        let mut graph = match &plan.packages {
            PackageSource::Known(packages) => packages.clone().graph(target),
            PackageSource::Ask {
                cargo,
                locked,
                args,
            } => late::graph(cargo, *locked, args, target, manifest_dir, dir)?,
        };
        adjust(&mut graph);
        let crates = RuntimeGraph::new(&graph).map_err(LinkError::Diagnostics)?;
        Ok(Self { graph, crates })
    }

    /// Whether init functions or package variables can be in it.
    #[must_use]
    pub fn may_have_inits(&self) -> bool {
        self.crates.crates[&CrateId::Main].reaches_rtlib
    }

    /// The name of a binary; none of tests and examples.
    #[must_use]
    pub fn installed_name(&self) -> Option<&str> {
        let target = &self.graph.target;
        (target.kind == TargetKind::Bin).then_some(&target.name)
    }

    /// Whether it names the revision of its source.
    #[must_use]
    pub fn names_revision(&self) -> bool {
        self.graph.target.kind.names_revision()
    }

    /// The target as messages name it.
    #[must_use]
    pub fn described(&self) -> String {
        let target = &self.graph.target;
        format!(
            "{} ({} of {})",
            target.name,
            kind_name(target.kind),
            self.package_name()
        )
    }

    /// Where the program's generated files lie.
    #[must_use]
    pub fn layout(&self, dir: &Path, recipe: &Recipe, trim: bool) -> Layout {
        Layout::new(dir, self.package_name(), &self.graph.target, recipe, trim)
    }

    fn package_name(&self) -> &str {
        &self.crates.crates[&CrateId::Main].package
    }

    /// What runs before `main`, from the source and from the objects on the line.
    ///
    /// # Errors
    /// When the two do not fit together, or the source is wrong.
    pub fn plan(
        &self,
        line: &LinkLine,
        plan: &PlanFile,
        outbox: &Outbox,
    ) -> Result<Plan, LinkError> {
        if !self.may_have_inits() {
            return Ok(Plan {
                tasks: Vec::new(),
                warnings: Vec::new(),
            });
        }
        outbox.status("Scanning", &self.described());
        let rtlibs = line
            .inputs()
            .filter(|path| records::crate_name(path) == Some(RTLIB_CRATE));
        if rtlibs.count() > 1
            && let Some(error) = several_rtlibs(&self.crates)
        {
            return Err(LinkError::Diagnostics(error.into()));
        }
        let records = records::read(line.inputs(), &self.crates_with_records(), inits)?;
        let made = scan::plan_of_build(&self.crates, &plan.cfg, records, &plan.trim)
            .map_err(LinkError::Diagnostics)?;
        for warning in &made.warnings {
            let report =
                Report::of_diagnostics(warning.message.clone(), std::slice::from_ref(warning));
            let _ = outbox.send(&Message::Warning(report));
        }
        Ok(made)
    }

    /// The names of the crates that can have records.
    fn crates_with_records(&self) -> BTreeSet<&str> {
        let reaching = self.crates.crates.values().filter(|one| one.reaches_rtlib);
        reaching.map(|one| one.crate_name.as_str()).collect()
    }

    /// The stamps of the program that are set.
    ///
    /// # Errors
    /// When one that is to be set is not there, or its name means several.
    pub fn stamps(&self, line: &LinkLine, recipe: &Recipe) -> Result<Vec<Stamp>, LinkError> {
        let wanted = &recipe.settings.stamps;
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let crates = self.crates_with_records();
        let known = match self.may_have_inits() {
            true => records::read(line.inputs(), &crates, read_stamps)?,
            false => Vec::new(),
        };
        let main = &self.crates.crates[&CrateId::Main];
        let program = stamps::Program {
            name: &self.graph.target.name,
            main: (&main.package, &main.version, &self.graph.target.crate_name),
            is_product: self.names_revision(),
            crates: self
                .crates
                .crates
                .values()
                .map(|one| &*one.crate_name)
                .collect(),
        };
        Ok(stamps::resolve(wanted, known, &program)?)
    }

    /// What goes into the objects beside the plan.
    ///
    /// # Errors
    /// When a package has no semantic version.
    pub fn emit_config(
        &self,
        plan: &PlanFile,
        recipe: &Recipe,
        revision: Option<Vcs>,
        stamps: &[Stamp],
    ) -> Result<EmitConfig, LinkError> {
        let build_info = BuildInfo {
            schema: buildinfo::SCHEMA,
            tool: env!("CARGO_PKG_VERSION").into(),
            rustc: plan.rustc.clone(),
            target: crate::TARGET.into(),
            profile: plan.profile.clone().unwrap_or_default(),
            mode: Mode::Hosted,
            std: recipe.settings.std,
            malloc: recipe.settings.malloc,
            goamd64: recipe.settings.goamd64 as u8 + 1,
            stack_size: recipe.settings.stack_size,
            linker: recipe.link.name.clone(),
            flags: plan.flags.clone(),
            vcs: revision,
            stamps: stamps
                .iter()
                .map(|one| (one.name.clone(), one.value.clone()))
                .collect(),
            packages: self.packages(),
        };
        Ok(EmitConfig {
            build_info,
            stamps: stamps
                .iter()
                .map(|one| (one.symbol.clone(), one.value.clone()))
                .collect(),
            dependencies: audit::payload(&self.graph)?,
        })
    }

    /// The linked packages, the main package first, the others by name.
    fn packages(&self) -> Vec<PackageInfo> {
        let main = &self.crates.crates[&CrateId::Main];
        let by_name: BTreeMap<_, _> = self
            .crates
            .crates
            .values()
            .map(|one| ((&one.package, &one.version, &one.source), one))
            .collect();
        let others = by_name.into_values().filter(|one| {
            (&one.package, &one.version, &one.source)
                != (&main.package, &main.version, &main.source)
        });
        std::iter::once(main)
            .chain(others)
            .map(|one| PackageInfo {
                name: one.package.clone(),
                version: one.version.clone(),
                source: one.source.clone(),
            })
            .collect()
    }
}
