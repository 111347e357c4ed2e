//! How cargo is started: arguments and environment, as data. Pure but for looking up this executable on PATH.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::linker::args::MARKER;
use crate::shell;

/// A command, as data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    program: OsString,
    args: Vec<OsString>,
    env: Vec<(OsString, Option<OsString>)>,
    dir: PathBuf,
    /// Whether wrappers are configured for all that the command starts, too.
    inherited: bool,
}

impl Invocation {
    /// `cargo subcommand` in a directory.
    #[must_use]
    pub fn cargo(cargo: &OsStr, subcommand: &str, dir: &Path) -> Self {
        Self {
            program: cargo.into(),
            args: vec![subcommand.into()],
            env: Vec::new(),
            dir: dir.into(),
            inherited: false,
        }
    }

    /// A command of cargo's that may call cargo in turn.
    #[must_use]
    pub fn through(cargo: &OsStr, words: &[OsString], dir: &Path) -> Self {
        Self {
            program: cargo.into(),
            args: words.to_vec(),
            env: Vec::new(),
            dir: dir.into(),
            inherited: true,
        }
    }

    /// Adds arguments.
    pub fn args(&mut self, args: impl IntoIterator<Item = impl Into<OsString>>) -> &mut Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets a variable.
    pub fn env(&mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> &mut Self {
        self.env.push((name.into(), Some(value.into())));
        self
    }

    /// Makes cargo call this executable in front of rustc, or in the place of rustdoc.
    pub fn wrapper(&mut self, scope: Scope) -> &mut Self {
        let (key, variable) = match scope {
            Scope::Workspace => ("rustc-workspace-wrapper", "RUSTC_WORKSPACE_WRAPPER"),
            Scope::All => ("rustc-wrapper", "RUSTC_WRAPPER"),
            Scope::Doctests => ("rustdoc", "RUSTDOC"),
        };
        if self.inherited {
            return self.env(variable, crate::TOOL);
        }
        // Through the configuration and not through the variable, which tests that cargo runs would inherit.
        self.args([
            "--config".to_owned(),
            format!("build.{key}=\"{}\"", crate::TOOL),
        ]);
        self.env.push((variable.into(), None));
        self
    }

    /// The command to run.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.args).current_dir(&self.dir);
        for (name, value) in &self.env {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }

    /// As a shell would have it.
    #[must_use]
    pub fn shown(&self) -> String {
        let mut words = Vec::new();
        for (name, value) in self
            .env
            .iter()
            .filter_map(|(name, value)| Some((name, value.as_ref()?)))
        {
            words.push(format!(
                "{}={}",
                name.to_string_lossy(),
                shell::quoted([value])
            ));
        }
        words.push(shell::quoted(
            std::iter::once(&self.program).chain(&self.args),
        ));
        words.join(" ")
    }
}

/// Which crates a wrapper stands before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Members of the workspace.
    Workspace,
    /// All.
    All,
    /// Doctests, in the place of rustdoc.
    Doctests,
}

/// What makes rustc link a program through us: static, not relocatable, with us as linker.
#[must_use]
pub fn link_flags(marker: &str) -> Vec<OsString> {
    let options = [
        format!("linker={}", crate::TOOL),
        format!("link-arg={MARKER}{marker}"),
        "target-feature=+crt-static".to_owned(),
        "relocation-model=static".to_owned(),
    ];
    options
        .into_iter()
        .flat_map(|option| ["-C".into(), option.into()])
        .collect()
}

/// Flags in the form of CARGO_ENCODED_RUSTFLAGS.
#[must_use]
pub fn encoded(flags: &[String]) -> String {
    flags.join("\u{1f}")
}

/// PATH with a directory in front.
#[must_use]
pub fn path_with(dir: &Path) -> OsString {
    let mut path = dir.as_os_str().to_owned();
    if let Some(rest) = std::env::var_os("PATH").filter(|rest| !rest.as_bytes().is_empty()) {
        path.push(":");
        path.push(rest);
    }
    path
}

/// Whether the bare name finds this very executable.
#[must_use]
pub fn is_on_path(this: &Path) -> bool {
    let same = |found: PathBuf| found.canonicalize().ok() == this.canonicalize().ok();
    which::which(crate::TOOL).is_ok_and(same)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_it_is_run() {
        let mut invocation = Invocation::cargo(OsStr::new("cargo"), "rustc", Path::new("/w"));
        invocation
            .args(["--bin", "a b"])
            .env("X", "1 2")
            .wrapper(Scope::Workspace);
        assert_eq!(
            invocation.shown(),
            "X='1 2' cargo rustc --bin 'a b' --config 'build.rustc-workspace-wrapper=\"cargo-gobuild\"'"
        );
        let command = invocation.command();
        let env: Vec<_> = command.get_envs().collect();
        assert!(
            env.contains(&(OsStr::new("RUSTC_WORKSPACE_WRAPPER"), None)),
            "{env:?}"
        );
    }

    #[test]
    fn link_flags_hold_no_path() {
        let flags = link_flags("0123");
        assert!(
            flags.iter().all(|flag| !flag.as_bytes().contains(&b'/')),
            "{flags:?}"
        );
        assert!(flags.contains(&"link-arg=--gobuild-link=0123".into()));
    }
}
