//! A host by name, a name by address: in the order that /etc/nsswitch.conf says, from /etc/hosts and DNS (Go: `goLookupIPCNAMEOrder`, `goLookupPTR`).

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::address::{self, Address};
use super::client::{self, Failure};
use super::conf::{self, Conf};
use super::files;
use super::hosts::{self, Found};
use super::memory::OutOfMemory;
use super::nsswitch::{self, Order};
use super::socket::{Over, Socket, SocketAddress};
use super::sort::{self, Candidate};
use super::text;
use super::wire::{Name, Type};
use crate::godebug;
use crate::sched::slow::What;
use crate::sched::syscall::without_p;

/// Which addresses are wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Families {
    /// IPv4.
    pub v4: bool,
    /// IPv6.
    pub v6: bool,
}

impl Families {
    /// Whether it is of one of them.
    pub fn have(self, ip: &IpAddr) -> bool {
        if ip.is_ipv4() { self.v4 } else { self.v6 }
    }
}

fn order(what: &[u8]) -> nsswitch::Hosts {
    let hosts = nsswitch::hosts(files::lines(files::NSSWITCH));
    if godebug::netdns_level() > 1 {
        let mut err = crate::print::Stderr::new();
        err.bytes(b"go package net: hostLookupOrder(");
        err.bytes(what);
        err.bytes(b") = ");
        err.bytes(hosts.order.name().as_bytes());
        err.bytes(b"\n");
    }
    hosts
}

fn conf() -> Result<Conf, OutOfMemory> {
    files::with_hostname(|name| Conf::read(files::lines(files::RESOLV), name, &files::interface))
}

/// The addresses of a host, of the families that are wanted, sorted. The name is no number.
pub fn host(name: &[u8], families: Families) -> Result<Found, Failure> {
    let (order, here) = without_p(
        What::Named("reading /etc/nsswitch.conf and /etc/hosts"),
        || {
            let hosts = order(name);
            let found = match hosts.order {
                Order::Dns => Found::new(),
                _ => hosts::by_name(files::lines(files::HOSTS), name, &files::interface)?,
            };
            with_own(found, name, hosts.myhostname).map(|found| (hosts.order, found))
        },
    )?;
    let is_here = !here.addresses.is_empty();
    match order {
        _ if is_here && is_localhost(name) => chosen(here, families),
        Order::FilesDns | Order::Files if is_here => chosen(here, families),
        Order::Files => Err(Failure::NoName),
        _ => match from_servers(name, families) {
            Ok(found) => chosen(found, families),
            Err(_) if is_here => chosen(here, families),
            Err(failure) => Err(failure),
        },
    }
}

fn from_servers(name: &[u8], families: Families) -> Result<Found, Failure> {
    if !conf::is_domain_name(name) {
        return Err(Failure::NoName);
    }
    let conf = without_p(What::Named("reading /etc/resolv.conf"), conf)?;
    let kinds = [
        families.v4.then_some(Type::A),
        families.v6.then_some(Type::Aaaa),
    ];
    client::lookup(&conf, name, kinds)
}

/// `localhost` and what ends with it is this machine to every resolver (RFC 6761).
fn is_localhost(name: &[u8]) -> bool {
    let name = text::without_last_dot(name);
    name.eq_ignore_ascii_case(b"localhost") || text::ends_with_ignoring_case(name, b".localhost")
}

/// What /etc/hosts says of a name, or else what is known of this machine's own names: of `localhost`, and with the source `myhostname` of the machine's.
fn with_own(mut found: Found, name: &[u8], myhostname: bool) -> Result<Found, OutOfMemory> {
    let name = text::without_last_dot(name);
    let is_own = || myhostname && files::with_hostname(|own| own.eq_ignore_ascii_case(name));
    let v4 = match () {
        () if !found.addresses.is_empty() => return Ok(found),
        () if is_localhost(name) => Ipv4Addr::LOCALHOST,
        () if is_own() => Ipv4Addr::new(127, 0, 0, 2), // systemd's, for a machine without a network
        () => return Ok(found),
    };
    _ = found.canonical.append(name);
    found.add(Address::new(IpAddr::V6(Ipv6Addr::LOCALHOST)))?;
    found.add(Address::new(IpAddr::V4(v4)))?;
    Ok(found)
}

/// The addresses that are wanted, the best first.
fn chosen(mut found: Found, families: Families) -> Result<Found, Failure> {
    let mut kept = 0;
    for index in 0..found.addresses.len() {
        let address = found.addresses[index];
        if families.have(&address.ip) {
            found.addresses[kept] = address;
            kept += 1;
        }
    }
    found.addresses.truncate(kept);
    if kept == 0 {
        return Err(Failure::NoData);
    }
    sort_addresses(&mut found.addresses)?;
    Ok(found)
}

/// Sorts addresses by how well they can be reached from here.
pub fn sort_addresses(addresses: &mut [Address]) -> Result<(), OutOfMemory> {
    if addresses.len() < 2 {
        return Ok(());
    }
    let mut candidates = super::memory::List::new();
    for address in addresses.iter() {
        candidates.push(Candidate {
            address: *address,
            source: source(address),
        })?;
    }
    sort::sort(&mut candidates);
    for (place, candidate) in addresses.iter_mut().zip(candidates.iter()) {
        *place = candidate.address;
    }
    Ok(())
}

/// The machine's address from which this one would be reached. Nothing is sent.
fn source(address: &Address) -> Option<IpAddr> {
    const ANY_PORT: u16 = 53;
    let socket = Socket::new(&address.ip, Over::Udp).ok()?;
    socket
        .connect(&SocketAddress::new(address, ANY_PORT), 0)
        .ok()?;
    socket.local().map(|local| local.ip)
}

/// The name of an address; further ones are aliases.
pub fn name_of(ip: &IpAddr) -> Result<Found, Failure> {
    let ip = &ip.to_canonical();
    let (order, in_files) = without_p(
        What::Named("reading /etc/nsswitch.conf and /etc/hosts"),
        || {
            let order = order(address::format(ip).bytes()).order;
            let found = match order {
                Order::Dns => Ok(None),
                _ => hosts::by_address(files::lines(files::HOSTS), ip, &files::interface),
            };
            found.map(|found| (order, found))
        },
    )?;
    match (order, in_files) {
        (Order::FilesDns | Order::Files, Some(found)) => Ok(found),
        (Order::Files, None) => Err(Failure::NoName),
        (_, in_files) => {
            let conf = without_p(What::Named("reading /etc/resolv.conf"), conf)?;
            let name = address::reverse(ip);
            match (
                client::lookup(&conf, name.bytes(), [Some(Type::Ptr), None]),
                in_files,
            ) {
                (Err(_), Some(found)) => Ok(found),
                (Ok(mut found), _) => {
                    found.add(Address::new(*ip))?;
                    Ok(found)
                }
                (Err(failure), None) => Err(failure),
            }
        }
    }
}

/// The name that a found host has, or else the one that was asked for.
pub fn canonical<'a>(found: &'a Found, asked: &'a [u8]) -> &'a [u8] {
    match found.canonical.bytes() {
        b"" => asked,
        name => name,
    }
}

const _: () = assert!(size_of::<Name>() < 512, "on stacks of goroutines");
