//! Users: `getpwnam`, `getpwuid`, `getpwent` and their forms with a buffer. /etc/passwd is what is known.

use core::ffi::{c_char, c_int};

use super::super::users::User;
use super::entries::Entries;
use super::{Room, TooSmall, reentrant, text};
use crate::godebug;

/// `struct passwd`.
#[repr(C)]
struct Passwd {
    name: *mut c_char,
    password: *mut c_char,
    uid: u32,
    gid: u32,
    gecos: *mut c_char,
    dir: *mut c_char,
    shell: *mut c_char,
}

unsafe extern "C" {
    fn __real_getpwnam(name: *const c_char) -> *mut Passwd;
    fn __real_getpwuid(uid: u32) -> *mut Passwd;
    fn __real_getpwnam_r(
        name: *const c_char,
        value: *mut Passwd,
        buffer: *mut c_char,
        len: usize,
        result: *mut *mut Passwd,
    ) -> c_int;
    fn __real_getpwuid_r(
        uid: u32,
        value: *mut Passwd,
        buffer: *mut c_char,
        len: usize,
        result: *mut *mut Passwd,
    ) -> c_int;
    fn __real_getpwent() -> *mut Passwd;
    fn __real_getpwent_r(
        value: *mut Passwd,
        buffer: *mut c_char,
        len: usize,
        result: *mut *mut Passwd,
    ) -> c_int;
    fn __real_setpwent();
    fn __real_endpwent();
}

static ENTRIES: Entries = Entries::new(c"/etc/passwd");

fn fill(user: &User<'_>, room: &mut Room) -> Result<Passwd, TooSmall> {
    Ok(Passwd {
        name: room.text(user.name)?,
        password: room.text(user.password)?,
        uid: user.uid,
        gid: user.gid,
        gecos: room.text(user.gecos)?,
        dir: room.text(user.dir)?,
        shell: room.text(user.shell)?,
    })
}

fn one(is_wanted: impl Fn(&User<'_>) -> bool, room: &mut Room) -> Result<Option<Passwd>, TooSmall> {
    ENTRIES.first(|line| {
        let user = User::read(line).filter(&is_wanted)?;
        Some(fill(&user, room))
    })
}

/// getpwnam_r(3).
///
/// # Safety
/// As getpwnam_r(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_getpwnam_r(
    name: *const c_char,
    value: *mut Passwd,
    buffer: *mut c_char,
    len: usize,
    result: *mut *mut Passwd,
) -> c_int {
    // SAFETY: the caller's arguments.
    unsafe {
        if godebug::osuser_cgo() {
            return __real_getpwnam_r(name, value, buffer, len, result);
        }
        let name = text(name);
        reentrant(value, buffer, len, result, |room| {
            one(|user| user.name == name, room)
        })
    }
}

/// getpwuid_r(3).
///
/// # Safety
/// As getpwuid_r(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_getpwuid_r(
    uid: u32,
    value: *mut Passwd,
    buffer: *mut c_char,
    len: usize,
    result: *mut *mut Passwd,
) -> c_int {
    // SAFETY: the caller's arguments.
    unsafe {
        if godebug::osuser_cgo() {
            return __real_getpwuid_r(uid, value, buffer, len, result);
        }
        reentrant(value, buffer, len, result, |room| {
            one(|user| user.uid == uid, room)
        })
    }
}

/// getpwnam(3).
///
/// # Safety
/// As getpwnam(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_getpwnam(name: *const c_char) -> *mut Passwd {
    // SAFETY: the caller's arguments; memory of ours.
    unsafe {
        if godebug::osuser_cgo() {
            return __real_getpwnam(name);
        }
        ENTRIES.one.result(|value, buffer, len, result| {
            __wrap_getpwnam_r(name, value, buffer, len, result)
        })
    }
}

/// getpwuid(3).
#[unsafe(no_mangle)]
extern "C" fn __wrap_getpwuid(uid: u32) -> *mut Passwd {
    // SAFETY: memory of ours.
    unsafe {
        if godebug::osuser_cgo() {
            return __real_getpwuid(uid);
        }
        ENTRIES
            .one
            .result(|value, buffer, len, result| __wrap_getpwuid_r(uid, value, buffer, len, result))
    }
}

/// getpwent_r(3).
///
/// # Safety
/// As getpwent_r(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_getpwent_r(
    value: *mut Passwd,
    buffer: *mut c_char,
    len: usize,
    result: *mut *mut Passwd,
) -> c_int {
    // SAFETY: the caller's arguments.
    unsafe {
        if godebug::osuser_cgo() {
            return __real_getpwent_r(value, buffer, len, result);
        }
        ENTRIES.next_in(value, buffer, len, result, |line, room| {
            User::read(line).map(|user| fill(&user, room))
        })
    }
}

/// getpwent(3).
#[unsafe(no_mangle)]
extern "C" fn __wrap_getpwent() -> *mut Passwd {
    // SAFETY: memory of ours.
    unsafe {
        if godebug::osuser_cgo() {
            return __real_getpwent();
        }
        ENTRIES.next(|value, buffer, len, result| __wrap_getpwent_r(value, buffer, len, result))
    }
}

/// setpwent(3).
#[unsafe(no_mangle)]
extern "C" fn __wrap_setpwent() {
    ENTRIES.rewind();
    if godebug::osuser_cgo() {
        // SAFETY: no arguments.
        unsafe { __real_setpwent() };
    }
}

/// endpwent(3).
#[unsafe(no_mangle)]
extern "C" fn __wrap_endpwent() {
    ENTRIES.rewind();
    if godebug::osuser_cgo() {
        // SAFETY: no arguments.
        unsafe { __real_endpwent() };
    }
}

const _: () = assert!(size_of::<Passwd>() == 48);
