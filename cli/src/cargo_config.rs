//! What the user told cargo in its configuration files, environment and `--config`: flags, linker, runner, wrappers.
//!
//! The `cargo-config2` crate merges files and environment as cargo does; `--config` comes on top here. The result is plain data
//! that is cached with the metadata, since resolving may run rustc.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use cargo_config2::{Config, ResolveOptions};
use serde::{Deserialize, Serialize};

use crate::standing;

/// Cargo's configuration, as far as a build of ours depends on it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CargoConfig {
    /// The flags that cargo gives to every rustc: RUSTFLAGS or their equivalents in the configuration.
    pub rustflags: Vec<String>,
    /// Whether flags are those of the target, in front of which cargo does not look at `build.rustflags`.
    pub has_flags_of_target: bool,
    /// `target.<triple>.linker`
    pub linker: Option<PathBuf>,
    /// `target.<triple>.runner`
    pub runner: Option<Runner>,
    /// `build.rustc`
    pub rustc: Option<PathBuf>,
    /// `build.rustdoc`
    pub rustdoc: Option<PathBuf>,
    /// `build.rustc-wrapper`
    pub rustc_wrapper: Option<PathBuf>,
    /// `build.rustc-workspace-wrapper`
    pub rustc_workspace_wrapper: Option<PathBuf>,
    /// `build.target`
    pub targets: Vec<String>,
    /// The `[env]` table.
    pub env: Vec<EnvEntry>,
}

/// A program that runs the built program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Runner {
    /// The program.
    pub path: PathBuf,
    /// Its first arguments.
    pub args: Vec<OsString>,
}

/// An entry of the `[env]` table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvEntry {
    /// Variable.
    pub name: String,
    /// Value.
    pub value: OsString,
    /// Whether it overrides a variable that is set.
    pub force: bool,
}

/// Why the configuration cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CargoConfigError {
    /// A file or variable is wrong.
    #[error("cannot read cargo's configuration")]
    Files(#[from] cargo_config2::Error),
    /// A `--config` argument is neither a file nor TOML.
    #[error("cannot read `--config {argument}`")]
    Argument {
        /// The argument.
        argument: String,
        /// What is wrong with it.
        source: Box<toml::de::Error>,
    },
    /// A `--config` file cannot be read.
    #[error("cannot read the file of `--config {argument}`")]
    File {
        /// The argument.
        argument: String,
        /// Why not.
        source: std::io::Error,
    },
}

impl CargoConfig {
    /// Reads the configuration that holds in `dir`, with the values of `--config` on top.
    ///
    /// # Errors
    /// When a file or an argument cannot be read.
    pub fn load(dir: &Path, arguments: &[String]) -> Result<Self, CargoConfigError> {
        let overrides = overrides(dir, arguments)?;
        let env = std::env::vars_os()
            .filter(|(name, value)| is_read(name, value))
            .filter(|(name, _)| !overrides.iter().any(|(o, _)| **name == **o));
        let env = env.chain(overrides.iter().map(|(n, v)| (n.into(), v.into())));
        let options = ResolveOptions::default()
            .env(env)
            .host_triple(crate::TARGET);
        let config = Config::load_with_options(dir, options)?;
        let flags =
            |flags: Option<cargo_config2::Flags>| flags.map(|f| f.flags).unwrap_or_default();
        let of_target = config.rustflags(crate::TARGET)?;
        Ok(Self {
            has_flags_of_target: of_target.is_some() && of_target != config.build.rustflags,
            rustflags: flags(of_target),
            linker: config.linker(crate::TARGET)?,
            runner: config.runner(crate::TARGET)?.map(|r| Runner {
                path: r.path,
                args: r.args,
            }),
            rustc: config.build.rustc.clone(),
            rustdoc: config.build.rustdoc.clone(),
            rustc_wrapper: config
                .build
                .rustc_wrapper
                .clone()
                .filter(|p| !p.as_os_str().is_empty()),
            rustc_workspace_wrapper: config
                .build
                .rustc_workspace_wrapper
                .clone()
                .filter(|p| !p.as_os_str().is_empty()),
            targets: config.build_target_for_cli(None::<&str>)?,
            env: config
                .env
                .iter()
                .map(|(name, entry)| EnvEntry {
                    name: name.clone(),
                    value: entry.value.clone(),
                    force: entry.force,
                })
                .collect(),
        })
    }

