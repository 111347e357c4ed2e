//! Reads traces in Perfetto's format, from the bytes up and on its own: the wire format, and the few fields that the tests look at.

use std::collections::BTreeMap;

/// A field of a message.
#[derive(Debug)]
enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// The fields of a message, in order.
fn fields(mut bytes: &[u8]) -> Vec<(u64, Value<'_>)> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let value = match key & 7 {
            0 => Value::Number(varint(&mut bytes)),
            1 => Value::Number(u64::from_le_bytes(
                take(&mut bytes, 8).try_into().expect("8 bytes"),
            )),
            2 => {
                let len = varint(&mut bytes) as usize;
                Value::Bytes(take(&mut bytes, len))
            }
            other => panic!("wire type {other}"),
        };
        all.push((key >> 3, value));
    }
    all
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = take(bytes, 1)[0];
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return value;
        }
    }
    panic!("a varint without end");
}

fn take<'a>(bytes: &mut &'a [u8], len: usize) -> &'a [u8] {
    let (head, tail) = bytes
        .split_at_checked(len)
        .expect("a message that is cut off");
    *bytes = tail;
    head
}

fn number(message: &[u8], field: u64) -> Option<u64> {
    fields(message)
        .into_iter()
        .find_map(|(name, value)| match value {
            Value::Number(number) if name == field => Some(number),
            _ => None,
        })
}

fn bytes(message: &[u8], field: u64) -> Option<&[u8]> {
    fields(message)
        .into_iter()
        .find_map(|(name, value)| match value {
            Value::Bytes(bytes) if name == field => Some(bytes),
            _ => None,
        })
}

fn text(message: &[u8], field: u64) -> Option<String> {
    bytes(message, field).map(|bytes| String::from_utf8(bytes.to_vec()).expect("UTF-8"))
}

/// What happens on a track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A slice with this name begins.
    Begin(String),
    /// The innermost slice ends.
    End,
    /// Something with this name happens.
    Instant(String),
}

/// An event on a track.
#[derive(Clone, Debug)]
pub struct Event {
    /// When, ns.
    pub time: u64,
    /// What.
    pub what: What,
    /// The arrow that starts here.
    pub flow: Option<u64>,
    /// The arrow that ends here.
    pub end_of_flow: Option<u64>,
}

/// The events by the names of their tracks, in order of time.
///
/// # Panics
/// When the file is not a trace, or an event is on a track that is not described.
#[must_use]
pub fn tracks(trace: &[u8]) -> BTreeMap<String, Vec<Event>> {
    let packets: Vec<&[u8]> = fields(trace)
        .into_iter()
        .map(|field| match field {
            (1, Value::Bytes(packet)) => packet,
            other => panic!("not a packet: {other:?}"),
        })
        .collect();
    let mut names = BTreeMap::new();
    let mut described = BTreeMap::new();
    for packet in &packets {
        if let Some(descriptor) = bytes(packet, 60) {
            described.insert(
                number(descriptor, 1).expect("a uuid"),
                text(descriptor, 2).unwrap_or_default(),
            );
        }
        if let Some(name) = bytes(packet, 12).and_then(|data| bytes(data, 2)) {
            names.insert(number(name, 1), text(name, 2).expect("a name"));
        }
    }
    let mut all: BTreeMap<String, Vec<Event>> = BTreeMap::new();
    for packet in &packets {
        let Some(event) = bytes(packet, 11) else {
            continue;
        };
        let name = || text(event, 23).unwrap_or_else(|| names[&number(event, 10)].clone());
        let track = number(event, 11).expect("a track");
        let track = described
            .get(&track)
            .unwrap_or_else(|| panic!("track {track:#x} is not described"));
        all.entry(track.clone()).or_default().push(Event {
            time: number(packet, 8).expect("a time"),
            what: match number(event, 9) {
                Some(1) => What::Begin(name()),
                Some(2) => What::End,
                Some(3) => What::Instant(name()),
                other => panic!("an event of type {other:?}"),
            },
            flow: number(event, 47),
            end_of_flow: number(event, 48),
        });
    }
    all.values_mut()
        .for_each(|events| events.sort_by_key(|event| event.time));
    all
}
