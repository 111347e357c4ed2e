//! `getaddrinfo`. Its results are allocated as glibc's are, a block for each entry and one for the canonical name, so that glibc's `freeaddrinfo` frees them.

use core::ffi::{c_char, c_int};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::ptr;

use super::super::address::{self, Address, Number};
use super::super::client::Failure;
use super::super::files;
use super::super::hosts::Found;
use super::super::lookup::{self, Families};
use super::super::memory::{self, List, OutOfMemory};
use super::super::socket::SocketAddress;
use super::super::text::number;
use super::{hosts_by_libc, interfaces, services, text};
use crate::os::linux::sys::{
    AF_INET, AF_INET6, AF_UNSPEC, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET, SOCK_STREAM,
};
use crate::sched::slow::What;
use crate::sched::syscall::without_p;

/// `struct addrinfo`.
#[repr(C)]
pub struct Addrinfo {
    flags: c_int,
    family: c_int,
    socktype: c_int,
    protocol: c_int,
    len: u32,
    addr: *mut u8,
    canonname: *mut c_char,
    next: *mut Addrinfo,
}

const AI_PASSIVE: c_int = 0x1;
const AI_CANONNAME: c_int = 0x2;
const AI_NUMERICHOST: c_int = 0x4;
const AI_V4MAPPED: c_int = 0x8;
const AI_ALL: c_int = 0x10;
const AI_ADDRCONFIG: c_int = 0x20;
const AI_IDN: c_int = 0x40;
const AI_NUMERICSERV: c_int = 0x400;
/// All that there are; those between the named ones are about IDN.
const AI_KNOWN: c_int = 0x7ff;

/// What netdb.h calls these, without `EAI_`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Eai {
    BadFlags = -1,
    NoName = -2,
    Again = -3,
    Fail = -4,
    NoData = -5,
    Family = -6,
    SockType = -7,
    Service = -8,
    AddrFamily = -9,
    Memory = -10,
    Overflow = -12,
    IdnEncode = -105,
}

impl From<OutOfMemory> for Eai {
    fn from(_: OutOfMemory) -> Self {
        Self::Memory
    }
}

impl From<Failure> for Eai {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::NoName => Self::NoName,
            Failure::NoData => Self::NoData,
            Failure::Again => Self::Again,
            Failure::Fail => Self::Fail,
            Failure::Memory => Self::Memory,
        }
    }
}

unsafe extern "C" {
    fn __real_getaddrinfo(
        node: *const c_char,
        service: *const c_char,
        hints: *const Addrinfo,
        result: *mut *mut Addrinfo,
    ) -> c_int;
    fn freeaddrinfo(first: *mut Addrinfo);
}

/// A kind of socket that a result may be for, and its port.
#[derive(Clone, Copy)]
struct Endpoint {
    socktype: c_int,
    protocol: c_int,
    port: u16,
}

/// A kind of socket that there is.
struct Kind {
    socktype: u32,
    protocol: c_int,
    /// In /etc/services.
    name: &'static [u8],
    /// One of those that are meant if no kind is asked for.
    is_default: bool,
}

impl Kind {
    const fn new(socktype: u32, protocol: c_int, name: &'static [u8], is_default: bool) -> Self {
        Self {
            socktype,
            protocol,
            name,
            is_default,
        }
    }

    /// It has no services, and whatever protocol is asked for.
    fn is_raw(&self) -> bool {
        self.socktype == SOCK_RAW
    }

    fn fits(&self, hints: &Hints) -> bool {
        let socktype = hints.socktype == 0 || hints.socktype == self.socktype as c_int;
        let protocol = hints.protocol == 0 || self.is_raw() || hints.protocol == self.protocol;
        socktype && protocol
    }

    fn endpoint(&self, hints: &Hints, port: u16) -> Endpoint {
        Endpoint {
            socktype: self.socktype as c_int,
            protocol: if self.is_raw() {
                hints.protocol
            } else {
                self.protocol
            },
            port,
        }
    }
}

const SOCK_DCCP: u32 = 6;
/// In glibc's order.
const KINDS: [Kind; 7] = [
    Kind::new(SOCK_STREAM, 6, b"tcp", true),
    Kind::new(SOCK_DGRAM, 17, b"udp", true),
    Kind::new(SOCK_DCCP, 33, b"dccp", false),
    Kind::new(SOCK_DGRAM, 136, b"udplite", false),
    Kind::new(SOCK_STREAM, 132, b"sctp", false),
    Kind::new(SOCK_SEQPACKET, 132, b"sctp", false),
    Kind::new(SOCK_RAW, 0, b"raw", true),
];

/// What the caller asks for.
struct Hints {
    flags: c_int,
    socktype: c_int,
    protocol: c_int,
    family: u32,
}

impl Hints {
    fn has(&self, flag: c_int) -> bool {
        self.flags & flag != 0
    }

    fn families(&self) -> Families {
        Families {
            v4: self.family != AF_INET6,
            v6: self.family != AF_INET,
        }
    }