    /// Whether plain cargo calls this tool in front of rustc: `cargo gobuild setup`, or `env`.
    #[must_use]
    pub fn is_set_up(&self) -> bool {
        let wrapper = self.rustc_workspace_wrapper.as_deref();
        wrapper.is_some_and(standing::is_this_tool)
    }

    /// The workspace wrapper, if it is not this tool.
    #[must_use]
    pub fn workspace_wrapper_of_user(&self) -> Option<PathBuf> {
        let wrapper = self.rustc_workspace_wrapper.clone();
        wrapper.filter(|wrapper| !standing::is_this_tool(wrapper))
    }

    /// The rustdoc that was chosen, if it is not this tool.
    #[must_use]
    pub fn rustdoc_of_user(&self) -> Option<PathBuf> {
        let rustdoc = self.rustdoc.clone();
        rustdoc.filter(|rustdoc| !standing::is_this_tool(rustdoc))
    }

    /// The linker that the flags name; cargo puts flags last, so it wins over `target.<triple>.linker`.
    #[must_use]
    pub fn linker_in_flags(&self) -> Option<PathBuf> {
        self.codegen_option("linker").map(PathBuf::from)
    }

    /// Whether the flags hold what would win over the arguments that we give to rustc for a program, as they come behind them.
    #[must_use]
    pub fn overrules_ours(&self) -> bool {
        ["linker", "relocation-model"]
            .iter()
            .any(|name| self.codegen_option(name).is_some())
    }

    /// Whether the flags ask for a libc that is loaded when the program starts.
    #[must_use]
    pub fn wants_dynamic_libc(&self) -> bool {
        let features = self.codegen_options("target-feature");
        let mut choices = features.flat_map(|value| value.split(','));
        choices.rfind(|one| one.get(1..) == Some("crt-static")) == Some("-crt-static")
    }

    /// The value of the last `-C name=value` among the flags.
    fn codegen_option(&self, name: &str) -> Option<&str> {
        self.codegen_options(name).last()
    }

    fn codegen_options(&self, name: &str) -> std::vec::IntoIter<&str> {
        codegen_options(&self.rustflags, name)
    }
}

/// The processor that flags make rustc compile for; the last one holds.
#[must_use]
pub fn target_cpu(flags: &[String]) -> Option<&str> {
    codegen_options(flags, "target-cpu").last()
}

/// The values of `-C name=value` among flags. rustc takes `_` for `-`.
fn codegen_options<'a>(flags: &'a [String], name: &str) -> std::vec::IntoIter<&'a str> {
    let mut found = Vec::new();
    let mut previous = "";
    for flag in flags {
        let option = match previous {
            "-C" | "--codegen" => Some(flag.as_str()),
            _ => flag
                .strip_prefix("-C")
                .or_else(|| flag.strip_prefix("--codegen=")),
        };
        let value = option
            .and_then(|option| option.split_once('='))
            .filter(|(key, _)| key.replace('_', "-") == name);
        found.extend(value.map(|(_, value)| value));
        previous = flag;
    }
    found.into_iter()
}

/// Whether cargo reads a variable: it ignores values that are not UTF-8, but for paths.
fn is_read(name: &OsStr, value: &OsStr) -> bool {
    const PATHS: [&str; 5] = [
        "RUSTC",
        "RUSTDOC",
        "RUSTC_WRAPPER",
        "RUSTC_WORKSPACE_WRAPPER",
        "CARGO_TARGET_DIR",
    ];
    value.to_str().is_some() || PATHS.iter().any(|path| name == *path)
}

