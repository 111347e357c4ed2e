//! The init records of a program: read from its own objects, and from the rlibs of packages that can hold any.
//!
//! An rlib is skipped by its file name (`lib<crate>-<hash>.rlib`) when no crate that reaches rtlib is called so; all other inputs are
//! read, since link-time optimisation moves records into objects with any name.

use std::collections::BTreeSet;
use std::path::Path;

use gobuild_codegen::records::RecordError;

use super::error::LinkError;

/// How rustdoc's libraries are called that hold several doctests.
const DOCTEST_BUNDLE: &str = "doctest_bundle";

/// Reads what `read` finds in `inputs`. `crates` are the names of the library crates that can hold records.
///
/// # Errors
/// When an input cannot be read or holds a damaged record.
pub fn read<'a, T>(
    inputs: impl Iterator<Item = &'a Path>,
    crates: &BTreeSet<&str>,
    read: impl Fn(&[u8]) -> Result<Vec<T>, RecordError>,
) -> Result<Vec<T>, LinkError> {
    let mut all = Vec::new();
    for path in inputs.filter(|path| may_hold_records(path, crates)) {
        let content = std::fs::read(path).map_err(|source| LinkError::Read {
            path: path.into(),
            source,
        })?;
        let found = read(&content).map_err(|source| LinkError::Records {
            path: path.into(),
            source,
        })?;
        all.extend(found);
    }
    Ok(all)
}

fn may_hold_records(path: &Path, crates: &BTreeSet<&str>) -> bool {
    match crate_name(path) {
        Some(name) => crates.contains(name) || name.starts_with(DOCTEST_BUNDLE),
        None => path.extension().is_some_and(|extension| extension == "o"),
    }
}

/// The crate that an rlib is named after.
#[must_use]
pub fn crate_name(path: &Path) -> Option<&str> {
    let stem = path.file_name()?.to_str()?.strip_suffix(".rlib")?;
    let stem = stem.strip_prefix("lib").unwrap_or(stem);
    Some(
        stem.rsplit_once('-')
            .map_or(stem, |(crate_name, _)| crate_name),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_inputs_that_may_hold_records_are_read() {
        let crates = BTreeSet::from(["config", "a_b"]);
        for (path, expect) in [
            ("/t/deps/libconfig-0123.rlib", true),
            ("/t/deps/liba_b-0123.rlib", true),
            ("/t/deps/libserde-0123.rlib", false),
            ("/tmp/rustdoctestX/libdoctest_bundle_2024.rlib", true),
            ("/s/lib/libstd-0123.rlib", false),
            ("/t/deps/app-1.2.rcgu.o", true),
            ("/t/rustcX/symbols.o", true),
            ("/usr/lib/libz.a", false),
            ("/t/version.ld", false),
        ] {
            assert_eq!(may_hold_records(Path::new(path), &crates), expect, "{path}");
        }
    }

    #[test]
    fn a_missing_input_is_named() {
        let inputs = [Path::new("/no/such/a.o")].into_iter();
        let error = read(inputs, &BTreeSet::new(), gobuild_codegen::records::read);
        let error = error.expect_err("missing");
        assert_eq!(error.to_string(), "cannot read /no/such/a.o");
    }
}
