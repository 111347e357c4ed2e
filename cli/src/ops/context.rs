//! What the subcommands that build share: the project, the recipes of its programs, and how cargo is started and waited for.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};

use gobuild_codegen::diagnostic::Diagnostics;
use gobuild_codegen::graph::RuntimeGraph;
use gobuild_codegen::model::{PackageId, Plan, RootTarget};
use gobuild_templates::GoAmd64;

use super::messages::Format;
use crate::args::GoArgs;
use crate::args::cargo::{CargoArgs, DisplayArgs, FeatureArgs, Forward, PackageArgs, TargetArgs};
use crate::cargo_config::target_cpu;
use crate::config::{BuildVcs, Layer, Settings};
use crate::error::Error;
use crate::exit_code;
use crate::files;
use crate::interrupt::{Ended, Group, Interrupts};
use crate::invocation::{self, Invocation, Scope};
use crate::linker::setup::{LinkSetup, NoLinker};
use crate::metadata::Member;
use crate::plan_file::{
    PLAN_VAR, PackageSource, Packages, PlanFile, Recipe, SETTINGS_VAR, STAMPS_VAR, Wrappers,
};
use crate::project::{Project, Question, STATE_DIR};
use crate::report::Inbox;
use crate::scan;
use crate::selection::{self, Call, Selection};
use crate::shell::Shell;
use crate::standing;
use crate::trim;
use crate::vcs::{self, VCS_VAR};

/// What a build is made in.
pub struct Context {
    /// Output.
    pub shell: Arc<Shell>,
    /// The current directory.
    pub dir: PathBuf,
    /// The cargo that called us, or the one on PATH.
    pub cargo: OsString,
    /// Packages, configuration, compiler.
    pub project: Project,
    /// How diagnostics are wanted.
    pub format: Format,
    go: GoArgs,
    profile: String,
    triple: Option<String>,
}

impl Context {
    /// Looks around.
    ///
    /// # Errors
    /// When cargo or the compiler cannot be asked, or another target than ours is wanted.
    pub fn open(args: &CargoArgs, go: &GoArgs) -> Result<Self, Error> {
        Self::open_in(current_dir()?, args, go)
    }

    /// The same from another directory.
    ///
    /// # Errors
    /// As [`Context::open`].
    pub fn open_in(dir: PathBuf, args: &CargoArgs, go: &GoArgs) -> Result<Self, Error> {
        let mut forward = Forward::default();
        args.features.forward(&mut forward);
        args.resolve.forward(&mut forward);
        args.more.forward_unstable(&mut forward);
        let mut metadata_args = forward.into_args();
        if let Some(path) = &args.manifest_path {
            metadata_args.extend(["--manifest-path".into(), path.into()]);
        }
        let cargo = cargo();
        let project = Project::load(&Question {
            cargo: &cargo,
            dir: &dir,
            manifest_path: args.manifest_path.as_deref(),
            target_dir: args.compile.target_dir.as_deref(),
            args: metadata_args,
            config: &args.resolve.config,
        })?;
        let configured = project.cargo_config.targets.first().cloned();
        Ok(Self {
            shell: Arc::new(Shell::new(&args.display, go.print_commands)),
            dir,
            cargo,
            triple: supported(args.compile.target.clone().or(configured))?,
            project,
            format: Format::wanted(&args.display),
            go: go.clone(),
            profile: args.profile().to_owned(),
        })
    }

    /// Whether nothing is to be done.
    #[must_use]
    pub fn dry_run(&self) -> bool {
        self.go.dry_run
    }

    /// The directory of the profile's final products.
    #[must_use]
    pub fn profile_dir(&self) -> PathBuf {
        let name = match self.profile.as_str() {
            "dev" | "test" => "debug",
            "release" | "bench" => "release",
            other => other,
        };
        let base = &self.project.workspace.target_dir;
        self.triple
            .as_ref()
            .map_or_else(|| base.clone(), |triple| base.join(triple))
            .join(name)
    }

    /// Where generated files go.
    #[must_use]
    pub fn emit_dir(&self) -> PathBuf {
        self.profile_dir().join(STATE_DIR)
    }

