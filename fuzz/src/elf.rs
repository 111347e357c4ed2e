//! The readers of binaries: programs (`patches`, `verify`, `inspect`) and the init records in objects and archives.

#[path = "../../codegen/tests/support/mod.rs"]
mod support;

use std::process::Command;

use gobuild_codegen::elf::{inspect, patches, verify};
use gobuild_codegen::records;

use support::{Linker, Workshop, run, sample::plan};

/// Panics when a promise about hostile bytes is broken.
pub fn target(bytes: &[u8]) {
    if let Ok(list) = patches(bytes) {
        let inside = list
            .iter()
            .all(|patch| patch.offset + patch.bytes.len() as u64 <= bytes.len() as u64);
        assert!(inside, "a patch lies outside of the file: {list:?}");
    }
    // Errors are as good as results here: what counts is that there is one.
    let _ = verify(bytes);
    let _ = records::read(bytes);
    if let Ok(found) = inspect(bytes) {
        let functions: usize = found
            .inittasks
            .iter()
            .map(|task| task.functions.len())
            .sum();
        assert!(
            functions <= bytes.len(),
            "{functions} functions in {} bytes",
            bytes.len()
        );
        assert!(serde_json::to_string(&found).is_ok());
    }
}

/// Programs of both linkers, one of them stripped, and files with records.
///
/// # Panics
/// When there is no C compiler to make them with.
pub fn seeds() -> Vec<Vec<u8>> {
    let workshop = Workshop::new(&plan());
    let (object, archive) = workshop.record_files();
    let compact = ["-Wl,-z,noseparate-code"];
    let (gnu, gnu_bytes) = workshop.program(Linker::Gnu, "gnu", &compact);
    let (_, lld_bytes) = workshop.program(Linker::Lld, "lld", &[]);
    run(Command::new("strip").arg(&gnu));
    let stripped = std::fs::read(gnu).expect("strip leaves a file");
    vec![gnu_bytes, lld_bytes, stripped, object, archive]
}
