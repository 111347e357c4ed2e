//! Everything that is known before a build: workspace, cargo's configuration, toolchain. Asked for once, then cached.
//!
//! Asking costs a `cargo metadata` and a rustc; a build with nothing to do must cost neither. So the answer is kept in
//! `<target-dir>/gobuild/project-<key>.json`, where the key covers directory, arguments and environment, together with a stamp of
//! every file that it depends on (see [`crate::stamp`]). A cache that cannot be read, or does not fit, is asked for again.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::cargo_config::{CargoConfig, CargoConfigError};
use crate::files;
use crate::fingerprint::Fingerprint;
use crate::metadata::{self, MetadataError, Workspace};
use crate::stamp::Stamp;

/// The directory below the target directory that holds what the tool keeps between builds.
pub const STATE_DIR: &str = "gobuild";
/// Raised when the shape of the cache changes.
const SCHEMA: u32 = 3;

/// What is known before a build.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Project {
    /// Packages and targets.
    pub workspace: Workspace,
    /// Cargo's configuration.
    pub cargo_config: CargoConfig,
    /// The compiler.
    pub toolchain: Toolchain,
    /// A hash of this tool's executable.
    pub tool: String,
}

/// The compiler.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Toolchain {
    /// `rustc --version`
    pub version: String,
    /// `rustc --print sysroot`
    pub sysroot: PathBuf,
    /// `rustc --print cfg`, one a line.
    pub cfg: Vec<String>,
}

/// What identifies a question to cargo.
#[derive(Debug)]
pub struct Question<'a> {
    /// The cargo to ask.
    pub cargo: &'a OsString,
    /// Where to ask.
    pub dir: &'a Path,
    /// `--manifest-path`
    pub manifest_path: Option<&'a Path>,
    /// `--target-dir`
    pub target_dir: Option<&'a Path>,
    /// Arguments of `cargo metadata`.
    pub args: Vec<OsString>,
    /// `--config`
    pub config: &'a [String],
}

#[derive(Serialize, Deserialize)]
struct Cache {
    schema: u32,
    stamps: Vec<Stamp>,
    project: Project,
}

/// Why nothing is known.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// `cargo metadata` gave nothing.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    /// Cargo's configuration is wrong.
    #[error(transparent)]
    CargoConfig(#[from] CargoConfigError),
    /// The compiler cannot be asked.
    #[error("cannot ask the compiler `{rustc}` for its version and configuration: {why}")]
    Rustc {
        /// The compiler.
        rustc: String,
        /// What happened.
        why: String,
    },
    /// This tool's own executable cannot be read.
    #[error("cannot read this tool's own executable")]
    Tool(#[source] io::Error),
}

impl ProjectError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Rustc { why, .. }
                if why.contains("sanitizer is incompatible with statically linked libc") =>
            {
                Some(
                    "sanitizers need shared libraries, and `cargo gobuild` makes static programs: remove `-Zsanitizer` from RUSTFLAGS and .cargo/config.toml, and \
                 test libraries that use no goroutines with plain `cargo test` and the sanitizer",
                )
            }
            Self::Rustc { why, .. } if why.contains("No such file or directory") => {
                Some(crate::error::TOOLCHAIN_HELP)
            }
            Self::Metadata(MetadataError::Spawn { source, .. })
                if source.kind() == io::ErrorKind::NotFound =>
            {
                Some(crate::error::TOOLCHAIN_HELP)
            }
            _ => None,
        }
    }
}

impl Project {
    /// Answers from the cache, or asks.
    ///
    /// # Errors
    /// When cargo or rustc cannot be asked.
    pub fn load(question: &Question<'_>) -> Result<Self, ProjectError> {
        let name = format!("{STATE_DIR}/project-{}.json", question.key());
        let cached = question
            .target_dir_candidates()
            .find_map(|dir| read_cache(&dir.join(&name)));
        if let Some(project) = cached {
            return Ok(project);
        }
        let asked = SystemTime::now();
        let project = question.ask()?;
        store(&project, question, asked, &name);
        Ok(project)
    }

    /// The directory that holds what the tool keeps between builds.
    #[must_use]
    pub fn state_dir(&self) -> PathBuf {
        self.workspace.target_dir.join(STATE_DIR)
    }
}

