//! What the runtime reads when it looks names up: answers of DNS servers, and the files of /etc.
//!
//! Of messages that the crate simple-dns can read, both must read the same addresses.

use std::net::IpAddr;

use rtlib_runtime::names::wire::{Answer, Query, Type, Wish};
use rtlib_runtime::names::{conf::Conf, hosts, nsswitch, services, text::Lines, users, wire};
use simple_dns::rdata::RData;
use simple_dns::{CLASS, Name, Packet, PacketFlag, ResourceRecord};

const NAME: &str = "www.example";
const MESSAGE: u8 = 0;
const TEXT: u8 = 1;

/// Panics when a promise about hostile bytes is broken. The first byte says what the others are.
pub fn target(bytes: &[u8]) {
    match bytes {
        [MESSAGE, message @ ..] => read_message(message),
        [_, text @ ..] => read_text(text),
        [] => {}
    }
}

fn query() -> Query {
    let wish = Wish {
        kind: Type::A,
        trust_ad: false,
        edns0: true,
    };
    Query::new(NAME.as_bytes(), 7, wish).expect("a name")
}

fn read_message(bytes: &[u8]) {
    let Ok(answer) = Answer::new(bytes, &query()) else {
        return;
    };
    _ = (
        answer.rcode(),
        answer.is_truncated(),
        answer.refers_elsewhere(),
    );
    let mut ours = Vec::new();
    for record in answer.answers().flatten() {
        for name in [record.owner(), record.target()].into_iter().flatten() {
            check_name(&name);
        }
        ours.extend(record.address().and_then(Result::ok));
    }
    if let Ok(packet) = Packet::parse(bytes) {
        let is_plain =
            |record: &&ResourceRecord<'_>| record.class == CLASS::IN && !record.cache_flush;
        let answers = packet.answers.iter().filter(is_plain);
        let theirs: Vec<_> = answers
            .filter_map(|record| address(&record.rdata))
            .collect();
        assert_eq!(ours, theirs);
    }
}

fn address(data: &RData<'_>) -> Option<IpAddr> {
    match data {
        RData::A(a) => Some(IpAddr::V4(a.address.into())),
        RData::AAAA(a) => Some(IpAddr::V6(a.address.into())),
        _ => None,
    }
}

/// It can be asked for again, so it is one of DNS's.
fn check_name(name: &wire::Name) {
    let wish = Wish {
        kind: Type::A,
        trust_ad: false,
        edns0: false,
    };
    assert!(Query::new(name.bytes(), 1, wish).is_some());
}

fn read_text(text: &[u8]) {
    let lines = || {
        let mut rest = text;
        let read = move |buffer: &mut [u8]| {
            let len = rest.len().min(buffer.len()).min(100);
            buffer[..len].copy_from_slice(&rest[..len]);
            rest = &rest[len..];
            len
        };
        Lines::new(read, 0)
    };
    let interfaces = |name: &[u8]| (name == b"lo").then_some(1);
    let conf = Conf::read(lines(), text, &interfaces).expect("memory");
    assert!((1..=3).contains(&conf.servers().len()));
    let first = text.split(|byte| byte.is_ascii_whitespace()).next();
    conf.names_to_try(first.unwrap_or_default(), |name| {
        assert!(name.len() <= 253);
        false
    });
    _ = nsswitch::hosts(lines());
    let found = hosts::by_name(lines(), b"web", &interfaces).expect("memory");
    assert!(found.addresses.len() <= hosts::MAX_ADDRESSES);
    _ = hosts::by_address(lines(), &[127, 0, 0, 1].into(), &interfaces).expect("memory");
    let mut all = lines();
    let mut count = 0;
    while let Some(line) = all.next_line() {
        count += 1;
        assert!(!line.contains(&b'\n'));
        if let Some(user) = users::User::read(line) {
            assert!(!user.name.is_empty() && !line.contains(&0));
        }
        if let Some(group) = users::Group::read(line) {
            assert!(group.members().all(|member| !member.is_empty()));
        }
        if let Some(service) = services::Service::read(line) {
            assert!(service.is_called(service.name));
        }
        _ = services::Protocol::read(line).map(|protocol| protocol.aliases().count());
    }
    assert_eq!(all.position(), text.len() as u64);
    assert!(count <= text.len());
}

/// Answers as servers give them, and files as they are.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut all = vec![
        message(&[]),
        message(&[(NAME, [192, 0, 2, 1]), ("other.example", [192, 0, 2, 2])]),
    ];
    let files = [
        "nameserver 127.0.0.1\nsearch a.example b.example\noptions ndots:2 timeout:3 attempts:4 rotate\n",
        "127.0.0.1 localhost\n::1 localhost web\nfe80::1%lo link # comment\n",
        "hosts: files mdns4_minimal [NOTFOUND=return] dns myhostname\n",
        "root:x:0:0:root:/root:/bin/sh\n+nis\nadm:x:4:syslog,me\n",
        "http 80/tcp www\ntcp 6 TCP\n",
    ];
    all.extend(files.map(|file| [&[TEXT], file.as_bytes()].concat()));
    all
}

fn message(addresses: &[(&'static str, [u8; 4])]) -> Vec<u8> {
    let query = query();
    let question = Packet::parse(query.bytes()).expect("simple-dns reads our question");
    let mut reply = Packet::new_reply(question.id());
    reply.set_flags(PacketFlag::RECURSION_AVAILABLE);
    reply.questions.clone_from(&question.questions);
    for (name, octets) in addresses {
        let address = u32::from_be_bytes(*octets);
        let data = RData::A(simple_dns::rdata::A { address });
        let name = Name::new_unchecked(name);
        reply
            .answers
            .push(ResourceRecord::new(name, CLASS::IN, 60, data));
    }
    let bytes = reply.build_bytes_vec_compressed().expect("an answer");
    [&[MESSAGE][..], &bytes].concat()
}
