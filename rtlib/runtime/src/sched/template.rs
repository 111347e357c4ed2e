//! The template thread: starts threads for those whose own must not be copied (Go: `templateThread`).
//!
//! clone(2) gives a new thread what its creator has: working directory and namespaces (after unshare(2)), capabilities, scheduling policy, signal mask. A goroutine that
//! ties itself to its thread may be about to change just these, for itself alone. So from the first tie on there is a thread that runs no goroutines, made before anything
//! was changed, and tied threads, as well as threads that the runtime knows nothing about, have their threads made by it.

use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::{asleep, threads};
use crate::gmp;
use crate::gmp::m::M;
use crate::lock::Lock;
use crate::lockrank::{Rank, Ranked};
use crate::note::Note;

struct Wanted {
    /// Ms that want a thread, linked by `schedlink`.
    first: Option<&'static M>,
    /// The template thread sleeps, or is about to.
    sleeps: bool,
}

impl Ranked for Wanted {
    const RANK: Rank = Rank::Template;
}

static STARTED: AtomicBool = AtomicBool::new(false);
static WANTED: Lock<Wanted> = Lock::new(Wanted {
    first: None,
    sleeps: false,
});
static NOTE: Note = Note::new();

/// In the child of a fork: there is no such thread.
///
/// # Safety
/// There is one thread.
pub unsafe fn forget() {
    STARTED.store(false, Ordering::Relaxed);
    TID.store(0, Ordering::Relaxed);
    NOTE.clear();
    // SAFETY: the caller vouches.
    unsafe {
        WANTED.renew(Wanted {
            first: None,
            sleeps: false,
        });
    }
}

/// Makes the thread, once. Called before a goroutine is tied to its thread by the user.
pub fn start() {
    if !STARTED.load(Ordering::Relaxed) && !STARTED.swap(true, Ordering::AcqRel) {
        threads::newm(template_thread);
    }
}

/// Whether a thread that the caller starts must be made by the template thread.
pub fn must_start() -> bool {
    STARTED.load(Ordering::Acquire) && !is_clean()
}

/// Whether the calling thread is one of ours that nobody was tied to.
fn is_clean() -> bool {
    let mp = gmp::getg().and_then(|gp| gp.m.get());
    mp.is_some_and(|mp| {
        mp.locked_ext.load(Ordering::Relaxed) == 0
            && !mp.tied.load(Ordering::Relaxed)
            && !mp.exiting.load(Ordering::Relaxed)
    })
}

/// Has the template thread start this M's.
pub fn start_thread(mp: &'static M) {
    let sleeps = {
        let mut wanted = WANTED.lock();
        mp.schedlink.set(wanted.first.replace(mp));
        core::mem::take(&mut wanted.sleeps)
    };
    if sleeps {
        asleep::is_woken();
        NOTE.wakeup();
    }
}

/// The thread's id; 0 while there is none.
pub fn tid() -> u32 {
    TID.load(Ordering::Relaxed)
}

static TID: AtomicU32 = AtomicU32::new(0);

/// The thread's life. It takes no signals; what it starts gets the mask that it was to have.
extern "C" fn template_thread(me: &'static M) -> ! {
    TID.store(me.tid.load(Ordering::Relaxed), Ordering::Relaxed);
    let sigmask = me.sigmask.load(Ordering::Relaxed);
    loop {
        while let Some(mp) = next() {
            if let Err(refused) = threads::start_thread(mp, Some(sigmask)) {
                threads::refuse(mp, refused.0);
            }
        }
        NOTE.sleep();
    }
}

/// The next M; when there is none, announces that the caller is going to sleep.
fn next() -> Option<&'static M> {
    let mut wanted = WANTED.lock();
    let first = wanted.first.take();
    match first {
        Some(mp) => wanted.first = mp.schedlink.take(),
        None => {
            wanted.sleeps = true;
            NOTE.clear();
            asleep::falls_asleep();
        }
    }
    first
}
