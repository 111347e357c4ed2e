//! The older functions for hosts: `gethostbyname`, `gethostbyname2`, `gethostbyaddr` and their forms with a buffer.

use core::ffi::{c_char, c_int};
use core::net::IpAddr;
use core::ptr;

use super::super::address::{self, Address, Number};
use super::super::client::Failure;
use super::super::files;
use super::super::hosts::Found;
use super::super::lookup::{self, Families};
use super::{Room, Static, TooSmall, hosts_by_libc, reentrant, text};
use crate::hooks::set_errno;
use crate::os::linux::sys::{AF_INET, AF_INET6, EAGAIN, EINVAL, ERANGE};

/// `struct hostent`.
#[repr(C)]
struct Hostent {
    name: *mut c_char,
    aliases: *mut *mut c_char,
    family: c_int,
    len: c_int,
    addresses: *mut *mut c_char,
}

/// Values of `h_errno` (netdb.h).
const NETDB_INTERNAL: c_int = -1;
const HOST_NOT_FOUND: c_int = 1;
const TRY_AGAIN: c_int = 2;
const NO_RECOVERY: c_int = 3;
const NO_DATA: c_int = 4;

unsafe extern "C" {
    fn __real_gethostbyname(name: *const c_char) -> *mut Hostent;
    fn __real_gethostbyname2(name: *const c_char, family: c_int) -> *mut Hostent;
    fn __real_gethostbyaddr(address: *const u8, len: u32, family: c_int) -> *mut Hostent;
    fn __real_gethostbyname_r(
        name: *const c_char,
        value: *mut Hostent,
        buffer: *mut c_char,
        len: usize,
        result: *mut *mut Hostent,
        error: *mut c_int,
    ) -> c_int;
    fn __real_gethostbyname2_r(
        name: *const c_char,
        family: c_int,
        value: *mut Hostent,
        buffer: *mut c_char,
        len: usize,
        result: *mut *mut Hostent,
        error: *mut c_int,
    ) -> c_int;
    fn __real_gethostbyaddr_r(
        address: *const u8,
        address_len: u32,
        family: c_int,
        value: *mut Hostent,
        buffer: *mut c_char,
        len: usize,
        result: *mut *mut Hostent,
        error: *mut c_int,
    ) -> c_int;
    /// Where the calling thread's `h_errno` is.
    safe fn __h_errno_location() -> *mut c_int;
}

static RESULT: Static = Static::new();

fn h_errno(failure: Failure) -> c_int {
    match failure {
        Failure::NoName => HOST_NOT_FOUND,
        Failure::NoData => NO_DATA,
        Failure::Fail => NO_RECOVERY,
        Failure::Again => TRY_AGAIN,
        Failure::Memory => NETDB_INTERNAL,
    }
}

fn by_name(name: &[u8], family: u32) -> Result<Found, Failure> {
    let families = Families {
        v4: family == AF_INET,
        v6: family == AF_INET6,
    };
    match address::parse(name, &files::interface) {
        Number::Is(address) if families.have(&address.ip) => {
            let mut found = Found::new();
            _ = found.canonical.append(name);
            found.add(Address::new(address.ip))?;
            Ok(found)
        }
        Number::None => lookup::host(name, families),
        _ => Err(Failure::NoName),
    }
}

/// The addresses are first in the buffer: they have an alignment.
fn fill(found: &Found, asked: &[u8], family: u32, room: &mut Room) -> Result<Hostent, TooSmall> {
    let addresses = room.pointers(found.addresses.len())?;
    for (index, address) in found.addresses.iter().enumerate() {
        let place = match address.ip {
            IpAddr::V4(ip) => room.bytes(&ip.octets(), 0, 8)?,
            IpAddr::V6(ip) => room.bytes(&ip.octets(), 0, 8)?,
        };
        // SAFETY: within the array.
        unsafe { addresses.add(index).write(place.cast()) };
    }
    let aliases = found.aliases.split(|byte| *byte == 0);
    Ok(Hostent {
        name: room.text(lookup::canonical(found, asked))?,
        aliases: room.texts(aliases.filter(|alias| !alias.is_empty()))?,
        family: family as c_int,
        len: if family == AF_INET { 4 } else { 16 },
        addresses,
    })
}

/// As glibc's functions end: 0 with a result, or without one and with `error`; an errno if it could not be found out.
///
/// # Safety
/// As [`reentrant`]; `error` can be written.
unsafe fn answer(
    found: Result<Found, Failure>,
    asked: &[u8],
    family: u32,
    (value, buffer, len): (*mut Hostent, *mut c_char, usize),
    result: *mut *mut Hostent,
    error: *mut c_int,
) -> c_int {
    // SAFETY: the caller vouches.
    unsafe {
        match found {
            Ok(found) => {
                let code = reentrant(value, buffer, len, result, |room| {
                    fill(&found, asked, family, room).map(Some)
                });
                error.write(if code == 0 { 0 } else { NETDB_INTERNAL });
                code
            }
            Err(failure) => {
                result.write(ptr::null_mut());
                error.write(h_errno(failure));
                if failure == Failure::Again {
                    EAGAIN as c_int
                } else {
                    0
                }
            }
        }
    }
}

