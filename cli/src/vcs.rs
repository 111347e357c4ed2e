//! The state of the source in version control, which build information names as Go's does: revision, time of the commit, and whether files differ from it.
//!
//! Two processes of git answer, side by side. Everything that git does not know is no error unless the settings say that it must be known ([`BuildVcs::True`]).

use std::ffi::OsString;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, UNIX_EPOCH};

use gobuild_codegen::buildinfo::Vcs;

use crate::config::BuildVcs;

/// The variable with the answer for a build, which cargo watches. Empty if there is none; not set where plain cargo builds.
pub const VCS_VAR: &str = "GOBUILD_VCS";
/// The only system that is asked.
const GIT: &str = "git";
/// What would make git look at another repository than the one that was found.
const FOREIGN: [&str; 3] = ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"];

/// Why the state is not known.
#[derive(Debug, thiserror::Error)]
pub enum VcsError {
    /// No git.
    #[error("cannot run `git` to ask for the revision of {dir}", dir = dir.display())]
    Start {
        /// The repository.
        dir: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// git says no.
    #[error("git does not tell the revision of {dir}: {said}", dir = dir.display())]
    Git {
        /// The repository.
        dir: PathBuf,
        /// What it said.
        said: String,
    },
    /// The manifest is no part of the last commit.
    #[error("{manifest} is not in the last commit of the repository {dir}", manifest = manifest.display(), dir = dir.display())]
    Untracked {
        /// The manifest.
        manifest: PathBuf,
        /// The repository.
        dir: PathBuf,
    },
    /// Two repositories.
    #[error("the package in {package} and the workspace in {root} are not in one repository", package = package.display(), root = root.display())]
    Apart {
        /// The directory of the package.
        package: PathBuf,
        /// The directory of the workspace.
        root: PathBuf,
    },
}

impl VcsError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        let what = match self {
            Self::Start { .. } => "install git",
            Self::Git { said, .. } if said.contains("dubious ownership") => {
                "call `git config --global --add safe.directory` with that directory"
            }
            Self::Git { .. } => "see what `git status` says there",
            Self::Untracked { .. } => "commit it",
            Self::Apart { .. } => "build the package in its own repository",
        };
        format!("{what}, or build with `--buildvcs=auto`, which leaves the revision out")
    }
}

/// The directory of the repository that a directory is in.
#[must_use]
pub fn repository(dir: &Path) -> Option<&Path> {
    dir.ancestors().find(|dir| dir.join(".git").exists())
}

/// The state of the repository with the workspace in `root`; none if there is no repository, or if it is not to be known.
///
/// # Errors
/// When it must be known and is not.
pub fn ask(root: &Path, wanted: BuildVcs) -> Result<Option<Vcs>, VcsError> {
    let Some(dir) = repository(root).filter(|_| wanted != BuildVcs::False) else {
        return Ok(None);
    };
    match state(dir, root) {
        Ok(state) => Ok(Some(state)),
        Err(error) if wanted == BuildVcs::True => Err(error),
        Err(_) => Ok(None),
    }
}

/// That a package is in the repository of its workspace, whose state is meant.
///
/// # Errors
/// When it must be and is not.
pub fn is_together(package: &Path, root: &Path, wanted: BuildVcs) -> Result<bool, VcsError> {
    match repository(package) == repository(root) {
        true => Ok(true),
        false if wanted == BuildVcs::True => Err(VcsError::Apart {
            package: package.into(),
            root: root.into(),
        }),
        false => Ok(false),
    }
}

/// The files that change with the revision, as far as there are any: where plain cargo builds, it watches them.
#[must_use]
pub fn watched(root: &Path) -> Option<PathBuf> {
    let dot_git = repository(root)?.join(".git");
    let of_file = |text: String| {
        let path = text.strip_prefix("gitdir:")?.trim();
        Some(dot_git.parent()?.join(path))
    };
    let dir = match dot_git.is_dir() {
        true => dot_git.clone(),
        false => of_file(std::fs::read_to_string(&dot_git).ok()?)?,
    };
    let mut files = ["logs/HEAD", "HEAD"].into_iter();
    files.find_map(|name| Some(dir.join(name)).filter(|file| file.is_file()))
}

