//! Stamps: what a file or directory looked like when something was derived from it, so that the derivation need not be redone.
//!
//! A stamp costs one `stat`, or one listing for a directory. It never reads a file's content: like cargo and make, the tool trusts
//! modification time and size.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

/// File systems keep times less exactly than the clock tells them.
const CLOCK_SLACK: Duration = Duration::from_millis(20);

/// What something looked like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stamp {
    /// A file, or that it was absent.
    File {
        /// Its path.
        path: PathBuf,
        /// Modification time and size.
        state: Option<(SystemTime, u64)>,
    },
    /// The names in a directory, or that it was absent.
    Names {
        /// Its path.
        path: PathBuf,
        /// The names, sorted.
        names: Option<Vec<String>>,
    },
    /// Whether a file was there.
    Presence {
        /// Its path.
        path: PathBuf,
        /// Whether it was there.
        present: bool,
    },
}

impl Stamp {
    /// Stamps a file by time and size.
    #[must_use]
    pub fn of_file(path: PathBuf) -> Self {
        let state = std::fs::metadata(&path)
            .ok()
            .and_then(|m| Some((m.modified().ok()?, m.len())));
        Self::File { path, state }
    }

    fn of_names(path: PathBuf) -> Self {
        let names = std::fs::read_dir(&path).ok().map(|entries| {
            let mut names: Vec<_> = entries
                .filter_map(|e| e.ok()?.file_name().into_string().ok())
                .collect();
            names.sort_unstable();
            names
        });
        Self::Names { path, names }
    }

    fn of_presence(path: PathBuf) -> Self {
        let present = path.is_file();
        Self::Presence { path, present }
    }

    /// Stamps what cargo looks at to find a package's targets: the default roots, and the directories with one target an entry.
    #[must_use]
    pub fn of_targets(package_dir: &Path) -> Vec<Self> {
        let mut stamps: Vec<_> = ["src/main.rs", "src/lib.rs", "build.rs"]
            .map(|root| Self::of_presence(package_dir.join(root)))
            .into();
        for dir in ["src/bin", "examples", "tests", "benches"] {
            let dir = package_dir.join(dir);
            let names = Self::of_names(dir.clone());
            if let Self::Names {
                names: Some(names), ..
            } = &names
            {
                let packed = names.iter().filter(|name| !name.contains('.'));
                stamps.extend(packed.map(|name| Self::of_presence(dir.join(name).join("main.rs"))));
            }
            stamps.push(names);
        }
        stamps
    }

    /// What is stamped.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::File { path, .. } | Self::Names { path, .. } | Self::Presence { path, .. } => {
                path
            }
        }
    }

    /// Whether it still looks the same.
    #[must_use]
    pub fn holds(&self) -> bool {
        let path = self.path().to_path_buf();
        *self
            == match self {
                Self::File { .. } => Self::of_file(path),
                Self::Names { .. } => Self::of_names(path),
                Self::Presence { .. } => Self::of_presence(path),
            }
    }

    /// Whether the file was written at or after `time`, so that what was derived around then may be from before or after.
    #[must_use]
    pub fn changed_since(&self, time: SystemTime) -> bool {
        matches!(self, Self::File { state: Some((modified, _)), .. } if *modified + CLOCK_SLACK >= time)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_stamp_holds_until_the_file_changes() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let file = dir.path().join("Cargo.toml");
        let absent = Stamp::of_file(file.clone());
        assert!(absent.holds());
        fs::write(&file, "a").expect("writes");
        assert!(!absent.holds());
        let present = Stamp::of_file(file.clone());
        assert!(present.holds());
        fs::write(&file, "ab").expect("writes");
        assert!(!present.holds());
    }

    #[test]
    fn targets_that_appear_or_vanish_are_seen() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let check = |change: &dyn Fn()| {
            let stamps = Stamp::of_targets(dir.path());
            assert!(stamps.iter().all(Stamp::holds));
            change();
            stamps.iter().all(Stamp::holds)
        };
        let path = |name: &str| dir.path().join(name);
        assert!(!check(
            &|| fs::create_dir_all(path("src/bin/tool")).expect("creates")
        ));
        assert!(!check(
            &|| fs::write(path("src/bin/tool/main.rs"), "").expect("writes")
        ));
        assert!(!check(
            &|| fs::write(path("src/main.rs"), "").expect("writes")
        ));
        assert!(!check(
            &|| fs::remove_file(path("src/main.rs")).expect("removes")
        ));
        assert!(check(
            &|| fs::write(path("src/other.rs"), "").expect("writes")
        ));
    }

    #[test]
    fn a_file_written_after_the_question_is_not_trusted() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let file = dir.path().join("Cargo.toml");
        let before = SystemTime::now();
        fs::write(&file, "a").expect("writes");
        let stamp = Stamp::of_file(file);
        assert!(stamp.changed_since(before));
        assert!(!stamp.changed_since(before + Duration::from_secs(60)));
    }
}
