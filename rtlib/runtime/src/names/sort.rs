//! In which order the addresses of a host are tried: RFC 6724, section 6, without the rules that need to know more of the machine than a lookup does (Go: `net/addrselect.go`).

use core::cmp::Ordering;
use core::net::{IpAddr, Ipv6Addr};

use super::address::Address;

/// What is known of an address: from which of the machine's own ones it would be reached. None: it cannot be.
#[derive(Clone, Copy, Debug)]
pub struct Candidate {
    /// The address.
    pub address: Address,
    /// The machine's.
    pub source: Option<IpAddr>,
}

/// A line of the policy table (RFC 6724, section 2.1).
struct Policy {
    prefix: Ipv6Addr,
    len: u32,
    precedence: u8,
    label: u8,
}

const fn policy(prefix: Ipv6Addr, len: u32, precedence: u8, label: u8) -> Policy {
    Policy {
        prefix,
        len,
        precedence,
        label,
    }
}

const fn v6(first: u16, second: u16) -> Ipv6Addr {
    Ipv6Addr::new(first, second, 0, 0, 0, 0, 0, 0)
}

/// The longest prefix first.
const POLICIES: [Policy; 9] = [
    policy(Ipv6Addr::LOCALHOST, 128, 50, 0),
    policy(Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96, 35, 4),
    policy(Ipv6Addr::UNSPECIFIED, 96, 1, 3),
    policy(v6(0x2001, 0), 32, 5, 5),
    policy(v6(0x2002, 0), 16, 30, 2),
    policy(v6(0x3ffe, 0), 16, 1, 12),
    policy(v6(0xfec0, 0), 10, 1, 11),
    policy(v6(0xfc00, 0), 7, 3, 13),
    policy(Ipv6Addr::UNSPECIFIED, 0, 40, 1),
];

fn as_v6(ip: IpAddr) -> Ipv6Addr {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    }
}

/// Precedence and label.
fn classify(ip: IpAddr) -> (u8, u8) {
    let bits = as_v6(ip).to_bits();
    let fits = |policy: &&Policy| {
        let mask = u128::MAX.checked_shl(128 - policy.len).unwrap_or(0);
        bits & mask == policy.prefix.to_bits()
    };
    POLICIES
        .iter()
        .find(fits)
        .map_or((0, 0), |policy| (policy.precedence, policy.label))
}

const LINK_LOCAL: u8 = 2;
const SITE_LOCAL: u8 = 5;
const GLOBAL: u8 = 14;

fn scope(ip: IpAddr) -> u8 {
    match ip {
        IpAddr::V4(ip) if ip.is_loopback() || ip.is_link_local() => LINK_LOCAL,
        IpAddr::V4(_) => GLOBAL,
        IpAddr::V6(ip) => {
            let segment = ip.segments()[0];
            if ip.is_multicast() {
                (segment & 15) as u8
            } else if ip.is_loopback() || segment & 0xffc0 == 0xfe80 {
                LINK_LOCAL
            } else if segment & 0xffc0 == 0xfec0 {
                SITE_LOCAL
            } else {
                GLOBAL
            }
        }
    }
}

/// How many bits two IPv6 addresses have in common, of the 64 that name a network.
fn common_prefix(a: Ipv6Addr, b: Ipv6Addr) -> u32 {
    (a.to_bits() ^ b.to_bits()).leading_zeros().min(64)
}

