//! The alternate signal stacks of Ms (sigaltstack(2)): at the low end of the thread's stack, above its guard page, so that a handler that runs out of stack faults and overwrites nobody's memory.
//!
//! The stack that libc maps for an M's thread is far larger than what g0 uses of it, at the high end. So an M needs no other mapping. m0 is no thread of ours: its signal stack lies below g0's stack in one mapping, with a guard
//! of its own.
//!
//! The stack is the M's while its thread lives; `minit` gives it one, and `bury` takes it away.

use core::ops::Range;
use core::sync::atomic::Ordering;

use crate::gmp::m::M;
use crate::libc::tcb;
use crate::os::linux::{Errno, mem, signal};
pub use crate::stack::GUARD;

/// Alternate signal stack of an M, the signal frame not counted.
const LEN: usize = 64 << 10;

/// Bytes of one.
fn len() -> usize {
    LEN + crate::process::signal_frame_size()
}

/// m0's, and `above` bytes for g0 above it: where those begin.
pub fn make_for_m0(mp: &'static M, above: usize) -> Result<usize, Errno> {
    let lo = mem::reserve(GUARD + len() + above)?.as_ptr() as usize;
    // Where the system refuses a guard the program goes on without this one.
    let _ = mem::guard_protect(lo, GUARD);
    keep(mp, lo + GUARD);
    Ok(lo + GUARD + len())
}

/// Gives an M other than m0 the lowest bytes of its thread's stack, of which libc was asked for `stack` bytes. On that thread, whose own block is at `tp`.
pub fn take_from_stack(mp: &'static M, tp: usize, stack: usize) {
    keep(mp, lowest(tcb::end_of_block(tp), tcb::block_align(), stack));
}

/// The lowest address of a thread's stack, a page, if its block ends at `end`: libc aligns the block down from the end of the mapping. If it is aligned to more than a page that end is not known, and the answer may be higher.
fn lowest(end: usize, block_align: usize, stack: usize) -> usize {
    let unknown = if block_align > mem::PAGE {
        block_align
    } else {
        0
    };
    end.next_multiple_of(mem::PAGE) + unknown - stack
}

fn keep(mp: &'static M, lo: usize) {
    mp.signal_stack.store(lo, Ordering::Relaxed);
    mp.signal_stack_len.store(len(), Ordering::Relaxed);
}

/// The calling thread's handlers run there from now on, if the system allows that.
pub fn set_up(mp: &'static M) {
    let Some((at, len)) = mp.signal_stack() else {
        return;
    };
    // A sandbox may refuse it. Then handlers run on the stacks of goroutines, and only a stack that runs out ends the program without a word.
    // SAFETY: the memory is this M's, which keeps it while its thread lives.
    let _ = unsafe { signal::set_alternate_stack(at, len) };
}

/// The calling thread ends.
pub fn give_back(mp: &'static M) {
    signal::disable_alternate_stack();
    mp.signal_stack.store(0, Ordering::Relaxed);
    mp.signal_stack_len.store(0, Ordering::Relaxed);
}

/// The guard below an M's signal stack, if it has one.
pub fn guard_of(mp: &M) -> Option<Range<usize>> {
    let (at, _) = mp.signal_stack()?;
    Some(at - GUARD..at)
}
