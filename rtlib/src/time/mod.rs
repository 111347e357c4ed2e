//! Time: sleeping, [`Timer`]s, [`Ticker`]s and [delayed calls](after_func). The clock is the monotonic one, that of [`std::time::Instant`].
//!
//! - `channel`: a channel that a timer of the runtime sends to; [`Timer`] and [`Ticker`] are built on it; `after_func`: calls.

mod after_func;
mod channel;
mod ticker;
mod timer;

use std::time::{Duration, Instant};

pub(crate) use after_func::at_func;
pub use after_func::{AfterFunc, after_func};
pub use ticker::Ticker;
pub use timer::Timer;

use crate::deadline;

/// Blocks the calling goroutine (or plain thread) for at least this long. Its operating-system thread runs other goroutines meanwhile: a hundred thousand sleepers cost no
/// threads. `Duration::MAX`, and any other time that the clock never reaches, means for ever.
///
/// `std::thread::sleep` on a goroutine parks it, too. (`GODEBUG=std=-sleep` turns that off: then it blocks the operating-system thread.)
pub fn sleep(duration: Duration) {
    if duration.is_zero() {
        crate::yield_now();
    } else {
        rtlib_abi::time::sleep_until(deadline::after(duration));
    }
}

/// Blocks until this moment. When it has passed already, only lets other goroutines run, as [`yield_now`](crate::yield_now).
pub fn sleep_until(deadline: Instant) {
    let when = deadline::at(deadline);
    if deadline::is_over(when) {
        crate::yield_now();
    } else {
        rtlib_abi::time::sleep_until(when);
    }
}

/// As [`park`](crate::park), but returns after `duration` at the latest, if nobody has [unparked](crate::Goroutine::unpark) the caller before. As with `std::thread::park_timeout`, the caller does not
/// learn which of the two happened.
pub fn park_timeout(duration: Duration) {
    rtlib_abi::time::park_until(deadline::after(duration));
}
