//! /etc/resolv.conf: which servers to ask, and how (Go: `net/dnsconfig_unix.go`).

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::address::{self, Address, Interfaces};
use super::memory::{List, OutOfMemory};
use super::text::{self, Lines, fields};

/// Servers beyond these are not asked, as libc has it.
const MAX_SERVERS: usize = 3;
/// Suffixes take no more bytes; those beyond are not tried.
const MAX_SEARCH: usize = 16 << 10;
/// As libc has it.
const MAX_NDOTS: u32 = 15;
/// Nobody waits for longer, whatever the file says: s, times.
const MAX_TIMEOUT: u32 = 60;
const MAX_ATTEMPTS: u32 = 10;

/// How names are asked for.
pub struct Conf {
    servers: [Address; MAX_SERVERS],
    count: usize,
    /// Suffixes, each with a space behind it.
    search: List<u8>,
    /// So many dots make a name that is tried as it is first.
    pub ndots: u32,
    /// s, for each question to each server.
    pub timeout: u32,
    /// How often all servers are asked.
    pub attempts: u32,
    /// Each lookup begins with another server.
    pub rotate: bool,
    /// One question after the other.
    pub single_request: bool,
    /// TCP only.
    pub use_tcp: bool,
    /// The AD bit is asked for.
    pub trust_ad: bool,
}

impl Conf {
    /// Reads the file. `hostname` is the machine's: its domain is searched when the file names none.
    pub fn read<R: FnMut(&mut [u8]) -> usize>(
        mut lines: Lines<R>,
        hostname: &[u8],
        interfaces: Interfaces<'_>,
    ) -> Result<Self, OutOfMemory> {
        let mut conf = Self {
            servers: [Address::new(IpAddr::V4(Ipv4Addr::LOCALHOST)); MAX_SERVERS],
            count: 0,
            search: List::new(),
            ndots: 1,
            timeout: 5,
            attempts: 2,
            rotate: false,
            single_request: false,
            use_tcp: false,
            trust_ad: false,
        };
        while let Some(line) = lines.next_line() {
            if !matches!(line.first(), Some(b';' | b'#')) {
                conf.line(line, interfaces)?;
            }
        }
        if conf.count == 0 {
            conf.servers[1] = Address::new(IpAddr::V6(Ipv6Addr::LOCALHOST));
            conf.count = 2;
        }
        if conf.search.is_empty()
            && let Some(dot) = hostname.iter().position(|byte| *byte == b'.')
        {
            conf.add_suffix(&hostname[dot + 1..])?;
        }
        Ok(conf)
    }

    fn line(&mut self, line: &[u8], interfaces: Interfaces<'_>) -> Result<(), OutOfMemory> {
        let mut fields = fields(line);
        match fields.next() {
            Some(b"nameserver") => {
                let server = fields
                    .next()
                    .and_then(|text| address::literal(text, interfaces));
                if let (Some(server), Some(place)) = (server, self.servers.get_mut(self.count)) {
                    *place = server;
                    self.count += 1;
                }
            }
            Some(b"domain") => {
                if let Some(name) = fields.next() {
                    self.search.truncate(0);
                    self.add_suffix(name)?;
                }
            }
            Some(b"search") => {
                self.search.truncate(0);
                for name in fields {
                    self.add_suffix(name)?;
                }
            }
            Some(b"options") => fields.for_each(|option| self.option(option)),
            _ => {}
        }
        Ok(())
    }

    fn add_suffix(&mut self, name: &[u8]) -> Result<(), OutOfMemory> {
        let name = text::without_last_dot(name);
        if !name.is_empty() && self.search.len() + name.len() < MAX_SEARCH {
            self.search.extend(name)?;
            self.search.push(b' ')?;
        }
        Ok(())
    }

    fn option(&mut self, option: &[u8]) {
        let number = |name: &[u8]| option.strip_prefix(name).map(text::leading_number);
        if let Some(n) = number(b"ndots:") {
            self.ndots = n.min(MAX_NDOTS);
        } else if let Some(n) = number(b"timeout:") {
            self.timeout = n.clamp(1, MAX_TIMEOUT);
        } else if let Some(n) = number(b"attempts:") {
            self.attempts = n.clamp(1, MAX_ATTEMPTS);
        }
        match option {
            b"rotate" => self.rotate = true,
            b"single-request" | b"single-request-reopen" => self.single_request = true,
            b"use-vc" | b"usevc" | b"tcp" => self.use_tcp = true,
            b"trust-ad" => self.trust_ad = true,
            _ => {}
        }
    }

    /// The servers; there is always one.
    pub fn servers(&self) -> &[Address] {
        &self.servers[..self.count]
    }

    /// What is behind a name that is not tried as it is, without dots at the ends.
    fn suffixes(&self) -> impl Iterator<Item = &[u8]> {
        fields(&self.search)
    }

    /// Calls `f` with the full names to try for a name, in order, without the dot at their ends, until it says that it has enough.
    pub fn names_to_try(&self, name: &[u8], mut f: impl FnMut(&[u8]) -> bool) {
        const LONGEST: usize = 253;
        let stem = text::without_last_dot(name);
        if stem.len() > LONGEST || avoids_dns(stem) {
            return;
        }
        let is_full = stem.len() != name.len();
        let dots = name.iter().filter(|byte| **byte == b'.').count();
        let first = is_full || dots >= self.ndots as usize;
        if first && (f(stem) || is_full) {
            return;
        }
        for suffix in self.suffixes() {
            let mut full = super::wire::Name::new();
            let parts = [stem, b".", suffix];
            let fits = parts.iter().all(|part| full.append(part).is_some());
            if fits && full.bytes().len() <= LONGEST && !avoids_dns(full.bytes()) && f(full.bytes())
            {
                return;
            }
        }
        if !first {
            f(stem);
        }
    }
}

