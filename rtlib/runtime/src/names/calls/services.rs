//! Services and protocols: `getservbyname`, `getservbyport`, `getprotobyname`, `getprotobynumber` and their forms with a buffer. /etc/services and /etc/protocols come first, then what is built in.

use core::ffi::{CStr, c_char, c_int};

use super::super::files;
use super::super::services::{PROTOCOLS, Protocol, SERVICES, Service};
use super::{Room, Static, TooSmall, reentrant, text};
use crate::godebug;

const SERVICES_FILE: &CStr = c"/etc/services";
const PROTOCOLS_FILE: &CStr = c"/etc/protocols";

/// `struct servent`.
#[repr(C)]
struct Servent {
    name: *mut c_char,
    aliases: *mut *mut c_char,
    /// In network order.
    port: c_int,
    protocol: *mut c_char,
}

/// `struct protoent`.
#[repr(C)]
struct Protoent {
    name: *mut c_char,
    aliases: *mut *mut c_char,
    number: c_int,
}

unsafe extern "C" {
    fn __real_getservbyname(name: *const c_char, protocol: *const c_char) -> *mut Servent;
    fn __real_getservbyport(port: c_int, protocol: *const c_char) -> *mut Servent;
    fn __real_getservbyname_r(
        name: *const c_char,
        protocol: *const c_char,
        value: *mut Servent,
        buffer: *mut c_char,
        len: usize,
        result: *mut *mut Servent,
    ) -> c_int;
    fn __real_getservbyport_r(
        port: c_int,
        protocol: *const c_char,
        value: *mut Servent,
        buffer: *mut c_char,
        len: usize,
        result: *mut *mut Servent,
    ) -> c_int;
    fn __real_getprotobyname(name: *const c_char) -> *mut Protoent;
    fn __real_getprotobynumber(number: c_int) -> *mut Protoent;
    fn __real_getprotobyname_r(
        name: *const c_char,
        value: *mut Protoent,
        buffer: *mut c_char,
        len: usize,
        result: *mut *mut Protoent,
    ) -> c_int;
    fn __real_getprotobynumber_r(
        number: c_int,
        value: *mut Protoent,
        buffer: *mut c_char,
        len: usize,
        result: *mut *mut Protoent,
    ) -> c_int;
}

static SERVICE: Static = Static::new();
static PROTOCOL: Static = Static::new();

/// What `f` makes of the first line that it takes: of the file's, or of those that are built in.
fn first<T>(path: &CStr, built_in: &[&[u8]], mut f: impl FnMut(&[u8]) -> Option<T>) -> Option<T> {
    match files::find(path, 0, &mut f) {
        Some((found, _)) => Some(found),
        None => built_in.iter().find_map(|line| f(line)),
    }
}

/// The port of a service.
pub fn port(name: &[u8], protocol: &[u8]) -> Option<u16> {
    first(SERVICES_FILE, &SERVICES, |line| {
        let is_it =
            |service: &Service<'_>| service.is_called(name) && service.is_of(Some(protocol));
        Service::read(line)
            .filter(is_it)
            .map(|service| service.port)
    })
}

/// Calls `f` with the name of a service.
pub fn with_name_of<T>(port: u16, protocol: &[u8], mut f: impl FnMut(&[u8]) -> T) -> Option<T> {
    first(SERVICES_FILE, &SERVICES, |line| {
        let is_it = |service: &Service<'_>| service.port == port && service.is_of(Some(protocol));
        Service::read(line)
            .filter(is_it)
            .map(|service| f(service.name))
    })
}

