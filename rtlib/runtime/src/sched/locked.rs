//! LockOSThread: a goroutine that runs on one thread only, and a thread that runs only it. And the same for good, for one that changes what the kernel keeps for its thread ([`tie`]).
//!
//! The M waits without a P while its goroutine does not run; whoever finds the goroutine on a queue hands its own P over.

use core::sync::atomic::{AtomicU32, Ordering};

use super::global::SCHED;
use super::{procs, second, template, threads};
use crate::gmp::g::G;
use crate::gmp::m::M;
use crate::gmp::this_goroutine;

fn wire(gp: &'static G, mp: &'static M) {
    gp.lockedm.set(Some(mp));
    mp.lockedg.set(Some(gp));
}

fn unwire_if_free(gp: &'static G, mp: &'static M) {
    let holds = |count: &AtomicU32| count.load(Ordering::Relaxed) != 0;
    if !holds(&mp.locked_ext) && !holds(&mp.locked_int) && !mp.tied.load(Ordering::Relaxed) {
        gp.lockedm.set(None);
        mp.lockedg.set(None);
    }
}

/// For user code; nests.
#[unsafe(export_name = "runtime.LockOSThread")]
extern "C" fn lock_os_thread_ext() {
    let Some(gp) = this_goroutine() else { return };
    template::start();
    let mp = gp.mp();
    mp.locked_ext.store(
        mp.locked_ext.load(Ordering::Relaxed).saturating_add(1),
        Ordering::Relaxed,
    );
    wire(gp, mp);
}

/// Undoes one; one too many does nothing.
#[unsafe(export_name = "runtime.UnlockOSThread")]
extern "C" fn unlock_os_thread_ext() {
    let Some(gp) = this_goroutine() else { return };
    let mp = gp.mp();
    mp.locked_ext.store(
        mp.locked_ext.load(Ordering::Relaxed).saturating_sub(1),
        Ordering::Relaxed,
    );
    unwire_if_free(gp, mp);
}

/// Whether a goroutine is tied to its thread for good.
pub fn is_tied(gp: &G) -> bool {
    gp.lockedm
        .get()
        .is_some_and(|mp| mp.tied.load(Ordering::Relaxed))
}

/// Before a thread of ours is changed: the one is made that new ones are copied from, unless there is no other thread yet.
pub fn before_tie() {
    if !second::is_alone() {
        template::start();
    }
}

/// Ties the calling goroutine to its thread for good. Whether it was not tied before.
pub fn tie(gp: &'static G) -> bool {
    let mp = gp.mp();
    if mp.tied.swap(true, Ordering::Relaxed) {
        return false;
    }
    wire(gp, mp);
    true
}

/// For the runtime: the main goroutine during initialisation.
pub fn lock_os_thread(gp: &'static G) {
    let mp = gp.mp();
    mp.locked_int
        .store(mp.locked_int.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    wire(gp, mp);
}

/// Undoes it.
pub fn unlock_os_thread(gp: &'static G) {
    let mp = gp.mp();
    mp.locked_int
        .store(mp.locked_int.load(Ordering::Relaxed) - 1, Ordering::Relaxed);
    unwire_if_free(gp, mp);
}

/// An M whose locked goroutine does not run waits until somebody hands it a P. On g0.
pub fn stoplockedm(mp: &'static M) {
    if mp.is_spinning() {
        crate::fatal::throw(b"stoplockedm: spinning");
    }
    if mp.p.get().is_some() {
        threads::hand_off(procs::release(mp));
    }
    second::expect_idleness();
    SCHED.lock().mlocked();
    threads::park_until_p(mp);
}

/// Hands this M's P to the M that `gp` is locked to, and waits for another. On g0.
pub fn startlockedm(mp: &'static M, gp: &'static G) {
    let Some(target) = gp.lockedm.get() else {
        crate::fatal::throw(b"startlockedm: not locked")
    };
    let pp = procs::release(mp);
    SCHED.lock().nmidlelocked -= 1;
    target.nextp.set(Some(pp));
    target.park.wakeup();
    threads::stopm(mp);
}
