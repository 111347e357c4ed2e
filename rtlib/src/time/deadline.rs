//! Deadlines as the runtime has them: ns of the monotonic clock, `u64::MAX` for never.

use std::time::Duration;

use rtlib_abi::time::nanotime;

/// This long from now.
pub(super) fn after(duration: Duration) -> u64 {
    let ns = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
    nanotime().saturating_add(ns)
}
