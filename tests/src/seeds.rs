//! Seeds of tests that choose at random.

use std::env;
use std::time::{SystemTime, UNIX_EPOCH};

/// The seeds of this run: `1..=usual`, or as many as `GOBUILD_SEEDS` says, which nobody has tried.
///
/// # Panics
/// When that is not a number.
#[must_use]
pub fn seeds(usual: u32) -> Vec<u32> {
    let Ok(count) = env::var("GOBUILD_SEEDS") else {
        return (1..=usual).collect();
    };
    let count: u32 = count
        .parse()
        .unwrap_or_else(|_| panic!("GOBUILD_SEEDS is not a number: {count}"));
    let clock = SystemTime::now().duration_since(UNIX_EPOCH);
    let first = clock.map_or(1, |now| now.as_millis() as u32) >> 1;
    (first..).take(count as usize).collect()
}
