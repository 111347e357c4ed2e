//! No bytes, however they were made, make the ELF reader or the record reader panic, hang or allocate without bound.

mod support;

use std::sync::LazyLock;

use gobuild_codegen::elf::{inspect, patches, verify};
use gobuild_codegen::records;
use proptest::collection::vec;
use proptest::prelude::*;
use support::sample::plan;
use support::{Linker, Workshop};

struct Samples {
    program: Vec<u8>,
    object: Vec<u8>,
    archive: Vec<u8>,
}

static SAMPLES: LazyLock<Samples> = LazyLock::new(|| {
    let workshop = Workshop::new(&plan());
    let (object, archive) = workshop.record_files();
    Samples {
        program: workshop.program(Linker::Gnu, "program", &[]).1,
        object,
        archive,
    }
});

/// What a hostile program may be used for. Returned patches must lie inside the file.
fn read_program(bytes: &[u8]) {
    if let Ok(list) = patches(bytes) {
        for patch in list {
            assert!(patch.offset + patch.bytes.len() as u64 <= bytes.len() as u64);
        }
    }
    let _ = verify(bytes);
    if let Ok(found) = inspect(bytes) {
        let text = serde_json::to_string(&found).unwrap();
        assert!(!text.is_empty());
    }
}

/// One change of a file: where (as a fraction of its length), and the bytes to put there.
fn mutation() -> impl Strategy<Value = (f64, Vec<u8>)> {
    let words = prop_oneof![
        vec(any::<u8>(), 1..9),
        prop_oneof![
            Just(0),
            Just(1),
            Just(u64::MAX),
            Just(1 << 63),
            Just(0x40_0000),
            any::<u64>()
        ]
        .prop_map(|word: u64| word.to_le_bytes().to_vec()),
        any::<u32>().prop_map(|word| word.to_le_bytes().to_vec()),
    ];
    (0.0..1.0_f64, words)
}

/// `sample`, changed; half of the changes fall into the first `dense` bytes, where the headers are.
fn mutate(sample: &[u8], dense: usize, mutations: &[(f64, Vec<u8>)], cut: f64) -> Vec<u8> {
    let mut bytes = sample.to_vec();
    for (i, (place, new)) in mutations.iter().enumerate() {
        let range = if i % 2 == 0 {
            dense.min(bytes.len())
        } else {
            bytes.len()
        };
        let at = (place * range as f64) as usize;
        let len = new.len().min(bytes.len() - at);
        bytes[at..at + len].copy_from_slice(&new[..len]);
    }
    if cut < 0.2 {
        bytes.truncate((cut * 5.0 * bytes.len() as f64) as usize);
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn mutated_programs_never_panic(mutations in vec(mutation(), 1..6), cut in 0.0..1.0_f64) {
        read_program(&mutate(&SAMPLES.program, 1024, &mutations, cut));
    }

    #[test]
    fn programs_with_changed_words_never_panic(mutations in vec((0.0..1.0_f64, any::<u64>()), 1..4)) {
        let mut bytes = SAMPLES.program.clone();
        let words = bytes.len() / 8;
        for (place, word) in mutations {
            let at = (place * words as f64) as usize * 8;
            bytes[at..at + 8].copy_from_slice(&word.to_le_bytes());
        }
        read_program(&bytes);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in vec(any::<u8>(), 0..512), elf in any::<bool>()) {
        let mut bytes = bytes;
        if elf {
            bytes.splice(0..bytes.len().min(16), SAMPLES.program[..16].to_vec());
        }
        read_program(&bytes);
        let _ = records::read(&bytes);
    }

    #[test]
    fn mutated_objects_and_archives_never_panic(mutations in vec(mutation(), 1..6), cut in 0.0..1.0_f64, archive in any::<bool>()) {
        let sample = if archive { &SAMPLES.archive } else { &SAMPLES.object };
        let _ = records::read(&mutate(sample, 256, &mutations, cut));
    }
}
