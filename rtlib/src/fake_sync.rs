//! The C interface of `rtlib_abi::sync` on std threads, for unit tests: beside `fake_runtime`. One lock and one condition variable for everything, so slow, and easy to see through.

use core::ffi::c_void;
use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::collections::{HashMap, VecDeque};
use std::sync::{Condvar, LazyLock, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// What is waited for by address.
#[derive(Default)]
struct World {
    /// Tickets of those who wait in lists, in order.
    lists: HashMap<usize, VecDeque<u64>>,
    last_ticket: u64,
}

static WORLD: LazyLock<Mutex<World>> = LazyLock::new(Mutex::default);
static CHANGED: Condvar = Condvar::new();
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

fn world() -> MutexGuard<'static, World> {
    WORLD.lock().unwrap()
}

/// Waits until `done` says so, or until the deadline; then false.
fn wait_until(deadline: u64, mut done: impl FnMut(&mut World) -> bool) -> bool {
    let mut world = world();
    loop {
        if done(&mut world) {
            return true;
        }
        let left = deadline.saturating_sub(nanotime());
        if left == 0 {
            return false;
        }
        let left = Duration::from_nanos(left.min(1_000_000_000));
        world = CHANGED.wait_timeout(world, left).unwrap().0;
    }
}

#[unsafe(export_name = "sync.runtime_Semacquire")]
unsafe extern "C" fn semacquire(
    units: *const u32,
    _why: u8,
    _in_front: bool,
    deadline: u64,
) -> bool {
    // SAFETY: the caller vouches for the word, which all sides use as an atomic.
    let units = unsafe { AtomicU32::from_ptr(units.cast_mut()) };
    wait_until(deadline, |_| {
        units
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1))
            .is_ok()
    })
}

#[unsafe(export_name = "sync.runtime_Semrelease")]
unsafe extern "C" fn semrelease(units: *const u32, _handoff: bool) {
    let _world = world();
    // SAFETY: as above.
    unsafe { AtomicU32::from_ptr(units.cast_mut()) }.fetch_add(1, Ordering::SeqCst);
    CHANGED.notify_all();
}

#[unsafe(export_name = "sync.runtime_notifyListWait")]
unsafe extern "C" fn notify_wait(
    addr: usize,
    _why: u8,
    deadline: u64,
    release: unsafe extern "C" fn(*const c_void),
    arg: *const c_void,
) -> bool {
    let ticket = {
        let mut world = world();
        world.last_ticket += 1;
        let ticket = world.last_ticket;
        world.lists.entry(addr).or_default().push_back(ticket);
        ticket
    };
    // SAFETY: the caller vouches.
    unsafe { release(arg) };
    let waits = |world: &World| {
        world
            .lists
            .get(&addr)
            .is_some_and(|list| list.contains(&ticket))
    };
    let notified = wait_until(deadline, |world| !waits(world));
    if !notified && let Some(list) = world().lists.get_mut(&addr) {
        let before = list.len();
        list.retain(|&other| other != ticket);
        return list.len() == before;
    }
    notified
}

#[unsafe(export_name = "sync.runtime_notifyListNotifyOne")]
extern "C" fn notify_one(addr: usize) {
    if let Some(list) = world().lists.get_mut(&addr) {
        list.pop_front();
    }
    CHANGED.notify_all();
}

#[unsafe(export_name = "sync.runtime_notifyListNotifyAll")]
extern "C" fn notify_all(addr: usize) {
    world().lists.remove(&addr);
    CHANGED.notify_all();
}

#[unsafe(export_name = "sync.runtime_eventWait")]
unsafe extern "C" fn event_wait(event: *const usize, _why: u8) {
    // SAFETY: as for semaphores.
    let event = unsafe { AtomicUsize::from_ptr(event.cast_mut()) };
    wait_until(u64::MAX, |_| event.load(Ordering::Acquire) != 0);
}

#[unsafe(export_name = "sync.runtime_eventSet")]
unsafe extern "C" fn event_set(event: *const usize) {
    let _world = world();
    // SAFETY: as for semaphores.
    unsafe { AtomicUsize::from_ptr(event.cast_mut()) }.store(1, Ordering::Release);
    CHANGED.notify_all();
}

#[unsafe(export_name = "sync.runtime_canSpin")]
extern "C" fn can_spin(times: u32) -> bool {
    times < 2
}

#[unsafe(export_name = "runtime.nanotime")]
extern "C" fn nanotime() -> u64 {
    START.elapsed().as_nanos() as u64
}

/// What would end the program panics here, so that a test can look at it. Whoever calls it has a stack that can be unwound.
#[unsafe(export_name = "runtime.throw")]
unsafe extern "C-unwind" fn throw(message: *const u8, len: usize) -> ! {
    // SAFETY: the caller vouches.
    let message = unsafe { core::slice::from_raw_parts(message, len) };
    panic!("fatal error: {}", core::str::from_utf8(message).unwrap());
}
