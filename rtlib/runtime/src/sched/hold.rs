//! Holding goroutines: keeping those that are parked or runnable from being resumed, while somebody looks at their stacks.
//!
//! # Protocol
//!
//! Who resumes a goroutine ([`super::park::prepare`]) stores the status `Running` and then loads `G.held`; who holds one stores `held` and then loads the status. This is
//! Dekker's, so at least one of the two sees the other:
//! - The holder sees no `Running`: the goroutine is held. Whoever wants to run it sees `held` and waits ([`wait_until_released`]).
//! - The holder sees `Running`: the goroutine is not held, and its stack is none of the holder's business. Its runner may have seen `held` nevertheless and waits
//!   for the release.
//!
//! The holder never waits for a runner. Both sides would need a full barrier between their store and their load; the runner's would cost every switch, so the holder has
//! one executed by all threads ([`membarrier::all_threads`]), once for a batch of goroutines.
//!
//! # Rules for holders
//!
//! One at a time. A holder must be quick, since threads wait with their Ps in hand, and must not wait for anything that a goroutine does: it does not park, and takes no
//! lock but the runtime's. Any thread may be one, g0 and threads that are no goroutines included, but not under a lock of the runtime.

use core::sync::atomic::{AtomicU32, Ordering, compiler_fence};

use super::g::{G, Status};
use super::global::ALLGS;
use crate::lock::{Guard, Lock};
use crate::lockrank::{Rank, Ranked};
use crate::os::linux::{futex, membarrier};

/// The right to hold.
struct Right;

impl Ranked for Right {
    const RANK: Rank = Rank::Holder;
}

static HOLDER: Lock<Right> = Lock::new(Right);
/// Counts releases; runners sleep on it.
static RELEASES: AtomicU32 = AtomicU32::new(0);

/// How many goroutines [`each`] holds with one barrier.
const BATCH: usize = 64;

/// Goroutines that are held until this is dropped.
pub struct Held<'a> {
    batch: &'a [&'static G],
    _holder: Guard<'static, Right>,
}

impl<'a> Held<'a> {
    /// Holds what does not run among these. Waits for other holders.
    pub fn new(batch: &'a [&'static G]) -> Self {
        Self::with(batch, HOLDER.lock())
    }

    /// The same, unless somebody holds goroutines already: for the ends of the program, which must not wait.
    pub fn try_new(batch: &'a [&'static G]) -> Option<Self> {
        Some(Self::with(batch, HOLDER.try_lock()?))
    }

    fn with(batch: &'a [&'static G], holder: Guard<'static, Right>) -> Self {
        for gp in batch {
            gp.held.store(true, Ordering::Relaxed);
        }
        membarrier::all_threads();
        Self {
            batch,
            _holder: holder,
        }
    }

    /// Those that are held, with their status: runnable or waiting. The context of each is saved, and its stack and TLS block are the holder's until it drops this.
    /// Asked a second time it may say less: a runner that waits has set the status already.
    pub fn parked(&self) -> impl Iterator<Item = (&'static G, Status)> {
        self.batch.iter().filter_map(|gp| {
            let status = gp.status_acquire();
            (matches!(status, Status::Runnable | Status::Waiting)).then_some((*gp, status))
        })
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        for gp in self.batch {
            gp.held.store(false, Ordering::Release);
        }
        RELEASES.fetch_add(1, Ordering::Release);
        futex::wake(&RELEASES, u32::MAX >> 1);
    }
}

/// Calls `f` with every goroutine that is parked or runnable and that `wanted` (a first guess, to hold no more than necessary), held. Goroutines that
/// run meanwhile, and new ones, may be left out.
pub fn each(wanted: impl Fn(&'static G) -> bool, mut f: impl FnMut(&'static G, Status)) {
    let mut all = all().filter(|gp| wanted(gp));
    while let Some(first) = all.next() {
        let mut batch = [first; BATCH];
        let mut len = 1;
        for (place, gp) in batch[1..].iter_mut().zip(&mut all) {
            *place = gp;
            len += 1;
        }
        let held = Held::new(&batch[..len]);
        held.parked().for_each(|(gp, status)| f(gp, status));
    }
}

/// All Gs, the dead ones too, newest first.
pub fn all() -> impl Iterator<Item = &'static G> {
    core::iter::successors(ALLGS.get_acquire(), |gp| gp.alllink.get())
}

/// The runner's half: called after the status was set to `Running`.
#[inline]
pub fn respect(gp: &'static G) {
    compiler_fence(Ordering::SeqCst);
    if gp.held.load(Ordering::Relaxed) {
        wait_until_released(gp);
    }
}

#[cold]
fn wait_until_released(gp: &'static G) {
    loop {
        let releases = RELEASES.load(Ordering::Acquire);
        if !gp.held.load(Ordering::Acquire) {
            return;
        }
        futex::wait(&RELEASES, releases, None);
    }
}
