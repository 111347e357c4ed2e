//! Groups: `getgrnam`, `getgrgid`, `getgrent` and their forms with a buffer, `getgrouplist`, `initgroups`. /etc/group is what is known.

use core::ffi::{c_char, c_int};

use super::super::files::lines;
use super::super::memory::{List, OutOfMemory};
use super::super::users::Group;
use super::entries::Entries;
use super::{Room, TooSmall, reentrant, text};
use crate::godebug;
use crate::hooks::set_errno;
use crate::os::linux::sys::ENOMEM;
use crate::sched::slow::What;
use crate::sched::syscall::without_p;

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

static ENTRIES: Entries = Entries::new(c"/etc/group");

fn fill(group: &Group<'_>, room: &mut Room) -> Result<Entry, TooSmall> {
    Ok(Entry {
        name: room.text(group.name)?,
        password: room.text(group.password)?,
        gid: group.gid,
        members: room.texts(group.members())?,
    })
}

fn one(is_wanted: impl Fn(&Group<'_>) -> bool, room: &mut Room) -> Result<Option<Entry>, TooSmall> {
    ENTRIES.first(|line| {
        let group = Group::read(line).filter(&is_wanted)?;
        Some(fill(&group, room))
    })
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
        ENTRIES.one.result(|value, buffer, len, result| {
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
        ENTRIES
            .one
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
        ENTRIES.next_in(value, buffer, len, result, |line, room| {
            Group::read(line).map(|group| fill(&group, room))
        })
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
        ENTRIES.next(|value, buffer, len, result| __wrap_getgrent_r(value, buffer, len, result))
    }
}

/// setgrent(3).
#[unsafe(no_mangle)]
extern "C" fn __wrap_setgrent() {
    ENTRIES.rewind();
    if godebug::osuser_cgo() {
        // SAFETY: no arguments.
        unsafe { __real_setgrent() };
    }
}

/// endgrent(3).
#[unsafe(no_mangle)]
extern "C" fn __wrap_endgrent() {
    ENTRIES.rewind();
    if godebug::osuser_cgo() {
        // SAFETY: no arguments.
        unsafe { __real_endgrent() };
    }
}

/// The groups of a user: this one, and those of which he is a member.
fn groups_of(user: &[u8], group: u32) -> Result<List<u32>, OutOfMemory> {
    without_p(What::Named("reading /etc/group"), || {
        let mut groups = List::new();
        groups.push(group)?;
        let mut lines = lines(ENTRIES.path);
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