    /// How the programs of a member are made.
    ///
    /// # Errors
    /// When a setting is wrong or its linker is not there.
    pub fn recipe(&self, member: Option<&Member>) -> Result<Recipe, Error> {
        let cli = self.go.layer();
        let env = Layer::from_env(|name| std::env::var_os(name), &self.dir)?;
        let [package, shared] = self.of_manifests(member)?;
        let mut settings = Settings::merge(&[&cli, &env, &package, &shared])
            .with_stamps(&[&cli, &env], &[&package, &shared]);
        settings.buildvcs = of_trimmed(settings.buildvcs, self.go.trimpath);
        let config = &self.project.cargo_config;
        let of_user = config.linker_in_flags().or_else(|| config.linker.clone());
        let link = link_setup(
            &settings,
            of_user.as_deref(),
            &self.project.toolchain.sysroot,
        )?;
        Ok(Recipe::new(
            settings,
            link,
            &self.project.tool,
            self.go.trimpath,
        ))
    }

    /// What the manifests of a package and of the workspace say.
    fn of_manifests(&self, member: Option<&Member>) -> Result<[Layer; 2], Error> {
        let workspace = &self.project.workspace;
        let place =
            |file: &Path, table: &str| format!("{}: [{table}.metadata.gobuild]", file.display());
        let package = match member {
            Some(member) => {
                let dir = member.manifest_path.parent().unwrap_or(&workspace.root);
                Layer::from_table(
                    &member.metadata,
                    &place(&member.manifest_path, "package"),
                    dir,
                )?
            }
            None => Layer::default(),
        };
        let root = place(&workspace.root.join("Cargo.toml"), "workspace");
        let shared = Layer::from_table(&workspace.metadata, &root, &workspace.root)?;
        Ok([package, shared])
    }

    /// The level that the manifests set for what cargo builds when no package is named.
    ///
    /// # Errors
    /// When a setting is wrong, or packages want different levels.
    pub fn level_of_manifests(&self) -> Result<GoAmd64, Error> {
        let workspace = &self.project.workspace;
        let selection = selection::select(
            workspace,
            &PackageArgs::default(),
            &TargetArgs::default(),
            &FeatureArgs::default(),
        );
        let members = selection.packages.iter();
        let members = members.filter_map(|id| workspace.member(id));
        let mut levels = Vec::new();
        for member in members {
            let [package, shared] = self.of_manifests(Some(member))?;
            let dir = member.manifest_path.parent().unwrap_or(&workspace.root);
            levels.push((dir, Settings::merge(&[&package, &shared]).goamd64));
        }
        Ok(one_level(levels)?.unwrap_or_default())
    }

    /// What the driver and the wrapper need to know for a selection.
    ///
    /// # Errors
    /// When a setting is wrong or its linker is not there.
    pub fn plan(&self, selection: &Selection) -> Result<PlanFile, Error> {
        let project = &self.project;
        if project.cargo_config.wants_dynamic_libc() && selection.call != Call::Plain {
            return Err(Error::Dynamic);
        }
        let selected = |id: &PackageId| project.workspace.member(id);
        let mut recipes = Vec::new();
        for member in selection.packages.iter().filter_map(selected) {
            let dir = member
                .manifest_path
                .parent()
                .unwrap_or(&project.workspace.root);
            recipes.push((dir.to_path_buf(), self.recipe(Some(member))?));
        }
        Ok(PlanFile {
            packages: PackageSource::Known(self.packages()),
            members: project.workspace.members.clone(),
            recipes,
            recipe: self.recipe(None)?,
            emit_dir: Some(self.emit_dir()),
            profile: Some(self.profile.clone()),
            rustc: project.toolchain.version.clone(),
            cfg: project.toolchain.cfg.clone(),
            flags: project.cargo_config.rustflags.clone(),
            trim: if self.go.trimpath {
                trim::of_workspace(&project.workspace, &self.dir, &project.toolchain.sysroot)
            } else {
                Vec::new()
            },
            wrappers: Wrappers {
                rustc: project.cargo_config.rustc_wrapper.clone(),
                workspace: project.cargo_config.workspace_wrapper_of_user(),
            },
            is_set_up: project.cargo_config.is_set_up(),
        })
    }

