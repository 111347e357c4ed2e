//! The core's scan over the file system, and the plans that are made with it.
//!
//! The only place that reads source files for the core. When paths are trimmed, records hold trimmed paths and the scan real ones:
//! records are translated back for the comparison, and the finished plan, which goes into the program, is trimmed again.

use std::io;
use std::path::{Path, PathBuf};

use gobuild_codegen::diagnostic::Diagnostics;
use gobuild_codegen::graph::RuntimeGraph;
use gobuild_codegen::model::Plan;
use gobuild_codegen::plan;
use gobuild_codegen::records::Record;
use gobuild_codegen::scan::{Cfg, Scan, scan};
use gobuild_codegen::source::{SourceError, SourceProvider};

/// Source files on disk.
struct Disk;

impl SourceProvider for Disk {
    fn read(&self, path: &Path) -> Result<String, SourceError> {
        std::fs::read_to_string(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => SourceError::NotFound,
            io::ErrorKind::InvalidData => SourceError::NotUtf8,
            _ => SourceError::Io(error.to_string()),
        })
    }
}

/// The plan that a build would probably come to, from the source alone. `cfg` is what `rustc --print cfg` prints, by line.
///
/// # Errors
/// When the source is wrong.
pub fn plan_from_source(crates: &RuntimeGraph, cfg: &[String]) -> Result<Plan, Diagnostics> {
    plan::plan_from_scan(crates, &scanned(crates, cfg)?)
}

/// The plan of a build: the source compared with the records in the objects.
///
/// # Errors
/// When the source is wrong, or the two do not fit together.
pub fn plan_of_build(
    crates: &RuntimeGraph,
    cfg: &[String],
    mut records: Vec<Record>,
    trim: &[(PathBuf, String)],
) -> Result<Plan, Diagnostics> {
    let scan = scanned(crates, cfg)?;
    for record in &mut records {
        record.file = untrimmed(&record.file, trim);
    }
    let mut made = plan::reconcile(crates, &scan, &records)?;
    for task in &mut made.tasks {
        if let Some((name, origin)) = task.package.split_once('#') {
            task.package = format!("{name}#{}", trimmed(origin, trim));
        }
        for function in &mut task.fns {
            function.location.file = trimmed(&function.location.file, trim);
        }
    }
    Ok(made)
}

fn scanned(crates: &RuntimeGraph, cfg: &[String]) -> Result<Scan, Diagnostics> {
    scan(crates, &Cfg::parse(&cfg.join("\n")), &Disk)
}

/// A path as rustc writes it with `--remap-path-prefix`: of several prefixes that fit, the last one counts.
fn trimmed(file: &str, trim: &[(PathBuf, String)]) -> String {
    let fitting = trim
        .iter()
        .rev()
        .find_map(|(dir, name)| Some((Path::new(file).strip_prefix(dir).ok()?, name)));
    fitting.map_or_else(
        || file.to_owned(),
        |(rest, name)| format!("{name}/{}", rest.display()),
    )
}

/// The reverse.
fn untrimmed(file: &str, trim: &[(PathBuf, String)]) -> String {
    let fitting = trim
        .iter()
        .find_map(|(dir, name)| Some(dir.join(Path::new(file).strip_prefix(name).ok()?)));
    fitting.map_or_else(|| file.to_owned(), |path| path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_trimmed_and_come_back() {
        let trim = [
            ("/home/me/.cargo".into(), "/cargo".to_owned()),
            ("/home/me/ws".into(), "/workspace".to_owned()),
        ];
        for (real, short) in [
            (
                "/home/me/.cargo/registry/src/x/lib.rs",
                "/cargo/registry/src/x/lib.rs",
            ),
            ("/home/me/ws/a.rs", "/workspace/a.rs"),
            ("src/main.rs", "src/main.rs"),
            ("/home/me/ws2/a.rs", "/home/me/ws2/a.rs"),
        ] {
            assert_eq!(trimmed(real, &trim), short);
            assert_eq!(untrimmed(short, &trim), real);
        }
    }

    #[test]
    fn disk_tells_missing_from_unreadable() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let binary = dir.path().join("a.rs");
        std::fs::write(&binary, [0xff, 0xfe]).expect("writes");
        assert_eq!(
            Disk.read(&dir.path().join("none.rs")),
            Err(SourceError::NotFound)
        );
        assert_eq!(Disk.read(&binary), Err(SourceError::NotUtf8));
        assert!(matches!(Disk.read(dir.path()), Err(SourceError::Io(_))));
    }
}