    /// IPv4 addresses are given as IPv6 ones.
    fn maps(&self) -> bool {
        self.family == AF_INET6 && self.has(AI_V4MAPPED)
    }
}

/// The services that are asked for; the first `usize` of them count.
fn endpoints(hints: &Hints, service: Option<&[u8]>) -> Result<([Endpoint; 7], usize), Eai> {
    let mut all = [Endpoint {
        socktype: 0,
        protocol: 0,
        port: 0,
    }; 7];
    let mut count = 0;
    let mut add = |endpoint: Endpoint| {
        all[count] = endpoint;
        count += 1;
    };
    let asks_for_one = hints.socktype != 0 || hints.protocol != 0;
    let first = KINDS.iter().find(|kind| kind.fits(hints));
    let Some(first) = first else {
        return Err(if hints.socktype != 0 {
            Eai::SockType
        } else {
            Eai::Service
        });
    };
    if service.is_some() && asks_for_one && first.is_raw() {
        return Err(Eai::Service);
    }
    match service.map(|name| (name, port_number(name))) {
        None | Some((_, Some(_))) => {
            let port = service.and_then(port_number).unwrap_or(0);
            if asks_for_one {
                add(first.endpoint(hints, port));
            } else {
                let usual = KINDS.iter().filter(|kind| kind.is_default);
                usual.for_each(|kind| add(kind.endpoint(hints, port)));
            }
        }
        Some(_) if hints.has(AI_NUMERICSERV) => return Err(Eai::NoName),
        Some((name, None)) => {
            for kind in KINDS
                .iter()
                .filter(|kind| kind.fits(hints) && !kind.is_raw())
            {
                if let Some(port) = services::port(name, kind.name) {
                    add(kind.endpoint(hints, port));
                }
            }
        }
    }
    if count == 0 {
        Err(Eai::Service)
    } else {
        Ok((all, count))
    }
}

/// A service that is a number. Its high bits are lost, as in glibc.
fn port_number(service: &[u8]) -> Option<u16> {
    number(service).map(|port| port as u16)
}

/// The addresses of nobody in particular: to listen on, or this machine.
fn of_no_name(hints: &Hints) -> Result<List<Address>, Eai> {
    let passive = hints.has(AI_PASSIVE);
    let v6 = if passive {
        Ipv6Addr::UNSPECIFIED
    } else {
        Ipv6Addr::LOCALHOST
    };
    let v4 = if passive {
        Ipv4Addr::UNSPECIFIED
    } else {
        Ipv4Addr::LOCALHOST
    };
    let mut all = List::new();
    for ip in [IpAddr::V6(v6), IpAddr::V4(v4)] {
        if hints.families().have(&ip) {
            all.push(Address::new(ip))?;
        }
    }
    lookup::sort_addresses(&mut all)?;
    Ok(all)
}

/// A name that is a number, as an address of the family that is wanted.
fn of_number(hints: &Hints, address: Address) -> Result<Address, Eai> {
    match address.ip {
        ip if hints.families().have(&ip) => Ok(address),
        IpAddr::V4(_) if hints.maps() => Ok(address.mapped()),
        IpAddr::V6(ip) => {
            let v4 = ip.to_ipv4_mapped().ok_or(Eai::AddrFamily)?;
            Ok(Address::new(IpAddr::V4(v4)))
        }
        IpAddr::V4(_) => Err(Eai::AddrFamily),
    }
}

/// The addresses of a host, and its canonical name if that is wanted.
fn of_name(hints: &Hints, name: &[u8]) -> Result<Found, Eai> {
    match address::parse(name, &files::interface) {
        Number::Is(address) => {
            let mut found = Found::new();
            found.add(of_number(hints, address)?)?;
            return Ok(found);
        }
        Number::NoSuchScope => return Err(Eai::NoName),
        Number::None if hints.has(AI_NUMERICHOST) => return Err(Eai::NoName),
        Number::None => {}
    }
    if hints.has(AI_IDN) && !name.is_ascii() {
        return Err(Eai::IdnEncode);
    }
    if !hints.maps() {
        return Ok(lookup::host(name, hints.families())?);
    }
    let mut found = lookup::host(name, Families { v4: true, v6: true })?;
    let has_v6 = found.addresses.iter().any(|address| address.ip.is_ipv6());
    let mut kept = 0;
    for index in 0..found.addresses.len() {
        let address = found.addresses[index];
        if address.ip.is_ipv6() || !has_v6 || hints.has(AI_ALL) {
            found.addresses[kept] = address.mapped();
            kept += 1;
        }
    }
    found.addresses.truncate(kept);
    Ok(found)
}

/// Entries, one behind the other, which are freed if they are not taken.
struct Entries {
    first: *mut Addrinfo,
    last: *mut Addrinfo,
}

impl Drop for Entries {
    fn drop(&mut self) {
        if !self.first.is_null() {
            // SAFETY: a list as libc's own are.
            unsafe { freeaddrinfo(self.first) };
        }
    }
}

