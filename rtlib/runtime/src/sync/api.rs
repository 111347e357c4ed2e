//! The C interface of `sync` (`rtlib_abi::sync`), and the program's table.

use core::ffi::c_void;

use super::table::{BUCKETS, Bucket, Table};
use super::{event, notify, sema};
use crate::chan::real::{Beside, Scheduler};
use crate::gmp::current;
use crate::gmp::waitreason::WaitReason;
use crate::lock::Lock;
use crate::sched::global::SPIN;
use crate::sched::{park, procs, shuffle};
use crate::shim::{AtomicU32, AtomicUsize};

static TABLE: Table<Scheduler> = Table([const { Bucket::new(Lock::new(Beside)) }; BUCKETS]);

/// In the child of a fork: nobody waits.
///
/// # Safety
/// There is one thread.
pub unsafe fn forget() {
    // SAFETY: the caller vouches.
    unsafe { forget_in(&TABLE) }
}

/// The same for a table of others.
///
/// # Safety
/// There is one thread.
pub unsafe fn forget_in(table: &Table<Scheduler>) {
    for bucket in &table.0 {
        // SAFETY: the caller vouches.
        unsafe { bucket.renew(Bucket::new(Lock::new(Beside))) };
    }
}

const _: () = {
    use rtlib_abi::sync as numbers;
    assert!(numbers::WHY_JOIN == WaitReason::Join as u8);
    assert!(numbers::WHY_SEMACQUIRE == WaitReason::Semacquire as u8);
    assert!(numbers::WHY_MUTEX == WaitReason::SyncMutexLock as u8);
    assert!(numbers::WHY_RWLOCK_READ == WaitReason::SyncRWMutexRLock as u8);
    assert!(numbers::WHY_RWLOCK_WRITE == WaitReason::SyncRWMutexLock as u8);
    assert!(numbers::WHY_CONDVAR == WaitReason::SyncCondWait as u8);
    assert!(numbers::WHY_WAIT_GROUP == WaitReason::SyncWaitGroupWait as u8);
    assert!(numbers::WHY_BARRIER == WaitReason::SyncBarrierWait as u8);
    assert!(numbers::WHY_ONCE == WaitReason::SyncOnceWait as u8);
};

/// How often one who wants a mutex may spin before it waits.
const SPINS: u32 = 4;

/// See `rtlib_abi::sync::semacquire`.
#[unsafe(export_name = "sync.runtime_Semacquire")]
extern "C" fn semacquire(units: &AtomicU32, why: u8, in_front: bool, deadline: u64) -> bool {
    shuffle::point();
    let wait = sema::Wait {
        why: WaitReason::from_number(why),
        in_front,
        deadline,
    };
    sema::acquire(&TABLE, units, wait)
}

/// See `rtlib_abi::sync::semrelease`.
///
/// # Safety
/// As there.
#[unsafe(export_name = "sync.runtime_Semrelease")]
unsafe extern "C" fn semrelease(units: *const AtomicU32, handoff: bool) {
    // SAFETY: the caller vouches.
    if unsafe { sema::release(&TABLE, units, handoff) } {
        park::run_readied();
    }
}

/// See `rtlib_abi::sync::notify_wait`.
///
/// # Safety
/// As there.
#[unsafe(export_name = "sync.runtime_notifyListWait")]
unsafe extern "C" fn notify_wait(
    addr: usize,
    why: u8,
    deadline: u64,
    release: unsafe extern "C" fn(*const c_void),
    arg: *const c_void,
) -> bool {
    let why = WaitReason::from_number(why);
    // SAFETY: the caller vouches for `release` with this argument.
    notify::wait(&TABLE, addr, why, deadline, || unsafe { release(arg) })
}

/// See `rtlib_abi::sync::notify_one`.
#[unsafe(export_name = "sync.runtime_notifyListNotifyOne")]
extern "C" fn notify_one(addr: usize) {
    notify::notify_one(&TABLE, addr);
}

/// See `rtlib_abi::sync::notify_all`.
#[unsafe(export_name = "sync.runtime_notifyListNotifyAll")]
extern "C" fn notify_all(addr: usize) {
    notify::notify_all(&TABLE, addr);
}

/// See `rtlib_abi::sync::event_wait`.
#[unsafe(export_name = "sync.runtime_eventWait")]
extern "C" fn event_wait(event: &AtomicUsize, why: u8) {
    event::wait::<Scheduler>(event, WaitReason::from_number(why));
}

/// See `rtlib_abi::sync::event_set`.
///
/// # Safety
/// As there.
#[unsafe(export_name = "sync.runtime_eventSet")]
unsafe extern "C" fn event_set(event: *const AtomicUsize) {
    // SAFETY: the caller vouches.
    unsafe { event::set::<Scheduler>(event) }
}

/// See `rtlib_abi::sync::can_spin`. As Go's `sync_runtime_canSpin` (runtime/proc.go): several processors, somebody else runs, and nobody waits for this P.
#[unsafe(export_name = "sync.runtime_canSpin")]
extern "C" fn can_spin(times: u32) -> bool {
    times < SPINS && crate::process::ncpu() > 1 && others_run() && nothing_else_to_do()
}

/// Whether some other P runs a goroutine, which may be the holder.
fn others_run() -> bool {
    let looking = SPIN.idle() as i32 + SPIN.spinning();
    procs::live() as i32 > looking + 1
}

/// Whether the caller's P has no other goroutine to run.
fn nothing_else_to_do() -> bool {
    current().is_none_or(|gp| gp.mp().pp().runq.is_empty_to_owner())
}
