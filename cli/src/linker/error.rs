//! Why a program was not linked, and what to do about it.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

use gobuild_codegen::audit::AuditError;
use gobuild_codegen::diagnostic::Diagnostics;
use gobuild_codegen::elf::{ElfError, VerifyError};
use gobuild_codegen::emit::EmitError;
use gobuild_codegen::records::RecordError;

use super::args::LineError;
use super::foreign;
use super::stamps::StampError;
use crate::metadata::MetadataError;
use crate::plan_file::PlanFileError;
use crate::report::Report;
use crate::vcs::VcsError;

/// Why a program was not linked.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// No plan.
    #[error(transparent)]
    Plan(#[from] PlanFileError),
    /// The line from rustc.
    #[error("cannot read the link line that rustc gave")]
    Line(#[from] LineError),
    /// The signal handlers.
    #[error("cannot catch signals")]
    Signals(#[source] io::Error),
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
    /// The packages of an installed crate.
    #[error("cannot ask cargo for the packages of this crate")]
    Metadata(#[from] MetadataError),
    /// The package that is linked is not in cargo's answer.
    #[error("cargo does not know a package in {dir}", dir = dir.display())]
    UnknownPackage {
        /// Its directory.
        dir: PathBuf,
    },
    /// A damaged record in an object.
    #[error("cannot read the init records in {path}", path = path.display())]
    Records {
        /// The object or archive.
        path: PathBuf,
        /// What is wrong.
        source: RecordError,
    },
    /// The user's code.
    #[error("{}", headline(.0))]
    Diagnostics(Diagnostics),
    /// The tables.
    #[error(transparent)]
    Emit(#[from] EmitError),
    /// The revision of the source.
    #[error(transparent)]
    Vcs(#[from] VcsError),
    /// A stamp that cannot be set.
    #[error(transparent)]
    Stamp(#[from] StampError),
    /// The dependency list.
    #[error("cannot make the dependency list of the program")]
    Audit(#[from] AuditError),
    /// A program that does not start.
    #[error("cannot run `{program}`", program = program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The templates.
    #[error("`{compiler}` cannot assemble {source_file} ({status})\n{said}", compiler = compiler.display(), source_file = source_file.display())]
    Assemble {
        /// The file.
        source_file: PathBuf,
        /// The compiler.
        compiler: PathBuf,
        /// How it ended.
        status: ExitStatus,
        /// Its standard error.
        said: String,
    },
    /// A compiler that claims success.
    #[error("`{compiler}` ended without an error but made no object of {source_file}", compiler = compiler.display(), source_file = source_file.display())]
    NoObject {
        /// The file.
        source_file: PathBuf,
        /// The compiler.
        compiler: PathBuf,
    },
    /// The program wraps what the runtime must.
    #[error(
        "the program wraps `{function}` itself (`--wrap={function}` among the linker's arguments), but only the runtime may wrap it"
    )]
    Wrapped {
        /// The function.
        function: String,
    },
    /// A wrap in the program is not the runtime's.
    #[error(
        "calls of `{function}` would not reach the runtime: the program's `__wrap_{function}` is not the runtime's but {from}", from = described(from)
    )]
    ForeignWrap {
        /// The function.
        function: &'static str,
        /// The files on the line that have one.
        from: Vec<PathBuf>,
    },
    /// The linker said no.
    #[error("`{program}` failed to link {output} (exit status {status})", program = program.display(), output = output.display())]
    Failed {
        /// The program.
        program: PathBuf,
        /// What was to be made.
        output: PathBuf,
        /// Its exit status.
        status: i32,
        /// What is known about the cause.
        hint: Option<String>,
    },
    /// The linker crashed.
    #[error("`{program}` crashed while it linked {output} (signal {signal})", program = program.display(), output = output.display())]
    Crashed {
        /// The program.
        program: PathBuf,
        /// What was to be made.
        output: PathBuf,
        /// The signal.
        signal: i32,
        /// What is known about the cause.
        hint: Option<String>,
    },
    /// The linked file cannot be patched.
    #[error("the linked program {path} cannot be finished", path = path.display())]
    Patch {
        /// The program.
        path: PathBuf,
        /// What is wrong with it.
        source: ElfError,
    },
    /// The linked file is not as promised.
    #[error("the linked program {path} is not what cargo gobuild promises", path = path.display())]
    Verify {
        /// The program.
        path: PathBuf,
        /// What is wrong with it.
        source: VerifyError,
    },
    /// Ctrl-C or the like.
    #[error("interrupted by signal {0}; nothing was written")]
    Interrupted(i32),
}

/// The first line of the first diagnostic.
fn headline(diagnostics: &Diagnostics) -> String {
    diagnostics
        .to_string()
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// Where something comes from, if that is known.
fn described(files: &[PathBuf]) -> String {
    let names: Vec<_> = files
        .iter()
        .map(|file| file.display().to_string())
        .collect();
    match names.is_empty() {
        true => "one of a library, or of an option of the linker (`--defsym`)".to_owned(),
        false => format!("that of {}", names.join(" or ")),
    }
}

impl LinkError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        const SPACE: &str = "check the permissions and the free space of the directory";
        const CC: &str = "install a C compiler (Debian, Ubuntu: `apt install gcc libc6-dev`; Fedora: `dnf install gcc glibc-static`), \
             or name another linker with --linker";
        match self {
            Self::Plan(error) => error.help().map(str::to_owned),
            Self::Vcs(error) => Some(error.help()),
            Self::Stamp(error) => Some(error.help()),
            Self::Wrapped { function } => Some(format!(
                "a program has one wrap of a function: remove `--wrap={function}` from RUSTFLAGS, build scripts and .cargo/config.toml; docs/linking.md lists \
                 the functions that the runtime wraps"
            )),
            Self::ForeignWrap { function, .. } => Some(foreign::help(function)),
            Self::Write { path, source } if source.kind() == io::ErrorKind::StorageFull => {
                Some(crate::error::full_disk_help(path.parent().unwrap_or(path)))
            }
            Self::Write { .. } => Some(SPACE.into()),
            Self::Start { source, .. } if source.kind() == io::ErrorKind::NotFound => Some(CC.into()),
            Self::Start { program, source } => crate::error::start_help(program, source),
            Self::NoObject { .. } => Some("check which program that name refers to, and the free space of the directory, and build again".into()),
            Self::Failed { hint, .. } | Self::Crashed { hint, .. } => Some(hint.clone().unwrap_or_else(|| {
                "cargo gobuild put its own objects, the entry point and --wrap options on the link line; `cargo gobuild -x` prints it".into()
            })),
            Self::Patch { source, .. } => Some(source.help().into()),
            Self::Verify { source, .. } => Some(source.help().into()),
            Self::UnknownPackage { .. } => Some("cargo metadata in that directory should name it".into()),
            _ => None,
        }
    }

    /// The whole as text.
    #[must_use]
    pub fn report(&self) -> Report {
        match self {
            Self::Diagnostics(all) => Report::of_diagnostics(self.to_string(), all.as_slice()),
            other => Report::of(other, other.help()),
        }
    }
}