fn read_cache(path: &Path) -> Option<Project> {
    let cache: Cache = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
    (cache.schema == SCHEMA && cache.stamps.iter().all(Stamp::holds)).then_some(cache.project)
}

/// Keeps the answer. Failing to is no error: the next build asks again, and a target directory that cannot be written is
/// reported by the build itself.
fn store(project: &Project, question: &Question<'_>, asked: SystemTime, name: &str) {
    let stamps = question.stamps(project);
    let lock_file = project.workspace.root.join("Cargo.lock");
    if stamps
        .iter()
        .any(|stamp| stamp.path() != lock_file && stamp.changed_since(asked))
    {
        return;
    }
    let cache = Cache {
        schema: SCHEMA,
        stamps,
        project: project.clone(),
    };
    let path = project.workspace.target_dir.join(name);
    if let Ok(text) = serde_json::to_vec(&cache) {
        let _ = files::create_target_dir(&project.workspace.target_dir)
            .and_then(|()| files::write_whole(&path, &text));
    }
}

impl Question<'_> {
    /// Everything that changes the answer and is no file.
    fn key(&self) -> String {
        let mut hash = Fingerprint::new();
        hash.add(self.dir.as_os_str());
        hash.add(self.cargo);
        // Two of these tools have different answers, of which each stamps its own executable only.
        hash.add(std::env::current_exe().unwrap_or_default().as_os_str());
        self.args.iter().for_each(|arg| hash.add(arg));
        hash.add(self.target_dir.unwrap_or(Path::new("")).as_os_str());
        let matters = |name: &OsString| {
            let name = name.to_string_lossy();
            name == "PATH"
                || name == "HOME"
                || (name.starts_with("CARGO") && !is_of_a_crate(&name))
                || name.starts_with("RUST")
        };
        let mut env: Vec<_> = std::env::vars_os()
            .filter(|(name, _)| matters(name))
            .collect();
        env.sort();
        for (name, value) in env {
            hash.add(&name);
            hash.add(&value);
        }
        hash.finish()
    }

    /// The directory with the manifest that cargo starts from, as far as it is known.
    fn manifest_dir(&self) -> PathBuf {
        let manifest = self.manifest_path.and_then(Path::parent);
        self.dir.join(manifest.unwrap_or(Path::new("")))
    }

    /// Where the cache may be, without having asked: the target directory that is named, else `target` beside a manifest, nearest
    /// first, else the one that cargo's configuration names.
    fn target_dir_candidates(&self) -> impl Iterator<Item = PathBuf> {
        let named = self.target_dir.map(Path::to_path_buf);
        let named = named
            .or_else(|| env_path("CARGO_TARGET_DIR"))
            .or_else(|| env_path("CARGO_BUILD_TARGET_DIR"));
        let near: Vec<PathBuf> = match &named {
            Some(_) => Vec::new(),
            None => self
                .manifest_dir()
                .ancestors()
                .filter(|dir| dir.join("Cargo.toml").is_file())
                .map(|dir| dir.join("target"))
                .collect(),
        };
        let configured = std::iter::once_with(|| {
            let config = cargo_config2::Config::load_with_cwd(self.dir).ok()?;
            config.build.target_dir.clone()
        });
        let dir = self.dir.to_path_buf();
        named
            .into_iter()
            .map(move |path| dir.join(path))
            .chain(near)
            .chain(configured.flatten())
    }

    fn ask(&self) -> Result<Project, ProjectError> {
        let cargo_config = CargoConfig::load(self.dir, self.config)?;
        // In a workspace that is set up cargo would look for this tool on PATH, to ask it for rustc's version.
        let without_wrapper = [("RUSTC_WORKSPACE_WRAPPER", "")];
        let env = match cargo_config.is_set_up() {
            true => &without_wrapper[..],
            false => &[],
        };
        let metadata = metadata::start(self.cargo, self.dir, self.args.clone(), env)?;
        let toolchain = Toolchain::ask(&cargo_config, self.dir);
        let mut workspace = metadata.finish()?;
        if let Some(dir) = self.target_dir {
            let dir = self.dir.join(dir);
            if workspace.build_dir == workspace.target_dir {
                workspace.build_dir.clone_from(&dir);
            }
            workspace.target_dir = dir;
        }
        Ok(Project {
            workspace,
            cargo_config,
            toolchain: toolchain?,
            tool: tool_hash()?,
        })
    }

    fn stamps(&self, project: &Project) -> Vec<Stamp> {
        let mut files = vec![
            project.workspace.root.join("Cargo.lock"),
            PathBuf::from(self.cargo),
        ];
        files.extend(
            PathBuf::from(self.cargo)
                .parent()
                .map(|bin| bin.join("rustc")),
        );
        files.extend(std::env::current_exe());
        for dir in self.dir.ancestors() {
            let names = [
                ".cargo/config.toml",
                ".cargo/config",
                "rust-toolchain.toml",
                "rust-toolchain",
            ];
            files.extend(names.map(|name| dir.join(name)));
        }
        if let Some(home) = cargo_config2::cargo_home_with_cwd(self.dir) {
            files.extend([home.join("config.toml"), home.join("config")]);
        }
        files.extend(self.config.iter().map(|argument| self.dir.join(argument)));
        files.extend(project.workspace.path_manifests());
        files.extend(
            self.manifest_dir()
                .ancestors()
                .map(|dir| dir.join("Cargo.toml")),
        );
        files.sort();
        files.dedup();
        let mut stamps: Vec<_> = files.into_iter().map(Stamp::of_file).collect();
        for manifest in project.workspace.path_manifests() {
            stamps.extend(
                manifest
                    .parent()
                    .map(Stamp::of_targets)
                    .into_iter()
                    .flatten(),
            );
        }
        stamps
    }
}

