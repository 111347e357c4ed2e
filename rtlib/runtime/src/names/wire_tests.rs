//! Tests of [`wire`](super::wire): messages as they travel, and what nobody should send.

use super::wire::*;

fn wish(kind: Type) -> Wish {
    Wish {
        kind,
        trust_ad: false,
        edns0: true,
    }
}

fn query(name: &str, kind: Type) -> Query {
    Query::new(name.as_bytes(), 0x1234, wish(kind)).expect("a name")
}

/// An answer to a question, with these counts and records.
fn answer(query: &Query, flags: u16, counts: [u16; 3], records: &[u8]) -> Vec<u8> {
    let bytes = query.bytes();
    let mut all = bytes[..2].to_vec();
    for word in [flags, 1].into_iter().chain(counts) {
        all.extend(word.to_be_bytes());
    }
    all.extend(&bytes[12..bytes.len() - 11]);
    all.extend(records);
    all
}

/// A record whose name is a pointer.
fn record(name: u16, kind: u16, class: u16, ttl: u32, data: &[u8]) -> Vec<u8> {
    let mut all = (0xc000 | name).to_be_bytes().to_vec();
    all.extend(kind.to_be_bytes());
    all.extend(class.to_be_bytes());
    all.extend(ttl.to_be_bytes());
    all.extend((data.len() as u16).to_be_bytes());
    all.extend(data);
    all
}

fn text(name: Option<Name>) -> Option<String> {
    name.map(|name| String::from_utf8(name.bytes().to_vec()).expect("text"))
}

#[test]
fn a_question_as_it_travels() {
    let query = query("a.example.", Type::Aaaa);
    let expect = [
        &[0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1][..],
        b"\x01a\x07example\0",
        &[0, 28, 0, 1],
        &[0, 0, 41, 4, 0xd0, 0, 0, 0, 0, 0, 0],
    ];
    assert_eq!(query.bytes(), expect.concat());
    let plain = Wish {
        kind: Type::A,
        trust_ad: true,
        edns0: false,
    };
    let query = Query::new(b"a", 1, plain).expect("a name");
    assert_eq!(
        query.bytes(),
        b"\0\x01\x01\x20\0\x01\0\0\0\0\0\0\x01a\0\0\x01\0\x01"
    );
}

#[test]
fn names_that_do_not_fit_are_not_asked_for() {
    let fits = |name: &str| Query::new(name.as_bytes(), 1, wish(Type::A)).is_some();
    assert!(fits(&"a".repeat(63)) && !fits(&"a".repeat(64)));
    let longest = format!("{}{}", "a.".repeat(126), "a");
    assert_eq!(longest.len(), 253);
    assert!(fits(&longest) && !fits(&format!("{longest}a")) && !fits(&format!("{longest}.a")));
    assert!(!fits("") && !fits(".") && !fits("a..b"));
    let query = Query::new(longest.as_bytes(), 1, wish(Type::A)).expect("fits");
    assert_eq!(query.bytes().len(), LONGEST_QUERY);
}

#[test]
fn addresses_and_aliases_are_read() {
    let asked = query("www.example", Type::A);
    let records = [
        record(12, 5, 1, 9, b"\x03web\xc0\x10"),
        record(41, 1, 1, 9, &[192, 0, 2, 1]),
        record(41, 16, 1, 9, b"\x01x"),
        record(41, 1, 3, 9, &[192, 0, 2, 9]),
        record(41, 1, 1, 9, &[192, 0, 2, 2]),
        record(12, 2, 1, 9, b"\xc0\x0c"),
    ];
    let bytes = answer(&asked, 0x8180, [5, 1, 0], &records.concat());
    let answer = Answer::new(&bytes, &asked).expect("ours");
    assert!(!answer.is_truncated() && !answer.refers_elsewhere());
    assert_eq!(answer.rcode(), (rcode::SUCCESS, false));
    let all: Vec<_> = answer
        .answers()
        .map(|record| record.expect("whole"))
        .collect();
    assert_eq!(text(all[0].target()).as_deref(), Some("web.example"));
    assert_eq!(text(all[0].owner()).as_deref(), Some("www.example"));
    assert!(all[0].is_alias() && !all[1].is_alias());
    assert_eq!(text(all[1].owner()).as_deref(), Some("web.example"));
    let addresses: Vec<_> = all.iter().filter_map(Record::address).collect();
    let expect = [[192, 0, 2, 1], [192, 0, 2, 2]].map(|octets| Ok(octets.into()));
    assert_eq!(addresses, expect);
}

#[test]
fn opt_has_more_bits_of_the_code() {
    let asked = query("a", Type::A);
    let opt = [&[0][..], &[0, 41, 4, 0xd0, 1, 0, 0, 0, 0, 0]].concat();
    let bytes = answer(&asked, 0x8180, [0, 0, 1], &opt);
    assert_eq!(
        Answer::new(&bytes, &asked).expect("ours").rcode(),
        (16, true)
    );
    let bytes = answer(&asked, 0x8182, [0, 0, 0], &[]);
    let answer_of_failure = Answer::new(&bytes, &asked).expect("ours");
    assert_eq!(answer_of_failure.rcode(), (rcode::SERVER_FAILURE, false));
    let bytes = answer(&asked, 0x8003, [0, 0, 0], &[]);
    let answer = Answer::new(&bytes, &asked).expect("ours");
    assert_eq!(answer.rcode(), (rcode::NAME_ERROR, false));
    assert!(answer.refers_elsewhere());
}

