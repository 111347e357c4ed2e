//! The trace's file, and who writes it: sysmon, as chunks fill up; whoever ends the program, the rest.

use core::sync::atomic::{AtomicBool, Ordering};

use super::perfetto::{Encoder, Sink};
use super::{ON, buffer};
use crate::boot;
use crate::lock::Lock;
use crate::lockrank::{Rank, Ranked};
use crate::os::linux::proc;
use crate::sched::global::ALLMS;

/// Bytes that are collected before they are written.
const BUFFER: usize = 16 << 10;

struct Output {
    file: Option<File>,
    encoder: Encoder,
}

struct File {
    fd: u32,
    buffer: [u8; BUFFER],
    len: usize,
}

impl File {
    fn flush(&mut self) {
        proc::write(self.fd, &self.buffer[..self.len]);
        self.len = 0;
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
    let Some(path) = boot::getenv_c(c"RTLIB_TRACE").filter(|path| !path.is_empty()) else {
        return;
    };
    if boot::is_privileged() {
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
    unsafe extern "C" {
        fn atexit(f: extern "C" fn()) -> i32;
    }
    extern "C" fn at_exit() {
        finish();
    }
    let mut output = OUTPUT.lock();
    let Output { file, encoder } = &mut *output;
    let file = file.insert(File {
        fd,
        buffer: [0; BUFFER],
        len: 0,
    });
    encoder.begin(proc::pid().into(), boot::program_name(), file);
    drop(output);
    // SAFETY: libc's function and a function that may run at any time. If there is no room, `exit` loses the last events.
    let _ = unsafe { atexit(at_exit) };
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
            .events()
            .iter()
            .for_each(|event| encoder.event(event, file));
    });
}

/// The end of the program: writes everything, and says what was lost. Once; later events are not noted.
pub fn finish() {
    static DONE: AtomicBool = AtomicBool::new(false);
    if !super::is_on() || DONE.swap(true, Ordering::AcqRel) {
        return;
    }
    write_full();
    ON.store(false, Ordering::Release);
    let mut output = OUTPUT.lock();
    let Output {
        file: Some(file),
        encoder,
    } = &mut *output
    else {
        return;
    };
    let mut rest = |chunk: &buffer::Chunk| {
        chunk
            .events()
            .iter()
            .for_each(|event| encoder.event(event, file));
    };
    buffer::drain(&mut rest);
    for mp in core::iter::successors(ALLMS.get_acquire(), |mp| mp.alllink.get()) {
        // SAFETY: null or a chunk, which is never freed.
        if let Some(chunk) = unsafe { mp.trace.chunk.load(Ordering::Acquire).as_ref() } {
            rest(chunk);
        }
    }
    buffer::with_outside(rest);
    file.flush();
    let lost = buffer::lost();
    if lost != 0 {
        crate::print!("rtlib: RTLIB_TRACE: {lost} events came too fast and are not in the trace\n");
    }
}
