//! /etc/hosts: names and addresses (Go: `net/hosts.go`).
//!
//! The file is read for every lookup, as libc does: so it is never out of date, and nothing is kept of it.

use core::net::IpAddr;

use super::address::{self, Address, Interfaces};
use super::memory::{List, OutOfMemory};
use super::text::{Lines, fields, without_comment, without_last_dot};
use super::wire::Name;

/// More addresses of one name are not taken.
pub const MAX_ADDRESSES: usize = 512;

/// What was found of a name.
pub struct Found {
    /// Its addresses.
    pub addresses: List<Address>,
    /// The name that it is an alias of, or itself.
    pub canonical: Name,
    /// The other names, each with a NUL behind it.
    pub aliases: List<u8>,
}

impl Found {
    /// Nothing yet.
    pub const fn new() -> Self {
        Self {
            addresses: List::new(),
            canonical: Name::new(),
            aliases: List::new(),
        }
    }

    /// Adds an address, if there are not too many.
    pub fn add(&mut self, address: Address) -> Result<(), OutOfMemory> {
        if self.addresses.len() < MAX_ADDRESSES {
            self.addresses.push(address)?;
        }
        Ok(())
    }

    /// Adds a further name, if there is one, and there are not too many.
    #[cfg(feature = "object")]
    pub fn add_alias(&mut self, name: Option<Name>) -> Result<(), OutOfMemory> {
        const MOST: usize = 64 << 10;
        if let Some(name) = name.filter(|_| self.aliases.len() < MOST) {
            self.aliases.extend(name.bytes())?;
            self.aliases.push(0)?;
        }
        Ok(())
    }
}

impl Default for Found {
    fn default() -> Self {
        Self::new()
    }
}

/// An address and the fields behind it, which are names. None if the line has none.
fn line<'a>(
    line: &'a [u8],
    interfaces: Interfaces<'_>,
) -> Option<(Address, impl Iterator<Item = &'a [u8]> + Clone)> {
    let line = without_comment(line);
    let first = fields(line).next()?;
    let address = address::literal(first, interfaces)?;
    Some((address, fields(line).skip(1)))
}

/// All that the file says of a name.
pub fn by_name<R: FnMut(&mut [u8]) -> usize>(
    mut lines: Lines<R>,
    name: &[u8],
    interfaces: Interfaces<'_>,
) -> Result<Found, OutOfMemory> {
    let name = without_last_dot(name);
    let is_it = |field: &[u8]| without_last_dot(field).eq_ignore_ascii_case(name);
    let mut found = Found::new();
    while let Some(text) = lines.next_line() {
        let Some((address, mut names)) = line(text, interfaces) else {
            continue;
        };
        if !names.clone().any(is_it) {
            continue;
        }
        let first = names.next().unwrap_or_default();
        if found.addresses.is_empty() {
            // One that is too long is none of a host's.
            _ = found.canonical.append(first);
            for alias in names {
                found.aliases.extend(alias)?;
                found.aliases.push(0)?;
            }
        }
        found.add(address)?;
    }
    Ok(found)
}

/// The first line of the file about an address: its name and its aliases.
pub fn by_address<R: FnMut(&mut [u8]) -> usize>(
    mut lines: Lines<R>,
    ip: &IpAddr,
    interfaces: Interfaces<'_>,
) -> Result<Option<Found>, OutOfMemory> {
    while let Some(text) = lines.next_line() {
        let Some((address, mut names)) = line(text, interfaces) else {
            continue;
        };
        if address.ip != *ip {
            continue;
        }
        let Some(first) = names.next() else { continue };
        let mut found = Found::new();
        if found.canonical.append(first).is_none() {
            continue;
        }
        found.add(address)?;
        for alias in names {
            found.aliases.extend(alias)?;
            found.aliases.push(0)?;
        }
        return Ok(Some(found));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::super::text::tests::from_memory;
    use super::*;

    const FILE: &str = "# 192.0.2.9 commented\n127.0.0.1\tlocalhost  LocalHost.localdomain.\n\
        ::1 localhost ip6-localhost # the same\nnonsense a\n192.0.2.1\n192.0.2.2 web.example web\n192.0.2.3 web.example\n\
        fe80::1%eth0 link\n127.1 short\n";

    fn of(name: &str) -> (Vec<String>, String, String) {
        let lines = Lines::new(from_memory(FILE.as_bytes(), 11), 0);
        let found = by_name(lines, name.as_bytes(), &|_| Some(3)).expect("memory");
        let shown = |address: &Address| match address.scope {
            0 => address.ip.to_string(),
            scope => format!("{}%{scope}", address.ip),
        };
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
        (
            found.addresses.iter().map(shown).collect(),
            text(found.canonical.bytes()),
            text(&found.aliases).replace('\0', " "),
        )
    }

    #[test]
    fn all_addresses_of_a_name_and_the_first_lines_names() {
        let (addresses, canonical, aliases) = of("LOCALHOST.");
        assert_eq!(addresses, ["127.0.0.1", "::1"]);
        assert_eq!(
            (&*canonical, &*aliases),
            ("localhost", "LocalHost.localdomain. ")
        );
        let (addresses, canonical, _) = of("web");
        assert_eq!(
            (&addresses[..], &*canonical),
            (&["192.0.2.2".to_owned()][..], "web.example")
        );
        assert_eq!(of("web.example").0, ["192.0.2.2", "192.0.2.3"]);
        assert_eq!(of("localhost.localdomain").0, ["127.0.0.1"]);
        assert_eq!(of("link").0, ["fe80::1%3"]);
        for name in ["commented", "a", "short", "192.0.2.1", ""] {
            assert_eq!(of(name).0, Vec::<String>::new(), "{name}");
        }
    }

    #[test]
    fn names_of_an_address() {
        let name = |ip: &str| {
            let lines = Lines::new(from_memory(FILE.as_bytes(), 1000), 0);
            let ip = ip.parse().expect("an address");
            let found = by_address(lines, &ip, &|_| Some(3)).expect("memory")?;
            Some(String::from_utf8(found.canonical.bytes().to_vec()).expect("text"))
        };
        assert_eq!(name("192.0.2.2").as_deref(), Some("web.example"));
        assert_eq!(name("::1").as_deref(), Some("localhost"));
        assert_eq!(name("192.0.2.1"), None);
        assert_eq!(name("192.0.2.77"), None);
    }
}
