//! What can go wrong. There is no way around an error: a row that cannot be measured ends the run.

use std::path::PathBuf;
use std::process::ExitStatus;

use cargo_gobuild::linker::error::LinkError;

/// Why there are no numbers.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// A program does not start.
    #[error("cannot start `{command}`: {source}")]
    Start {
        /// The command.
        command: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// A program fails.
    #[error("`{command}` ended with {status}{hint}\n{output}")]
    Failed {
        /// The command.
        command: String,
        /// How it ended.
        status: ExitStatus,
        /// What it wrote.
        output: String,
        /// What to do, beginning with a line feed, or nothing.
        hint: String,
    },
    /// A benchmark program's output is not what was agreed.
    #[error("`{command}` should print a line `{name} NUMBER`, but printed:\n{output}")]
    Protocol {
        /// The command.
        command: String,
        /// The name of the number.
        name: &'static str,
        /// What it printed.
        output: String,
    },
    /// A benchmark program did something else than its work.
    #[error("`{command}` came to {found} instead of {expected}: its times mean nothing")]
    Wrong {
        /// The command.
        command: String,
        /// What it printed as its answer.
        found: f64,
        /// What that should have been.
        expected: u64,
    },
    /// A file or directory.
    #[error("cannot {action} {}: {source}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The link's last step.
    #[error("the last step of the link fails: {0}")]
    Link(#[from] LinkError),
}

impl BenchError {
    /// For `map_err`: an action on a path that failed.
    pub fn file(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File {
            action,
            path,
            source,
        }
    }
}
