//! `cargo gobuild inspect`: what a built program says about itself, for people or as JSON.

use std::fmt::Write;
use std::fs::File;
use std::path::{Path, PathBuf};

use gobuild_codegen::buildinfo::{Malloc, Std};
use gobuild_codegen::elf::{self, Inspection, Location};
use object::ReadCache;

use crate::args::{InspectArgs, InspectFormat};
use crate::error::Error;
use crate::exit_code;
use crate::shell;

/// Reads programs and prints what they say. Of a directory those below it that are this tool's, in the order of their paths.
///
/// # Errors
/// When a file cannot be read; when one that was named is not ours, or a directory has none.
pub fn inspect(args: &InspectArgs) -> Result<u8, Error> {
    let mut found = Vec::new();
    for path in &args.paths {
        match path.is_dir() {
            true => found.extend(below(path)?),
            false => found.push((path.clone(), read(path)?)),
        }
    }
    let several = found.len() > 1 || args.paths.len() > 1;
    let mut answer = String::new();
    for (path, inspection) in &found {
        match args.format {
            InspectFormat::Text => {
                let gap = if answer.is_empty() { "" } else { "\n" };
                if several {
                    _ = writeln!(answer, "{gap}{}:", path.display());
                }
                answer.push_str(&text(inspection));
            }
            InspectFormat::Json if several => {
                let mut object = serde_json::to_value(inspection)?;
                object["path"] = path.display().to_string().into();
                answer.push_str(&(object.to_string() + "\n"));
            }
            InspectFormat::Json => {
                answer.push_str(&(serde_json::to_string_pretty(inspection)? + "\n"));
            }
        }
    }
    shell::answer(answer.as_bytes()).map_err(Error::Stdout)?;
    Ok(exit_code::SUCCESS)
}

fn read(path: &Path) -> Result<Inspection, Error> {
    let file = File::open(path).map_err(|source| Error::Read {
        path: path.into(),
        source,
    })?;
    elf::inspect(&ReadCache::new(file)).map_err(|source| Error::Inspect {
        path: path.into(),
        source,
    })
}

/// The programs below a directory; links are not followed. What cannot be read, or is none of ours, is left out.
fn below(dir: &Path) -> Result<Vec<(PathBuf, Inspection)>, Error> {
    let failed = |path: &Path, source| Error::Read {
        path: path.into(),
        source,
    };
    let mut found = Vec::new();
    let mut open = vec![dir.to_path_buf()];
    while let Some(here) = open.pop() {
        let entries = std::fs::read_dir(&here).map_err(|source| failed(&here, source))?;
        for entry in entries {
            let entry = entry.map_err(|source| failed(&here, source))?;
            let path = entry.path();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => open.push(path),
                Ok(kind) if kind.is_file() => {
                    found.extend(read(&path).ok().map(|inspection| (path, inspection)));
                }
                _ => {}
            }
        }
    }
    if found.is_empty() {
        return Err(Error::InspectNothing { dir: dir.into() });
    }
    found.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(found)
}

fn text(inspection: &Inspection) -> String {
    let info = &inspection.build_info;
    let stack = match info.stack_size {
        0 => "default".to_owned(),
        bytes => format!("{bytes} bytes"),
    };
    let flags = if info.flags.is_empty() {
        "none".to_owned()
    } else {
        info.flags.join(" ")
    };
    let mut out = String::new();
    for (name, value) in [
        ("entry", located(&inspection.entry)),
        (
            "mainPC",
            format!(
                "{} -> {}",
                inspection.main_pc.address,
                located(&inspection.main_pc.function)
            ),
        ),
        (
            "build id",
            inspection.build_id.clone().unwrap_or_else(|| "none".into()),
        ),
        (
            "patched",
            if inspection.patched {
                "yes".into()
            } else {
                "no".into()
            },
        ),
        ("ABI", inspection.abi_version.to_string()),
        (
            "built by",
            format!("cargo-gobuild {}, {}", info.tool, info.rustc),
        ),
        (
            "built for",
            format!("{}, GOAMD64=v{}", info.target, info.goamd64),
        ),
        ("profile", info.profile.clone()),
        ("linker", info.linker.clone()),
        ("threads", of_std(info.std)),
        ("stack", stack),
        ("flags", flags),
    ] {
        line(&mut out, &format!("{name:<10}{value}"));
    }
    if info.malloc == Malloc::Runtime {
        line(
            &mut out,
            &format!("{:<10}{}", "malloc", info.malloc.as_str()),
        );
    }
    if let Some(vcs) = &info.vcs {
        let modified = if vcs.modified { ", modified" } else { "" };
        let value = format!("{} {}, {}{modified}", vcs.system, vcs.revision, vcs.time);
        line(&mut out, &format!("{:<10}{value}", "vcs"));
    }
    for (name, value) in &info.stamps {
        let value = format!("{name} = \"{}\"", value.escape_debug());
        line(&mut out, &format!("{:<10}{value}", "stamp"));
    }
    inits(&mut out, inspection);
    packages(&mut out, inspection);
    out
}

/// What std's threads are.
fn of_std(std: Std) -> String {
    match std {
        Std::Threads => "operating-system threads".to_owned(),
        Std::Goroutines => "goroutines".to_owned(),
    }
}

fn located(location: &Location) -> String {
    match &location.symbol {
        Some(symbol) => format!("{} {symbol}", location.address),
        None => location.address.to_string(),
    }
}

fn inits(out: &mut String, inspection: &Inspection) {
    line(out, "\nbefore main, in this order:");
    for task in &inspection.inittasks {
        let whose = if task.runtime { " (runtime)" } else { "" };
        line(
            out,
            &format!(
                "{:>4}  {} {}{whose}  {}",
                task.position,
                task.package,
                task.version,
                located(&task.table)
            ),
        );
        for function in &task.functions {
            let place = match (&function.file, function.line) {
                (Some(file), Some(number)) => format!("  {file}:{number}"),
                (Some(file), None) => format!("  {file}"),
                (None, _) => String::new(),
            };
            line(
                out,
                &format!(
                    "      {} {}{place}  {}",
                    function.kind,
                    function.name,
                    located(&function.code)
                ),
            );
        }
    }
}

fn packages(out: &mut String, inspection: &Inspection) {
    line(out, "\npackages:");
    match &inspection.dependencies {
        None => {
            for package in &inspection.build_info.packages {
                line(out, &format!("      {} {}", package.name, package.version));
            }
        }
        Some(dependencies) => {
            for one in dependencies {
                let role = match (one.root, one.build_only) {
                    (true, _) => " (root)",
                    (false, true) => " (build only)",
                    (false, false) => "",
                };
                line(
                    out,
                    &format!("      {} {} {}{role}", one.name, one.version, one.source),
                );
            }
        }
    }
}

fn line(out: &mut String, text: &str) {
    writeln!(out, "{}", text.trim_end()).expect("writing to a string does not fail");
}
