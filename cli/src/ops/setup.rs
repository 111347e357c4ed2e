//! `cargo gobuild setup` and `env`: plain cargo, and whatever calls it (an editor, nextest, llvm-cov), links programs through this tool. `setup` writes that into the
//! workspace's `.cargo/config.toml`, `env` prints the variables that mean the same.

use std::io;
use std::path::{Path, PathBuf};

use super::context::{self, Context};
use crate::args::cargo::CargoArgs;
use crate::args::{EnvArgs, GoArgs, SetupArgs};
use crate::cargo_config::CargoConfig;
use crate::error::Error;
use crate::exit_code;
use crate::files;
use crate::invocation;
use crate::shell::{self, Shell};
use crate::standing::{self, KEYS, StandingError};

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
    let new = match args.remove {
        true => standing::removed(&old),
        false => standing::added(&old)
            .and_then(|new| taken(&context.project.cargo_config).map_or(Ok(new), Err)),
    };
    let new = new.map_err(|source| Error::Standing {
        path: path.clone(),
        source,
    })?;
    write(&path, &old, &new).map_err(|source| Error::Write {
        path: path.clone(),
        source,
    })?;
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
    let text = if args.json {
        let variables = KEYS.map(|(_, variable)| (variable, this.display().to_string()));
        let object: serde_json::Map<_, _> = variables
            .into_iter()
            .map(|(name, path)| (name.to_owned(), path.into()))
            .collect();
        format!("{:#}\n", serde_json::Value::Object(object))
    } else {
        let quoted = shell::quoted([&this]);
        KEYS.map(|(_, variable)| format!("export {variable}={quoted}\n"))
            .concat()
    };
    shell::answer(text.as_bytes()).map_err(Error::Stdout)?;
    Ok(exit_code::SUCCESS)
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
