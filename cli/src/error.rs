//! Why a command of the subcommand failed, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use gobuild_codegen::blocking::BlockingError;
use gobuild_codegen::diagnostic::Diagnostics;
use gobuild_codegen::elf::ElfError;
use gobuild_codegen::emit::EmitError;

use crate::config::ConfigError;
use crate::linker::setup::NoLinker;
use crate::metadata::MetadataError;
use crate::plan_file::PlanFileError;
use crate::project::ProjectError;
use crate::selection::RunError;
use crate::standing::StandingError;
use crate::vcs::VcsError;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The settings.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Packages, configuration, compiler.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// The linker.
    #[error(transparent)]
    NoLinker(#[from] NoLinker),
    /// The plan file.
    #[error(transparent)]
    Plan(#[from] PlanFileError),
    /// What to run.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The user's code.
    #[error("{0}")]
    Diagnostics(Diagnostics),
    /// Objects to emit.
    #[error(transparent)]
    Emit(#[from] EmitError),
    /// A target that cannot be built.
    #[error(
        "cannot build for {triple}: cargo gobuild makes programs for {} only",
        crate::TARGET
    )]
    Target {
        /// The triple.
        triple: String,
    },
    /// A program that would load its libc.
    #[error(
        "the flags ask for a program that loads its C library when it starts (`-C target-feature=-crt-static`), but cargo gobuild makes static programs"
    )]
    Dynamic,
    /// Different levels in one build.
    #[error(
        "packages `{one}` and `{other}` want different GOAMD64 levels, which one build cannot have"
    )]
    Levels {
        /// A package.
        one: String,
        /// Another.
        other: String,
    },
    /// One file for several programs.
    #[error("`--emit {kind}={path}` names one file, but {count} programs are selected", path = path.display())]
    EmitSeveral {
        /// What is emitted.
        kind: String,
        /// The file.
        path: PathBuf,
        /// How many programs there are.
        count: usize,
    },
    /// Nothing to emit from.
    #[error("`--emit` needs a program, but none is selected")]
    EmitNothing,
    /// The build has left nothing to emit.
    #[error("cannot emit {kind}: {path} is not there", path = path.display())]
    EmitMissing {
        /// What is emitted.
        kind: String,
        /// What should be there.
        path: PathBuf,
    },
    /// The calls of a program cannot be found.
    #[error("cannot emit blocking: {path}", path = path.display())]
    EmitCalls {
        /// The program, or a library of it.
        path: PathBuf,
        /// Why.
        source: BlockingError,
    },
    /// A program that does not start.
    #[error("cannot run `{program}`", program = program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file to read.
    #[error("cannot read {path}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file to write.
    #[error("cannot write {path}", path = path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Standard output.
    #[error("cannot write to standard output")]
    Stdout(#[source] io::Error),
    /// The process itself.
    #[error("cannot {what}")]
    Process {
        /// What could not be done.
        what: &'static str,
        /// Why.
        source: io::Error,
    },
    /// A file to inspect.
    #[error("cannot inspect {path}", path = path.display())]
    Inspect {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: ElfError,
    },
    /// The revision of the source.
    #[error(transparent)]
    Vcs(#[from] VcsError),
    /// Cargo's configuration cannot be changed.
    #[error("cannot set up {path}", path = path.display())]
    Standing {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: StandingError,
    },
    /// A directory without programs.
    #[error("no program of cargo gobuild is in {dir}", dir = dir.display())]
    InspectNothing {
        /// The directory.
        dir: PathBuf,
    },
    /// Data that does not become JSON.
    #[error("cannot write the answer as JSON; this is a bug in cargo-gobuild")]
    Json(#[from] serde_json::Error),
}

impl Error {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Config(error) => error.help(),
            Self::Project(error) => error.help().map(str::to_owned),
            Self::NoLinker(error) => Some(error.help()),
            Self::Vcs(error) => Some(error.help()),
            Self::Plan(error) => error.help().map(str::to_owned),
            Self::Run(error) => error.help().map(str::to_owned),
            Self::Inspect { source, .. } => Some(source.help().into()),
            Self::Target { .. } => Some("remove `--target`, CARGO_BUILD_TARGET or `build.target` from the cargo configuration".into()),
            Self::Dynamic => Some("remove the feature from RUSTFLAGS and .cargo/config.toml, or build this program with plain cargo".into()),
            Self::Levels { .. } => Some("build them one by one with `-p`, or set one level with GOAMD64".into()),
            Self::EmitSeveral { .. } | Self::EmitNothing => Some("name one with `--bin` or `--example`".into()),
            Self::EmitMissing { .. } => Some("remove the program from the target directory, so that it is linked again".into()),
            Self::EmitCalls { source: BlockingError::Stripped, .. } => Some("build with `strip = false` in the profile, or `--config profile.release.strip=false`".into()),
            Self::EmitCalls { .. } => Some("remove the program from the target directory, so that it is linked again".into()),
            Self::Start { program, source } => start_help(program, source),
            Self::Standing { source: StandingError::Taken { .. }, .. } => Some(
                "keep it, and call `cargo gobuild` or `cargo gobuild -- COMMAND`, which call the other program in turn; or remove it".into(),
            ),
            Self::Standing { source: StandingError::FlagsApart, .. } => Some("write `rustflags` as a list of strings in all configuration files".into()),
            Self::Write { .. } => Some("check the permissions and the free space of the directory".into()),
            _ => None,
        }
    }

    /// Whether another program has told the user already.
    #[must_use]
    pub fn is_told(&self) -> bool {
        matches!(
            self,
            Self::Project(ProjectError::Metadata(MetadataError::Cargo(_)))
        )
    }
}

/// What to do about a full disk, on which this directory is.
pub fn full_disk_help(dir: &Path) -> String {
    format!(
        "the disk with {} seems to be full; free some space",
        dir.display()
    )
}

/// What to do where there is no cargo, or no rustc.
pub const TOOLCHAIN_HELP: &str = "install Rust with rustup (https://rustup.rs), or put the directory that has `cargo` and `rustc` on PATH (rustup's is ~/.cargo/bin)";

/// What to do about a program that does not start.
#[must_use]
pub fn start_help(program: &Path, why: &io::Error) -> Option<String> {
    match why.kind() {
        io::ErrorKind::NotFound if program == Path::new("cargo") => Some(TOOLCHAIN_HELP.into()),
        io::ErrorKind::NotFound => Some("check that it is installed and on PATH".into()),
        io::ErrorKind::PermissionDenied if is_on_noexec(program) => Some(
            "its file system is mounted with `noexec`; choose a directory elsewhere with --target-dir or CARGO_TARGET_DIR".into(),
        ),
        io::ErrorKind::PermissionDenied => {
            Some("check that the file and its directories may be executed".into())
        }
        _ => None,
    }
}

fn is_on_noexec(program: &Path) -> bool {
    rustix::fs::statvfs(program)
        .is_ok_and(|fs| fs.f_flag.contains(rustix::fs::StatVfsMountFlags::NOEXEC))
}
