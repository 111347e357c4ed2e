//! Threads of this process, as the kernel sees them.

use core::fmt::{self, Write};
use core::sync::atomic::{AtomicU8, Ordering};

use super::proc::{self, read_file};
use super::sys::{__NR_clock_gettime, __NR_gettid, __NR_tgkill, __kernel_timespec};
use super::syscalls::Call;
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

/// Has the kernel show a thread of this process under this name, which ends with a NUL.
pub fn set_name(tid: u32, name: &[u8]) {
    let mut path = Path::new();
    if write!(path, "/proc/self/task/{tid}/comm\0").is_err() {
        return;
    }
    let len = name.iter().position(|byte| *byte == 0);
    proc::write_file(path.bytes(), &name[..len.unwrap_or(name.len())]);
}

/// Whether a thread of this process sleeps in the kernel (state S or D). None when that cannot be read.
pub fn is_asleep(tid: u32) -> Option<bool> {
    if !proc_knows_our_ids() {
        return None;
    }
    let mut path = Path::new();
    write!(path, "/proc/self/task/{tid}/stat\0").ok()?;
    let mut text = [0; 128];
    let stat = read_file(path.bytes(), &mut text)?;
    let state = fields(stat)?.next()?;
    Some(state == b"S" || state == b"D")
}

/// The system call in which a thread of this process sleeps. None when it is in none, or that cannot be read.
pub fn call_of(tid: u32) -> Option<Call> {
    let mut path = Path::new();
    write!(path, "/proc/self/task/{tid}/syscall\0").ok()?;
    let mut text = [0; 256];
    Call::parse(read_file(path.bytes(), &mut text)?)
}

/// False where /proc is not mounted, or is that of another PID namespace, in which threads have other ids. Asked once.
fn proc_knows_our_ids() -> bool {
    const UNKNOWN: u8 = 0;
    const NO: u8 = 1;
    const YES: u8 = 2;
    static ANSWER: AtomicU8 = AtomicU8::new(UNKNOWN);
    if ANSWER.load(Ordering::Relaxed) == UNKNOWN {
        let mut text = [0; 32];
        let own = read_file(b"/proc/self/stat\0", &mut text).and_then(|stat| {
            let pid = stat.split(|&b| b == b' ').next()?;
            core::str::from_utf8(pid).ok()?.parse().ok()
        });
        let answer = if own == Some(proc::pid()) { YES } else { NO };
        ANSWER.store(answer, Ordering::Relaxed);
    }
    ANSWER.load(Ordering::Relaxed) == YES
}

/// Processor time that a thread of this process has used, ns. It stands while the thread sleeps, and while it waits for a processor.
pub fn cpu_time(tid: u32) -> Option<u64> {
    /// The clock of one thread, of the time that the scheduler has given it (`CPUCLOCK_PERTHREAD_MASK | CPUCLOCK_SCHED`).
    const OF_THREAD: i32 = 4 | 2;
    let clock = ((!(tid as i32)) << 3) | OF_THREAD;
    let mut time = __kernel_timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    let at = (&raw mut time) as usize;
    // SAFETY: our own variable.
    unsafe { call(__NR_clock_gettime, [clock as usize, at, 0, 0, 0, 0]) }.ok()?;
    Some(time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64)
}

/// How many threads this process has, those included that end at this moment. None where that cannot be read. (qemu-user has a file with zeros.)
pub fn count() -> Option<u32> {
    /// Position of `num_threads` behind the command (proc(5)).
    const NUM_THREADS: usize = 17;
    let mut text = [0; 512];
    let stat = read_file(b"/proc/self/stat\0", &mut text)?;
    let number = fields(stat)?.nth(NUM_THREADS)?;
    let count = core::str::from_utf8(number).ok()?.parse().ok();
    count.filter(|&n| n != 0)
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
