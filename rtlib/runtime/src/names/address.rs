//! IP addresses as text: what `getaddrinfo` takes for a number, with scopes (`fe80::1%eth0`), and back.

use core::fmt::{self, Write};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::text;

/// An address, and the interface that an IPv6 one is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    /// The address.
    pub ip: IpAddr,
    /// The number of the interface (`sin6_scope_id`), 0 for none.
    pub scope: u32,
}

impl Address {
    /// An address of no particular interface.
    pub const fn new(ip: IpAddr) -> Self {
        Self { ip, scope: 0 }
    }

    /// As an IPv6 address, an IPv4 one as `::ffff:a.b.c.d`.
    pub fn mapped(self) -> Self {
        match self.ip {
            IpAddr::V4(ip) => Self::new(IpAddr::V6(ip.to_ipv6_mapped())),
            IpAddr::V6(_) => self,
        }
    }
}

/// Finds an interface's number by its name.
pub type Interfaces<'a> = &'a dyn Fn(&[u8]) -> Option<u32>;

/// What a name says when it is a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    /// It is none.
    None,
    /// An address of an interface that there is not.
    NoSuchScope,
    /// An address.
    Is(Address),
}

/// Reads an address, as `getaddrinfo` does: IPv4 in all forms of inet_aton(3), IPv6 with or without a scope.
pub fn parse(name: &[u8], interfaces: Interfaces<'_>) -> Number {
    if let Some(ip) = inet_aton(name) {
        return Number::Is(Address::new(IpAddr::V4(ip)));
    }
    let (ip, scope) = match name.iter().position(|byte| *byte == b'%') {
        Some(at) => (&name[..at], Some(&name[at + 1..])),
        None => (name, None),
    };
    let Some(ip) = parsed::<Ipv6Addr>(ip) else {
        return Number::None;
    };
    let scope = match scope {
        None => Some(0),
        Some(scope) => scope_id(&ip, scope, interfaces),
    };
    match scope {
        Some(scope) => Number::Is(Address {
            ip: IpAddr::V6(ip),
            scope,
        }),
        None => Number::NoSuchScope,
    }
}

/// Reads an address as the files have it: four decimal numbers, or IPv6.
pub fn literal(text: &[u8], interfaces: Interfaces<'_>) -> Option<Address> {
    if let Some(ip) = parsed::<Ipv4Addr>(text) {
        return Some(Address::new(IpAddr::V4(ip)));
    }
    match parse(text, interfaces) {
        Number::Is(address) if address.ip.is_ipv6() => Some(address),
        _ => None,
    }
}

/// `str::parse` for bytes.
fn parsed<T: core::str::FromStr>(text: &[u8]) -> Option<T> {
    core::str::from_utf8(text).ok()?.parse().ok()
}

/// An interface by name, where the address belongs to one link, or by number.
fn scope_id(ip: &Ipv6Addr, scope: &[u8], interfaces: Interfaces<'_>) -> Option<u32> {
    let by_name = is_of_a_link(ip).then(|| interfaces(scope)).flatten();
    by_name.or_else(|| text::number(scope))
}

/// Whether it means something on one link only.
pub fn is_of_a_link(ip: &Ipv6Addr) -> bool {
    let segment = ip.segments()[0];
    segment & 0xffc0 == 0xfe80 || segment & 0xff0f == 0xff02
}

/// inet_aton(3): one to four numbers, decimal, octal or hexadecimal; the last one fills the bytes that are left.
fn inet_aton(text: &[u8]) -> Option<Ipv4Addr> {
    let mut parts = [0_u32; 4];
    let mut count = 0;
    for part in text.split(|byte| *byte == b'.') {
        *parts.get_mut(count)? = c_number(part)?;
        count += 1;
    }
    let last = *parts.get(count.checked_sub(1)?)?;
    let leading = &parts[..count - 1];
    if leading.iter().any(|part| *part > 0xff) {
        return None;
    }
    let free_bits = 32 - 8 * leading.len();
    if free_bits < 32 && last >> free_bits != 0 {
        return None;
    }
    let high = leading
        .iter()
        .enumerate()
        .fold(0, |sum, (i, part)| sum | part << (24 - 8 * i));
    Some(Ipv4Addr::from_bits(high | last))
}

/// A number as C writes it: 10, 012, 0xa.
fn c_number(text: &[u8]) -> Option<u32> {
    let (digits, radix) = match text {
        [b'0', b'x' | b'X', rest @ ..] => (rest, 16),
        [b'0', rest @ ..] if !rest.is_empty() => (rest, 8),
        _ => (text, 10),
    };
    if !digits.first()?.is_ascii_hexdigit() {
        return None; // no sign
    }
    u32::from_str_radix(core::str::from_utf8(digits).ok()?, radix).ok()
}

/// Text of a known greatest length.
#[derive(Clone, Copy)]
pub struct Text<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Text<N> {
    /// Nothing.
    pub const fn new() -> Self {
        Self {
            bytes: [0; N],
            len: 0,
        }
    }

