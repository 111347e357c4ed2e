//! Terminals, from which a read may have an answer although poll(2) tells of nothing to read:
//!
//! - Where lines are off and `VMIN` is 0, a read waits for `VTIME` tenths of a second at most, and then gives nothing.
//! - Who is not in the foreground of its terminal is stopped by `SIGTTIN` when it reads, or gets `EIO`.
//!
//! The kernel's read knows both. So it is made, and the thread waits for as long as it lasts.

use core::ffi::c_int;

use super::io::{Answer, plain, word};
use crate::os::linux::sys::{__NR_getpgrp, __NR_ioctl};

const TCGETS: usize = 0x5401;
const TIOCGPGRP: usize = 0x540f;
const TIOCGPTN: usize = 0x8004_5430;

/// `struct termios`, as the kernel has it.
#[repr(C)]
struct Termios {
    input: u32,
    output: u32,
    control: u32,
    local: u32,
    line: u8,
    characters: [u8; 19],
}

impl Termios {
    /// Whether a read without input ends by itself.
    fn is_limited(&self) -> bool {
        const ICANON: u32 = 2;
        const VMIN: usize = 6;
        self.local & ICANON == 0 && self.characters[VMIN] == 0
    }
}

/// An ioctl(2) that writes a `T`.
fn told<T>(fd: c_int, request: usize) -> Option<T> {
    let mut value = core::mem::MaybeUninit::<T>::zeroed();
    let args = [word(fd), request, value.as_mut_ptr() as usize, 0, 0, 0];
    // SAFETY: the kernel writes to our variable, which is of the type that the callers' requests ask for, numbers only.
    let answer: Answer = unsafe { plain(__NR_ioctl, args) };
    // SAFETY: it was zero or is what the kernel wrote; both are numbers.
    answer.is_ok().then(|| unsafe { value.assume_init() })
}

/// Whether the caller's group is not the one that may read.
fn is_in_background(fd: c_int) -> bool {
    let Some(foreground) = told::<c_int>(fd, TIOCGPGRP) else {
        return false; // it is not the terminal of this session
    };
    // SAFETY: no memory is involved.
    let own = unsafe { plain(__NR_getpgrp, [0; 6]) };
    foreground > 0 && own != Ok(foreground as usize)
}

/// Whether it is the other side of a pseudo-terminal, which answers these questions for the terminal.
fn is_master(fd: c_int) -> bool {
    told::<c_int>(fd, TIOCGPTN).is_some()
}

/// Whether a read from this descriptor answers although there is nothing to read.
pub fn answers(fd: c_int) -> bool {
    let Some(termios) = told::<Termios>(fd, TCGETS) else {
        return false; // no terminal
    };
    (termios.is_limited() || is_in_background(fd)) && !is_master(fd)
}
