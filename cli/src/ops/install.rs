//! `cargo gobuild install`: `cargo install` with the workspace wrapper.
//!
//! The crate is not there before cargo has downloaded it, so nothing is known of it here; the linker driver asks when it links.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::Access;
use tempfile::TempDir;

use super::context;
use crate::args::InstallArgs;
use crate::args::cargo::{Forward, ResolveArgs};
use crate::cargo_config::CargoConfig;
use crate::config::{BuildVcs, Layer, Settings};
use crate::error::Error;
use crate::exit_code;
use crate::invocation::{self, Invocation, Scope};
use crate::metadata;
use crate::plan_file::{PackageSource, PlanFile, Recipe, Wrappers};
use crate::project::{self, ProjectError, STATE_DIR, Toolchain};
use crate::trim::{self, Trim};

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
    if config.wants_dynamic_libc() {
        return Err(Error::Dynamic);
    }
    let toolchain = Toolchain::ask(&config, &dir)?;
    let tool = project::tool_hash()?;
    let cli = args.go.layer();
    let env = Layer::from_env(|name| std::env::var_os(name), &dir)?;
    let mut settings = Settings::merge(&[&cli, &env]).with_stamps(&[&cli, &env], &[]);
    settings.buildvcs = context::of_trimmed(settings.buildvcs, args.go.trimpath);
    if args.cargo.path.is_none() && args.cargo.git.is_none() {
        // A package of a registry is in no repository, wherever cargo puts it.
        settings.buildvcs = BuildVcs::False;
    }
    let of_user = config.linker_in_flags().or_else(|| config.linker.clone());
    let link = context::link_setup(&settings, of_user.as_deref(), &toolchain.sysroot)?;
    let mut resolve = Forward::default();
    args.cargo.features.forward(&mut resolve);
    let network = ResolveArgs {
        config: Vec::new(),
        ..args.cargo.resolve.clone()
    };
    network.forward(&mut resolve);
    args.cargo.more.forward_unstable(&mut resolve);
    let resolve = resolve.into_args();
    let trim = if args.go.trimpath {
        trimmed(args, &cargo, &dir, &resolve, &toolchain.sysroot)?
    } else {
        Vec::new()
    };
    let plan = PlanFile {
        packages: PackageSource::Ask {
            cargo: cargo.clone(),
            locked: args.cargo.resolve.locked || args.cargo.resolve.frozen,
            args: resolve,
        },
        members: Vec::new(),
        recipes: Vec::new(),
        recipe: Recipe::new(settings, link, &tool, args.go.trimpath),
        emit_dir: None,
        profile: Some(args.cargo.profile().to_owned()),
        rustc: toolchain.version.clone(),
        cfg: toolchain.cfg.clone(),
        flags: config.rustflags.clone(),
        trim,
        wrappers: Wrappers {
            rustc: config.rustc_wrapper.clone(),
            workspace: config.workspace_wrapper_of_user(),
        },
        is_set_up: false,
    };
    let state = State::find(&dir)?;
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
    context::execute(&Arc::clone(&shell), &invocation, &cargo)
}

/// What is trimmed: of a package on this machine the same as when it is built. All others are below cargo's home.
fn trimmed(
    args: &InstallArgs,
    cargo: &OsStr,
    dir: &Path,
    resolve: &[OsString],
    sysroot: &Path,
) -> Result<Trim, Error> {
    let Some(path) = &args.cargo.path else {
        return Ok(trim::outside(dir, sysroot));
    };
    let manifest = dir.join(path).join("Cargo.toml");
    let asked = [
        resolve,
        &["--manifest-path".into(), manifest.into(), "--quiet".into()],
    ]
    .concat();
    let workspace = metadata::start(&cargo.to_owned(), dir, asked, &[])
        .and_then(metadata::Pending::finish)
        .map_err(ProjectError::from)?;
    Ok(trim::of_workspace(&workspace, dir, sysroot))
}

/// Where the plan and the link to this executable are: cargo's home, or a temporary directory when that cannot be written.
enum State {
    Kept(PathBuf),
    Temporary(TempDir),
}

impl State {
    fn find(dir: &Path) -> Result<Self, Error> {
        let home = cargo_config2::cargo_home_with_cwd(dir).map(|home| home.join(STATE_DIR));
        let is_writable = |dir: &PathBuf| {
            std::fs::create_dir_all(dir).is_ok()
                && rustix::fs::access(dir, Access::WRITE_OK).is_ok()
        };
        if let Some(kept) = home.filter(is_writable) {
            return Ok(Self::Kept(kept));
        }
        let temporary = tempfile::Builder::new().prefix("gobuild-").tempdir();
        temporary
            .map(Self::Temporary)
            .map_err(|source| Error::Write {
                path: std::env::temp_dir(),
                source,
            })
    }

    fn path(&self) -> &Path {
        match self {
            Self::Kept(dir) => dir,
            Self::Temporary(dir) => dir.path(),
        }
    }
}