    /// What it says.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// Appends, if there is room for all of it.
    pub fn append(&mut self, more: &[u8]) -> Option<()> {
        let room = self.bytes.get_mut(self.len..self.len + more.len())?;
        room.copy_from_slice(more);
        self.len += more.len();
        Some(())
    }
}

impl<const N: usize> Default for Text<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> Write for Text<N> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.append(text.as_bytes()).ok_or(fmt::Error)
    }
}

/// An address as text, without its scope.
pub fn format(ip: &IpAddr) -> Text<64> {
    let mut text = Text::new();
    // It has 45 bytes at most.
    _ = write!(text, "{ip}");
    text
}

/// The name under which DNS knows an address (`4.3.2.1.in-addr.arpa.`).
pub fn reverse(ip: &IpAddr) -> Text<80> {
    let mut text = Text::new();
    // It has 73 bytes at most.
    _ = match ip {
        IpAddr::V4(ip) => {
            let [a, b, c, d] = ip.octets();
            write!(text, "{d}.{c}.{b}.{a}.in-addr.arpa.")
        }
        IpAddr::V6(ip) => ip
            .octets()
            .iter()
            .rev()
            .try_for_each(|byte| write!(text, "{:x}.{:x}.", byte & 15, byte >> 4))
            .and_then(|()| write!(text, "ip6.arpa.")),
    };
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interfaces(name: &[u8]) -> Option<u32> {
        (name == b"eth0").then_some(2)
    }

    fn shown(name: &str) -> String {
        match parse(name.as_bytes(), &interfaces) {
            Number::None => "none".to_owned(),
            Number::NoSuchScope => "no such scope".to_owned(),
            Number::Is(Address { ip, scope: 0 }) => ip.to_string(),
            Number::Is(Address { ip, scope }) => format!("{ip} of {scope}"),
        }
    }

    #[test]
    fn numbers_are_read_as_inet_aton_does() {
        for (name, expect) in [
            ("1.2.3.4", "1.2.3.4"),
            ("127.1", "127.0.0.1"),
            ("127.0x10.3", "127.16.0.3"),
            ("0x7f000001", "127.0.0.1"),
            ("2130706433", "127.0.0.1"),
            ("0177.0.0.010", "127.0.0.8"),
            ("0", "0.0.0.0"),
            ("4294967295", "255.255.255.255"),
            ("1.2.65535", "1.2.255.255"),
        ] {
            assert_eq!(shown(name), expect, "{name}");
        }
        for name in [
            "",
            ".",
            "1.",
            ".1",
            "1.2.3.256",
            "256.1.1.1",
            "1.2.65536",
            "1.2.3.4.5",
            "4294967296",
            "0x",
            "08",
            "+1",
            "-1",
            " 1",
            "1 ",
            "a",
            "1..2",
            "1.2.3.4 ",
        ] {
            assert_eq!(shown(name), "none", "{name}");
        }
    }

    #[test]
    fn scopes_are_names_or_numbers() {
        for (name, expect) in [
            ("::1", "::1"),
            ("::ffff:1.2.3.4", "::ffff:1.2.3.4"),
            ("fe80::1%eth0", "fe80::1 of 2"),
            ("ff02::1%eth0", "ff02::1 of 2"),
            ("fe80::1%7", "fe80::1 of 7"),
            ("::1%7", "::1 of 7"),
            ("::1%eth0", "no such scope"),
            ("fe80::1%nope", "no such scope"),
            ("fe80::1%", "no such scope"),
            ("1.2.3.4%eth0", "none"),
            ("%eth0", "none"),
            ("::g", "none"),
        ] {
            assert_eq!(shown(name), expect, "{name}");
        }
    }

    #[test]
    fn files_have_plain_numbers_only() {
        let read = |text: &str| literal(text.as_bytes(), &interfaces).map(|found| found.ip);
        assert_eq!(read("1.2.3.4"), Some([1, 2, 3, 4].into()));
        assert_eq!(
            read("fe80::1%eth0"),
            Some("fe80::1".parse().expect("an address"))
        );
        for text in ["127.1", "0x1", "name", "", "1.2.3.04"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn addresses_are_shown_and_mapped() {
        let mapped = Address::new([192, 0, 2, 1].into()).mapped();
        assert_eq!(format(&mapped.ip).bytes(), b"::ffff:192.0.2.1");
        assert_eq!(mapped.mapped(), mapped);
    }

    #[test]
    fn names_of_addresses() {
        let name = |ip: &str| {
            let text = reverse(&ip.parse().expect("an address"));
            String::from_utf8(text.bytes().to_vec()).expect("text")
        };
        assert_eq!(name("192.0.2.7"), "7.2.0.192.in-addr.arpa.");
        let zeros = "0.".repeat(20);
        assert_eq!(
            name("2001:db8::1f"),
            format!("f.1.0.0.{zeros}8.b.d.0.1.0.0.2.ip6.arpa.")
        );
    }

    #[test]
    fn text_that_does_not_fit_is_left_out() {
        let mut text = Text::<4>::new();
        assert_eq!(text.append(b"abc"), Some(()));
        assert_eq!(text.append(b"de"), None);
        assert_eq!(text.bytes(), b"abc");
    }
}
