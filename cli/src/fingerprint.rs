//! Fingerprints: short stable names for content. Not cryptographic; a collision costs a stale cache, not safety.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use twox_hash::XxHash3_128;

/// Collects content.
pub struct Fingerprint(twox_hash::xxhash3_128::Hasher);

impl Default for Fingerprint {
    fn default() -> Self {
        Self::new()
    }
}

impl Fingerprint {
    /// Nothing collected.
    #[must_use]
    pub fn new() -> Self {
        Self(XxHash3_128::new())
    }

    /// Adds bytes, with their length, so that `ab`+`c` is not `a`+`bc`.
    pub fn add_bytes(&mut self, bytes: &[u8]) {
        self.0.write(&(bytes.len() as u64).to_le_bytes());
        self.0.write(bytes);
    }

    /// Adds text.
    pub fn add(&mut self, text: impl AsRef<OsStr>) {
        self.add_bytes(text.as_ref().as_bytes());
    }

    /// 16 hexadecimal digits.
    #[must_use]
    pub fn finish(self) -> String {
        let hash = self.0.finish_128();
        format!("{:016x}", (hash >> 64) as u64 ^ hash as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn borders_between_parts_count() {
        let of = |parts: &[&str]| {
            let mut hash = Fingerprint::new();
            parts.iter().for_each(|part| hash.add(part));
            hash.finish()
        };
        assert_eq!(of(&["ab", "c"]), of(&["ab", "c"]));
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_eq!(of(&[]).len(), 16);
    }
}
