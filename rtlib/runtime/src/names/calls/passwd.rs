//! Users: `getpwnam`, `getpwuid`, `getpwent` and their forms with a buffer. /etc/passwd is what is known.

use core::ffi::{CStr, c_char, c_int};
use core::sync::atomic::{AtomicU64, Ordering};

use super::super::files::{lines_from, without_p};
use super::super::users::User;
use super::{Room, Static, TooSmall, reentrant, text};
use crate::godebug;
use crate::os::linux::sys::ENOENT;

const FILE: &CStr = c"/etc/passwd";

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

static RESULT: Static = Static::new();
static ENTRY: Static = Static::new();
/// Where `getpwent` goes on.
static POSITION: AtomicU64 = AtomicU64::new(0);

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

/// The first user from a position of the file on that is wanted, and where the next line begins.
fn find(
    position: u64,
    is_wanted: impl Fn(&User<'_>) -> bool,
    room: &mut Room,
) -> Result<Option<(Passwd, u64)>, TooSmall> {
    without_p(|| {
        let mut lines = lines_from(FILE, position);
        while let Some(line) = lines.next_line() {
            if let Some(user) = User::read(line).filter(&is_wanted) {
                let filled = fill(&user, room)?;
                return Ok(Some((filled, lines.position())));
            }
        }
        Ok(None)
    })
}

fn one(is_wanted: impl Fn(&User<'_>) -> bool, room: &mut Room) -> Result<Option<Passwd>, TooSmall> {
    find(0, is_wanted, room).map(|found| found.map(|(user, _)| user))
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
        RESULT.result(|value, buffer, len, result| {
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
        RESULT
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
        let error = reentrant(value, buffer, len, result, |room| {
            let found = find(POSITION.load(Ordering::Relaxed), |_| true, room)?;
            Ok(found.map(|(user, next)| {
                POSITION.store(next, Ordering::Relaxed);
                user
            }))
        });
        if error == 0 && (*result).is_null() {
            ENOENT as c_int
        } else {
            error
        }
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
        ENTRY.result(|value, buffer, len, result| {
            let error = __wrap_getpwent_r(value, buffer, len, result);
            if error == ENOENT as c_int { 0 } else { error } // the end is no error here
        })
    }
}

/// setpwent(3).
#[unsafe(no_mangle)]
extern "C" fn __wrap_setpwent() {
    POSITION.store(0, Ordering::Relaxed);
    if godebug::osuser_cgo() {
        // SAFETY: no arguments.
        unsafe { __real_setpwent() };
    }
}

/// endpwent(3).
#[unsafe(no_mangle)]
extern "C" fn __wrap_endpwent() {
    POSITION.store(0, Ordering::Relaxed);
    if godebug::osuser_cgo() {
        // SAFETY: no arguments.
        unsafe { __real_endpwent() };
    }
}

const _: () = assert!(size_of::<Passwd>() == 48);