impl Entries {
    fn add(&mut self, flags: c_int, address: &Address, endpoint: &Endpoint) -> Result<(), Eai> {
        let socket = SocketAddress::new(address, endpoint.port);
        let bytes = socket.bytes();
        let entry = memory::allocate(size_of::<Addrinfo>() + bytes.len()).cast::<Addrinfo>();
        if entry.is_null() {
            return Err(Eai::Memory);
        }
        let addr = entry.wrapping_add(1).cast::<u8>();
        // SAFETY: fresh memory with room for both; the last entry is ours.
        unsafe {
            addr.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
            entry.write(Addrinfo {
                flags,
                family: if address.ip.is_ipv4() {
                    AF_INET
                } else {
                    AF_INET6
                } as c_int,
                socktype: endpoint.socktype,
                protocol: endpoint.protocol,
                len: bytes.len() as u32,
                addr,
                canonname: ptr::null_mut(),
                next: ptr::null_mut(),
            });
            match self.last.is_null() {
                true => self.first = entry,
                false => (*self.last).next = entry,
            }
        }
        self.last = entry;
        Ok(())
    }

    fn name_first(&mut self, name: &[u8]) -> Result<(), Eai> {
        let text = memory::allocate(name.len() + 1);
        if text.is_null() {
            return Err(Eai::Memory);
        }
        // SAFETY: fresh memory, zeroed, with room for the NUL; the first entry is ours.
        unsafe {
            text.copy_from_nonoverlapping(name.as_ptr(), name.len());
            (*self.first).canonname = text.cast();
        }
        Ok(())
    }

    fn take(mut self) -> *mut Addrinfo {
        core::mem::replace(&mut self.first, ptr::null_mut())
    }
}

/// The caller's hints, checked, and with what the machine has.
fn checked(given: Option<&Addrinfo>, has_name: bool) -> Result<Hints, Eai> {
    let mut hints = match given {
        None => Hints {
            flags: AI_V4MAPPED | AI_ADDRCONFIG,
            socktype: 0,
            protocol: 0,
            family: AF_UNSPEC,
        },
        Some(given) => Hints {
            flags: given.flags,
            socktype: given.socktype,
            protocol: given.protocol,
            family: given.family as u32,
        },
    };
    if hints.flags & !AI_KNOWN != 0 || hints.has(AI_CANONNAME) && !has_name {
        return Err(Eai::BadFlags);
    }
    if ![AF_UNSPEC, AF_INET, AF_INET6].contains(&hints.family) {
        return Err(Eai::Family);
    }
    if hints.has(AI_ADDRCONFIG) {
        let machine = without_p(
            What::Named("listing the network interfaces"),
            interfaces::families,
        );
        match hints.family {
            AF_UNSPEC if machine.v4 != machine.v6 => {
                hints.family = if machine.v4 { AF_INET } else { AF_INET6 };
            }
            AF_INET if !machine.v4 => return Err(Eai::NoName),
            AF_INET6 if !machine.v6 => return Err(Eai::NoName),
            _ => {}
        }
    }
    Ok(hints)
}

fn entries(
    name: Option<&[u8]>,
    service: Option<&[u8]>,
    given: Option<&Addrinfo>,
) -> Result<Entries, Eai> {
    if name.is_none() && service.is_none() {
        return Err(Eai::NoName);
    }
    let hints = checked(given, name.is_some())?;
    let (endpoints, count) = endpoints(&hints, service.filter(|service| !service.is_empty()))?;
    let found = match name {
        Some(name) => of_name(&hints, name)?,
        None => Found {
            addresses: of_no_name(&hints)?,
            ..Found::new()
        },
    };
    let mut entries = Entries {
        first: ptr::null_mut(),
        last: ptr::null_mut(),
    };
    for address in found.addresses.iter() {
        for endpoint in &endpoints[..count] {
            entries.add(hints.flags, address, endpoint)?;
        }
    }
    if let Some(name) = name
        && hints.has(AI_CANONNAME)
    {
        entries.name_first(lookup::canonical(&found, name))?;
    }
    Ok(entries)
}

/// A text of the caller's; none if there is none, or it stands for none.
///
/// # Safety
/// Null, or a text of C's.
unsafe fn given<'a>(at: *const c_char) -> Option<&'a [u8]> {
    // SAFETY: the caller vouches.
    let text = (!at.is_null()).then(|| unsafe { text(at) });
    text.filter(|text| *text != b"*")
}

/// getaddrinfo(3).
///
/// # Safety
/// As getaddrinfo(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_getaddrinfo(
    node: *const c_char,
    service: *const c_char,
    hints: *const Addrinfo,
    result: *mut *mut Addrinfo,
) -> c_int {
    // SAFETY: the caller's arguments.
    unsafe {
        if hosts_by_libc() {
            return __real_getaddrinfo(node, service, hints, result);
        }
        match entries(given(node), given(service), hints.as_ref()) {
            Ok(entries) => {
                result.write(entries.take());
                0
            }
            Err(error) => error as c_int,
        }
    }
}

const _: () = assert!(size_of::<Addrinfo>() == 48);
