//! What a channel needs of its surroundings. `real` implements it with the scheduler; loom's models and the tests of `rtlib` with threads.

use super::WaitReason;

/// What runs once a waiter has been left: publishes it, and lets go of the lock under which it was queued.
pub type Commit<E> = extern "C" fn(left: &'static <E as Env>::G, arg: usize);

/// A lock that is held for a few instructions.
pub trait RawLock {
    /// Unlocked.
    fn new() -> Self;
    /// Takes it.
    fn lock(&self);
    /// Lets go of it.
    ///
    /// # Safety
    /// It is held, and whoever took it does not go on using what it protects. Another thread than the one that took it may let go.
    unsafe fn unlock(&self);
    /// The same, which may be cheaper.
    ///
    /// # Safety
    /// As [`unlock`](Self::unlock), and nobody frees the lock before this returns.
    #[inline(always)]
    unsafe fn release(&self) {
        // SAFETY: the caller vouches.
        unsafe { self.unlock() }
    }
}

/// See the module's head.
pub trait Env: Sized + 'static {
    /// Who waits. Never freed.
    type G: Sync + 'static;
    /// A channel's lock.
    type Lock: RawLock;

    /// The caller.
    fn waiter() -> &'static Self::G;

    /// Before the caller becomes visible to several who may wake it.
    fn arm(me: &'static Self::G);

    /// For those several: true for one of them.
    fn win(gp: &'static Self::G) -> bool;

    /// Leaves a word for a waiter that the caller is about to wake.
    fn leave_word(gp: &'static Self::G, word: usize);

    /// The word that the last waker left.
    fn word(me: &'static Self::G) -> usize;

    /// Blocks `me`, the caller, until `ready` or the deadline, ns of the monotonic clock; true for the deadline, which somebody who is `arm`ed only may have.
    fn park(
        me: &'static Self::G,
        why: WaitReason,
        commit: Commit<Self>,
        arg: usize,
        deadline: u64,
    ) -> bool;

    /// Before the caller parks: the address of the channel that it waits for or, in a `select`, of its slice of cases; 0 when somebody has promised to wake it. For those who look on.
    #[inline(always)]
    fn waits_on(_me: &'static Self::G, _what: usize) {}

    /// The first thing that a commit does.
    fn publish(left: &'static Self::G);

    /// Lets a parked waiter run again: once for each `park` that no deadline ends.
    fn ready(gp: &'static Self::G);

    /// A random number.
    fn random() -> u32;

    /// Before an operation: whoever wants to try other interleavings lets others run here.
    #[inline(always)]
    fn chance() {}
}