/// Whether cargo sets a variable for the compiler of one crate, or for its jobs.
fn is_of_a_crate(variable: &str) -> bool {
    const PREFIXES: [&str; 8] = [
        "CARGO_MAKEFLAGS",
        "CARGO_PKG_",
        "CARGO_BIN_",
        "CARGO_CRATE_NAME",
        "CARGO_MANIFEST_",
        "CARGO_PRIMARY_PACKAGE",
        "CARGO_TARGET_TMPDIR",
        "CARGO_RUSTC_CURRENT_DIR",
    ];
    PREFIXES.iter().any(|prefix| variable.starts_with(prefix))
}

/// A hash of this tool's executable.
///
/// # Errors
/// When it cannot be read.
pub fn tool_hash() -> Result<String, ProjectError> {
    let tool = std::env::current_exe()
        .and_then(std::fs::read)
        .map_err(ProjectError::Tool)?;
    let mut hash = Fingerprint::new();
    hash.add_bytes(&tool);
    Ok(hash.finish())
}

fn env_path(name: &str) -> Option<PathBuf> {
    std::env::var_os(name)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

impl Toolchain {
    /// Asks rustc; two of its processes run side by side.
    ///
    /// # Errors
    /// When rustc cannot be started or fails.
    pub fn ask(config: &CargoConfig, dir: &Path) -> Result<Self, ProjectError> {
        let rustc = config.rustc.clone().unwrap_or_else(|| "rustc".into());
        let failed = |why: String| ProjectError::Rustc {
            rustc: rustc.display().to_string(),
            why,
        };
        let start = |args: &[&str], flags: &[String]| -> Result<Child, ProjectError> {
            let mut command = Command::new(&rustc);
            command
                .args(args)
                .args(flags)
                .current_dir(dir)
                .stdout(Stdio::piped())
                .stderr(Stdio::piped());
            command.spawn().map_err(|error| failed(error.to_string()))
        };
        let version = start(&["--version"], &[])?;
        let cfg = start(
            &[
                "--target",
                crate::TARGET,
                "-Ctarget-feature=+crt-static",
                "--print=sysroot",
                "--print=cfg",
            ],
            &config.rustflags,
        )?;
        let finish = |child: Child| {
            let output = child
                .wait_with_output()
                .map_err(|error| failed(error.to_string()))?;
            match output.status.success() {
                true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
                false => Err(failed(
                    String::from_utf8_lossy(&output.stderr).trim().to_owned(),
                )),
            }
        };
        let version = finish(version)?.trim().to_owned();
        let printed = finish(cfg)?;
        let (sysroot, cfg) = printed
            .split_once('\n')
            .ok_or_else(|| failed("it printed no sysroot".into()))?;
        Ok(Self {
            version,
            sysroot: sysroot.into(),
            cfg: cfg.lines().map(str::to_owned).collect(),
        })
    }
}
