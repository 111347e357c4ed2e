//! Threads of this process, as the kernel sees them.

use core::fmt::{self, Write};

use super::sys::{__NR_gettid, __NR_tgkill};

use super::proc::{self, read_file};
use super::{Errno, call};

/// The calling thread's id.
pub fn gettid() -> u32 {
    // SAFETY: no memory is involved; it cannot fail.
    unsafe { call(__NR_gettid, [0; 6]) }.unwrap_or(0) as u32
}

/// Sends a signal to a thread of this process. False when there is no such thread.
pub fn kill(tid: u32, signal: u32) -> bool {
    let args = [proc::pid() as usize, tid as usize, signal as usize, 0, 0, 0];
    // SAFETY: no memory is involved.
    unsafe { call(__NR_tgkill, args) }.is_ok()
}

/// Whether a thread of this process sleeps in the kernel (state S or D). False when that cannot be read.
pub fn is_asleep(tid: u32) -> bool {
    let mut path = Path::new();
    if write!(path, "/proc/self/task/{tid}/stat\0").is_err() {
        return false;
    }
    let mut text = [0; 128];
    read_file(path.bytes(), &mut text)
        .and_then(|stat| fields(stat)?.next())
        .is_some_and(|state| state == b"S" || state == b"D")
}

/// How many threads this process has, those included that end at this moment. None without /proc.
pub fn count() -> Option<u32> {
    /// Position of `num_threads` behind the command (proc(5)).
    const NUM_THREADS: usize = 17;
    let mut text = [0; 512];
    let stat = read_file(b"/proc/self/stat\0", &mut text)?;
    let number = fields(stat)?.nth(NUM_THREADS)?;
    core::str::from_utf8(number).ok()?.parse().ok()
}

/// Calls `f` with the ids of all threads of this process.
pub fn for_each(mut f: impl FnMut(u32)) -> Result<(), Errno> {
    proc::for_each_entry(c"/proc/self/task", |name| {
        let number = core::str::from_utf8(name).map(str::parse);
        if let Ok(Ok(tid)) = number {
            f(tid);
        }
    })
}

/// The fields of a stat file behind the command, which may hold anything.
fn fields(stat: &[u8]) -> Option<impl Iterator<Item = &[u8]>> {
    let command_end = stat.iter().rposition(|&b| b == b')')?;
    Some(stat.get(command_end + 2..)?.split(|&b| b == b' '))
}

/// A file name on the stack.
struct Path {
    bytes: [u8; 64],
    len: usize,
}

impl Path {
    fn new() -> Self {
        Self {
            bytes: [0; 64],
            len: 0,
        }
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl Write for Path {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.len + text.len();
        let room = self.bytes.get_mut(self.len..end).ok_or(fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}
