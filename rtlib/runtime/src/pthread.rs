//! Goroutines that a program knows as threads: it has a handle to them, and joins or detaches them (pthread_create(3), pthread_join(3)).
//!
//! The handle, a `pthread_t`, is the thread pointer of the goroutine's TLS block, as it is that of a thread. What joining needs lies at the top of the goroutine's stack, in a [`Record`]. So the
//! goroutine's place is not given to another before it has been joined, or has ended detached.

use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

use rtlib_abi::api::OpaqueG;

use crate::chan::real::{Beside, Scheduler};
use crate::gmp;
use crate::gmp::g::{G, NO_THREAD as NONE};
use crate::gmp::waitreason::WaitReason;
use crate::lock::Lock;
use crate::sched::second;
use crate::sched::spawn::{self, Argument, THREAD_SHIFT, release};
use crate::stack::{Class, allgs};
use crate::sync::futex::{self, Ended};
use crate::sync::table::{BUCKETS, Bucket, Table};

/// It runs, and is to be joined.
const JOINABLE: u8 = 1;
/// Nobody joins it.
const DETACHED: u8 = 2;
/// It has ended, and is to be joined or detached.
const ENDED: u8 = 3;
/// Somebody joins it.
const JOINING: u8 = 4;

/// What a thread begins with.
pub type Routine = unsafe extern "C" fn(*mut c_void) -> *mut c_void;

/// At the top of the goroutine's stack.
#[repr(C, align(16))]
struct Record {
    routine: Routine,
    arg: *mut c_void,
    result: AtomicPtr<c_void>,
    /// 1 when it has ended.
    ended: AtomicU32,
}

/// Who waits for the end of one, by the address of [`Record::ended`].
static TABLE: Table<Scheduler> = Table([const { Bucket::new(Lock::new(Beside)) }; BUCKETS]);

/// In the child of a fork: nobody waits.
///
/// # Safety
/// There is one thread.
pub unsafe fn forget() {
    // SAFETY: the caller vouches.
    unsafe { crate::sync::forget_in(&TABLE) }
}

/// Why a handle cannot be used.
#[derive(Clone, Copy)]
pub enum Refused {
    /// Detached, or joined by somebody else: `EINVAL`.
    NotJoinable,
    /// The caller's own: `EDEADLK`.
    Own,
}

/// Why there is no new thread.
pub enum NotCreated {
    /// The program's thread-local data does not fit such a stack: `EINVAL`.
    StackTooSmall,
    /// There is no room for it, or no thread of the kernel to run it: `EAGAIN`.
    NoRoom,
}

/// Starts a goroutine that others know as a thread. Returns its handle.
pub fn create(
    routine: Routine,
    arg: *mut c_void,
    class: Class,
    detached: bool,
) -> Result<usize, NotCreated> {
    let record = Record {
        routine,
        arg,
        result: AtomicPtr::new(ptr::null_mut()),
        ended: AtomicU32::new(0),
    };
    let state = if detached { DETACHED } else { JOINABLE };
    // Before it is asked what fits: sysmon's thread is the measure.
    second::prepare().map_err(|_| NotCreated::NoRoom)?;
    if !spawn::fits(class) {
        return Err(NotCreated::StackTooSmall);
    }
    let argument = Argument {
        at: (&raw const record).cast(),
        size: size_of::<Record>(),
        align: align_of::<Record>(),
    };
    let flags = usize::from(state) << THREAD_SHIFT;
    let gref = spawn::start(body, argument, class, flags, 0).map_err(|_| NotCreated::NoRoom)?;
    // SAFETY: a goroutine of this runtime; Gs are never freed, and one that is not detached keeps its place.
    let gp = unsafe { &*gref.g.cast::<OpaqueG>().cast::<G>() };
    Ok(gp.fs.load(Ordering::Relaxed))
}

