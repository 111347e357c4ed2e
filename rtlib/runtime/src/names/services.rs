//! Lines of /etc/services and /etc/protocols, and what is known without them (Go: `net/port_unix.go`, `net/lookup.go`).

use super::text::{fields, number, without_comment};

/// A service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service<'a> {
    /// Its name.
    pub name: &'a [u8],
    /// Its port.
    pub port: u16,
    /// `tcp` or `udp`, most of the time.
    pub protocol: &'a [u8],
    /// The rest of the line.
    aliases: &'a [u8],
}

/// A protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Protocol<'a> {
    /// Its name.
    pub name: &'a [u8],
    /// Its number.
    pub number: u32,
    /// The rest of the line.
    aliases: &'a [u8],
}

/// A line's first two fields, and what is behind them.
fn head(line: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let line = without_comment(line);
    let mut both = fields(line);
    let (name, second) = (both.next()?, both.next()?);
    if line.contains(&0) {
        return None;
    }
    let behind = second.as_ptr().addr() - line.as_ptr().addr() + second.len();
    Some((name, second, &line[behind..]))
}

impl<'a> Service<'a> {
    /// Reads a line.
    pub fn read(line: &'a [u8]) -> Option<Self> {
        let (name, second, aliases) = head(line)?;
        let slash = second.iter().position(|byte| *byte == b'/')?;
        let protocol = &second[slash + 1..];
        let port = number(&second[..slash])?.try_into().ok()?;
        (!protocol.is_empty()).then_some(Self {
            name,
            port,
            protocol,
            aliases,
        })
    }

    /// Its other names.
    pub fn aliases(&self) -> impl Iterator<Item = &'a [u8]> + Clone {
        fields(self.aliases)
    }

    /// Whether it is called like that.
    pub fn is_called(&self, name: &[u8]) -> bool {
        self.name == name || self.aliases().any(|alias| alias == name)
    }

    /// Whether it is one of this protocol; none: of any.
    pub fn is_of(&self, protocol: Option<&[u8]>) -> bool {
        protocol.is_none_or(|protocol| protocol == self.protocol)
    }
}

impl<'a> Protocol<'a> {
    /// Reads a line.
    pub fn read(line: &'a [u8]) -> Option<Self> {
        let (name, second, aliases) = head(line)?;
        Some(Self {
            name,
            number: number(second)?,
            aliases,
        })
    }

    /// Its other names.
    pub fn aliases(&self) -> impl Iterator<Item = &'a [u8]> + Clone {
        fields(self.aliases)
    }

    /// Whether it is called like that.
    pub fn is_called(&self, name: &[u8]) -> bool {
        self.name == name || self.aliases().any(|alias| alias == name)
    }
}

/// What Go knows where /etc/services does not say it.
pub const SERVICES: [&[u8]; 16] = [
    b"domain 53/tcp",
    b"domain 53/udp",
    b"ftp 21/tcp",
    b"ftps 990/tcp",
    b"gopher 70/tcp",
    b"http 80/tcp",
    b"https 443/tcp",
    b"imap2 143/tcp",
    b"imap3 220/tcp",
    b"imaps 993/tcp",
    b"pop3 110/tcp",
    b"pop3s 995/tcp",
    b"smtp 25/tcp",
    b"submissions 465/tcp",
    b"ssh 22/tcp",
    b"telnet 23/tcp",
];

/// What Go knows where /etc/protocols does not say it, and `ip`.
pub const PROTOCOLS: [&[u8]; 6] = [
    b"ip 0 IP",
    b"icmp 1 ICMP",
    b"igmp 2 IGMP",
    b"tcp 6 TCP",
    b"udp 17 UDP",
    b"ipv6-icmp 58 IPv6-ICMP",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services() {
        let http = Service::read(b"http\t80/tcp www web # the web").expect("a service");
        assert_eq!(
            (http.name, http.port, http.protocol),
            (&b"http"[..], 80, &b"tcp"[..])
        );
        assert!(http.is_called(b"http") && http.is_called(b"web") && !http.is_called(b"the"));
        assert!(http.is_of(None) && http.is_of(Some(b"tcp")) && !http.is_of(Some(b"udp")));
        for line in [
            &b""[..],
            b"# x",
            b"http",
            b"http 80",
            b"http 80/",
            b"http x/tcp",
            b"http 65536/tcp",
            b"a 1/tcp \0",
        ] {
            assert_eq!(Service::read(line), None, "{line:?}");
        }
    }

    #[test]
    fn protocols() {
        let tcp = Protocol::read(b"tcp 6 TCP").expect("a protocol");
        assert!(tcp.number == 6 && tcp.is_called(b"TCP") && !tcp.is_called(b"Tcp"));
        assert_eq!(Protocol::read(b"tcp x"), None);
    }

    #[test]
    fn what_is_built_in_can_be_read() {
        assert!(SERVICES.iter().all(|line| Service::read(line).is_some()));
        assert!(PROTOCOLS.iter().all(|line| Protocol::read(line).is_some()));
    }
}
