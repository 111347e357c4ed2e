//! `getnameinfo`: the name of an address and of a port, or their numbers.

use core::ffi::{c_char, c_int};
use core::fmt::Write;
use core::net::IpAddr;

use super::super::address::{self, Address, Text};
use super::super::client::Failure;
use super::super::files;
use super::super::lookup;
use super::super::socket::SocketAddress;
use super::addrinfo::Eai;
use super::{hosts_by_libc, services};
use crate::os::linux::sys::AF_UNIX;

const NI_NUMERICHOST: c_int = 0x1;
const NI_NUMERICSERV: c_int = 0x2;
const NI_NOFQDN: c_int = 0x4;
const NI_NAMEREQD: c_int = 0x8;
const NI_DGRAM: c_int = 0x10;
/// All that there are; those between the named ones are about IDN.
const NI_KNOWN: c_int = 0xff;

unsafe extern "C" {
    fn __real_getnameinfo(
        address: *const u8,
        len: u32,
        host: *mut c_char,
        host_len: u32,
        service: *mut c_char,
        service_len: u32,
        flags: c_int,
    ) -> c_int;
}

/// The caller's memory for a text.
struct Place {
    at: *mut c_char,
    len: u32,
}

impl Place {
    fn is_wanted(&self) -> bool {
        !self.at.is_null() && self.len != 0
    }

    fn put(&self, text: &[u8]) -> Result<(), Eai> {
        if text.len() >= self.len as usize {
            return Err(Eai::Overflow);
        }
        // SAFETY: the caller of libc's function has given so many bytes.
        unsafe {
            let at = self.at.cast::<u8>();
            at.copy_from_nonoverlapping(text.as_ptr(), text.len());
            at.add(text.len()).write(0);
        }
        Ok(())
    }
}

/// A number, with the interface.
fn put_number(address: &Address, place: &Place) -> Result<(), Eai> {
    let mut text = Text::<96>::new();
    let mut fits = text.append(address::format(&address.ip).bytes());
    if let (IpAddr::V6(ip), true) = (address.ip, address.scope != 0) {
        let name = address::is_of_a_link(&ip).then(|| files::interface_name(address.scope));
        fits = fits.and(text.append(b"%"));
        fits = match name.flatten() {
            Some(name) => {
                let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
                fits.and(text.append(name))
            }
            None => fits.and(write!(text, "{}", address.scope).ok()),
        };
    }
    fits.ok_or(Eai::Overflow)?;
    place.put(text.bytes())
}

fn put_host(address: &Address, place: &Place, flags: c_int) -> Result<(), Eai> {
    if flags & NI_NUMERICHOST == 0 {
        match lookup::name_of(&address.ip) {
            Ok(found) => {
                let name = found.canonical.bytes();
                return place.put(match flags & NI_NOFQDN {
                    0 => name,
                    _ => without_own_domain(name),
                });
            }
            Err(Failure::Memory) => return Err(Eai::Memory),
            Err(Failure::Again) if flags & NI_NAMEREQD != 0 => return Err(Eai::Again),
            Err(_) => {}
        }
    }
    if flags & NI_NAMEREQD != 0 {
        return Err(Eai::NoName);
    }
    put_number(address, place)
}

/// Without the domain, if it is the machine's own.
fn without_own_domain(name: &[u8]) -> &[u8] {
    files::with_hostname(|own| {
        let dot = own.iter().position(|byte| *byte == b'.');
        let domain = dot.map(|dot| &own[dot..]).unwrap_or_default();
        match name.strip_suffix(domain) {
            Some(short) if !short.is_empty() => short,
            _ => name,
        }
    })
}

fn put_service(port: u16, place: &Place, flags: c_int) -> Result<(), Eai> {
    let protocol: &[u8] = if flags & NI_DGRAM != 0 {
        b"udp"
    } else {
        b"tcp"
    };
    if flags & NI_NUMERICSERV == 0
        && let Some(put) = services::with_name_of(port, protocol, |name| place.put(name))
    {
        return put;
    }
    let mut text = Text::<8>::new();
    write!(text, "{port}").map_err(|_| Eai::Overflow)?;
    place.put(text.bytes())
}

/// A socket of this machine: no network is involved.
fn put_unix(path: &[u8], host: &Place, service: &Place) -> Result<(), Eai> {
    if host.is_wanted() {
        files::with_hostname(|name| host.put(name))?;
    }
    if service.is_wanted() {
        let end = path.iter().position(|byte| *byte == 0);
        service.put(&path[..end.unwrap_or(path.len())])?;
    }
    Ok(())
}

fn info(bytes: &[u8], host: &Place, service: &Place, flags: c_int) -> Result<(), Eai> {
    if flags & !NI_KNOWN != 0 {
        return Err(Eai::BadFlags);
    }
    let neither = !host.is_wanted() && !service.is_wanted();
    if neither || flags & NI_NAMEREQD != 0 && !host.is_wanted() && !service.is_wanted() {
        return Err(Eai::NoName);
    }
    if let [low, high, path @ ..] = bytes
        && u32::from(u16::from_ne_bytes([*low, *high])) == AF_UNIX
    {
        return put_unix(path, host, service);
    }
    let (address, port) = SocketAddress::read(bytes).ok_or(Eai::Family)?;
    if host.is_wanted() {
        put_host(&address, host, flags)?;
    }
    if service.is_wanted() {
        put_service(port, service, flags)?;
    }
    Ok(())
}

/// getnameinfo(3).
///
/// # Safety
/// As getnameinfo(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_getnameinfo(
    address: *const u8,
    len: u32,
    host: *mut c_char,
    host_len: u32,
    service: *mut c_char,
    service_len: u32,
    flags: c_int,
) -> c_int {
    // SAFETY: the caller's arguments.
    unsafe {
        if hosts_by_libc() {
            return __real_getnameinfo(address, len, host, host_len, service, service_len, flags);
        }
        let bytes = match address.is_null() {
            true => &[],
            false => core::slice::from_raw_parts(address, len as usize),
        };
        let host = Place {
            at: host,
            len: host_len,
        };
        let service = Place {
            at: service,
            len: service_len,
        };
        match info(bytes, &host, &service, flags) {
            Ok(()) => 0,
            Err(error) => error as c_int,
        }
    }
}