    /// The same for a build whose targets another program chooses: all are possible, and where they are built, and in which profile, is seen when they are linked.
    ///
    /// # Errors
    /// As [`Context::plan`].
    pub fn plan_for_others(
        &self,
        packages: &PackageArgs,
        features: &FeatureArgs,
    ) -> Result<PlanFile, Error> {
        let all = TargetArgs {
            all_targets: true,
            ..TargetArgs::default()
        };
        let workspace = &self.project.workspace;
        let mut plan = self.plan(&selection::select(workspace, packages, &all, features))?;
        plan.emit_dir = None;
        plan.profile = None;
        Ok(plan)
    }

    fn packages(&self) -> Packages {
        Packages {
            workspace_root: self.project.workspace.root.clone(),
            packages: self.project.workspace.packages.clone(),
        }
    }

    /// The crates of a program and what runs before its `main`, from the source alone.
    ///
    /// # Errors
    /// When the source is wrong.
    pub fn plan_from_source(
        &self,
        program: &RootTarget,
    ) -> Result<(RuntimeGraph, Plan), Diagnostics> {
        let crates = RuntimeGraph::new(&self.packages().graph(program.clone()))?;
        let plan = scan::plan_from_source(&crates, &self.project.toolchain.cfg)?;
        Ok((crates, plan))
    }

    /// How to call cargo. What in the user's flags would win over ours (a linker, a relocation model) needs the wrapper, which puts ours behind it. In a workspace that is
    /// set up plain cargo calls the wrapper, too, and would compile again what was compiled without it. Two of the workspace's wrappers do
    /// not stand side by side.
    #[must_use]
    pub fn call(&self, selection: &Selection) -> Call {
        let config = &self.project.cargo_config;
        let takes_over = config.overrules_ours()
            || config.is_set_up()
            || config.workspace_wrapper_of_user().is_some()
            || (matches!(self.format, Format::Json(_)) && config.rustc_wrapper.is_some())
            || matches!(self.profile.as_str(), "test" | "bench");
        match selection.call {
            Call::Rustc if takes_over => Call::Wrapped,
            call => call,
        }
    }

    /// Whether this executable may stand before rustc for every crate, for the sake of what it says. A compilation cache of the user's stays where it is: build scripts
    /// look who stands there, to compile C code in the same way. Then rustc's own message about the linker stays, too, above the tool's.
    #[must_use]
    pub fn may_stand_before_all(&self, plan: &PlanFile) -> bool {
        plan.trim.is_empty() && self.project.cargo_config.rustc_wrapper.is_none()
    }

    /// Prepares cargo's environment: the plan, this executable on PATH, flags, and with trimmed paths the wrapper.
    ///
    /// # Errors
    /// When the plan cannot be written, or packages want different levels.
    pub fn equip(&self, invocation: &mut Invocation, plan: &PlanFile) -> Result<(), Error> {
        let state = self.project.state_dir();
        if !self.dry_run() {
            create(&self.project.workspace.target_dir)?;
        }
        equip(invocation, plan, &state, &self.project.tool, self.dry_run())?;
        match plan.is_set_up {
            true => self.hand_on_choices(invocation)?,
            false => self.hand_on_revision(invocation, plan)?,
        }
        let extra = extra_flags(plan)?;
        if !extra.is_empty() {
            let flags = [self.project.cargo_config.rustflags.clone(), extra].concat();
            invocation.env("CARGO_ENCODED_RUSTFLAGS", invocation::encoded(&flags));
        }
        Ok(())
    }

    /// What was chosen on the command line, as the variables that mean the same: where plain cargo builds as well, they are what cargo watches.
    fn hand_on_choices(&self, invocation: &mut Invocation) -> Result<(), Error> {
        if let Some(linker) = &self.go.linker {
            invocation.env("CARGO_GOBUILD_LINKER", linker.to_string());
        }
        if let Some(std) = self.go.std {
            invocation.env("CARGO_GOBUILD_STD", std.as_str());
        }
        if let Some(malloc) = self.go.malloc {
            invocation.env("CARGO_GOBUILD_MALLOC", malloc.as_str());
        }
        if let Some(buildvcs) = self.go.buildvcs {
            invocation.env("CARGO_GOBUILD_BUILDVCS", buildvcs.as_str());
        }
        if !self.go.stamp.is_empty() {
            let mut all = Layer::from_env(|name| std::env::var_os(name), &self.dir)?.stamps;
            all.extend(self.go.stamp.iter().cloned());
            invocation.env("CARGO_GOBUILD_STAMP", serde_json::to_string(&all)?);
        }
        Ok(())
    }

