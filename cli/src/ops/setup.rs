//! `cargo gobuild setup` and `env`: plain cargo, and whatever calls it (an editor, nextest, llvm-cov), links programs through this tool. `setup` writes that into the
//! workspace's `.cargo/config.toml`, `env` prints the variables that mean the same.

use std::io;
use std::path::{Path, PathBuf};

use gobuild_templates::GoAmd64;

use super::context::{self, Context};
use crate::args::cargo::CargoArgs;
use crate::args::{EnvArgs, GoArgs, SetupArgs};
use crate::cargo_config::CargoConfig;
use crate::error::Error;
use crate::exit_code;
use crate::files;
use crate::invocation;
use crate::shell::{self, Shell};
use crate::standing::{self, FlagsTable, KEYS, StandingError};

/// Adds or removes, and says which file was written.
///
/// # Errors
/// When cargo cannot be asked, the file cannot be changed, or another program stands there.
pub fn setup(args: &SetupArgs) -> Result<u8, Error> {
    let cargo = CargoArgs {
        manifest_path: args.manifest_path.clone(),
        ..CargoArgs::default()
    };
    let context = Context::open(&cargo, &GoArgs::default())?;
    let path = file(&context.project.workspace.root);
    let old = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(source) => return Err(Error::Read { path, source }),
    };
    let level = match args.remove {
        true => GoAmd64::V1,
        false => context.level_of_manifests()?,
    };
    let config = &context.project.cargo_config;
    let table = match config.has_flags_of_target {
        true => FlagsTable::Target,
        false => FlagsTable::Build,
    };
    let new = match args.remove {
        true => standing::removed(&old),
        false => {
            standing::added(&old, level, table).and_then(|new| taken(config).map_or(Ok(new), Err))
        }
    };
    let refused = |source| Error::Standing {
        path: path.clone(),
        source,
    };
    let failed = |source| Error::Write {
        path: path.clone(),
        source,
    };
    let new = new.map_err(refused)?;
    write(&path, &old, &new).map_err(failed)?;
    if !args.remove && level != GoAmd64::V1 {
        // Flags of several files come together in ways that only the whole configuration shows.
        let now = CargoConfig::load(&context.dir, &[]);
        let others = |config: &CargoConfig| standing::without_level(&config.rustflags);
        match now.ok().filter(|now| others(now) == others(config)) {
            None => {
                write(&path, &new, &old).map_err(failed)?;
                return Err(refused(StandingError::FlagsApart));
            }
            Some(now) if !context::holds(level, &now.rustflags) => {
                context.shell.warning(&hidden(level));
            }
            Some(_) => {}
        }
    }
    tell(&context.shell, &path, args.remove, old == new);
    if !args.remove && !is_on_path()? {
        context.shell.warning(&format!(
            "`{}` is not on PATH, where cargo will look for it: put its directory there",
            crate::TOOL
        ));
    }
    Ok(exit_code::SUCCESS)
}

/// Prints the variables.
///
/// # Errors
/// When this executable cannot be found, or standard output cannot be written.
pub fn env(args: &EnvArgs) -> Result<u8, Error> {
    let this = match is_on_path()? {
        true => PathBuf::from(crate::TOOL),
        false => context::this_executable()?,
    };
    let keys = KEYS.map(|(_, variable)| (variable, this.display().to_string()));
    let variables: Vec<_> = keys.into_iter().chain(flags()?).collect();
    let text = if args.json {
        let pairs = variables
            .into_iter()
            .map(|(name, text)| (name.to_owned(), text.into()));
        format!("{:#}\n", serde_json::Value::Object(pairs.collect()))
    } else {
        let lines = variables
            .iter()
            .map(|(name, text)| format!("export {name}={}\n", shell::quoted([text])));
        lines.collect()
    };
    shell::answer(text.as_bytes()).map_err(Error::Stdout)?;
    Ok(exit_code::SUCCESS)
}

/// The compiler's flags for the level of the project here, if there is one that sets a level: all flags, since cargo reads no others beside those of a variable.
fn flags() -> Result<Option<(&'static str, String)>, Error> {
    let dir = context::current_dir()?;
    if !dir.ancestors().any(|dir| dir.join("Cargo.toml").is_file()) {
        return Ok(None);
    }
    let context = Context::open(&CargoArgs::default(), &GoArgs::default())?;
    let level = context.level_of_manifests()?;
    let flags = &context.project.cargo_config.rustflags;
    Ok(standing::level_flag(level).map(|flag| {
        let all = [standing::without_level(flags), vec![flag]].concat();
        ("CARGO_ENCODED_RUSTFLAGS", invocation::encoded(&all))
    }))
}

/// That flags of a file do not hold.
fn hidden(level: GoAmd64) -> String {
    format!(
        "plain cargo does not compile for GOAMD64={}: RUSTFLAGS, or a `target-cpu` in another configuration file, comes before the flag in this one",
        level.as_str()
    )
}

/// The file that cargo reads; of two names it prefers the old one.
fn file(root: &Path) -> PathBuf {
    let dir = root.join(".cargo");
    let old = dir.join("config");
    match old.is_file() {
        true => old,
        false => dir.join("config.toml"),
    }
}

/// Another program that stands in the place, in a file further up or in the environment.
fn taken(config: &CargoConfig) -> Option<StandingError> {
    let values = [config.workspace_wrapper_of_user(), config.rustdoc_of_user()];
    let mut both = KEYS.into_iter().zip(values);
    both.find_map(|((key, _), value)| {
        let other = value.as_ref()?.display().to_string();
        Some(StandingError::Taken { key, other })
    })
}

/// Writes the file, or removes it and its directory when nothing is in them any more.
fn write(path: &Path, old: &str, new: &str) -> io::Result<()> {
    if old == new {
        return Ok(());
    }
    if !new.is_empty() {
        return files::write_whole(path, new.as_bytes());
    }
    std::fs::remove_file(path)?;
    if let Some(dir) = path.parent() {
        // Other files may be in it.
        let _ = std::fs::remove_dir(dir);
    }
    Ok(())
}

fn tell(shell: &Shell, path: &Path, remove: bool, unchanged: bool) {
    let path = path.display();
    shell.done(&match (remove, unchanged) {
        (false, false) => format!(
            "wrote {path}: plain `cargo build`, `run`, `test` and `bench` link programs as cargo gobuild does; `cargo gobuild setup --remove` takes that back"
        ),
        (false, true) => format!("{path} is set up already"),
        (true, false) => format!("took back what `cargo gobuild setup` had written into {path}"),
        (true, true) => format!("nothing of `cargo gobuild setup` is in {path}"),
    });
}

fn is_on_path() -> Result<bool, Error> {
    Ok(invocation::is_on_path(&context::this_executable()?))
}