/// Runs the routine.
unsafe extern "C" fn body(record: *mut u8) {
    // SAFETY: `create` passes a record, which stays at the top of this stack. A routine of Rust's std does not unwind; one that does ends the program, as on a thread.
    unsafe {
        let record = &*record.cast::<Record>();
        let result = (record.routine)(record.arg);
        record.result.store(result, Ordering::Release);
    }
}

/// The record of a goroutine that was started by [`create`].
fn record_of(gp: &G) -> &'static Record {
    let hi = gp.stack_hi.load(Ordering::Relaxed);
    let at = (hi - size_of::<Record>()) & !(align_of::<Record>() - 1);
    // SAFETY: `spawn::start` puts it there, and its place is kept.
    unsafe { &*(at as *const Record) }
}

/// The goroutine behind a handle. None if it is a thread's.
pub fn find(handle: usize) -> Option<&'static G> {
    let gp = allgs::of_block(handle)?;
    gp.is_known_as_thread().then_some(gp)
}

/// The last word about a goroutine that is known as a thread and has ended. Whether its place is free.
fn ended(gp: &'static G) -> bool {
    let swapped =
        gp.thread
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |state| match state {
                JOINABLE => Some(ENDED),
                DETACHED => Some(NONE),
                _ => None,
            });
    if swapped == Ok(DETACHED) {
        return true;
    }
    let word = &record_of(gp).ended;
    word.store(1, Ordering::SeqCst);
    // From here on it may be somebody else's place: the address alone is used.
    futex::wake(&TABLE, ptr::from_ref(word) as usize, u32::MAX, u32::MAX);
    false
}

/// Whether it has ended.
pub fn has_ended(gp: &'static G) -> bool {
    record_of(gp).ended.load(Ordering::SeqCst) != 0
}

/// Waits for its end until a deadline (ns); whether it has ended. It stays to be joined.
pub fn ends_until(gp: &'static G, deadline: u64) -> bool {
    let word = &record_of(gp).ended;
    while word.load(Ordering::SeqCst) == 0 {
        let why = WaitReason::Join;
        if futex::wait(&TABLE, word, 0, u32::MAX, deadline, why) == Ended::TooLate {
            return false;
        }
    }
    true
}

/// Waits for its end, gives its place away and returns what its routine returned.
pub fn join(gp: &'static G) -> Result<*mut c_void, Refused> {
    if gmp::getg().is_some_and(|me| ptr::eq(me, gp)) {
        return Err(Refused::Own);
    }
    let claimed =
        gp.thread
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |state| match state {
                JOINABLE | ENDED => Some(JOINING),
                _ => None,
            });
    claimed.map_err(|_| Refused::NotJoinable)?;
    let record = record_of(gp);
    while record.ended.load(Ordering::SeqCst) == 0 {
        let why = WaitReason::Join;
        futex::wait(&TABLE, &record.ended, 0, u32::MAX, u64::MAX, why);
    }
    let result = record.result.load(Ordering::Acquire);
    gp.thread.store(NONE, Ordering::Release);
    release(gp);
    Ok(result)
}

/// Nobody will join it.
pub fn detach(gp: &'static G) -> Result<(), Refused> {
    let before = gp
        .thread
        .fetch_update(Ordering::AcqRel, Ordering::Acquire, |state| match state {
            JOINABLE => Some(DETACHED),
            ENDED => Some(JOINING),
            _ => None,
        });
    match before {
        Ok(JOINABLE) => Ok(()),
        Ok(_) => {
            // It is about to say that it has ended, or has.
            let record = record_of(gp);
            while record.ended.load(Ordering::SeqCst) == 0 {
                core::hint::spin_loop();
            }
            gp.thread.store(NONE, Ordering::Release);
            release(gp);
            Ok(())
        }
        Err(_) => Err(Refused::NotJoinable),
    }
}

/// Has the scheduler tell of goroutines that end. In the boot.
pub fn register() {
    static ENDED: fn(&'static G) -> bool = ended;
    spawn::register_end_of_threads(&ENDED);
}
