//! Records in object files and archives made by the assembler and `ar`, and what is said of damaged ones.

mod support;

use gobuild_codegen::model::InitKind;
use gobuild_codegen::records::{Record, RecordFault, read};
use rtlib_abi::record::{Field, HEADER_LEN, encode};
use support::Workshop;
use support::record::{assemble, function, record, record_section};
use support::sample::plan;

fn expected() -> Record {
    Record {
        kind: InitKind::Init,
        package: "config".to_owned(),
        version: "1.0.0".to_owned(),
        crate_name: "config".to_owned(),
        module: "config::sub".to_owned(),
        name: "load".to_owned(),
        file: "config/src/sub.rs".to_owned(),
        line: 12,
        column: 8,
        symbol: "config::sub.load.init.0123456789abcdef.12.8.false".to_owned(),
        test: false,
    }
}

const FIELDS: [&str; 11] = [
    "init",
    "config",
    "1.0.0",
    "config",
    "config::sub",
    "load",
    "config/src/sub.rs",
    "12",
    "8",
    "config::sub.load.init.0123456789abcdef.12.8.false",
    "false",
];

fn fault(section: &[u8]) -> RecordFault {
    let error = read(&assemble(&record_section(section, "a"))).unwrap_err();
    assert_eq!(error.member, None);
    error.fault
}

#[test]
fn the_reader_and_the_macros_encoder_agree() {
    const BODY: &str = "init\0config\x001.0.0\0config\0config::sub\0load\0config/src/sub.rs\x0012\x008\0config::sub.load.init.0123456789abcdef.12.8.false\0false";
    const ENCODED: [u8; HEADER_LEN + BODY.len()] = encode(BODY);
    assert_eq!(
        read(&assemble(&record_section(&ENCODED, "a"))).unwrap(),
        [expected()]
    );
    assert_eq!(record(&FIELDS), ENCODED);
}

#[test]
fn records_come_in_the_order_of_the_file() {
    let mut second = FIELDS;
    (second[0], second[5]) = ("var", "LEVEL");
    second[9] = "config::sub.LEVEL.init.0123456789abcdef.12.8.false";
    let section = [record(&FIELDS), record(&second)].concat();
    let text = record_section(&section, "a") + &function(second[9]);
    let found = read(&assemble(&text)).unwrap();
    let found: Vec<_> = found
        .iter()
        .map(|record| (record.kind, record.name.as_str()))
        .collect();
    assert_eq!(found, [(InitKind::Init, "load"), (InitKind::Var, "LEVEL")]);
}

#[test]
fn every_member_of_an_archive_is_read_and_foreign_ones_are_passed_over() {
    let (object, archive) = Workshop::new(&plan()).record_files();
    assert_eq!(read(&object).unwrap(), [expected()]);
    assert_eq!(read(&archive).unwrap(), [expected()]);
}

#[test]
fn files_that_cannot_hold_records_have_none() {
    for bytes in [
        &b""[..],
        b"BC\xc0\xde\x35\x14\0\0",
        b"GROUP ( libc.a )",
        b"!<arch>\n",
        b"\0",
    ] {
        assert_eq!(read(bytes).unwrap(), []);
    }
    assert_eq!(read(&assemble(".text\nnop\n")).unwrap(), []);
}

#[test]
fn damaged_records_are_named() {
    let good = record(&FIELDS);
    assert!(matches!(
        fault(&good[..5]),
        RecordFault::Truncated {
            offset: 0,
            left: 5,
            ..
        }
    ));
    assert!(matches!(
        fault(&good[..10]),
        RecordFault::Truncated {
            offset: 0,
            left: 10,
            ..
        }
    ));
    let cut = fault(&[&good[..], &good[..good.len() - 1]].concat());
    assert!(
        matches!(cut, RecordFault::Truncated { offset, needed, .. } if offset == good.len() && needed == good.len() as u64)
    );

    let changed = |at: usize, bytes: &[u8]| {
        let mut section = good.clone();
        section[at..at + bytes.len()].copy_from_slice(bytes);
        fault(&section)
    };
    assert!(matches!(changed(0, b"x"), RecordFault::Magic { offset: 0 }));
    let version = changed(7, b"\x02");
    assert!(matches!(
        version,
        RecordFault::Version {
            offset: 0,
            found: 2
        }
    ));
    assert!(
        version
            .to_string()
            .contains("use an rtlib of the same version"),
        "{version}"
    );
    assert!(matches!(
        changed(8, &u32::MAX.to_le_bytes()),
        RecordFault::Truncated { .. }
    ));
    assert!(matches!(
        changed(HEADER_LEN, b"\xff"),
        RecordFault::Utf8 { offset: 0 }
    ));
    assert!(matches!(
        changed(HEADER_LEN, b"\0"),
        RecordFault::FieldCount { found: 12, .. }
    ));
}

