//! Readable names of Rust's symbols, without hashes: `app::worker` for `_ZN3app6worker17h0123456789abcdefE` and for `_RNvCs1234_3app6worker`.
//!
//! The text is that of the crate rustc-demangle in its alternate form, which `rtlib` uses; the tests hold the two against each other. This module needs no memory and no std. Names come from a file: they may be anything, and whatever cannot
//! be read is `None`.

mod legacy;
mod v0;

#[cfg(test)]
mod tests;

use core::fmt::{self, Write};

/// The most bytes of a readable name that are kept.
pub const MAX: usize = 1024;

/// A piece of text with room for [`MAX`] bytes. What is too much is left out, and a mark stands for it.
pub struct Text {
    bytes: [u8; MAX],
    len: usize,
    cut: bool,
}

/// Stands for what has been left out.
const MARK: &str = "...";

impl Text {
    pub const fn new() -> Self {
        Self {
            bytes: [0; MAX],
            len: 0,
            cut: false,
        }
    }

    pub fn as_str(&self) -> &str {
        // What was written are whole characters.
        core::str::from_utf8(&self.bytes[..self.len]).unwrap_or_default()
    }

    /// There is room for it.
    fn put(&mut self, text: &str) {
        self.bytes[self.len..self.len + text.len()].copy_from_slice(text.as_bytes());
        self.len += text.len();
    }
}

impl Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.cut {
            return Ok(());
        }
        let room = MAX - MARK.len() - self.len;
        if text.len() <= room {
            self.put(text);
            return Ok(());
        }
        let mut end = room;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        self.put(&text[..end]);
        self.put(MARK);
        self.cut = true;
        Ok(())
    }
}

/// The readable name. None if the symbol is none of Rust's, or damaged.
pub fn demangle(symbol: &str) -> Option<Text> {
    let mut text = Text::new();
    let symbol = without_suffix(symbol);
    legacy::demangle(symbol, &mut text)
        .or_else(|| {
            text = Text::new();
            v0::demangle(symbol, &mut text)
        })
        .map(|()| text)
}

/// LLVM appends `.llvm.` and a number to symbols that it has made global.
fn without_suffix(symbol: &str) -> &str {
    symbol.split(".llvm.").next().unwrap_or(symbol)
}
