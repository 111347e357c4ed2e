//! DNS messages as they travel (RFC 1035, section 4; RFC 6891): one question is written, an answer is read.
//!
//! An answer comes from anybody who can send a packet, so nothing in it is trusted: every position is checked, a name takes a bounded number of steps, and names with other bytes than host names
//! have are not taken.
//!
//! ARCHITECTURE.md says why this is not a crate.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::address::Text;

/// Bytes of the longest question: header, name, type and class, OPT.
pub const LONGEST_QUERY: usize = HEADER + LONGEST_NAME + 4 + OPT_LEN;
/// What we say we take in one packet, and what dnsflagday.net/2020 recommends.
pub const LARGEST_PACKET: usize = 1232;

const HEADER: usize = 12;
/// Bytes of the longest name on the wire.
const LONGEST_NAME: usize = 255;
const LONGEST_LABEL: usize = 63;
const OPT_LEN: usize = 11;
const CLASS_IN: u16 = 1;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Type {
    /// An IPv4 address.
    A = 1,
    /// The name of an address.
    Ptr = 12,
    /// An IPv6 address.
    Aaaa = 28,
}

const TYPE_CNAME: u16 = 5;
const TYPE_OPT: u16 = 41;

/// Bits of the header's second word.
mod flag {
    pub const RESPONSE: u16 = 1 << 15;
    pub const AUTHORITATIVE: u16 = 1 << 10;
    pub const TRUNCATED: u16 = 1 << 9;
    pub const RECURSION_DESIRED: u16 = 1 << 8;
    pub const RECURSION_AVAILABLE: u16 = 1 << 7;
    pub const AUTHENTIC_DATA: u16 = 1 << 5;
    pub const RCODE: u16 = 15;
}

/// What a server says of a question (RCODE, with the bits that OPT adds).
pub mod rcode {
    /// It is answered.
    pub const SUCCESS: u16 = 0;
    /// The server has failed, for now.
    pub const SERVER_FAILURE: u16 = 2;
    /// There is no such name.
    pub const NAME_ERROR: u16 = 3;
    /// The server cannot answer such a question.
    #[cfg(feature = "object")]
    pub const NOT_IMPLEMENTED: u16 = 4;
    /// The server does not want to answer.
    #[cfg(feature = "object")]
    pub const REFUSED: u16 = 5;
}

/// A name as text, without the dot at its end.
pub type Name = Text<256>;

/// A question, ready to be sent.
pub struct Query {
    bytes: [u8; LONGEST_QUERY],
    len: usize,
    /// Where the question is in it.
    question: core::ops::Range<usize>,
}

/// What goes into a question beside the name.
#[derive(Clone, Copy)]
pub struct Wish {
    /// The type.
    pub kind: Type,
    /// `options trust-ad` of resolv.conf: the AD bit is asked for.
    pub trust_ad: bool,
    /// The server is told what we take in one packet.
    pub edns0: bool,
}

impl Query {
    /// A question about a name. None if no name can be like that.
    pub fn new(name: &[u8], id: u16, wish: Wish) -> Option<Self> {
        let mut query = Self {
            bytes: [0; LONGEST_QUERY],
            len: 0,
            question: HEADER..HEADER,
        };
        let ad = if wish.trust_ad {
            flag::AUTHENTIC_DATA
        } else {
            0
        };
        for word in [id, flag::RECURSION_DESIRED | ad, 1, 0, 0, wish.edns0.into()] {
            query.put(&word.to_be_bytes());
        }
        for label in super::text::without_last_dot(name).split(|byte| *byte == b'.') {
            let fits = (1..=LONGEST_LABEL).contains(&label.len())
                && query.len + 1 + label.len() < HEADER + LONGEST_NAME;
            if !fits {
                return None;
            }
            query.put(&[label.len() as u8]);
            query.put(label);
        }
        query.put(&[0]);
        query.put(&(wish.kind as u16).to_be_bytes());
        query.put(&CLASS_IN.to_be_bytes());
        query.question.end = query.len;
        if wish.edns0 {
            query.put(&[0]);
            for word in [TYPE_OPT, LARGEST_PACKET as u16, 0, 0, 0] {
                query.put(&word.to_be_bytes());
            }
        }
        Some(query)
    }

