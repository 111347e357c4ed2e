//! The C interface of timers. Times are ns of CLOCK_MONOTONIC, which is the clock of `std::time::Instant`; `u64::MAX` is never.

use crate::api::OpaqueG;

/// Room for a timer of the runtime's. Zero bytes are one that is not set.
#[repr(C, align(8))]
pub struct RawTimer {
    words: [u64; 8],
}

impl RawTimer {
    /// Not set.
    #[must_use]
    pub const fn new() -> Self {
        Self { words: [0; 8] }
    }
}

impl Default for RawTimer {
    fn default() -> Self {
        Self::new()
    }
}

/// What happens when a timer is due. Runs on a thread's scheduling stack, where there are no thread-locals: it must not block, panic, or call anything but the runtime and
/// what allocates nothing. Returns null.
pub type Fire = unsafe extern "C" fn(arg: *mut u8) -> *const OpaqueG;

unsafe extern "C" {
    /// The time now.
    #[link_name = "runtime.nanotime"]
    pub safe fn nanotime() -> u64;

    /// Blocks the caller until `deadline`.
    #[link_name = "runtime.timeSleepUntil"]
    pub safe fn sleep_until(deadline: u64);

    /// As [`park`](crate::api::park), but gives up at `deadline`.
    #[link_name = "runtime.parkUntil"]
    pub safe fn park_until(deadline: u64);

    /// Sets a timer: `fire(arg)` is called once the clock reaches `when`, and if `period` is not 0 every `period` ns after that, times that were missed left out.
    ///
    /// # Safety
    /// The timer is not set and nobody else touches it at the same time. It stays where it is, and `fire` may be called with `arg` on any thread, until it has been stopped or, if
    /// it is not periodic, `fire` has returned; then a late look at the memory of the timer itself may still follow, so it is stopped before its memory is given up.
    #[link_name = "runtime.newTimer"]
    pub fn timer_set(timer: *mut RawTimer, when: u64, period: u64, fire: Fire, arg: *mut u8);

    /// Takes a timer back: true when it was set and has not fired since. When this returns `fire` does not run and will not run.
    ///
    /// # Safety
    /// A timer that `timer_set` wrote, or zero bytes. Nobody sets it at the same time. Not called from its own `fire`.
    #[link_name = "runtime.stopTimer"]
    pub fn timer_stop(timer: *mut RawTimer) -> bool;
}
