//! `cargo gobuild inspect`: what a built program says about itself, for people or as JSON.

use std::fmt::Write;
use std::fs::File;

use gobuild_codegen::buildinfo::Std;
use gobuild_codegen::elf::{self, Inspection, Location};
use object::ReadCache;

use crate::args::{InspectArgs, InspectFormat};
use crate::error::Error;
use crate::exit_code;
use crate::shell;

/// Reads a program and prints what it says.
///
/// # Errors
/// When the file cannot be read or is not ours.
pub fn inspect(args: &InspectArgs) -> Result<u8, Error> {
    let path = &args.binary;
    let read = |source| Error::Read {
        path: path.clone(),
        source,
    };
    let file = File::open(path).map_err(read)?;
    if file.metadata().map_err(read)?.is_dir() {
        return Err(read(std::io::ErrorKind::IsADirectory.into()));
    }
    let inspection = elf::inspect(&ReadCache::new(file)).map_err(|source| Error::Inspect {
        path: path.clone(),
        source,
    })?;
    let answer = match args.format {
        InspectFormat::Text => text(&inspection),
        InspectFormat::Json => serde_json::to_string_pretty(&inspection)? + "\n",
    };
    shell::answer(answer.as_bytes()).map_err(Error::Stdout)?;
    Ok(exit_code::SUCCESS)
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
