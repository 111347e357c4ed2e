//! The C interface of `rtlib_abi::sync` for unit tests: the runtime's own table of semaphores, on std threads (`chan/fake.rs`). So both layers of a lock run under miri.

use core::ffi::c_void;
use core::sync::atomic::{AtomicU32, AtomicUsize};

use rtlib_runtime::chan::WaitReason;
use rtlib_runtime::sync::table::{BUCKETS, Bucket, Table};
use rtlib_runtime::sync::{event, notify, sema};

use crate::chan::fake::{Lock, Threads};

static TABLE: Table<Threads> = Table([const { Bucket::new(Lock::unlocked()) }; BUCKETS]);

#[unsafe(export_name = "sync.runtime_Semacquire")]
extern "C" fn semacquire(units: &AtomicU32, why: u8, in_front: bool, deadline: u64) -> bool {
    let wait = sema::Wait {
        why: WaitReason::from_number(why),
        in_front,
        deadline,
    };
    sema::acquire(&TABLE, units, wait)
}

#[unsafe(export_name = "sync.runtime_Semrelease")]
unsafe extern "C" fn semrelease(units: *const AtomicU32, handoff: bool) {
    // SAFETY: the caller vouches.
    unsafe { sema::release(&TABLE, units, handoff) };
}

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

#[unsafe(export_name = "sync.runtime_notifyListNotifyOne")]
extern "C" fn notify_one(addr: usize) {
    notify::notify_one(&TABLE, addr);
}

#[unsafe(export_name = "sync.runtime_notifyListNotifyAll")]
extern "C" fn notify_all(addr: usize) {
    notify::notify_all(&TABLE, addr);
}

#[unsafe(export_name = "sync.runtime_eventWait")]
extern "C" fn event_wait(event: &AtomicUsize, why: u8) {
    event::wait::<Threads>(event, WaitReason::from_number(why));
}

#[unsafe(export_name = "sync.runtime_eventSet")]
unsafe extern "C" fn event_set(event: *const AtomicUsize) {
    // SAFETY: the caller vouches.
    unsafe { event::set::<Threads>(event) }
}

#[unsafe(export_name = "sync.runtime_canSpin")]
extern "C" fn can_spin(times: u32) -> bool {
    times < 2
}
