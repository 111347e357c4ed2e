//! Printing from anywhere: to standard error, without allocation, locks or libc. Go's `print`.

use core::fmt::{self, Write};

use crate::os::linux::proc;

/// Standard error, through a small buffer that is written at the ends of lines: a line that fits into it is one write, so that neither another thread nor the end of
/// the process comes between its parts.
pub struct Stderr {
    buffer: [u8; 512],
    len: usize,
}

impl Stderr {
    /// An empty buffer; dropping it writes the rest.
    pub fn new() -> Self {
        Self {
            buffer: [0; 512],
            len: 0,
        }
    }

    /// Writes the first `count` bytes, and keeps the others.
    fn flush(&mut self, count: usize) {
        proc::write(2, &self.buffer[..count]);
        self.buffer.copy_within(count..self.len, 0);
        self.len -= count;
    }

    /// Writes bytes that need not be UTF-8.
    pub fn bytes(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(self.buffer.len()) {
            if self.len + chunk.len() > self.buffer.len() {
                self.flush(end_of_last_line(&self.buffer[..self.len]));
            }
            if self.len + chunk.len() > self.buffer.len() {
                self.flush(self.len);
            }
            self.buffer[self.len..self.len + chunk.len()].copy_from_slice(chunk);
            self.len += chunk.len();
        }
    }
}

/// How many bytes the whole lines are, those before the start of one that has not ended.
fn end_of_last_line(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |i| i + 1)
}

impl Write for Stderr {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.bytes(text.as_bytes());
        Ok(())
    }
}

impl Drop for Stderr {
    fn drop(&mut self) {
        self.flush(self.len);
    }
}

/// `eprint!` for the runtime. Writing cannot fail.
#[macro_export]
macro_rules! print {
    ($($arg:tt)*) => {{
        use core::fmt::Write as _;
        let _ = write!($crate::print::Stderr::new(), $($arg)*);
    }};
}
