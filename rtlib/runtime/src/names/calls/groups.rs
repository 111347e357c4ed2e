//! Groups: `getgrnam`, `getgrgid`, `getgrent` and their forms with a buffer, `getgrouplist`, `initgroups`. /etc/group is what is known.

use core::ffi::{CStr, c_char, c_int};
use core::sync::atomic::{AtomicU64, Ordering};

use super::super::files::{lines_from, without_p};
use super::super::memory::{List, OutOfMemory};
use super::super::users::Group;
use super::{Room, Static, TooSmall, reentrant, text};
use crate::godebug;
use crate::hooks::set_errno;
use crate::os::linux::sys::{ENOENT, ENOMEM};

const FILE: &CStr = c"/etc/group";

/// `struct group`.
#[repr(C)]
struct Entry {
    name: *mut c_char,
    password: *mut c_char,
    gid: u32,
    members: *mut *mut c_char,
}

unsafe extern "C" {
    fn __real_getgrnam(name: *const c_char) -> *mut Entry;
    fn __real_getgrgid(gid: u32) -> *mut Entry;
    fn __real_getgrnam_r(
        name: *const c_char,
        value: *mut Entry,
        buffer: *mut c_char,
        len: usize,
        result: *mut *mut Entry,
    ) -> c_int;
    fn __real_getgrgid_r(
        gid: u32,
        value: *mut Entry,
        buffer: *mut c_char,
        len: usize,
        result: *mut *mut Entry,
    ) -> c_int;
    fn __real_getgrent() -> *mut Entry;
    fn __real_getgrent_r(
        value: *mut Entry,
        buffer: *mut c_char,
        len: usize,
        result: *mut *mut Entry,
    ) -> c_int;
    fn __real_setgrent();
    fn __real_endgrent();
    fn __real_getgrouplist(
        user: *const c_char,
        group: u32,
        groups: *mut u32,
        count: *mut c_int,
    ) -> c_int;
    fn __real_initgroups(user: *const c_char, group: u32) -> c_int;
    /// setgroups(2), for all threads.
    fn setgroups(count: usize, groups: *const u32) -> c_int;
}

static RESULT: Static = Static::new();
static ENTRY: Static = Static::new();
/// Where `getgrent` goes on.
static POSITION: AtomicU64 = AtomicU64::new(0);

fn fill(group: &Group<'_>, room: &mut Room) -> Result<Entry, TooSmall> {
    Ok(Entry {
        name: room.text(group.name)?,
        password: room.text(group.password)?,
        gid: group.gid,
        members: room.texts(group.members())?,
    })
}

/// The first group from a position of the file on that is wanted, and where the next line begins.
fn find(
    position: u64,
    is_wanted: impl Fn(&Group<'_>) -> bool,
    room: &mut Room,
) -> Result<Option<(Entry, u64)>, TooSmall> {
    without_p(|| {
        let mut lines = lines_from(FILE, position);
        while let Some(line) = lines.next_line() {
            if let Some(group) = Group::read(line).filter(&is_wanted) {
                let filled = fill(&group, room)?;
                return Ok(Some((filled, lines.position())));
            }
        }
        Ok(None)
    })
}

fn one(is_wanted: impl Fn(&Group<'_>) -> bool, room: &mut Room) -> Result<Option<Entry>, TooSmall> {
    find(0, is_wanted, room).map(|found| found.map(|(group, _)| group))
}

/// getgrnam_r(3).
///
/// # Safety
/// As getgrnam_r(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_getgrnam_r(
    name: *const c_char,
    value: *mut Entry,
    buffer: *mut c_char,
    len: usize,
    result: *mut *mut Entry,
) -> c_int {
    // SAFETY: the caller's arguments.
    unsafe {
        if godebug::osuser_cgo() {
            return __real_getgrnam_r(name, value, buffer, len, result);
        }
        let name = text(name);
        reentrant(value, buffer, len, result, |room| {
            one(|group| group.name == name, room)
        })
    }
}

/// getgrgid_r(3).
///
/// # Safety
/// As getgrgid_r(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_getgrgid_r(
    gid: u32,
    value: *mut Entry,
    buffer: *mut c_char,
    len: usize,
    result: *mut *mut Entry,
) -> c_int {
    // SAFETY: the caller's arguments.
    unsafe {
        if godebug::osuser_cgo() {
            return __real_getgrgid_r(gid, value, buffer, len, result);
        }
        reentrant(value, buffer, len, result, |room| {
            one(|group| group.gid == gid, room)
        })
    }
}

