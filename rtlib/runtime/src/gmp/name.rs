//! The name of a goroutine, as pthread_setname_np(3) and prctl(2) give it: 15 bytes at most, as for threads of the kernel.

use core::sync::atomic::{AtomicU64, Ordering};

/// Most bytes of a name, the NUL behind it counted.
pub const LEN: usize = rtlib_abi::api::NAME_LEN;

/// See the module's head. Written by whoever names the goroutine; who reads it meanwhile may see half of it.
#[repr(C)]
pub struct Name([AtomicU64; 2]);

impl Name {
    /// None.
    pub const fn new() -> Self {
        Self([const { AtomicU64::new(0) }; 2])
    }

    /// The goroutine has none any more.
    #[inline]
    pub fn clear(&self) {
        if self.is_set() {
            self.set([0; LEN]);
        }
    }

    /// Gives it this name, which ends with a NUL.
    pub fn set(&self, name: [u8; LEN]) {
        let (words, _) = name.as_chunks();
        for (word, bytes) in self.0.iter().zip(words) {
            word.store(u64::from_ne_bytes(*bytes), Ordering::Relaxed);
        }
    }

    /// Whether it has one.
    #[inline]
    pub fn is_set(&self) -> bool {
        self.0[0].load(Ordering::Relaxed) != 0
    }

    /// The name and what is behind it, zeros.
    pub fn get(&self) -> [u8; LEN] {
        let mut name = [0; LEN];
        for (bytes, word) in name.chunks_exact_mut(size_of::<u64>()).zip(&self.0) {
            bytes.copy_from_slice(&word.load(Ordering::Relaxed).to_ne_bytes());
        }
        name
    }
}
