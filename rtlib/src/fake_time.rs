//! The C interface of `rtlib_abi::time` on std threads, for unit tests: beside `fake_runtime`. One thread fires all timers, holding the lock, so that a timer that was
//! stopped does not run.

use std::collections::BTreeMap;
use std::sync::{Condvar, LazyLock, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rtlib_abi::time::{Fire, RawTimer};

/// What to call.
struct Call {
    fire: Fire,
    arg: *mut u8,
    period: u64,
}

// SAFETY: the interface says that `fire` may be called with `arg` on any thread.
unsafe impl Send for Call {}

/// By time, then by the timer's address.
static SET: Mutex<BTreeMap<(u64, usize), Call>> = Mutex::new(BTreeMap::new());
static CHANGED: Condvar = Condvar::new();
static START: LazyLock<Instant> = LazyLock::new(|| {
    thread::spawn(fire_all);
    Instant::now()
});

fn fire_all() {
    let mut set = SET.lock().unwrap();
    loop {
        let Some(first) = set.first_entry() else {
            set = CHANGED.wait(set).unwrap();
            continue;
        };
        let (when, timer) = *first.key();
        let left = when.saturating_sub(nanotime());
        if left != 0 {
            let left = Duration::from_nanos(left.min(1_000_000_000));
            set = CHANGED.wait_timeout(set, left).unwrap().0;
            continue;
        }
        let call = first.remove();
        // SAFETY: it is set, and whoever stops it waits for the lock.
        unsafe { (call.fire)(call.arg) };
        if call.period != 0 {
            set.insert((when + call.period, timer), call);
        }
    }
}

#[unsafe(export_name = "runtime.nanotime")]
extern "C" fn nanotime() -> u64 {
    u64::try_from(START.elapsed().as_nanos()).expect("584 years") + 1
}

#[unsafe(export_name = "runtime.timeSleepUntil")]
extern "C" fn sleep_until(deadline: u64) {
    thread::sleep(Duration::from_nanos(deadline.saturating_sub(nanotime())));
}

#[unsafe(export_name = "runtime.parkUntil")]
extern "C" fn park_until(deadline: u64) {
    thread::park_timeout(Duration::from_nanos(deadline.saturating_sub(nanotime())));
}

#[unsafe(export_name = "runtime.newTimer")]
unsafe extern "C" fn timer_set(
    timer: *mut RawTimer,
    when: u64,
    period: u64,
    fire: Fire,
    arg: *mut u8,
) {
    let call = Call { fire, arg, period };
    SET.lock().unwrap().insert((when, timer.addr()), call);
    CHANGED.notify_all();
}

#[unsafe(export_name = "runtime.stopTimer")]
unsafe extern "C" fn timer_stop(timer: *mut RawTimer) -> bool {
    let mut set = SET.lock().unwrap();
    let before = set.len();
    set.retain(|(_, address), _| *address != timer.addr());
    set.len() != before
}
