//! No more threads: as many as `rtlib::debug::set_max_threads` allows, or the system refuses them.
//!
//! A P that no M can be had for goes to the idle list, and its goroutines to the global queue ([`leave`]): they wait until an M comes back from a call, goes idle or ends. The program goes on with
//! fewer threads. Meanwhile sysmon tries again, and judges (`watch::exhausted`).

use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::global::{SCHED, Sched};
use crate::gmp::all::MAX_MCOUNT;
use crate::gmp::m::M;
use crate::gmp::p::P;

/// How many there may be.
pub static LIMIT: AtomicU32 = AtomicU32::new(MAX_MCOUNT);
/// Why the system refused the last thread, as errno; 0 when it is to be asked again.
pub static REFUSED: AtomicU32 = AtomicU32::new(0);
/// A P was left without an M, and goroutines may wait for that.
pub static SHORT: AtomicBool = AtomicBool::new(false);

/// See `rtlib_abi::watch::set_max_threads`.
#[unsafe(export_name = "runtime/debug.setMaxThreads")]
extern "C" fn set_max_threads(limit: u32) -> u32 {
    LIMIT.swap(limit.max(1), Ordering::Relaxed)
}

/// Whether another thread may be made.
pub fn may_make(sched: &Sched) -> bool {
    sched.mcount < LIMIT.load(Ordering::Relaxed) && REFUSED.load(Ordering::Relaxed) == 0
}

/// Whether goroutines wait for want of a thread, at a glance.
pub fn is_short() -> bool {
    SHORT.load(Ordering::Relaxed)
}

/// There is no M for this P, which nobody holds.
pub fn leave(sched: &mut Sched, pp: &'static P) {
    pp.hand_over(|gp| sched.globrunqput(gp));
    sched.pidleput(pp);
    SHORT.store(true, Ordering::Relaxed);
}

/// The same because the system refuses what an M needs.
pub fn leave_for(sched: &mut Sched, pp: &'static P, errno: u32) {
    REFUSED.store(errno, Ordering::Relaxed);
    leave(sched, pp);
}

/// A P for an M that goes idle, when some was left while goroutines wait.
pub fn left_over(sched: &mut Sched) -> Option<&'static P> {
    (is_short() && sched.runq.len() != 0)
        .then(|| sched.pidleget())
        .flatten()
}

/// The system refused the thread of `mp`, which was to run goroutines with `pp`.
pub fn refused(mp: &'static M, pp: &'static P, errno: u32) {
    let mut sched = SCHED.lock();
    sched.mbury(mp);
    leave_for(&mut sched, pp, errno);
}

/// In the child of a fork: the system may have threads for it.
pub fn forget() {
    REFUSED.store(0, Ordering::Relaxed);
    SHORT.store(false, Ordering::Relaxed);
}