    /// The state of the source in version control. Where plain cargo builds as well, the driver asks.
    fn hand_on_revision(&self, invocation: &mut Invocation, plan: &PlanFile) -> Result<(), Error> {
        let recipes = plan.recipes.iter().map(|(_, recipe)| recipe);
        let mut wanted = recipes.map(|recipe| recipe.settings.buildvcs);
        let wanted = match wanted.next() {
            None => plan.recipe.settings.buildvcs,
            Some(first) => wanted.fold(first, BuildVcs::stricter),
        };
        let state = match self.dry_run() {
            true => None,
            false => vcs::ask(&self.project.workspace.root, wanted)?,
        };
        invocation.env(VCS_VAR, vcs::to_env(state.as_ref()));
        Ok(())
    }

    /// Runs cargo, printing what the driver and the wrapper report; gives its exit code.
    ///
    /// # Errors
    /// When cargo cannot be started.
    pub fn execute(&self, invocation: &Invocation) -> Result<u8, Error> {
        execute(&self.shell, invocation, &self.cargo)
    }
}

/// This directory.
///
/// # Errors
/// When it is gone.
pub fn current_dir() -> Result<PathBuf, Error> {
    std::env::current_dir().map_err(|source| Error::Process {
        what: "find the current directory",
        source,
    })
}

/// The cargo that called us, or the one on PATH.
#[must_use]
pub fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// The triple, if there is one and it is ours.
///
/// # Errors
/// When it is another.
pub fn supported(triple: Option<String>) -> Result<Option<String>, Error> {
    match triple {
        Some(triple) if triple != crate::TARGET => Err(Error::Target { triple }),
        other => Ok(other),
    }
}

/// Who links, looked up on PATH.
///
/// # Errors
/// When the linker is not there.
pub fn link_setup(
    settings: &Settings,
    of_user: Option<&Path>,
    sysroot: &Path,
) -> Result<LinkSetup, NoLinker> {
    LinkSetup::decide(&settings.linker, of_user, sysroot, |name| {
        which::which(name).ok()
    })
}

/// The flags that all crates need beyond the user's.
///
/// # Errors
/// When packages want different levels.
pub fn extra_flags(plan: &PlanFile) -> Result<Vec<String>, Error> {
    let levels = plan.recipes.iter();
    let levels = levels.map(|(dir, recipe)| (dir.as_path(), recipe.settings.goamd64));
    let level = one_level(levels)?.unwrap_or(plan.recipe.settings.goamd64);
    let mut flags = Vec::new();
    if !holds(level, &plan.flags) {
        flags.extend(standing::level_flag(level));
    }
    flags.extend(trim::flags(&plan.trim));
    Ok(flags)
}

/// Whether a program names its revision. One with trimmed paths is to be the same wherever it is built, also from a copy of the source that has no repository.
#[must_use]
pub fn of_trimmed(buildvcs: BuildVcs, trimpath: bool) -> BuildVcs {
    match buildvcs {
        BuildVcs::Auto if trimpath => BuildVcs::False,
        other => other,
    }
}

/// Whether flags make the compiler use the instructions of a level. For the lowest one it needs no flag.
#[must_use]
pub fn holds(level: GoAmd64, flags: &[String]) -> bool {
    let cpu = target_cpu(flags).unwrap_or_default();
    cpu.strip_prefix("x86-64-") == Some(level.as_str()) || level == GoAmd64::V1
}

/// The level of all packages, if there are any.
fn one_level<'a>(
    levels: impl IntoIterator<Item = (&'a Path, GoAmd64)>,
) -> Result<Option<GoAmd64>, Error> {
    let mut levels = levels.into_iter();
    let Some((first, level)) = levels.next() else {
        return Ok(None);
    };
    match levels.find(|(_, other)| *other != level) {
        None => Ok(Some(level)),
        Some((other, _)) => {
            let name = |dir: &Path| {
                let name = dir.file_name().unwrap_or_default();
                name.to_string_lossy().into_owned()
            };
            Err(Error::Levels {
                one: name(first),
                other: name(other),
            })
        }
    }
}