#[test]
fn what_does_not_repeat_the_question_is_not_ours() {
    let asked = query("www.example", Type::A);
    let good = answer(&asked, 0x8180, [0; 3], &[]);
    assert!(Answer::new(&good, &asked).is_ok());
    let mut upper = good.clone();
    upper[13] = b'W';
    assert!(
        Answer::new(&upper, &asked).is_ok(),
        "case is a server's to change"
    );
    // Every byte of header and question counts, but for the rest of the flags, the counts of records, and case.
    for at in (0..good.len()).filter(|at| !matches!(at, 3 | 6..12)) {
        let mut other = good.clone();
        other[at] ^= 0x80;
        assert!(Answer::new(&other, &asked).is_err(), "byte {at}");
        assert!(Answer::new(&good[..at], &asked).is_err(), "cut at {at}");
    }
    for other in [
        query("www.example", Type::Aaaa),
        query("www.exampl.e", Type::A),
    ] {
        assert!(Answer::new(&good, &other).is_err());
    }
    assert!(
        Answer::new(asked.bytes(), &asked).is_err(),
        "our own question"
    );
}

#[test]
fn names_that_lead_nowhere_end() {
    let asked = query("a", Type::A);
    let at = 12 + 3 + 4;
    for (what, records) in [
        ("itself", record(at, 1, 1, 9, &[1, 2, 3, 4])),
        ("forward", record(at + 30, 1, 1, 9, &[1, 2, 3, 4])),
        ("far away", record(0x3fff, 1, 1, 9, &[1, 2, 3, 4])),
    ] {
        let bytes = answer(&asked, 0x8180, [1, 0, 0], &records);
        let answer = Answer::new(&bytes, &asked).expect("ours");
        let record = answer.answers().next().expect("one").expect("whole");
        assert!(record.owner().is_none(), "{what}");
        assert!(
            record.address().is_some(),
            "the record is read all the same"
        );
    }
}

#[test]
fn damaged_records_are_the_last() {
    let asked = query("a", Type::A);
    let good = record(12, 1, 1, 9, &[1, 2, 3, 4]);
    let whole = answer(&asked, 0x8180, [3, 0, 0], &[&good[..], &good].concat());
    let read = |bytes: &[u8]| -> Vec<_> {
        let answer = Answer::new(bytes, &asked).expect("ours");
        answer.answers().map(|record| record.is_ok()).collect()
    };
    assert_eq!(read(&whole), [true, true, false]);
    for cut in 1..=good.len() {
        assert_eq!(read(&whole[..whole.len() - cut]), [true, false], "{cut}");
    }
    let short = answer(&asked, 0x8180, [1, 0, 0], &record(12, 1, 1, 9, &[1, 2, 3]));
    let answer = Answer::new(&short, &asked).expect("ours");
    let record = answer.answers().next().expect("one").expect("whole");
    assert_eq!(record.address(), Some(Err(Damaged)));
}

#[test]
fn only_names_of_hosts_are_taken() {
    let asked = query("a", Type::Ptr);
    let target = |data: &[u8]| {
        let bytes = answer(&asked, 0x8180, [1, 0, 0], &record(12, 12, 1, 9, data));
        let answer = Answer::new(&bytes, &asked).expect("ours");
        let record = answer.answers().next().expect("one").expect("whole");
        text(record.target())
    };
    assert_eq!(target(b"\x03a-b\x02_c\0").as_deref(), Some("a-b._c"));
    for data in [
        &b"\0"[..],
        b"\x01/\0",
        b"\x03a b\0",
        b"\x03a\nb\0",
        b"\x01\0\0",
        b"\x03a.b\0",
        b"\x02a",
        b"\x41a\0",
    ] {
        assert_eq!(target(data), None, "{data:?}");
    }
    let longest = [b"\x01a".repeat(126), b"\x01b\0".to_vec()].concat();
    assert_eq!(target(&longest).map(|name| name.len()), Some(253));
    assert_eq!(target(&[&b"\x01a"[..], &longest].concat()), None);
}

/// Whatever comes, it is read to its end without a panic.
#[test]
fn anything_can_be_read() {
    let asked = query("www.example", Type::A);
    let alias = record(12, 5, 1, 9, b"\x03web\xc0\x10");
    let a = record(41, 1, 1, 9, &[192, 0, 2, 1]);
    let good = answer(&asked, 0x8180, [2, 0, 0], &[alias, a].concat());
    let rounds = if cfg!(miri) { 300 } else { 200_000 };
    let mut seed = 1_u64;
    let mut random = |below: usize| {
        seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        (crate::random::mix(seed) % below as u64) as usize
    };
    for _ in 0..rounds {
        let mut bytes = good.clone();
        for _ in 0..=random(4) {
            let at = 12 + 13 + 4 + random(good.len() - 29);
            bytes[at] = random(256) as u8;
        }
        for count in &mut bytes[6..12] {
            if random(4) == 0 {
                *count = random(4) as u8;
            }
        }
        bytes.truncate(29 + random(bytes.len() - 28));
        let answer = Answer::new(&bytes, &asked).expect("the question is whole");
        _ = answer.rcode();
        for record in answer.answers().flatten() {
            _ = (record.owner(), record.target(), record.address());
        }
    }
}
