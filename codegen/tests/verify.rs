//! The last check on real programs: good ones pass, and each broken promise is named.

mod support;

use std::process::Command;

use gobuild_codegen::elf::{VerifyError, patches, verify};
use support::sample::plan;
use support::{Linker, Workshop, apply, run};

fn refusal(bytes: &[u8]) -> VerifyError {
    verify(bytes).unwrap_err()
}

/// Where the descriptor of our note begins.
fn note(bytes: &[u8]) -> usize {
    bytes
        .windows(8)
        .position(|window| window == b"gobuild\0")
        .unwrap()
        + 8
}

#[test]
fn linked_and_patched_programs_pass() {
    let workshop = Workshop::new(&plan());
    for linker in Linker::ALL {
        for extra in [
            &[][..],
            &["-s"],
            &["-Wl,--build-id=none"],
            &["-Wl,-z,relro,-z,now"],
            &["-Wl,-z,noseparate-code"],
        ] {
            let (_, bytes) = workshop.program(linker, "program", extra);
            verify(&bytes[..]).unwrap_or_else(|error| panic!("{linker:?} {extra:?}: {error}"));
        }
    }
}

#[test]
fn an_unpatched_program_is_refused() {
    let bytes = Workshop::new(&plan()).link(Linker::Gnu, "program", &[]);
    assert!(matches!(refusal(&bytes), VerifyError::NotPatched));
}

#[test]
fn a_position_independent_program_is_refused_with_the_argument_to_remove() {
    let workshop = Workshop::new(&plan());
    let bytes = workshop.link(
        Linker::Gnu,
        "pie",
        &["-pie", "-Wl,--no-dynamic-linker", "-Wl,-z,notext"],
    );
    let error = refusal(&bytes);
    assert!(matches!(error, VerifyError::PositionIndependent), "{error}");
    assert!(error.help().contains("remove `-pie`"), "{}", error.help());
}

#[test]
fn a_dynamically_linked_program_is_refused() {
    let workshop = Workshop::new(&plan());
    let bytes = workshop.link(Linker::Gnu, "dynamic", &["-pie", "-Wl,-z,notext"]);
    assert!(matches!(refusal(&bytes), VerifyError::Dynamic));
}

#[test]
fn an_entry_that_is_not_the_notes_is_refused() {
    let (_, mut bytes) = Workshop::new(&plan()).program(Linker::Gnu, "program", &[]);
    let real = u64::from_le_bytes(bytes[24..32].try_into().unwrap());
    bytes[24..32].copy_from_slice(&(real + 1).to_le_bytes());
    assert!(
        matches!(refusal(&bytes), VerifyError::Entry { found, expected } if (found, expected) == (real + 1, real))
    );
}

#[test]
fn an_entry_symbol_that_is_not_global_is_refused() {
    let workshop = Workshop::new(&plan());
    let (path, _) = workshop.program(Linker::Gnu, "program", &[]);
    run(Command::new("objcopy")
        .arg("--localize-symbol=_rt0_amd64_linux")
        .arg(&path));
    let bytes = std::fs::read(path).unwrap();
    assert!(matches!(refusal(&bytes), VerifyError::EntrySymbol { .. }));
}

#[test]
fn a_writable_main_pc_is_refused() {
    let (_, mut bytes) = Workshop::new(&plan()).program(Linker::Gnu, "program", &[]);
    // As if runtime.mainPC lay where runtime.firstmoduledata does, in memory that is writable until relocation is over.
    let at = note(&bytes);
    let module_data = bytes[at + 16..at + 24].to_vec();
    bytes[at + 24..at + 32].copy_from_slice(&module_data);
    let error = refusal(&bytes);
    assert!(
        error.to_string().contains("runtime.mainPC") && error.to_string().contains("read-only"),
        "{error}"
    );
}

#[test]
fn another_build_id_than_the_linkers_is_refused() {
    let (_, mut bytes) = Workshop::new(&plan()).program(Linker::Gnu, "program", &[]);
    let at = note(&bytes);
    bytes[at + 32] ^= 1;
    assert!(matches!(refusal(&bytes), VerifyError::BuildId));
}

#[test]
fn patches_make_an_unpatched_program_pass() {
    let mut bytes = Workshop::new(&plan()).link(
        Linker::Lld,
        "program",
        &["-Wl,-e,main", "-Wl,-u,_rt0_amd64_linux"],
    );
    apply(&patches(&bytes[..]).unwrap(), &mut bytes);
    verify(&bytes[..]).unwrap();
}

#[test]
fn an_output_that_is_no_program_is_refused() {
    let workshop = Workshop::new(&plan());
    let bytes = workshop.link(Linker::Gnu, "partial", &["-r", "-Wl,--no-gc-sections"]);
    let error = refusal(&bytes);
    assert!(
        matches!(error, VerifyError::Type("a relocatable object")),
        "{error}"
    );
    assert!(error.help().contains("`-r`"), "{}", error.help());
}

#[test]
fn a_note_that_the_link_lost_is_missed() {
    let workshop = Workshop::new(&plan());
    let (path, _) = workshop.program(Linker::Gnu, "program", &[]);
    let without = workshop.path("without");
    run(Command::new("objcopy")
        .args(["-R", ".note.gobuild"])
        .arg(path)
        .arg(&without));
    let error = refusal(&std::fs::read(without).unwrap());
    assert!(matches!(error, VerifyError::NoteDropped), "{error}");
}