/// `Less` if the first one is to be tried first.
fn compare(a: &Candidate, b: &Candidate) -> Ordering {
    let (Some(source_a), Some(source_b)) = (a.source, b.source) else {
        // Rule 1: what cannot be reached comes last.
        return b.source.is_some().cmp(&a.source.is_some());
    };
    let (ip_a, ip_b) = (a.address.ip, b.address.ip);
    let scopes = |ip, source| scope(ip) == scope(source);
    let labels = |ip, source| classify(ip).1 == classify(source).1;
    // The better one is the greater one here.
    let rule_2 = scopes(ip_a, source_a).cmp(&scopes(ip_b, source_b));
    let rule_5 = labels(ip_a, source_a).cmp(&labels(ip_b, source_b));
    let rule_6 = classify(ip_a).0.cmp(&classify(ip_b).0);
    let rule_8 = scope(ip_b).cmp(&scope(ip_a));
    let rule_9 = match (ip_a, source_a, ip_b, source_b) {
        (IpAddr::V6(a), IpAddr::V6(source_a), IpAddr::V6(b), IpAddr::V6(source_b)) => {
            common_prefix(a, source_a).cmp(&common_prefix(b, source_b))
        }
        _ => Ordering::Equal, // for IPv4 it would send everybody to one of many equal servers
    };
    rule_2
        .then(rule_5)
        .then(rule_6)
        .then(rule_8)
        .then(rule_9)
        .reverse()
}

/// Sorts, those that are equal as they were.
pub fn sort(candidates: &mut [Candidate]) {
    for end in 1..candidates.len() {
        let new = candidates[end];
        let before = &candidates[..end];
        let behind = before
            .iter()
            .rposition(|old| compare(&new, old) != Ordering::Less);
        let place = behind.map_or(0, |index| index + 1);
        candidates[place..=end].rotate_right(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `address<source`, or an address that cannot be reached.
    fn sorted(text: &str) -> String {
        let candidate = |word: &str| {
            let (address, source) = match word.split_once('<') {
                Some((address, source)) => (address, Some(source)),
                None => (word, None),
            };
            Candidate {
                address: Address::new(address.parse().expect("an address")),
                source: source.map(|source| source.parse().expect("an address")),
            }
        };
        let mut all: Vec<_> = text.split(' ').map(candidate).collect();
        sort(&mut all);
        let shown: Vec<_> = all.iter().map(|one| one.address.ip.to_string()).collect();
        shown.join(" ")
    }

    /// The examples of RFC 6724, section 10.2, and those that Go's tests add.
    #[test]
    fn the_examples_of_the_rfc() {
        for (text, expect) in [
            (
                "198.51.100.121<169.254.13.78 2001:db8:1::1<2001:db8:1::2",
                "2001:db8:1::1 198.51.100.121",
            ),
            (
                "2001:db8:1::1<fe80::1 198.51.100.121<198.51.100.117",
                "198.51.100.121 2001:db8:1::1",
            ),
            (
                "10.1.2.3<10.1.2.4 2001:db8:1::1<2001:db8:1::2",
                "2001:db8:1::1 10.1.2.3",
            ),
            (
                "2001:db8:1::1<2001:db8:1::2 fe80::1<fe80::2",
                "fe80::1 2001:db8:1::1",
            ),
            (
                "2001:db8:3f44::1<2001:db8:1::2 2001:db8:1::1<2001:db8:1::2",
                "2001:db8:1::1 2001:db8:3f44::1",
            ),
        ] {
            assert_eq!(sorted(text), expect, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_reached_comes_last_and_equals_keep_their_order() {
        assert_eq!(
            sorted("192.0.2.1 192.0.2.2<192.0.2.9 192.0.2.3"),
            "192.0.2.2 192.0.2.1 192.0.2.3"
        );
        assert_eq!(
            sorted("192.0.2.3<10.0.0.1 192.0.2.1<10.0.0.1 192.0.2.2<10.0.0.1"),
            "192.0.2.3 192.0.2.1 192.0.2.2"
        );
        assert_eq!(sorted("127.0.0.1<127.0.0.1 ::1<::1"), "::1 127.0.0.1");
        assert_eq!(sorted("::<::1 0.0.0.0<127.0.0.1"), "0.0.0.0 ::");
    }

    #[test]
    fn classes() {
        let class = |ip: &str| classify(ip.parse().expect("an address"));
        assert_eq!(class("::1"), (50, 0));
        assert_eq!(class("1.2.3.4"), (35, 4));
        assert_eq!(class("2002::1"), (30, 2));
        assert_eq!(class("fd00::1"), (3, 13));
        assert_eq!(class("2001:db8::1"), (40, 1));
    }
}
