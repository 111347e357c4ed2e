//! The trace's file, and who writes it: sysmon, as chunks fill up; whoever ends the program, the rest.
//!
//! Only whole packets are written at a time, so the file can be opened however the program ended (unless it is a pipe that takes no more: [`How`]).

use core::sync::atomic::{AtomicU32, Ordering};

use super::ON;
use super::perfetto::{Encoder, Sink};
use crate::gmp::all::ALLMS;
use crate::libc::ffi;
use crate::lock::{DYING_PATIENCE_NS, Lock};
use crate::lockrank::{Rank, Ranked};
use crate::os::linux::{nanotime, proc};
use crate::process;
use crate::tracebuf::buffer;

/// Bytes that are collected before they are written.
const BUFFER: usize = 16 << 10;
/// As a patience: no limit.
const FOR_EVER: u64 = u64::MAX;

/// Nothing is traced.
const OFF: u32 = 0;
/// There is a file.
const OPEN: u32 = 1;
/// Somebody writes the end of it.
const FINISHING: u32 = 2;
/// All is written.
const FINISHED: u32 = 3;

static STATE: AtomicU32 = AtomicU32::new(OFF);

struct Output {
    file: Option<File>,
    encoder: Encoder,
}

struct File {
    fd: u32,
    buffer: [u8; BUFFER],
    len: usize,
    how: How,
}

/// How a file is written.
#[derive(Clone, Copy)]
enum How {
    /// As long as it takes.
    Waiting,
    /// It has so many ns each time to take something.
    Within(u64),
    /// It did not.
    GivenUp,
}

impl File {
    fn flush(&mut self) {
        let bytes = &self.buffer[..self.len];
        match self.how {
            How::Waiting => proc::write(self.fd, bytes),
            How::Within(patience) => {
                if proc::write_patiently(self.fd, bytes, patience).is_err() {
                    self.how = How::GivenUp;
                }
            }
            How::GivenUp => {}
        }
        self.len = 0;
    }

    /// From now on it has so many ns each time to take something.
    fn hurry(&mut self, patience: u64) {
        if proc::set_nonblocking(self.fd).is_ok() {
            self.how = How::Within(patience);
        }
    }
}

impl Sink for File {
    fn write(&mut self, bytes: &[u8]) {
        if self.len + bytes.len() > BUFFER {
            self.flush();
        }
        self.buffer[self.len..self.len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }
}

impl Ranked for Output {
    const RANK: Rank = Rank::TraceOutput;
}

static OUTPUT: Lock<Output> = Lock::new(Output {
    file: None,
    encoder: Encoder::new(),
});

/// Starts to trace if `RTLIB_TRACE` names a file. In the boot. A program that runs with more rights than its user (`AT_SECURE`) writes none.
pub fn start() {
    let Some(path) = process::getenv_c(c"RTLIB_TRACE").filter(|path| !path.is_empty()) else {
        return;
    };
    if process::is_privileged() {
        return;
    }
    match proc::create(path) {
        Ok(fd) => begin(fd),
        Err(error) => crate::print!(
            "rtlib: RTLIB_TRACE={}: cannot create this file (errno {}); nothing is traced\n",
            path.to_str().unwrap_or("(not UTF-8)"),
            error.0
        ),
    }
}

fn begin(fd: u32) {
    extern "C" fn at_exit() {
        finish(FOR_EVER);
    }
    let mut output = OUTPUT.lock();
    let Output { file, encoder } = &mut *output;
    let file = file.insert(File {
        fd,
        buffer: [0; BUFFER],
        len: 0,
        how: How::Waiting,
    });
    encoder.begin(proc::pid().into(), process::program_name(), file);
    drop(output);
    // SAFETY: libc's function and a function that may run at any time. If there is no room, `exit` loses the last events.
    let _ = unsafe { ffi::atexit(at_exit) };
    STATE.store(OPEN, Ordering::Release);
    ON.store(true, Ordering::Release);
}

/// Writes the chunks that are full.
pub fn write_full() {
    if !super::is_on() {
        return;
    }
    let mut output = OUTPUT.lock();
    let Output {
        file: Some(file),
        encoder,
    } = &mut *output
    else {
        return;
    };
    buffer::drain(|chunk| {
        chunk
            .take()
            .iter()
            .for_each(|event| encoder.event(event, file));
    });
}

/// From now on nothing is noted. The program is about to die: what happens while it says why is not of interest.
pub fn stop() {
    ON.store(false, Ordering::Release);
}

/// In the child of a fork: the file is its parent's.
pub fn forget() {
    stop();
    STATE.store(OFF, Ordering::Relaxed);
}

/// A dying program's end of the trace. As far as it can be written: it does not wait long for anything, be it a lock or the file, which may be a pipe that nobody reads.
pub fn finish_dying() {
    finish(DYING_PATIENCE_NS);
}

/// Writes what is not written yet, and says what was lost. When this returns, that has been done, here or by another thread, or something was not to be had within so many ns.
fn finish(patience: u64) {
    // The child of a fork has the file, too, but it is its parent's, as may be a lock, which nobody would let go.
    if STATE.load(Ordering::Acquire) == OFF || process::is_forked() {
        return;
    }
    match STATE.compare_exchange(OPEN, FINISHING, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) => {
            stop();
            write_rest(patience);
            STATE.store(FINISHED, Ordering::Release);
        }
        Err(FINISHING) => wait_until_finished(patience),
        Err(_) => {}
    }
}

fn wait_until_finished(patience: u64) {
    const PAUSE_US: u64 = 1000;
    let deadline = nanotime().saturating_add(patience);
    while STATE.load(Ordering::Acquire) != FINISHED && nanotime() < deadline {
        proc::usleep(PAUSE_US);
    }
}

fn write_rest(patience: u64) {
    let Some(mut output) = OUTPUT.lock_within(patience) else {
        return;
    };
    let Output {
        file: Some(file),
        encoder,
    } = &mut *output
    else {
        return;
    };
    if patience != FOR_EVER {
        file.hurry(patience);
    }
    let mut write = |chunk: &buffer::Chunk| {
        chunk
            .take()
            .iter()
            .for_each(|event| encoder.event(event, file));
    };
    // The full ones last: an M may put its chunk there meanwhile, and then what it holds has been written or is written now.
    for mp in core::iter::successors(ALLMS.get_acquire(), |mp| mp.alllink.get()) {
        // SAFETY: null or a chunk, which is never freed.
        if let Some(chunk) = unsafe { mp.trace.chunk.load(Ordering::Acquire).as_ref() } {
            write(chunk);
        }
    }
    buffer::with_outside(patience, &mut write);
    buffer::with_full(patience, &mut write);
    file.flush();
    let lost = buffer::lost();
    if lost != 0 {
        crate::print!("rtlib: RTLIB_TRACE: {lost} events came too fast and are not in the trace\n");
    }
}
