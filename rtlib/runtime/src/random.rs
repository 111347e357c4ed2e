//! Random numbers that a seed repeats: the runtime's own disturbances (`sched/shuffle`, `os/linux/faults`), and its tests.

/// splitmix64's output function: from numbers that only count up to numbers that look random.
pub const fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
