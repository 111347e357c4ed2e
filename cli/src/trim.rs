//! `--trimpath`: the directories of this machine that programs would name, and what stands for them.
//!
//! What is known before a build is in the plan ([`of_workspace`], [`outside`]). Where cargo builds is not: `cargo install` makes a directory of
//! its own, and `build.build-dir` may be anywhere. That is read from each invocation of rustc ([`with_output`]), so it holds for every way
//! in which cargo is called.
//!
//! Cargo hashes the flags that it knows of into the names of symbols and of files, so they hold no path: [`flags`] gives a marker, which the
//! wrapper replaces. The marker says what is trimmed, so that cargo does not take crates that were trimmed otherwise for the same.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::fingerprint::Fingerprint;
use crate::metadata::Workspace;

/// The `--cfg` that stands for `--remap-path-prefix`.
const MARKER: &str = "gobuild_trimpath";
/// Raised when other things are trimmed under the same names.
const RULES: &str = "2";
/// What stands for the directory in which cargo builds.
const BUILD_DIR: &str = "/target";
/// What the names of path dependencies outside of the workspace begin with.
const PATH_DEPENDENCY: &str = "/path/";
/// Cargo's locks, one of which is in the directory of each profile.
const LOCKS: [&str; 2] = [".cargo-lock", ".cargo-build-lock"];

/// Directories and what stands for them. Of two that fit, rustc takes the later, so the deeper ones come last.
pub type Trim = Vec<(PathBuf, String)>;

/// Directories outside of any workspace.
#[must_use]
pub fn outside(dir: &Path, sysroot: &Path) -> Trim {
    let home = cargo_config2::cargo_home_with_cwd(dir).map(|home| (home, "/cargo".to_owned()));
    let sources = (sysroot.join("lib/rustlib/src/rust"), "/rust".to_owned());
    with_real(home.into_iter().chain([sources]).collect())
}

/// The same, and those of a workspace and of the path dependencies outside of it.
#[must_use]
pub fn of_workspace(workspace: &Workspace, dir: &Path, sysroot: &Path) -> Trim {
    let mut trim = outside(dir, sysroot);
    let dependencies = workspace.packages.values().filter(|package| {
        package.source.is_none() && !package.manifest_dir.starts_with(&workspace.root)
    });
    trim.extend(dependencies.map(|package| {
        (
            package.manifest_dir.clone(),
            format!("{PATH_DEPENDENCY}{}-{}", package.name, package.version),
        )
    }));
    trim.push((workspace.root.clone(), "/workspace".to_owned()));
    trim.push((workspace.build_dir.clone(), BUILD_DIR.to_owned()));
    with_real(trim)
}

/// The same, and the directories that symbolic links in these lead to: rustc's working directory, which is in debug information, is without links.
fn with_real(mut trim: Trim) -> Trim {
    let real = trim.iter().filter_map(|(dir, name)| {
        let real = (dir.canonicalize().ok()?, name.clone());
        (!trim.contains(&real)).then_some(real)
    });
    let real: Vec<_> = real.collect();
    trim.extend(real);
    deeper_last(trim)
}

/// The same, and the directory in which cargo builds, known by something that cargo puts there. Nothing if nothing is trimmed.
#[must_use]
pub fn with_output(mut trim: Trim, output: &Path) -> Trim {
    let dir = profile_dir(output).and_then(Path::parent);
    // With `--target` there is a directory for the target between the two.
    let dir = dir.and_then(
        |dir| match dir.file_name() == Some(OsStr::new(crate::TARGET)) {
            true => dir.parent(),
            false => Some(dir),
        },
    );
    match dir {
        Some(dir) if !trim.is_empty() && !trim.iter().any(|(known, _)| known == dir) => {
            trim.retain(|(_, name)| name != BUILD_DIR);
            trim.push((dir.to_path_buf(), BUILD_DIR.to_owned()));
            deeper_last(trim)
        }
        _ => trim,
    }
}

/// The directory of the profile, `…/debug` or `…/release`, in which cargo has put this.
#[must_use]
pub fn profile_dir(output: &Path) -> Option<&Path> {
    let has_lock = |dir: &&Path| LOCKS.iter().any(|lock| dir.join(lock).is_file());
    output.ancestors().skip(1).find(has_lock)
}

/// The flags that all crates get.
#[must_use]
pub fn flags(trim: &[(PathBuf, String)]) -> Vec<String> {
    if trim.is_empty() {
        return Vec::new();
    }
    let mut hash = Fingerprint::new();
    hash.add(RULES);
    // A path dependency is trimmed whenever it is compiled; which ones there are must not compile others again.
    let names = trim.iter().map(|(_, name)| name);
    let mut names: Vec<_> = names
        .filter(|name| !name.starts_with(PATH_DEPENDENCY))
        .collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().for_each(|name| hash.add(name));
    [
        "--cfg".to_owned(),
        format!("{MARKER}=\"{}\"", hash.finish()),
        "--check-cfg".to_owned(),
        format!("cfg({MARKER},values(any()))"),
    ]
    .into()
}

