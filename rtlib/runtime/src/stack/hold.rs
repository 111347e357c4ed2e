//! Holding goroutines: keeping those that are parked or runnable from being resumed, while somebody looks at their stacks.
//!
//! # Protocol
//!
//! Who resumes a goroutine ([`crate::sched::park::prepare`]) stores the status `Running` and then loads `G.held`; who holds one stores `held` and then loads the status. This is
//! Dekker's, so at least one of the two sees the other:
//! - The holder sees no `Running`: the goroutine is held. Whoever wants to run it sees `held` and waits ([`wait_until_released`]).
//! - The holder sees `Running`: as a rule the goroutine runs, and its stack is none of the holder's business. But its runner may have seen `held` nevertheless. Then it waits
//!   for the release, and says so in `held`; from then on the holder knows that the goroutine is held, too.
//!
//! The holder never waits for a runner. Both sides would need a full barrier between their store and their load; the runner's would cost every switch, so the holder has
//! one executed by all threads ([`membarrier::all_threads`]), once for a batch of goroutines.
//!
//! # Rules for holders
//!
//! One at a time. A holder must be quick, since threads wait with their Ps in hand, and must not wait for anything that a goroutine does: it does not park, and takes no
//! lock but the runtime's. Any thread may be one, g0 and threads that are no goroutines included, but not under a lock of the runtime.

use core::sync::atomic::{AtomicU32, Ordering, compiler_fence};

use crate::gmp::g::{G, Status};
use crate::lock::{Guard, Lock, Patience};
use crate::lockrank::{Rank, Ranked};
use crate::os::linux::futex;
use crate::{fatal, membarrier};

/// `G.held`: nobody holds it.
const FREE: u8 = 0;
/// `G.held`: somebody wants to hold it.
const HELD: u8 = 1;
/// `G.held`: and its runner waits for that to end.
const RUNNER_WAITS: u8 = 2;

/// The right to hold.
struct Right;

impl Ranked for Right {
    const RANK: Rank = Rank::Holder;
}

static HOLDER: Lock<Right> = Lock::new(Right);
/// Counts releases; runners sleep on it.
static RELEASES: AtomicU32 = AtomicU32::new(0);

/// In the child of a fork: nobody holds anything.
///
/// # Safety
/// There is one thread.
pub unsafe fn forget() {
    // SAFETY: the caller vouches.
    unsafe { HOLDER.renew(Right) };
}

/// Keeps others from holding goroutines while it lives. None when the program dies: then there may be holders who do not ask.
pub fn let_nobody_hold() -> Option<impl Drop> {
    let right = HOLDER.lock();
    (!fatal::panicking()).then_some(right)
}

/// Goroutines that are held until this is dropped.
pub struct Held<'a> {
    batch: &'a [&'static G],
    /// None: somebody else has the right and does not let go.
    holder: Option<Guard<'static, Right>>,
}

impl<'a> Held<'a> {
    /// Holds what does not run among these. Waits for other holders.
    pub fn new(batch: &'a [&'static G]) -> Self {
        Self::with(batch, Some(HOLDER.lock()))
    }

    /// The same for the end of the program, which may have interrupted a holder: does not wait long for that to let go. After that it holds goroutines beside the other one, and for ever.
    pub fn of_dying(batch: &'a [&'static G]) -> Self {
        static PATIENCE: Patience = Patience::new();
        Self::with(batch, PATIENCE.lock(&HOLDER))
    }

    fn with(batch: &'a [&'static G], holder: Option<Guard<'static, Right>>) -> Self {
        for gp in batch {
            // When that fails, the other holder has it, perhaps with a runner that waits.
            let _ = gp
                .held
                .compare_exchange(FREE, HELD, Ordering::Relaxed, Ordering::Relaxed);
        }
        membarrier::all_threads();
        Self { batch, holder }
    }

    /// Those that are held, with their status: runnable or waiting. The context of each is saved, and its stack and TLS block are the holder's until it drops this. Asked again, it
    /// may say more: those that ran and do not any more.
    pub fn parked(&self) -> impl Iterator<Item = (&'static G, Status)> {
        self.batch
            .iter()
            .filter_map(|gp| Some((*gp, parked_status(gp)?)))
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if self.holder.is_none() {
            return;
        }
        for gp in self.batch {
            let before = gp.held.swap(FREE, Ordering::Release);
            debug_assert!(before != FREE, "a holder's mark is lost");
        }
        RELEASES.fetch_add(1, Ordering::Release);
        futex::wake(&RELEASES, u32::MAX >> 1);
    }
}

/// What a goroutine of a batch does if it is held.
fn parked_status(gp: &G) -> Option<Status> {
    match gp.status_acquire() {
        status @ (Status::Runnable | Status::Waiting) => Some(status),
        Status::Running if gp.held.load(Ordering::Acquire) == RUNNER_WAITS => {
            Some(Status::Runnable)
        }
        _ => None,
    }
}

/// The runner's half: called after the status was set to `Running`, and before anything else of the goroutine is touched.
#[inline]
pub fn respect(gp: &'static G) {
    compiler_fence(Ordering::SeqCst);
    if gp.held.load(Ordering::Relaxed) != FREE {
        wait_until_released(gp);
    }
}

#[cold]
fn wait_until_released(gp: &'static G) {
    loop {
        let releases = RELEASES.load(Ordering::Acquire);
        let told =
            gp.held
                .compare_exchange(HELD, RUNNER_WAITS, Ordering::AcqRel, Ordering::Acquire);
        if told == Err(FREE) {
            return;
        }
        futex::wait(&RELEASES, releases, None);
    }
}
