//! Random numbers that a seed repeats: the runtime's own disturbances (`sched/shuffle`, `os/linux/faults`), and its tests.

#[cfg(feature = "object")]
use core::sync::atomic::{AtomicU64, Ordering};

#[cfg(feature = "object")]
use crate::godebug;

/// splitmix64's output function: from numbers that only count up to numbers that look random.
pub const fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(feature = "object")]
static STATE: AtomicU64 = AtomicU64::new(0);

/// Whether the scheduler's choices are random (`GODEBUG=schedseed`).
#[cfg(feature = "object")]
#[inline]
pub fn is_seeded() -> bool {
    godebug::schedseed() != 0
}

/// The next number of that seed's sequence (splitmix64). With several Ps two threads may get the same one, which does no harm.
#[cfg(feature = "object")]
pub fn seeded() -> u32 {
    let seed = u64::from(godebug::schedseed());
    let state = STATE
        .load(Ordering::Relaxed)
        .wrapping_add(0x9e37_79b9_7f4a_7c15);
    STATE.store(state, Ordering::Relaxed);
    (mix(state ^ (seed << 32)) >> 16) as u32
}