/// rustc's arguments with the marker replaced by what it stands for.
#[must_use]
pub fn remapped(args: Vec<OsString>, trim: &[(PathBuf, String)]) -> Vec<OsString> {
    let mut out: Vec<OsString> = Vec::with_capacity(args.len() + trim.len());
    for arg in args {
        let is_marker = arg
            .as_encoded_bytes()
            .strip_prefix(MARKER.as_bytes())
            .is_some_and(|rest| rest.starts_with(b"="));
        if is_marker && out.last().is_some_and(|last| last == "--cfg") {
            out.pop();
            out.extend(trim.iter().map(|(dir, name)| {
                let mut flag = OsString::from("--remap-path-prefix=");
                flag.push(dir);
                flag.push("=");
                flag.push(name);
                flag
            }));
        } else {
            out.push(arg);
        }
    }
    out
}

fn deeper_last(mut trim: Trim) -> Trim {
    trim.sort_by_key(|(dir, _)| dir.components().count());
    trim
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trim(entries: &[(&str, &str)]) -> Trim {
        let entry = |(dir, name): &(&str, &str)| (PathBuf::from(dir), (*name).to_owned());
        entries.iter().map(entry).collect()
    }

    #[test]
    fn the_marker_becomes_paths() {
        let trim = trim(&[("/home/me", "/workspace"), ("/home/me/.cargo", "/cargo")]);
        let mut args: Vec<OsString> = vec!["src/main.rs".into()];
        args.extend(flags(&trim).into_iter().map(OsString::from));
        args.extend(["--cfg", "other"].map(OsString::from));
        let expect = [
            "src/main.rs",
            "--remap-path-prefix=/home/me=/workspace",
            "--remap-path-prefix=/home/me/.cargo=/cargo",
            "--check-cfg",
            "cfg(gobuild_trimpath,values(any()))",
            "--cfg",
            "other",
        ];
        assert_eq!(remapped(args, &trim), expect);
    }

    #[test]
    fn the_marker_says_what_is_trimmed_and_holds_no_path() {
        let base = flags(&trim(&[("/a", "/cargo"), ("/w", "/workspace")]));
        let same = flags(&trim(&[
            ("/elsewhere", "/workspace"),
            ("/b", "/cargo"),
            ("/x", "/path/x-1.0.0"),
        ]));
        assert_eq!(base, same);
        let linked = [
            ("/a", "/cargo"),
            ("/w", "/workspace"),
            ("/real/w", "/workspace"),
        ];
        assert_eq!(base, flags(&trim(&linked)));
        assert_ne!(base, flags(&trim(&[("/a", "/cargo")])));
        assert!(base.iter().all(|flag| !flag.contains('/')), "{base:?}");
        assert!(flags(&[]).is_empty());
    }

    #[test]
    fn a_directory_behind_a_link_is_trimmed_by_both_names() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let dir = dir.path().canonicalize().expect("it is there");
        let (real, link) = (dir.join("real"), dir.join("link"));
        std::fs::create_dir(&real).expect("creates");
        std::os::unix::fs::symlink(&real, &link).expect("links");
        let entry = |path: &Path| (path.to_path_buf(), "/workspace".to_owned());
        assert_eq!(with_real(vec![entry(&link)]), [entry(&link), entry(&real)]);
        assert_eq!(with_real(vec![entry(&real)]), [entry(&real)]);
    }

    #[test]
    fn the_directory_in_which_cargo_builds_is_found_by_its_lock() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let known = trim(&[("/a", "/cargo"), ("/t", "/target")]);
        for (lock, output) in [
            (".cargo-lock", "one/release/deps/app-1"),
            (".cargo-build-lock", "two/release/build/app/0123/out/app"),
            (
                ".cargo-lock",
                "three/x86_64-unknown-linux-gnu/release/deps/app-1",
            ),
        ] {
            let root = dir.path().join(output.split('/').next().expect("a name"));
            let profile = output.split_inclusive("release").next().expect("a profile");
            let profile = dir.path().join(profile);
            std::fs::create_dir_all(&profile).expect("creates");
            std::fs::write(profile.join(lock), "").expect("writes");
            let output = dir.path().join(output);
            assert_eq!(profile_dir(&output), Some(&*profile));
            let expect = [
                (PathBuf::from("/a"), "/cargo".to_owned()),
                (root, "/target".to_owned()),
            ];
            assert_eq!(with_output(known.clone(), &output), expect);
            assert!(with_output(Vec::new(), &output).is_empty());
        }
        assert_eq!(
            with_output(known.clone(), Path::new("/nowhere/deps/app")),
            known
        );
    }
}
