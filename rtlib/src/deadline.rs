//! Deadlines as the runtime has them: ns of the monotonic clock, `u64::MAX` for never. For everything that waits for a time.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rtlib_abi::time::nanotime;

/// This long from now.
pub(crate) fn after(duration: Duration) -> u64 {
    nanotime().saturating_add(ns(duration))
}

/// At this moment, or a few dozen ns later. The clock is not read: a caller whose thread is stopped on the way does not wait longer for that.
pub(crate) fn at(moment: Instant) -> u64 {
    static SAME: OnceLock<(Instant, u64)> = OnceLock::new();
    let &(instant, same) = SAME.get_or_init(same_moment);
    match moment.checked_duration_since(instant) {
        Some(later) => same.saturating_add(ns(later)),
        None => same.saturating_sub(ns(instant.duration_since(moment))),
    }
}

/// Whether that time has come. Reads the clock.
pub(crate) fn is_over(deadline: u64) -> bool {
    deadline <= nanotime()
}

/// As a number of the runtime's; a time that its clock cannot show is for ever.
pub(crate) fn ns(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// A moment on std's clock and on the runtime's, which have the same pace but show it differently. Where the thread is stopped between the two looks they differ; so the best
/// of some tries. The runtime's is later, if anything: nobody wakes too early.
fn same_moment() -> (Instant, u64) {
    const TRIES: u32 = 8;
    let attempt = |_| {
        let before = nanotime();
        let instant = Instant::now();
        let later = nanotime();
        (later - before, (instant, later))
    };
    let closest = (0..TRIES).map(attempt).min_by_key(|(apart, _)| *apart);
    closest.expect("there are tries").1
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_the_same_on_both_clocks() {
        for ahead in [Duration::ZERO, Duration::from_secs(3600)] {
            let earliest = after(ahead);
            let moment = Instant::now() + ahead;
            let deadline = at(moment);
            assert!(earliest <= deadline, "{earliest} {deadline}");
            let moment = Instant::now() + ahead;
            let latest = after(ahead + Duration::from_millis(100));
            assert!(at(moment) <= latest);
        }
    }

    #[test]
    fn moments_keep_their_distances() {
        let moment = Instant::now() + Duration::from_secs(3600); // the clock may begin with this test
        let second = Duration::from_secs(1);
        assert_eq!(at(moment + second) - at(moment), 1_000_000_000);
        assert!(at(moment - second) < at(moment));
    }

    #[test]
    fn what_the_clock_cannot_show_is_for_ever() {
        assert_eq!(after(Duration::MAX), u64::MAX);
    }
}