/// Whether no server may be asked for a name, with a suffix neither (RFC 7686).
fn avoids_dns(name: &[u8]) -> bool {
    name.is_empty() || text::ends_with_ignoring_case(name, b".onion")
}

/// Whether a name is one of DNS: labels of letters, digits, `-` and `_`, and not a number.
pub fn is_domain_name(name: &[u8]) -> bool {
    const LONGEST: usize = 253;
    const LONGEST_LABEL: usize = 63;
    let name = text::without_last_dot(name);
    let label_fits = |label: &[u8]| {
        (1..=LONGEST_LABEL).contains(&label.len())
            && label.first() != Some(&b'-')
            && label.last() != Some(&b'-')
    };
    let byte_fits = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    name.len() <= LONGEST
        && name.iter().all(byte_fits)
        && name.split(|byte| *byte == b'.').all(label_fits)
        && !name
            .iter()
            .all(|byte| byte.is_ascii_digit() || *byte == b'.')
}

#[cfg(test)]
mod tests {
    use super::super::text::tests::from_memory;
    use super::*;

    fn conf(text: &str, hostname: &str) -> Conf {
        let lines = Lines::new(from_memory(text.as_bytes(), 10), 0);
        Conf::read(lines, hostname.as_bytes(), &|_| None).expect("memory")
    }

    fn servers(conf: &Conf) -> Vec<String> {
        let shown = conf.servers().iter().map(|server| server.ip.to_string());
        shown.collect()
    }

    fn tried(conf: &Conf, name: &str) -> Vec<String> {
        let mut all = Vec::new();
        conf.names_to_try(name.as_bytes(), |name| {
            all.push(String::from_utf8(name.to_vec()).expect("text"));
            false
        });
        all
    }

    #[test]
    fn without_a_file_this_machine_is_asked() {
        let conf = conf("", "box");
        assert_eq!(servers(&conf), ["127.0.0.1", "::1"]);
        assert_eq!((conf.ndots, conf.timeout, conf.attempts), (1, 5, 2));
        assert_eq!(tried(&conf, "a"), ["a"]);
    }

    #[test]
    fn lines_are_read_as_libc_does() {
        let conf = conf(
            "; a comment\n# another\nnameserver 192.0.2.1\nnameserver name\nnameserver ::1\n\
             nameserver 192.0.2.3\nnameserver 192.0.2.4\ndomain one.example\nsearch two.example. three.example .\n\
             options ndots:20 timeout:0 attempts:3x rotate use-vc trust-ad single-request edns0 new-one\nsortlist x\n",
            "box.home",
        );
        assert_eq!(servers(&conf), ["192.0.2.1", "::1", "192.0.2.3"]);
        assert_eq!((conf.ndots, conf.timeout, conf.attempts), (15, 1, 3));
        assert!(conf.rotate && conf.use_tcp && conf.trust_ad && conf.single_request);
        let suffixes: Vec<_> = conf.suffixes().collect();
        assert_eq!(suffixes, [&b"two.example"[..], b"three.example"]);
    }

    #[test]
    fn the_machines_domain_is_searched_if_none_is_named() {
        assert_eq!(
            tried(&conf("", "box.home.example"), "a"),
            ["a.home.example", "a"]
        );
        assert_eq!(tried(&conf("domain d\n", "box.home"), "a"), ["a.d", "a"]);
        assert_eq!(tried(&conf("", "box."), "a"), ["a"]);
    }

    #[test]
    fn dots_decide_what_is_tried_first() {
        let two = conf("search x y\noptions ndots:2\n", "");
        assert_eq!(tried(&two, "a.b"), ["a.b.x", "a.b.y", "a.b"]);
        assert_eq!(tried(&two, "a.b.c"), ["a.b.c", "a.b.c.x", "a.b.c.y"]);
        assert_eq!(tried(&two, "a.b."), ["a.b"]);
        assert_eq!(
            tried(&conf("search x\noptions ndots:0\n", ""), "a"),
            ["a", "a.x"]
        );
    }

    #[test]
    fn nobody_is_asked_for_onions_and_for_what_is_too_long() {
        let conf = conf("search x onion\n", "");
        assert_eq!(tried(&conf, "a.onion"), Vec::<String>::new());
        assert_eq!(tried(&conf, "a.ONION."), Vec::<String>::new());
        assert_eq!(tried(&conf, "a"), ["a.x", "a"]);
        assert_eq!(tried(&conf, ""), Vec::<String>::new());
        let long = "a.".repeat(126);
        assert_eq!(tried(&conf, &long), [&long[..251]]);
        assert_eq!(tried(&conf, &format!("{long}{long}")), Vec::<String>::new());
    }

    #[test]
    fn enough_is_enough() {
        let mut count = 0;
        conf("search x y\n", "").names_to_try(b"a", |_| {
            count += 1;
            true
        });
        assert_eq!(count, 1);
    }

    #[test]
    fn domain_names() {
        for name in ["a", "a.b", "a.b.", "_srv.a", "1a", "a-b.c", "1.2.3.x"] {
            assert!(is_domain_name(name.as_bytes()), "{name}");
        }
        for name in [
            "", ".", "a..b", ".a", "-a", "a-.b", "a b", "1.2", "12", "a/b", "\u{e4}", "a\0b",
        ] {
            assert!(!is_domain_name(name.as_bytes()), "{name}");
        }
        assert!(is_domain_name("a".repeat(63).as_bytes()));
        assert!(!is_domain_name("a".repeat(64).as_bytes()));
    }
}