fn state(dir: &Path, root: &Path) -> Result<Vcs, VcsError> {
    let failed = |source| VcsError::Start {
        dir: dir.into(),
        source,
    };
    let mut last = start(dir, &["cat-file", "--batch"]).map_err(failed)?;
    let status = start(dir, &["--no-optional-locks", "status", "--porcelain"]).map_err(failed)?;
    let manifest = root.join("Cargo.toml");
    let mut question = b"HEAD\nHEAD:".to_vec();
    let inside = manifest.strip_prefix(dir).unwrap_or(&manifest);
    question.extend_from_slice(inside.as_os_str().as_bytes());
    question.push(b'\n');
    // A git that has ended already says why in its output.
    let _ = last.stdin.take().map(|mut to| to.write_all(&question));
    let last = last.wait_with_output().map_err(failed);
    let status = status.wait_with_output().map_err(failed)?;
    let (last, status) = (answer(dir, last?)?, answer(dir, status)?);
    let (revision, time, after) = commit(&last).ok_or_else(|| VcsError::Git {
        dir: dir.into(),
        said: "there is no commit".into(),
    })?;
    if after.trim_ascii().ends_with(b" missing") {
        return Err(VcsError::Untracked {
            manifest,
            dir: dir.into(),
        });
    }
    Ok(Vcs {
        system: GIT.into(),
        revision,
        time,
        modified: !status.is_empty(),
    })
}

fn start(dir: &Path, args: &[&str]) -> io::Result<Child> {
    let mut command = Command::new(GIT);
    for name in FOREIGN {
        command.env_remove(name);
    }
    command
        .args(args)
        .current_dir(dir)
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
}

fn answer(dir: &Path, output: Output) -> Result<Vec<u8>, VcsError> {
    match output.status.success() {
        true => Ok(output.stdout),
        false => {
            let said = String::from_utf8_lossy(&output.stderr);
            let first = said.lines().next().unwrap_or_default();
            Err(VcsError::Git {
                dir: dir.into(),
                said: first.trim_start_matches("fatal: ").to_owned(),
            })
        }
    }
}

/// Revision and time of the commit that `git cat-file --batch` printed, and what it printed behind it.
fn commit(printed: &[u8]) -> Option<(String, String, &[u8])> {
    let end = printed.iter().position(|&byte| byte == b'\n')?;
    let head = str::from_utf8(&printed[..end]).ok()?;
    let [revision, "commit", len] = head.split(' ').collect::<Vec<_>>()[..] else {
        return None;
    };
    let rest = &printed[end + 1..];
    let (text, after) = rest.split_at_checked(len.parse().ok()?)?;
    let text = String::from_utf8_lossy(text);
    let mut lines = text.lines().take_while(|line| !line.is_empty());
    let committer = lines.find_map(|line| line.strip_prefix("committer "))?;
    let seconds = committer.rsplit(' ').nth(1)?.parse().ok()?;
    let time = UNIX_EPOCH.checked_add(Duration::from_secs(seconds))?;
    let time = humantime::format_rfc3339_seconds(time).to_string();
    Some((revision.to_owned(), time, after))
}

/// The value for [`VCS_VAR`].
#[must_use]
pub fn to_env(state: Option<&Vcs>) -> String {
    state.map_or_else(String::new, |state| {
        let word = if state.modified { "modified" } else { "clean" };
        format!("{} {} {} {word}", state.system, state.revision, state.time)
    })
}

/// What the value says.
#[must_use]
pub fn from_env(value: &OsString) -> Option<Vcs> {
    let [system, revision, time, word] = value.to_str()?.split(' ').collect::<Vec<_>>()[..] else {
        return None;
    };
    Some(Vcs {
        system: system.into(),
        revision: revision.into(),
        time: time.into(),
        modified: word == "modified",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_read_with_what_follows() {
        let text = "tree 1\nauthor A B <a@b> 1 +0000\ncommitter C D <c@d> 1700000000 +0100\n\ncommitter 5 6\n";
        let printed = format!("0a1b commit {}\n{text}\nHEAD:x missing\n", text.len());
        let (revision, time, after) = commit(printed.as_bytes()).expect("a commit");
        assert_eq!(
            (&*revision, &*time, after),
            ("0a1b", "2023-11-14T22:13:20Z", &b"\nHEAD:x missing\n"[..])
        );
        for other in [
            "HEAD missing\n",
            "",
            "0a1b commit 99\nx\n",
            "0a1b blob 1\nx\n",
        ] {
            assert_eq!(commit(other.as_bytes()), None, "{other:?}");
        }
    }

    #[test]
    fn a_state_survives_the_environment() {
        let state = Vcs {
            system: GIT.into(),
            revision: "0a1b".into(),
            time: "2023-11-14T22:13:20Z".into(),
            modified: true,
        };
        let value = to_env(Some(&state));
        assert_eq!(from_env(&value.into()), Some(state));
        assert_eq!(to_env(None), "");
        assert_eq!(from_env(&"".into()), None);
    }
}