/// getgrnam(3).
///
/// # Safety
/// As getgrnam(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_getgrnam(name: *const c_char) -> *mut Entry {
    // SAFETY: the caller's arguments; memory of ours.
    unsafe {
        if godebug::osuser_cgo() {
            return __real_getgrnam(name);
        }
        RESULT.result(|value, buffer, len, result| {
            __wrap_getgrnam_r(name, value, buffer, len, result)
        })
    }
}

/// getgrgid(3).
#[unsafe(no_mangle)]
extern "C" fn __wrap_getgrgid(gid: u32) -> *mut Entry {
    // SAFETY: memory of ours.
    unsafe {
        if godebug::osuser_cgo() {
            return __real_getgrgid(gid);
        }
        RESULT
            .result(|value, buffer, len, result| __wrap_getgrgid_r(gid, value, buffer, len, result))
    }
}

/// getgrent_r(3).
///
/// # Safety
/// As getgrent_r(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_getgrent_r(
    value: *mut Entry,
    buffer: *mut c_char,
    len: usize,
    result: *mut *mut Entry,
) -> c_int {
    // SAFETY: the caller's arguments.
    unsafe {
        if godebug::osuser_cgo() {
            return __real_getgrent_r(value, buffer, len, result);
        }
        let error = reentrant(value, buffer, len, result, |room| {
            let found = find(POSITION.load(Ordering::Relaxed), |_| true, room)?;
            Ok(found.map(|(group, next)| {
                POSITION.store(next, Ordering::Relaxed);
                group
            }))
        });
        if error == 0 && (*result).is_null() {
            ENOENT as c_int
        } else {
            error
        }
    }
}

/// getgrent(3).
#[unsafe(no_mangle)]
extern "C" fn __wrap_getgrent() -> *mut Entry {
    // SAFETY: memory of ours.
    unsafe {
        if godebug::osuser_cgo() {
            return __real_getgrent();
        }
        ENTRY.result(|value, buffer, len, result| {
            let error = __wrap_getgrent_r(value, buffer, len, result);
            if error == ENOENT as c_int { 0 } else { error } // the end is no error here
        })
    }
}

/// setgrent(3).
#[unsafe(no_mangle)]
extern "C" fn __wrap_setgrent() {
    POSITION.store(0, Ordering::Relaxed);
    if godebug::osuser_cgo() {
        // SAFETY: no arguments.
        unsafe { __real_setgrent() };
    }
}

/// endgrent(3).
#[unsafe(no_mangle)]
extern "C" fn __wrap_endgrent() {
    POSITION.store(0, Ordering::Relaxed);
    if godebug::osuser_cgo() {
        // SAFETY: no arguments.
        unsafe { __real_endgrent() };
    }
}

/// The groups of a user: this one, and those of which he is a member.
fn groups_of(user: &[u8], group: u32) -> Result<List<u32>, OutOfMemory> {
    without_p(|| {
        let mut groups = List::new();
        groups.push(group)?;
        let mut lines = lines_from(FILE, 0);
        while let Some(line) = lines.next_line() {
            if let Some(found) = Group::read(line)
                && found.members().any(|member| member == user)
                && !groups.contains(&found.gid)
            {
                groups.push(found.gid)?;
            }
        }
        Ok(groups)
    })
}

/// getgrouplist(3).
///
/// # Safety
/// As getgrouplist(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_getgrouplist(
    user: *const c_char,
    group: u32,
    groups: *mut u32,
    count: *mut c_int,
) -> c_int {
    // SAFETY: the caller's arguments.
    unsafe {
        if godebug::osuser_cgo() {
            return __real_getgrouplist(user, group, groups, count);
        }
        let Ok(found) = groups_of(text(user), group) else {
            return -1;
        };
        let room = usize::try_from(*count).unwrap_or(0);
        let fits = found.len().min(room);
        groups.copy_from_nonoverlapping(found.as_ptr(), fits);
        *count = found.len() as c_int;
        if fits < found.len() { -1 } else { *count }
    }
}

/// initgroups(3).
///
/// # Safety
/// As initgroups(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_initgroups(user: *const c_char, group: u32) -> c_int {
    /// The kernel's `NGROUPS_MAX`.
    const MOST: usize = 65536;
    // SAFETY: the caller's arguments.
    unsafe {
        if godebug::osuser_cgo() {
            return __real_initgroups(user, group);
        }
        let Ok(found) = groups_of(text(user), group) else {
            set_errno(ENOMEM);
            return -1;
        };
        setgroups(found.len().min(MOST), found.as_ptr())
    }
}

const _: () = assert!(size_of::<Entry>() == 32);