#[test]
fn fields_with_impossible_values_are_named() {
    for (field, value) in [
        (Field::Kind, "Init"),
        (Field::Package, ""),
        (Field::Version, "1\n0"),
        (Field::Name, "\u{1b}[2J"),
        (Field::File, ""),
        (Field::Line, "0"),
        (Field::Line, "+12"),
        (Field::Line, "4294967296"),
        (Field::Column, "x"),
        (Field::Symbol, ""),
        (Field::Symbol, "load@V1"),
        (Field::Test, "1"),
    ] {
        let mut fields = FIELDS;
        fields[field as usize] = value;
        let found = fault(&record(&fields));
        let named = matches!(&found, RecordFault::Value { offset: 0, field: f, value: v } if *f == field && v == value);
        assert!(named, "{field:?} {value:?}: {found}");
    }
}

/// Whoever writes the section himself may write what he likes.
#[test]
fn a_symbol_that_the_macros_do_not_make_for_this_item_is_refused() {
    for symbol in [
        "environ",
        "load",
        "config::sub.load.init.0123456789abcde.12.8.false",
        "config::sub.load.init.0123456789abcdef0.12.8.false",
        "config::sub.load.init.0123456789ABCDEF.12.8.false",
        "config::sub.load.init.0123456789abcdef.13.8.false",
        "config::sub.load.init.0123456789abcdef.12.9.false",
        "config::sub.load.init.0123456789abcdef.12.8.true",
        "config::sub.save.init.0123456789abcdef.12.8.false",
        "config::sub.load.init..12.8.false",
    ] {
        let mut fields = FIELDS;
        fields[Field::Symbol as usize] = symbol;
        let found = fault(&record(&fields));
        let named = matches!(&found, RecordFault::Value { field: Field::Symbol, value, .. } if value == symbol);
        assert!(named, "{symbol}: {found}");
    }
}

#[test]
fn a_symbol_must_be_a_function_of_the_same_object() {
    let mut fields = FIELDS;
    fields[Field::Name as usize] = "other";
    let symbol = "config::sub.other.init.0123456789abcdef.12.8.false";
    fields[Field::Symbol as usize] = symbol;
    let section = record_section(&record(&fields), "a");
    let of = |more: &str| read(&assemble(&format!("{section}{more}"))).map_err(|error| error.fault);
    let data =
        format!(".data\n.globl \"{symbol}\"\n.type \"{symbol}\", @object\n\"{symbol}\": .quad 1\n");
    let local = function(symbol).replace(".globl", ".local");
    let elsewhere = format!(".text\ncall \"{symbol}\"\n");
    for more in ["", &data, &local, &elsewhere] {
        let found = of(more).unwrap_err();
        let named = matches!(&found, RecordFault::NotAFunction { item, symbol: s } if item == "config::sub::other" && s == symbol);
        assert!(named, "{more}: {found}");
    }
    assert_eq!(of(&function(symbol)).unwrap().len(), 1);
}

#[test]
fn a_compressed_section_is_refused() {
    // A section that says it is compressed; its content does not matter.
    let object = assemble(&record_section(&[1; 64], "a"));
    let error = read(&support::record::set_section_flag(
        &object,
        ".gobuild.init",
        1 << 11,
    ))
    .unwrap_err();
    assert!(matches!(error.fault, RecordFault::Compressed), "{error}");
}

#[test]
fn a_damaged_archive_member_is_named() {
    let (_, mut archive) = Workshop::new(&plan()).record_files();
    let magic = archive
        .windows(8)
        .position(|window| window == b"gobinit\x01")
        .unwrap();
    archive[magic] = b'x';
    let error = read(&archive).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot read the init records of archive member `config.load.o`"
    );
    assert!(matches!(error.fault, RecordFault::Magic { offset: 0 }));
}
