//! The text of the tables, each string once, in one read-only section.

use std::collections::HashMap;

/// Where a string lies in the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PooledStr {
    /// Offset from the start of the pool.
    pub(super) offset: u64,
    /// Length in bytes.
    pub(super) len: u64,
}

/// Strings in the order in which they were first asked for. The map only answers "is it there": its order never reaches the output.
#[derive(Default)]
pub(super) struct StringPool {
    bytes: Vec<u8>,
    known: HashMap<String, PooledStr>,
}

impl StringPool {
    /// Where `text` is; adds it when it is new.
    pub(super) fn intern(&mut self, text: &str) -> PooledStr {
        if let Some(&known) = self.known.get(text) {
            return known;
        }
        let place = PooledStr {
            offset: self.bytes.len() as u64,
            len: text.len() as u64,
        };
        self.bytes.extend_from_slice(text.as_bytes());
        self.known.insert(text.to_owned(), place);
        place
    }

    /// The content of the section.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}