fn service(
    is_wanted: impl Fn(&Service<'_>) -> bool,
    room: &mut Room,
) -> Result<Option<Servent>, TooSmall> {
    let filled = first(SERVICES_FILE, &SERVICES, |line| {
        let service = Service::read(line).filter(&is_wanted)?;
        let mut fill = || {
            Ok(Servent {
                name: room.text(service.name)?,
                aliases: room.texts(service.aliases())?,
                port: service.port.to_be().into(),
                protocol: room.text(service.protocol)?,
            })
        };
        Some(fill())
    });
    filled.transpose()
}

fn protocol(
    is_wanted: impl Fn(&Protocol<'_>) -> bool,
    room: &mut Room,
) -> Result<Option<Protoent>, TooSmall> {
    let filled = first(PROTOCOLS_FILE, &PROTOCOLS, |line| {
        let protocol = Protocol::read(line).filter(&is_wanted)?;
        let mut fill = || {
            Ok(Protoent {
                name: room.text(protocol.name)?,
                aliases: room.texts(protocol.aliases())?,
                number: protocol.number as c_int,
            })
        };
        Some(fill())
    });
    filled.transpose()
}

/// A protocol, if one is named.
///
/// # Safety
/// Null, or a text of C's.
unsafe fn named<'a>(protocol: *const c_char) -> Option<&'a [u8]> {
    // SAFETY: the caller vouches.
    (!protocol.is_null()).then(|| unsafe { text(protocol) })
}

/// getservbyname_r(3).
///
/// # Safety
/// As getservbyname_r(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_getservbyname_r(
    name: *const c_char,
    protocol: *const c_char,
    value: *mut Servent,
    buffer: *mut c_char,
    len: usize,
    result: *mut *mut Servent,
) -> c_int {
    // SAFETY: the caller's arguments.
    unsafe {
        if godebug::netdns_cgo() {
            return __real_getservbyname_r(name, protocol, value, buffer, len, result);
        }
        let (name, protocol) = (text(name), named(protocol));
        reentrant(value, buffer, len, result, |room| {
            service(|one| one.is_called(name) && one.is_of(protocol), room)
        })
    }
}

/// getservbyport_r(3).
///
/// # Safety
/// As getservbyport_r(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_getservbyport_r(
    port: c_int,
    protocol: *const c_char,
    value: *mut Servent,
    buffer: *mut c_char,
    len: usize,
    result: *mut *mut Servent,
) -> c_int {
    // SAFETY: the caller's arguments.
    unsafe {
        if godebug::netdns_cgo() {
            return __real_getservbyport_r(port, protocol, value, buffer, len, result);
        }
        let protocol = named(protocol);
        reentrant(value, buffer, len, result, |room| {
            let port = u16::from_be(port as u16);
            service(|one| one.port == port && one.is_of(protocol), room)
        })
    }
}

/// getservbyname(3).
///
/// # Safety
/// As getservbyname(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_getservbyname(
    name: *const c_char,
    protocol: *const c_char,
) -> *mut Servent {
    // SAFETY: the caller's arguments; memory of ours.
    unsafe {
        if godebug::netdns_cgo() {
            return __real_getservbyname(name, protocol);
        }
        SERVICE.result(|value, buffer, len, result| {
            __wrap_getservbyname_r(name, protocol, value, buffer, len, result)
        })
    }
}

/// getservbyport(3).
///
/// # Safety
/// As getservbyport(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_getservbyport(port: c_int, protocol: *const c_char) -> *mut Servent {
    // SAFETY: the caller's arguments; memory of ours.
    unsafe {
        if godebug::netdns_cgo() {
            return __real_getservbyport(port, protocol);
        }
        SERVICE.result(|value, buffer, len, result| {
            __wrap_getservbyport_r(port, protocol, value, buffer, len, result)
        })
    }
}

/// getprotobyname_r(3).
///
/// # Safety
/// As getprotobyname_r(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_getprotobyname_r(
    name: *const c_char,
    value: *mut Protoent,
    buffer: *mut c_char,
    len: usize,
    result: *mut *mut Protoent,
) -> c_int {
    // SAFETY: the caller's arguments.
    unsafe {
        if godebug::netdns_cgo() {
            return __real_getprotobyname_r(name, value, buffer, len, result);
        }
        let name = text(name);
        reentrant(value, buffer, len, result, |room| {
            protocol(|one| one.is_called(name), room)
        })
    }
}

/// getprotobynumber_r(3).
///
/// # Safety
/// As getprotobynumber_r(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_getprotobynumber_r(
    number: c_int,
    value: *mut Protoent,
    buffer: *mut c_char,
    len: usize,
    result: *mut *mut Protoent,
) -> c_int {
    // SAFETY: the caller's arguments.
    unsafe {
        if godebug::netdns_cgo() {
            return __real_getprotobynumber_r(number, value, buffer, len, result);
        }
        reentrant(value, buffer, len, result, |room| {
            protocol(|one| one.number as c_int == number, room)
        })
    }
}

/// getprotobyname(3).
///
/// # Safety
/// As getprotobyname(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_getprotobyname(name: *const c_char) -> *mut Protoent {
    // SAFETY: the caller's arguments; memory of ours.
    unsafe {
        if godebug::netdns_cgo() {
            return __real_getprotobyname(name);
        }
        PROTOCOL.result(|value, buffer, len, result| {
            __wrap_getprotobyname_r(name, value, buffer, len, result)
        })
    }
}

/// getprotobynumber(3).
#[unsafe(no_mangle)]
extern "C" fn __wrap_getprotobynumber(number: c_int) -> *mut Protoent {
    // SAFETY: memory of ours.
    unsafe {
        if godebug::netdns_cgo() {
            return __real_getprotobynumber(number);
        }
        PROTOCOL.result(|value, buffer, len, result| {
            __wrap_getprotobynumber_r(number, value, buffer, len, result)
        })
    }
}

const _: () = assert!(size_of::<Servent>() == 32 && size_of::<Protoent>() == 24);