    /// Within the longest question: the callers have checked.
    fn put(&mut self, bytes: &[u8]) {
        self.bytes[self.len..self.len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }

    /// As it is sent.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// Name, type and class.
    fn question(&self) -> &[u8] {
        &self.bytes[self.question.clone()]
    }
}

/// An answer to a question of ours.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    bytes: &'a [u8],
    flags: u16,
    /// How many records there are: answers, authorities, additional ones.
    counts: [u16; 3],
    /// Where they begin.
    records: usize,
}

/// It is not an answer to this question: a late one to another, or a forged one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotOurs;

/// A record cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damaged;

impl<'a> Answer<'a> {
    /// Takes a message for an answer, if it repeats the question.
    pub fn new(bytes: &'a [u8], query: &Query) -> Result<Self, NotOurs> {
        let word = |index: usize| be16(bytes, 2 * index).ok_or(NotOurs);
        let [flags, questions] = [word(1)?, word(2)?];
        let counts = [word(3)?, word(4)?, word(5)?];
        let asked = query.question();
        let records = HEADER + asked.len();
        let repeated = bytes.get(HEADER..records).ok_or(NotOurs)?;
        // Case is a server's to change. The lengths of labels are no letters, so they are compared, too.
        let is_ours = bytes.get(..2) == query.bytes().get(..2)
            && flags & flag::RESPONSE != 0
            && questions == 1
            && repeated.eq_ignore_ascii_case(asked);
        if !is_ours {
            return Err(NotOurs);
        }
        Ok(Self {
            bytes,
            flags,
            counts,
            records,
        })
    }

    /// It did not fit: the whole answer comes over TCP.
    pub fn is_truncated(&self) -> bool {
        self.flags & flag::TRUNCATED != 0
    }

    /// What the server says, and whether there are additional records.
    pub fn rcode(&self) -> (u16, bool) {
        let low = self.flags & flag::RCODE;
        let skipped = usize::from(self.counts[0]) + usize::from(self.counts[1]);
        let mut records = self.all();
        let mut more = false;
        for index in 0.. {
            match records.next() {
                Some(Ok(_)) if index < skipped => {}
                Some(Ok(record)) => {
                    more = true;
                    if record.kind == TYPE_OPT {
                        return ((record.ttl >> 24) as u16 * 16 + low, more);
                    }
                }
                _ => break,
            }
        }
        (low, more)
    }

    /// The server knows nothing and asks nobody.
    pub fn refers_elsewhere(&self) -> bool {
        self.flags & (flag::AUTHORITATIVE | flag::RECURSION_AVAILABLE) == 0
    }

    /// What is in the answer section.
    pub fn answers(&self) -> Records<'a> {
        Records {
            left: self.counts[0].into(),
            ..self.all()
        }
    }

    fn all(&self) -> Records<'a> {
        Records {
            bytes: self.bytes,
            at: self.records,
            left: self.counts.iter().map(|count| u32::from(*count)).sum(),
        }
    }
}

/// Records, one after the other. One that is damaged is the last.
pub struct Records<'a> {
    bytes: &'a [u8],
    at: usize,
    left: u32,
}

/// A record.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    bytes: &'a [u8],
    owner: usize,
    kind: u16,
    class: u16,
    ttl: u32,
    data: usize,
    len: usize,
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, Damaged>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let record = Record::read(self.bytes, self.at);
        match record {
            Some(record) => self.at = record.data + record.len,
            None => self.left = 0,
        }
        Some(record.ok_or(Damaged))
    }
}

