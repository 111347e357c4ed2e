//! The line `hosts:` of /etc/nsswitch.conf: in which order hosts are looked up (Go: `net/nss.go`, and `lookupOrder` of `net/conf.go`).
//!
//! What `files` and `dns` mean is known here. Other sources are modules of the machine, which a static program cannot load without risk; they are taken as Go takes them without cgo: as
//! `dns` where the line has no `dns`, and for nothing otherwise. Criteria (`[NOTFOUND=return]`) are not heeded.

use super::text::{Lines, fields, trim, without_comment};

/// Where hosts are looked up, and in which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// /etc/hosts, then DNS.
    FilesDns,
    /// DNS, then /etc/hosts.
    DnsFiles,
    /// /etc/hosts.
    Files,
    /// DNS.
    Dns,
}

impl Order {
    /// As Go shows it.
    pub fn name(self) -> &'static str {
        match self {
            Self::FilesDns => "files,dns",
            Self::DnsFiles => "dns,files",
            Self::Files => "files",
            Self::Dns => "dns",
        }
    }
}

/// What the line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hosts {
    /// In which order.
    pub order: Order,
    /// The machine's own name is known to it (systemd's `myhostname`).
    pub myhostname: bool,
}

/// Reads the file.
pub fn hosts<R: FnMut(&mut [u8]) -> usize>(mut lines: Lines<R>) -> Hosts {
    let mut hosts = Hosts {
        order: Order::FilesDns,
        myhostname: false,
    };
    while let Some(line) = lines.next_line() {
        let line = without_comment(line);
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            continue;
        };
        if trim(&line[..colon]) == b"hosts" {
            hosts = of_line(&line[colon + 1..]);
        }
    }
    hosts
}

fn of_line(line: &[u8]) -> Hosts {
    let sources = || Sources { rest: line };
    let position = |name: &[u8]| sources().position(|source| source == name);
    let is_other = |source: &[u8]| ![&b"files"[..], b"dns", b"myhostname"].contains(&source);
    let dns = position(b"dns").or_else(|| sources().position(is_other));
    let order = match (position(b"files"), dns) {
        (Some(files), Some(dns)) if dns < files => Order::DnsFiles,
        (Some(_), Some(_)) | (None, None) => Order::FilesDns,
        (Some(_), None) => Order::Files,
        (None, Some(_)) => Order::Dns,
    };
    Hosts {
        order,
        myhostname: position(b"myhostname").is_some(),
    }
}

/// The sources of a line, without their criteria.
struct Sources<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Sources<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            self.rest = trim(self.rest);
            let source = fields(self.rest).next()?;
            if source.first() == Some(&b'[') {
                let end = self.rest.iter().position(|byte| *byte == b']');
                self.rest = end.map_or(&[], |end| &self.rest[end + 1..]);
                continue;
            }
            let len = source.iter().position(|byte| *byte == b'[');
            let len = len.unwrap_or(source.len());
            self.rest = &self.rest[len..];
            return Some(&source[..len]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::text::tests::from_memory;
    use super::*;

    #[track_caller]
    fn check(text: &str, order: Order, myhostname: bool) {
        let lines = Lines::new(from_memory(text.as_bytes(), 7), 0);
        let expect = Hosts { order, myhostname };
        let found = hosts(lines);
        assert_eq!(
            (found, found.order.name()),
            (expect, order.name()),
            "{text}"
        );
    }

    #[test]
    fn the_order_is_the_lines() {
        check("", Order::FilesDns, false);
        check("passwd: files\n", Order::FilesDns, false);
        check("hosts:\n", Order::FilesDns, false);
        check("hosts: files dns\n", Order::FilesDns, false);
        check(" hosts :\tdns files # files\n", Order::DnsFiles, false);
        check("hosts: files\n", Order::Files, false);
        check("hosts:dns", Order::Dns, false);
        check("no colon\nhosts: files\n", Order::Files, false);
    }

    #[test]
    fn other_sources_are_dns_if_there_is_none() {
        check(
            "hosts: mymachines resolve [!UNAVAIL=return] files myhostname dns\n",
            Order::FilesDns,
            true,
        );
        check("hosts: resolve files\n", Order::DnsFiles, false);
        check(
            "hosts: files mdns4_minimal [NOTFOUND=return] dns\n",
            Order::FilesDns,
            false,
        );
        check(
            "hosts: files mdns4[NOTFOUND=return]",
            Order::FilesDns,
            false,
        );
        check("hosts: files myhostname\n", Order::Files, true);
        check("hosts: resolve\n", Order::Dns, false);
        check("hosts: files [unclosed dns\n", Order::Files, false);
        check("hosts: [NOTFOUND=return]\n", Order::FilesDns, false);
    }
}
