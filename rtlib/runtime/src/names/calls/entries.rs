//! What /etc/passwd and /etc/group have in common: entries of which one is looked for, and that are walked through one by one.

use core::ffi::{CStr, c_char, c_int};
use core::sync::atomic::{AtomicU64, Ordering};

use super::super::files;
use super::{Room, Static, TooSmall, reentrant};
use crate::os::linux::sys::ENOENT;

/// Such a file.
pub struct Entries {
    /// Where it is.
    pub path: &'static CStr,
    /// Where the walk goes on.
    position: AtomicU64,
    /// The result of functions that look for one and have no buffer of the caller's.
    pub one: Static,
    /// The result of the walk's.
    walked: Static,
}

impl Entries {
    /// Of this file; the walk is at its beginning.
    pub const fn new(path: &'static CStr) -> Self {
        Self {
            path,
            position: AtomicU64::new(0),
            one: Static::new(),
            walked: Static::new(),
        }
    }

    /// What `read` makes of the first line that it takes.
    pub fn first<T>(
        &self,
        read: impl FnMut(&[u8]) -> Option<Result<T, TooSmall>>,
    ) -> Result<Option<T>, TooSmall> {
        files::find(self.path, 0, read)
            .map(|(found, _)| found)
            .transpose()
    }

    /// As getpwent_r(3) and getgrent_r(3) end: 0, `ENOENT` behind the last entry, or `ERANGE`, and then the walk stays where it is.
    ///
    /// # Safety
    /// As [`reentrant`].
    pub unsafe fn next_in<T>(
        &self,
        value: *mut T,
        buffer: *mut c_char,
        len: usize,
        result: *mut *mut T,
        read: impl Fn(&[u8], &mut Room) -> Option<Result<T, TooSmall>>,
    ) -> c_int {
        let next = |room: &mut Room| {
            let position = self.position.load(Ordering::Relaxed);
            let Some((found, next)) = files::find(self.path, position, |line| read(line, room))
            else {
                return Ok(None);
            };
            let found = found?;
            self.position.store(next, Ordering::Relaxed);
            Ok(Some(found))
        };
        // SAFETY: the caller vouches.
        unsafe {
            match reentrant(value, buffer, len, result, next) {
                0 if (*result).is_null() => ENOENT as c_int,
                error => error,
            }
        }
    }

    /// As getpwent(3) and getgrent(3): `next` is the form with a buffer. The end is no error here.
    pub fn next<T>(
        &self,
        mut next: impl FnMut(*mut T, *mut c_char, usize, *mut *mut T) -> c_int,
    ) -> *mut T {
        self.walked.result(
            |value, buffer, len, result| match next(value, buffer, len, result) {
                error if error == ENOENT as c_int => 0,
                error => error,
            },
        )
    }

    /// The walk begins anew.
    pub fn rewind(&self) {
        self.position.store(0, Ordering::Relaxed);
    }
}
