//! `cargo gobuild install`: `cargo install` with the workspace wrapper.
//!
//! The crate is not there before cargo has downloaded it, so nothing is known of it here; the linker driver asks when it links.

use std::sync::Arc;

use super::context;
use crate::args::InstallArgs;
use crate::args::cargo::{Forward, ResolveArgs};
use crate::cargo_config::CargoConfig;
use crate::config::{Layer, Settings};
use crate::error::Error;
use crate::exit_code;
use crate::invocation::{self, Invocation, Scope};
use crate::plan_file::{PackageSource, PlanFile, Recipe, Wrappers};
use crate::project::{self, ProjectError, Toolchain};

/// Installs, and gives cargo's exit code.
///
/// # Errors
/// When the settings are wrong, or cargo cannot be started.
pub fn install(args: &InstallArgs) -> Result<u8, Error> {
    let shell = context::shell(&args.cargo.display, &args.go);
    let dir = context::current_dir()?;
    let cargo = context::cargo();
    let config = CargoConfig::load(&dir, &args.cargo.resolve.config).map_err(ProjectError::from)?;
    context::supported(
        args.cargo
            .compile
            .target
            .clone()
            .or(config.targets.first().cloned()),
    )?;
    let toolchain = Toolchain::ask(&config, &dir)?;
    let tool = project::tool_hash()?;
    let cli = Layer {
        linker: args.go.linker.clone(),
        ..Layer::default()
    };
    let env = Layer::from_env(|name| std::env::var_os(name), &dir)?;
    let settings = Settings::merge(&[&cli, &env]);
    let of_user = config.linker_in_flags().or_else(|| config.linker.clone());
    let link = context::link_setup(&settings, of_user.as_deref(), &toolchain.sysroot)?;
    let mut resolve = Forward::default();
    args.cargo.features.forward(&mut resolve);
    let network = ResolveArgs {
        config: Vec::new(),
        ..args.cargo.resolve.clone()
    };
    network.forward(&mut resolve);
    let plan = PlanFile {
        packages: PackageSource::Ask {
            cargo: cargo.clone(),
            locked: args.cargo.resolve.locked || args.cargo.resolve.frozen,
            args: resolve.into_args(),
        },
        members: Vec::new(),
        recipes: Vec::new(),
        recipe: Recipe::new(settings, link, &tool, args.go.trimpath),
        emit_dir: None,
        profile: args.cargo.profile().to_owned(),
        rustc: toolchain.version.clone(),
        cfg: toolchain.cfg.clone(),
        flags: config.rustflags.clone(),
        trim: if args.go.trimpath {
            context::trim_outside(&dir, &toolchain.sysroot)
        } else {
            Vec::new()
        },
        wrappers: Wrappers {
            rustc: config.rustc_wrapper.clone(),
            workspace: config.rustc_workspace_wrapper.clone(),
        },
    };
    let state = tempfile::Builder::new().prefix("gobuild-").tempdir();
    let state = state.map_err(|source| Error::Process {
        what: "make a temporary directory",
        source,
    })?;
    let mut invocation = Invocation::cargo(&cargo, "install", &dir);
    context::equip(&mut invocation, &plan, state.path(), &tool, args.go.dry_run)?;
    let extra = context::extra_flags(&plan)?;
    if !extra.is_empty() {
        invocation.env(
            "CARGO_ENCODED_RUSTFLAGS",
            invocation::encoded(&[config.rustflags, extra].concat()),
        );
    }
    invocation.wrapper(Scope::Workspace);
    let mut forward = Forward::default();
    args.cargo.forward(&mut forward);
    invocation.args(forward.into_args());
    if args.go.dry_run {
        shell.step(&invocation.shown());
        return Ok(exit_code::SUCCESS);
    }
    context::execute(&Arc::clone(&shell), &mut invocation, &cargo)
}