fn create(dir: &Path) -> Result<(), Error> {
    files::create_target_dir(dir).map_err(|source| Error::Write {
        path: dir.into(),
        source,
    })
}

/// Hands the plan over and makes this executable findable. `state` is a directory for both; nothing is written in a dry run.
///
/// # Errors
/// When `state` cannot be written.
pub fn equip(
    invocation: &mut Invocation,
    plan: &PlanFile,
    state: &Path,
    tool: &str,
    dry_run: bool,
) -> Result<(), Error> {
    let path = if dry_run {
        plan.path(state)?
    } else {
        plan.write(state)?
    };
    invocation
        .env(PLAN_VAR, path)
        .env(SETTINGS_VAR, plan.settings_hash())
        .env(STAMPS_VAR, plan.stamps_hash());
    let this = this_executable()?;
    if !invocation::is_on_path(&this) {
        let dir = match dry_run {
            true => bin_dir(state, tool),
            false => linked_to(&this, state, tool)?,
        };
        invocation.env("PATH", invocation::path_with(&dir));
    }
    if !plan.trim.is_empty() {
        invocation.wrapper(Scope::All);
    }
    Ok(())
}

/// This executable.
///
/// # Errors
/// When the system does not say where it is.
pub fn this_executable() -> Result<PathBuf, Error> {
    std::env::current_exe().map_err(|source| Error::Process {
        what: "find this tool's own executable",
        source,
    })
}

fn bin_dir(state: &Path, tool: &str) -> PathBuf {
    state.join(format!("bin-{tool}"))
}

/// A directory below `state` in which this executable is found by its name. `tool` is a hash of it.
///
/// # Errors
/// When it cannot be written.
pub fn linked_to(this: &Path, state: &Path, tool: &str) -> Result<PathBuf, Error> {
    let dir = bin_dir(state, tool);
    let link = dir.join(crate::TOOL);
    if std::fs::read_link(&link).is_ok_and(|to| to == this) {
        return Ok(dir);
    }
    let make = || {
        std::fs::create_dir_all(&dir)?;
        let scratch = files::temporary_dir(&dir, ".link-")?;
        let fresh = scratch.path().join(crate::TOOL);
        std::os::unix::fs::symlink(this, &fresh)?;
        std::fs::rename(fresh, &link)
    };
    match make() {
        Ok(()) => Ok(dir),
        Err(source) => Err(Error::Write { path: link, source }),
    }
}

/// Runs a command, printing what the driver and the wrapper report; gives its exit code.
///
/// # Errors
/// When it cannot be started.
pub fn execute(shell: &Arc<Shell>, invocation: &Invocation, program: &OsStr) -> Result<u8, Error> {
    shell.command(&invocation.shown());
    let interrupts = Interrupts::catch().map_err(|source| Error::Process {
        what: "catch signals",
        source,
    })?;
    let (printing, (errors, kept)) = (Arc::clone(shell), mpsc::channel());
    let inbox = Inbox::open(move |message| match message.is_error() {
        // At the end of the build nothing comes behind it any more.
        true => errors.send(message).unwrap_or_default(),
        false => printing.message(&message),
    });
    if let Err(error) = &inbox {
        shell.warning(&format!(
            "cannot open a socket for reports ({error}); rustc will print the linker's messages"
        ));
    }
    let ended = interrupts.run(&mut invocation.command(), Group::Shared);
    if let Ok(inbox) = inbox {
        inbox.close();
    }
    for error in kept.try_iter() {
        shell.message(&error);
    }
    match ended.map_err(|source| Error::Start {
        program: program.into(),
        source,
    })? {
        Ended::Exited(status) => Ok(exit_code::of_status(status)),
        Ended::Interrupted(signal) => Ok(exit_code::of_signal(signal)),
    }
}

/// A shell for a command that has no project.
#[must_use]
pub fn shell(display: &DisplayArgs, go: &GoArgs) -> Arc<Shell> {
    Arc::new(Shell::new(display, go.print_commands))
}
