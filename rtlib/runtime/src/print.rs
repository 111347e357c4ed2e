//! Printing from anywhere: to standard error, without allocation, locks or libc. Go's `print`.

use core::fmt::{self, Write};

use crate::os::linux::proc;

/// Standard error, through a small buffer so that a line is mostly one write.
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

    fn flush(&mut self) {
        proc::write(2, &self.buffer[..self.len]);
        self.len = 0;
    }

    /// Writes bytes that need not be UTF-8.
    pub fn bytes(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(self.buffer.len()) {
            if self.len + chunk.len() > self.buffer.len() {
                self.flush();
            }
            self.buffer[self.len..self.len + chunk.len()].copy_from_slice(chunk);
            self.len += chunk.len();
        }
    }
}

impl Write for Stderr {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.bytes(text.as_bytes());
        Ok(())
    }
}

impl Drop for Stderr {
    fn drop(&mut self) {
        self.flush();
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
