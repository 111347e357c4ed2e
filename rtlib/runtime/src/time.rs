//! The C interface of timers: `rtlib_abi::time`.

use core::sync::atomic::Ordering;

use rtlib_abi::time::{Fire, RawTimer};

use crate::gmp::g::G;
use crate::gmp::waitreason::WaitReason;
use crate::os::linux;
use crate::sched::deadline::gopark_until;
use crate::sched::park::{publish, waiter};
use crate::sched::timers;
use crate::timer::timers::{NEVER, Timer};

#[unsafe(export_name = "runtime.nanotime")]
extern "C" fn nanotime() -> u64 {
    linux::nanotime()
}

/// See `rtlib_abi::time::sleep_until`.
#[unsafe(export_name = "runtime.timeSleepUntil")]
pub extern "C" fn sleep_until(deadline: u64) {
    extern "C" fn commit(left: &'static G, _arg: usize) {
        publish(left);
    }
    let me = waiter();
    me.select_done.store(0, Ordering::Relaxed);
    // Nobody else knows that we wait: only the deadline wakes us.
    gopark_until(me, WaitReason::Sleep, commit, 0, deadline.min(NEVER - 1));
}

/// See `rtlib_abi::time::timer_set`.
///
/// # Safety
/// As there.
#[unsafe(export_name = "runtime.newTimer")]
unsafe extern "C" fn timer_set(
    at: *mut RawTimer,
    when: u64,
    period: u64,
    fire: Fire,
    arg: *mut u8,
) {
    let at = at.cast::<Timer>();
    // SAFETY: the caller gives us this memory, and says that no timer in it is set.
    unsafe {
        at.write(Timer::new(fire, arg));
        (*at).set(timers::timers_here(), when, period);
    }
    timers::watch(when);
}

/// See `rtlib_abi::time::timer_stop`.
///
/// # Safety
/// As there.
#[unsafe(export_name = "runtime.stopTimer")]
unsafe extern "C" fn timer_stop(at: *mut RawTimer) -> bool {
    // SAFETY: zero bytes, or what `timer_set` wrote.
    unsafe { (*at.cast::<Timer>()).stop() }
}
