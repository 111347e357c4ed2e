//! What a lookup reads of the machine: files of /etc, its name, its interfaces, random numbers.
//!
//! Files are read while the goroutine's P is free for others: the disk, or the server that has /etc, may take its time.

use core::ffi::CStr;

use super::text::Lines;
use crate::os::linux::sys::{
    __NR_ioctl, __NR_lseek, __NR_openat, __NR_read, __NR_socket, __NR_uname, AF_INET, AT_FDCWD,
    EINTR, O_CLOEXEC, O_RDONLY, SEEK_SET, SIOCGIFINDEX, SIOCGIFNAME, SOCK_DGRAM,
};
use crate::os::linux::{Errno, call, proc};
use crate::sched::slow::What;
use crate::sched::syscall::without_p;

/// /etc/hosts.
pub const HOSTS: &CStr = c"/etc/hosts";
/// /etc/nsswitch.conf.
pub const NSSWITCH: &CStr = c"/etc/nsswitch.conf";
/// /etc/resolv.conf.
pub const RESOLV: &CStr = c"/etc/resolv.conf";

/// A descriptor that is closed with it.
pub struct Open(pub usize);

impl Drop for Open {
    fn drop(&mut self) {
        proc::close(self.0);
    }
}

/// The lines of a file, from this position on. A file that cannot be read has none.
pub fn lines_from(path: &CStr, position: u64) -> Lines<impl FnMut(&mut [u8]) -> usize> {
    let at = AT_FDCWD as isize as usize;
    let flags = (O_RDONLY | O_CLOEXEC) as usize;
    // SAFETY: the path is terminated and lives over the call.
    let file = unsafe { call(__NR_openat, [at, path.as_ptr() as usize, flags, 0, 0, 0]) };
    let file = file.ok().map(Open).filter(|file| {
        let args = [file.0, position as usize, SEEK_SET as usize, 0, 0, 0];
        // SAFETY: no memory is involved.
        position == 0 || unsafe { call(__NR_lseek, args) }.is_ok()
    });
    let read = move |buffer: &mut [u8]| {
        file.as_ref()
            .map_or(0, |file| read(file, buffer).unwrap_or(0))
    };
    Lines::new(read, position)
}

/// The lines of a file.
pub fn lines(path: &CStr) -> Lines<impl FnMut(&mut [u8]) -> usize> {
    lines_from(path, 0)
}

/// What `f` makes of the first line that it takes, from this position of a file on, and where the next line begins.
pub fn find<T>(
    path: &CStr,
    position: u64,
    mut f: impl FnMut(&[u8]) -> Option<T>,
) -> Option<(T, u64)> {
    without_p(What::Named("reading a file of names in /etc"), || {
        let mut lines = lines_from(path, position);
        loop {
            if let Some(found) = f(lines.next_line()?) {
                return Some((found, lines.position()));
            }
        }
    })
}

fn read(file: &Open, buffer: &mut [u8]) -> Result<usize, Errno> {
    loop {
        let args = [file.0, buffer.as_mut_ptr() as usize, buffer.len(), 0, 0, 0];
        // SAFETY: the buffer lives over the call.
        match unsafe { call(__NR_read, args) } {
            Err(Errno(EINTR)) => {}
            done => return done,
        }
    }
}

/// Calls `f` with the machine's name.
pub fn with_hostname<T>(f: impl FnOnce(&[u8]) -> T) -> T {
    /// `struct new_utsname`: six texts of 65 bytes, of which this is the second.
    const FIELD: usize = 65;
    let mut names = [0_u8; 6 * FIELD];
    // SAFETY: the kernel writes so many bytes.
    let known = unsafe { call(__NR_uname, [names.as_mut_ptr() as usize, 0, 0, 0, 0, 0]) };
    let name = CStr::from_bytes_until_nul(&names[FIELD..2 * FIELD]);
    match (known, name) {
        (Ok(_), Ok(name)) => f(name.to_bytes()),
        _ => f(b""),
    }
}

/// `struct ifreq` (netdevice(7)), as far as it is needed.
#[repr(C)]
struct InterfaceRequest {
    name: [u8; 16],
    index: u32,
    rest: [u32; 5],
}

fn about_interface(request: u32, about: &mut InterfaceRequest) -> Result<(), Errno> {
    let args = [AF_INET as usize, SOCK_DGRAM as usize, 0, 0, 0, 0];
    // SAFETY: no memory is involved.
    let socket = Open(unsafe { call(__NR_socket, args) }?);
    let about = core::ptr::from_mut(about) as usize;
    // SAFETY: the kernel reads and writes one struct ifreq.
    unsafe { call(__NR_ioctl, [socket.0, request as usize, about, 0, 0, 0]) }.map(drop)
}

/// The number of an interface.
pub fn interface(name: &[u8]) -> Option<u32> {
    let mut about = InterfaceRequest {
        name: [0; 16],
        index: 0,
        rest: [0; 5],
    };
    // With the NUL behind it.
    about.name[..15]
        .get_mut(..name.len())?
        .copy_from_slice(name);
    about_interface(SIOCGIFINDEX, &mut about).ok()?;
    Some(about.index)
}

/// The name of an interface, terminated by NUL.
pub fn interface_name(index: u32) -> Option<[u8; 16]> {
    let mut about = InterfaceRequest {
        name: [0; 16],
        index,
        rest: [0; 5],
    };
    about_interface(SIOCGIFNAME, &mut about).ok()?;
    about.name[15] = 0;
    Some(about.name)
}

/// A number that nobody guesses.
pub fn random() -> u16 {
    let mut number = [0_u8; 2];
    proc::random(&mut number);
    u16::from_ne_bytes(number)
}