impl<'a> Record<'a> {
    fn read(bytes: &'a [u8], owner: usize) -> Option<Self> {
        const FIXED: usize = 10;
        let at = behind_name(bytes, owner)?;
        let data = at + FIXED;
        let len = be16(bytes, at + 8)?.into();
        bytes.get(data..data + len)?;
        Some(Self {
            bytes,
            owner,
            kind: be16(bytes, at)?,
            class: be16(bytes, at + 2)?,
            ttl: u32::from(be16(bytes, at + 4)?) << 16 | u32::from(be16(bytes, at + 6)?),
            data,
            len,
        })
    }

    /// Whether it is of this type.
    pub fn is(&self, kind: Type) -> bool {
        self.class == CLASS_IN && self.kind == kind as u16
    }

    /// Whether it says that its owner is another name for something.
    pub fn is_alias(&self) -> bool {
        self.class == CLASS_IN && self.kind == TYPE_CNAME
    }

    /// Its address, if it has one.
    pub fn address(&self) -> Option<Result<IpAddr, Damaged>> {
        let data = &self.bytes[self.data..self.data + self.len];
        if self.is(Type::A) {
            let octets = <[u8; 4]>::try_from(data).map_err(|_| Damaged);
            Some(octets.map(|octets| IpAddr::V4(Ipv4Addr::from(octets))))
        } else if self.is(Type::Aaaa) {
            let octets = <[u8; 16]>::try_from(data).map_err(|_| Damaged);
            Some(octets.map(|octets| IpAddr::V6(Ipv6Addr::from(octets))))
        } else {
            None
        }
    }

    /// Whose it is. None if no host is called like that.
    pub fn owner(&self) -> Option<Name> {
        host_name(self.bytes, self.owner)
    }

    /// The name that it leads to, if it is an alias or the name of an address. None if no host is called like that.
    pub fn target(&self) -> Option<Name> {
        let leads = self.is_alias() || self.is(Type::Ptr);
        leads.then(|| host_name(self.bytes, self.data)).flatten()
    }
}

fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    let pair = bytes.get(at..at.checked_add(2)?)?;
    pair.try_into().ok().map(u16::from_be_bytes)
}

/// What stands at a position of a name.
enum Part<'a> {
    End,
    Label(&'a [u8]),
    /// The name goes on there.
    Pointer(usize),
}

fn part(bytes: &[u8], at: usize) -> Option<Part<'_>> {
    let length = *bytes.get(at)?;
    match length >> 6 {
        0 if length == 0 => Some(Part::End),
        0 => bytes
            .get(at + 1..at + 1 + usize::from(length))
            .map(Part::Label),
        3 => be16(bytes, at).map(|word| Part::Pointer(usize::from(word & 0x3fff))),
        _ => None,
    }
}

/// Where what follows a name begins.
fn behind_name(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match part(bytes, at)? {
            Part::End => return Some(at + 1),
            Part::Label(label) => at += 1 + label.len(),
            Part::Pointer(_) => return Some(at + 2),
        }
    }
}

/// Reads a name of labels of letters, digits, `-` and `_`.
fn host_name(bytes: &[u8], mut at: usize) -> Option<Name> {
    let mut name = Name::new();
    // A pointer leads back, so that this ends.
    let mut limit = at;
    loop {
        match part(bytes, at)? {
            Part::End => return (!name.bytes().is_empty()).then_some(name),
            Part::Label(label) => {
                let is_fit = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
                let room = LONGEST_NAME - 2 - name.bytes().len();
                if !label.iter().all(is_fit) || label.len() + 1 > room {
                    return None;
                }
                if !name.bytes().is_empty() {
                    name.append(b".")?;
                }
                name.append(label)?;
                at += 1 + label.len();
            }
            Part::Pointer(to) if to < limit => {
                limit = to;
                at = to;
            }
            Part::Pointer(_) => return None,
        }
    }
}