/// The `--config` arguments as the environment variables that mean the same; the only values that matter here are strings and
/// lists of strings in `build` and `target.<triple>`.
fn overrides(dir: &Path, arguments: &[String]) -> Result<Vec<(String, String)>, CargoConfigError> {
    let mut overrides = Vec::new();
    for argument in arguments {
        let file = dir.join(argument);
        let is_file = file.is_file();
        let text = if is_file {
            std::fs::read_to_string(&file).map_err(|source| CargoConfigError::File {
                argument: argument.clone(),
                source,
            })?
        } else {
            argument.clone()
        };
        let table: toml::Table = text.parse().map_err(|source| CargoConfigError::Argument {
            argument: argument.clone(),
            source: Box::new(source),
        })?;
        let triple = |name| table.get("target")?.get(crate::TARGET)?.get(name);
        let build = |name| table.get("build")?.get(name);
        for (variable, value) in [
            (
                "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER",
                triple("linker"),
            ),
            (
                "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER",
                triple("runner"),
            ),
            (
                "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS",
                triple("rustflags"),
            ),
            ("CARGO_BUILD_RUSTFLAGS", build("rustflags")),
            ("CARGO_BUILD_RUSTC", build("rustc")),
            ("CARGO_BUILD_RUSTDOC", build("rustdoc")),
            ("CARGO_BUILD_RUSTC_WRAPPER", build("rustc-wrapper")),
            (
                "CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER",
                build("rustc-workspace-wrapper"),
            ),
            ("CARGO_BUILD_TARGET", build("target")),
        ] {
            if let Some(text) = value.and_then(text_of) {
                overrides.push((variable.to_owned(), text));
            }
        }
    }
    Ok(overrides)
}

fn text_of(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Array(items) => {
            let texts: Option<Vec<&str>> = items.iter().map(toml::Value::as_str).collect();
            texts.map(|texts| texts.join(" "))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_flags(flags: &[&str]) -> CargoConfig {
        CargoConfig {
            rustflags: flags.iter().map(ToString::to_string).collect(),
            ..CargoConfig::default()
        }
    }

    #[test]
    fn a_libc_that_is_loaded_is_asked_for_by_a_feature() {
        for (flags, expect) in [
            (&["-C", "target-feature=-crt-static"][..], true),
            (&["-Ctarget-feature=+avx2,-crt-static,+bmi2"], true),
            (
                &[
                    "-C",
                    "target-feature=-crt-static",
                    "-Ctarget_feature=+crt-static",
                ],
                false,
            ),
            (&["-C", "target-feature=+avx2"], false),
            (&["--cfg", "target-feature=-crt-static"], false),
        ] {
            assert_eq!(with_flags(flags).wants_dynamic_libc(), expect, "{flags:?}");
        }
    }

    #[test]
    fn the_last_linker_in_the_flags_counts() {
        for (flags, expect) in [
            (&["-C", "linker=clang"][..], Some("clang")),
            (&["-Clinker=/a/cc", "--cfg", "x"], Some("/a/cc")),
            (&["-Clinker=a", "--codegen", "linker=b"], Some("b")),
            (&["--cfg", "linker=x", "-C", "opt-level=3"], None),
            (&["-Clink-arg=-s"], None),
        ] {
            assert_eq!(
                with_flags(flags).linker_in_flags(),
                expect.map(PathBuf::from),
                "{flags:?}"
            );
        }
    }

    #[test]
    fn config_arguments_are_read_as_values_and_as_files() {
        let dir = tempfile::tempdir().expect("temporary directory");
        std::fs::write(
            dir.path().join("more.toml"),
            "[build]\nrustflags = [\"--cfg\", \"a\"]\n",
        )
        .expect("writes");
        let arguments = [
            "target.x86_64-unknown-linux-gnu.linker = \"clang\"".to_owned(),
            "more.toml".to_owned(),
        ];
        let got = overrides(dir.path(), &arguments).expect("reads");
        let expect = [
            ("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER", "clang"),
            ("CARGO_BUILD_RUSTFLAGS", "--cfg a"),
        ];
        assert_eq!(got, expect.map(|(n, v)| (n.to_owned(), v.to_owned())));
    }

    #[test]
    fn a_config_argument_that_is_neither_is_an_error() {
        let error = overrides(Path::new("/"), &["no such file".to_owned()]).expect_err("not TOML");
        assert_eq!(error.to_string(), "cannot read `--config no such file`");
    }
}