/// gethostbyname2_r(3).
///
/// # Safety
/// As gethostbyname2_r(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_gethostbyname2_r(
    name: *const c_char,
    family: c_int,
    value: *mut Hostent,
    buffer: *mut c_char,
    len: usize,
    result: *mut *mut Hostent,
    error: *mut c_int,
) -> c_int {
    // SAFETY: the caller's arguments.
    unsafe {
        if hosts_by_libc() {
            return __real_gethostbyname2_r(name, family, value, buffer, len, result, error);
        }
        let family = family as u32;
        if ![AF_INET, AF_INET6].contains(&family) {
            result.write(ptr::null_mut());
            error.write(NETDB_INTERNAL);
            return EINVAL as c_int;
        }
        let name = text(name);
        let found = by_name(name, family);
        answer(found, name, family, (value, buffer, len), result, error)
    }
}

/// gethostbyname_r(3).
///
/// # Safety
/// As gethostbyname_r(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_gethostbyname_r(
    name: *const c_char,
    value: *mut Hostent,
    buffer: *mut c_char,
    len: usize,
    result: *mut *mut Hostent,
    error: *mut c_int,
) -> c_int {
    // SAFETY: the caller's arguments.
    unsafe {
        if hosts_by_libc() {
            return __real_gethostbyname_r(name, value, buffer, len, result, error);
        }
        __wrap_gethostbyname2_r(name, AF_INET as c_int, value, buffer, len, result, error)
    }
}

/// gethostbyaddr_r(3).
///
/// # Safety
/// As gethostbyaddr_r(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_gethostbyaddr_r(
    address: *const u8,
    address_len: u32,
    family: c_int,
    value: *mut Hostent,
    buffer: *mut c_char,
    len: usize,
    result: *mut *mut Hostent,
    error: *mut c_int,
) -> c_int {
    // SAFETY: the caller's arguments.
    unsafe {
        if hosts_by_libc() {
            return __real_gethostbyaddr_r(
                address,
                address_len,
                family,
                value,
                buffer,
                len,
                result,
                error,
            );
        }
        let bytes = core::slice::from_raw_parts(address, address_len as usize);
        let ip = match family as u32 {
            AF_INET => <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from),
            AF_INET6 => <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from),
            _ => None,
        };
        let Some(ip) = ip else {
            result.write(ptr::null_mut());
            error.write(NETDB_INTERNAL);
            return EINVAL as c_int;
        };
        let found = lookup::name_of(&ip).map(|mut found| {
            // In the family in which it was asked for.
            found.addresses.truncate(0);
            _ = found.add(Address::new(ip));
            found
        });
        answer(
            found,
            b"",
            family as u32,
            (value, buffer, len),
            result,
            error,
        )
    }
}

/// What a function without a buffer gives: static memory, and `h_errno`.
fn in_static(
    f: impl Fn(*mut Hostent, *mut c_char, usize, *mut *mut Hostent, *mut c_int) -> c_int,
) -> *mut Hostent {
    let mut error = 0;
    let found = RESULT.result(|value, buffer, len, result| {
        let code = f(value, buffer, len, result, &raw mut error);
        // What could not be found out is told by `h_errno`.
        if code == EAGAIN as c_int { 0 } else { code }
    });
    if found.is_null() {
        // SAFETY: libc's word of this thread, or of this goroutine.
        unsafe { __h_errno_location().write(if error == 0 { NETDB_INTERNAL } else { error }) };
        if error == NETDB_INTERNAL {
            set_errno(ERANGE);
        }
    }
    found
}

/// gethostbyname2(3).
///
/// # Safety
/// As gethostbyname2(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_gethostbyname2(name: *const c_char, family: c_int) -> *mut Hostent {
    // SAFETY: the caller's arguments; memory of ours.
    unsafe {
        if hosts_by_libc() {
            return __real_gethostbyname2(name, family);
        }
        in_static(|value, buffer, len, result, error| {
            __wrap_gethostbyname2_r(name, family, value, buffer, len, result, error)
        })
    }
}

/// gethostbyname(3).
///
/// # Safety
/// As gethostbyname(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_gethostbyname(name: *const c_char) -> *mut Hostent {
    // SAFETY: the caller's arguments; memory of ours.
    unsafe {
        if hosts_by_libc() {
            return __real_gethostbyname(name);
        }
        __wrap_gethostbyname2(name, AF_INET as c_int)
    }
}

/// gethostbyaddr(3).
///
/// # Safety
/// As gethostbyaddr(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_gethostbyaddr(
    address: *const u8,
    len: u32,
    family: c_int,
) -> *mut Hostent {
    // SAFETY: the caller's arguments; memory of ours.
    unsafe {
        if hosts_by_libc() {
            return __real_gethostbyaddr(address, len, family);
        }
        in_static(|value, buffer, buffer_len, result, error| {
            __wrap_gethostbyaddr_r(
                address, len, family, value, buffer, buffer_len, result, error,
            )
        })
    }
}

const _: () = assert!(size_of::<Hostent>() == 32);
