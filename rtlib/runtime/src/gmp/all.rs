//! All Ps and all Ms that there are. Neither are ever unmapped.

use core::sync::atomic::{AtomicU32, Ordering};

use super::m::M;
use super::p::P;
use crate::link::Link;

/// Largest number of Ps, compensating ones included.
pub const MAX_PROCS: usize = MAX_MCOUNT as usize;
/// How many Ms there may be if the program does not say otherwise, as Go's `maxmcount`.
pub const MAX_MCOUNT: u32 = 10_000;

/// All Ps, those among them that are dead included: `ALLP[..ALLP_LEN]`; behind them dead ones, kept for later.
pub static ALLP: [Link<P>; MAX_PROCS] = [const { Link::none() }; MAX_PROCS];
/// See `ALLP`.
pub static ALLP_LEN: AtomicU32 = AtomicU32::new(0);
/// All Ms, newest first (`alllink`).
pub static ALLMS: Link<M> = Link::none();

/// All Ps, whatever became of them: for counters, which they keep.
pub fn ever_made_ps() -> impl Iterator<Item = &'static P> {
    ALLP.iter().map_while(Link::get_acquire)
}

/// All Ms, those whose threads have ended included.
pub fn all_ms() -> impl Iterator<Item = &'static M> {
    core::iter::successors(ALLMS.get_acquire(), |mp| mp.alllink.get())
}

/// All Ps; the dead ones behind the last living one left out.
pub fn allp() -> impl DoubleEndedIterator<Item = &'static P> + ExactSizeIterator + Clone {
    let len = ALLP_LEN.load(Ordering::Acquire) as usize;
    ALLP[..len].iter().map(|link| match link.get_acquire() {
        Some(pp) => pp,
        None => crate::fatal::throw(b"allp has a hole"),
    })
}
